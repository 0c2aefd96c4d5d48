//! A load's report, as a server sends it.

use std::io::{self, Write};

use super::words::{count, reject_reason, spaced};
use crate::grpc::proto::CoverageLoadReport;

/// Writes the report. A load that was refused before its rows were read has none.
pub(super) fn write(out: &mut dyn Write, report: Option<&CoverageLoadReport>) -> io::Result<()> {
    let Some(report) = report else { return writeln!(out, "its rows were not read") };
    let mut line = |name: &str, number: i64| writeln!(out, "{name:<30}{:>12}", count(number));
    line("rows", report.rows)?;
    line("  accepted", report.accepted)?;
    line("    none planned", report.none_planned)?;
    line("    Unknown", report.unknown)?;
    line("      from an empty cell", report.unknown_from_empty)?;
    line("  repeats", report.repeats)?;
    line("  set aside", report.set_aside)?;
    for reject in &report.rejects {
        line(&format!("    {}", spaced(&reject_reason(reject.reason))), reject.rows)?;
    }
    if report.set_aside > 0 {
        line("locations marked as set aside", report.set_aside_locations)?;
        line("rejects kept", report.rejects_kept)?;
    }
    Ok(())
}
