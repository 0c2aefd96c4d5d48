//! A load's report and what it changes, in the words of `ingest` and `store` wherever it was made: here, or on a server.

use std::io::{self, Write};

use super::{
    plain::plain,
    words::{self, count},
};
use crate::{
    grpc::proto::{self, CoverageComparison, CoverageLoad, CoverageLoadReport},
    ingest::{RejectReason, Report},
    store::Changes,
};

/// Writes what was in a load, what it changes, and which guards stood against it. A load that was refused before its rows
/// were judged has no report.
pub(super) fn write(out: &mut dyn Write, load: &CoverageLoad) -> io::Result<()> {
    let Some(sent) = &load.report else { return writeln!(out, "its rows were not judged") };
    write!(out, "{}", from_proto(sent))?;
    unknown_reasons(out, sent)?;
    match &load.comparison {
        Some(sent) => write!(out, "\ncompared with {}\n{}", plain(&sent.with_load_id), changes(sent))?,
        None if sent.accepted > 0 => writeln!(out, "\nno load was active to compare it with")?,
        None => {}
    }
    for finding in &load.guards {
        let guard = words::guard(finding.guard);
        let overridden = if finding.overridden { "; overridden" } else { "" };
        let [measured, allowed] = [&finding.measured, &finding.allowed].map(|text| plain(text));
        writeln!(out, "guard {guard}: {measured}, allowed {allowed}{overridden}")?;
    }
    if !load.override_note.is_empty() {
        writeln!(out, "overridden because: {}", plain(&load.override_note))?;
    }
    Ok(())
}

fn unknown_reasons(out: &mut dyn Write, sent: &CoverageLoadReport) -> io::Result<()> {
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

fn number(sent: i64) -> u64 {
    u64::try_from(sent).unwrap_or_default()
}

fn changes(sent: &CoverageComparison) -> Changes {
    Changes {
        new: number(sent.new),
        removed: number(sent.removed),
        same: number(sent.same),
        changed: number(sent.changed),
        coverage_gained: number(sent.coverage_gained),
        coverage_lost: number(sent.coverage_lost),
        unknown_to_confirmed: number(sent.unknown_to_confirmed),
        confirmed_to_unknown: number(sent.confirmed_to_unknown),
        variant_changed: number(sent.variant_changed),
        date_earlier: number(sent.date_earlier),
        date_later: number(sent.date_later),
        likelihood_changed: number(sent.likelihood_changed),
        texts_changed: number(sent.texts_changed),
        postcode_changed: number(sent.postcode_changed),
        newly_set_aside: number(sent.newly_set_aside),
        no_longer_set_aside: number(sent.no_longer_set_aside),
        answers_before: number(sent.answers_before),
        answers_after: number(sent.answers_after),
        answers_in_both: number(sent.answers_in_both),
        covered_before: number(sent.covered_before),
        confirmed_before: number(sent.confirmed_before),
        premises_before: number(sent.premises_before),
        premises_after: number(sent.premises_after),
        premises_in_both: number(sent.premises_in_both),
    }
}

fn from_proto(sent: &CoverageLoadReport) -> Report {
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
        write(&mut out, &CoverageLoad { report: Some(sent), ..CoverageLoad::default() }).unwrap();
        let told = String::from_utf8(out).unwrap();
        let note = "note: 1,234 rows were set aside for reasons that only a newer wan-matrix can name\n";
        assert!(told.contains(note), "{told}");
    }
}
