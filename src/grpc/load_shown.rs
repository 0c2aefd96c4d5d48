//! Loads, reports and rejects as callers see them.

use bytes::Bytes;

use crate::{
    ingest::{Reject, Report},
    loads::LoadRecord,
    store::{Changes, Compared, GuardRecord},
};

use super::{
    convert::{self, count},
    proto,
};

/// A load and what became of it.
pub(super) fn load(record: LoadRecord) -> proto::CoverageLoad {
    let LoadRecord { manifest, state, activated, refusal } = record;
    let (activation_time, activated_by) = activated.map(|done| (convert::timestamp(done.at), done.by)).unzip();
    proto::CoverageLoad {
        load_id: manifest.load_id,
        csp_region: convert::region(manifest.region).into(),
        state: convert::load_state(state).into(),
        issue_time: Some(convert::timestamp(manifest.issue_time)),
        reference: manifest.reference,
        received_time: Some(convert::timestamp(manifest.received)),
        activation_time,
        sha256: manifest.sha256,
        encoding: convert::encoding(manifest.encoding).into(),
        bytes_sent: count(manifest.bytes_sent),
        bytes_decompressed: count(manifest.bytes_decompressed),
        wan_variants_sha256: manifest.table3_sha256,
        rows_sha256: manifest.packed.map(|packed| packed.rows_sha256).unwrap_or_default(),
        report: Some(report(&manifest.report)),
        refusal: refusal.unwrap_or_default(),
        base_load_id: manifest.base_load_id.unwrap_or_default(),
        comparison: manifest.compared.map(comparison),
        guards: manifest.guards.into_iter().map(finding).collect(),
        override_note: manifest.override_note,
        submitter: manifest.submitter,
        activated_by: activated_by.unwrap_or_default(),
    }
}

fn comparison(Compared { with, changes }: Compared) -> proto::CoverageComparison {
    let Changes {
        new,
        removed,
        same,
        changed,
        coverage_gained,
        coverage_lost,
        unknown_to_confirmed,
        confirmed_to_unknown,
        variant_changed,
        date_earlier,
        date_later,
        likelihood_changed,
        texts_changed,
        newly_set_aside,
        no_longer_set_aside,
        answers_before,
        answers_after,
        answers_in_both,
        covered_before,
        confirmed_before,
        premises_before,
        premises_after,
        premises_in_both,
        postcode_changed,
    } = changes;
    proto::CoverageComparison {
        with_load_id: with,
        new: count(new),
        removed: count(removed),
        same: count(same),
        changed: count(changed),
        coverage_gained: count(coverage_gained),
        coverage_lost: count(coverage_lost),
        unknown_to_confirmed: count(unknown_to_confirmed),
        confirmed_to_unknown: count(confirmed_to_unknown),
        variant_changed: count(variant_changed),
        date_earlier: count(date_earlier),
        date_later: count(date_later),
        likelihood_changed: count(likelihood_changed),
        texts_changed: count(texts_changed),
        newly_set_aside: count(newly_set_aside),
        no_longer_set_aside: count(no_longer_set_aside),
        answers_before: count(answers_before),
        answers_after: count(answers_after),
        answers_in_both: count(answers_in_both),
        covered_before: count(covered_before),
        confirmed_before: count(confirmed_before),
        premises_before: count(premises_before),
        premises_after: count(premises_after),
        premises_in_both: count(premises_in_both),
        postcode_changed: count(postcode_changed),
    }
}

fn finding(record: GuardRecord) -> proto::GuardFinding {
    // A guard of a later version has no number here.
    let guard = record.guard.parse().map_or(proto::LoadGuard::Unspecified, convert::guard);
    proto::GuardFinding {
        guard: guard.into(),
        measured: record.measured,
        allowed: record.allowed,
        overridden: record.overridden,
    }
}

fn report(report: &Report) -> proto::CoverageLoadReport {
    let rejects = report.rejects_by_reason.iter().map(|(&reason, &rows)| proto::RejectCount {
        reason: convert::reject_reason(reason).into(),
        rows: count(rows),
    });
    proto::CoverageLoadReport {
        rows: count(report.rows),
        accepted: count(report.accepted),
        set_aside: count(report.set_aside),
        rejects: rejects.collect(),
        repeats: count(report.repeats),
        unknown: count(report.unknown),
        unknown_from_empty: count(report.unknown_from_empty),
        none_planned: count(report.none_planned),
        rejects_kept: count(report.rejects_kept),
        set_aside_locations: count(report.set_aside_locations),
        deletes: count(report.deletes),
        premises: count(report.premises),
    }
}

/// A row that was set aside.
pub(super) fn reject(reject: Reject) -> proto::CoverageReject {
    proto::CoverageReject {
        line: reject.line.into(),
        column: reject.column.map(|column| column.name().to_owned()).unwrap_or_default(),
        reason: convert::reject_reason(reject.reason).into(),
        message: reject.message,
        row: Bytes::from(reject.row),
        row_truncated: reject.row_truncated,
    }
}
