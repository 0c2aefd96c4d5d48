//! A load's report, in the words of `ingest` wherever it was made: here, or on a server.

use std::io::{self, Write};

use super::words::count;
use crate::{
    grpc::proto::{self, CoverageLoadReport},
    ingest::{RejectReason, Report},
};

/// Writes a server's report. A load that was refused before its rows were judged has none.
pub(super) fn write(out: &mut dyn Write, sent: Option<&CoverageLoadReport>) -> io::Result<()> {
    let Some(sent) = sent else { return writeln!(out, "its rows were not judged") };
    write!(out, "{}", from_proto(sent))?;
    let unknown: i64 = sent.rejects.iter().filter(|reject| reason(reject.reason).is_none()).map(|r| r.rows).sum();
    if unknown > 0 {
        writeln!(
            out,
            "note: {} rows were set aside for reasons that only a newer wan-matrix can name",
            count(unknown)
        )?;
    }
    Ok(())
}

fn from_proto(sent: &CoverageLoadReport) -> Report {
    let number = |sent: i64| u64::try_from(sent).unwrap_or_default();
    let of_reason = |reject: &proto::RejectCount| Some((reason(reject.reason)?, number(reject.rows)));
    Report {
        rows: number(sent.rows),
        accepted: number(sent.accepted),
        set_aside: number(sent.set_aside),
        rejects_by_reason: sent.rejects.iter().filter_map(of_reason).collect(),
        repeats: number(sent.repeats),
        unknown: number(sent.unknown),
        unknown_from_empty: number(sent.unknown_from_empty),
        none_planned: number(sent.none_planned),
        rejects_kept: number(sent.rejects_kept),
        set_aside_locations: number(sent.set_aside_locations),
        deletes: number(sent.deletes),
        premises: number(sent.premises),
    }
}

/// The report as a server would send it.
pub(super) fn to_proto(report: &Report) -> CoverageLoadReport {
    let number = |own: u64| i64::try_from(own).unwrap_or(i64::MAX);
    let rejects = report.rejects_by_reason.iter();
    CoverageLoadReport {
        rows: number(report.rows),
        accepted: number(report.accepted),
        set_aside: number(report.set_aside),
        rejects: rejects
            .map(|(reason, rows)| proto::RejectCount { reason: reason.number(), rows: number(*rows) })
            .collect(),
        repeats: number(report.repeats),
        unknown: number(report.unknown),
        unknown_from_empty: number(report.unknown_from_empty),
        none_planned: number(report.none_planned),
        rejects_kept: number(report.rejects_kept),
        set_aside_locations: number(report.set_aside_locations),
        deletes: number(report.deletes),
        premises: number(report.premises),
    }
}

fn reason(number: i32) -> Option<RejectReason> {
    RejectReason::ALL.into_iter().find(|reason| reason.number() == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent() -> CoverageLoadReport {
        CoverageLoadReport {
            rows: 1000,
            accepted: 980,
            set_aside: 15,
            rejects: RejectReason::ALL.map(|r| proto::RejectCount { reason: r.number(), rows: 1 }).to_vec(),
            repeats: 5,
            unknown: 20,
            unknown_from_empty: 2,
            none_planned: 7,
            rejects_kept: 10,
            set_aside_locations: 14,
            deletes: 3,
            premises: 4,
        }
    }

    #[test]
    fn a_report_passes_the_wire_unchanged() {
        assert_eq!(to_proto(&from_proto(&sent())), sent());
    }

    #[test]
    fn reasons_of_a_later_contract_are_counted() {
        let mut sent = sent();
        sent.rejects.push(proto::RejectCount { reason: 99, rows: 1234 });
        let mut out = Vec::new();
        write(&mut out, Some(&sent)).unwrap();
        assert!(
            String::from_utf8(out)
                .unwrap()
                .ends_with("note: 1,234 rows were set aside for reasons that only a newer wan-matrix can name\n")
        );
    }
}
