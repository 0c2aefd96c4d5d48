//! Loads, reports and rejects as callers see them.

use bytes::Bytes;

use crate::{
    ingest::{Reject, Report},
    loads::LoadRecord,
};

use super::{
    convert::{self, count},
    proto,
};

/// A load and what became of it.
pub(super) fn load(record: LoadRecord) -> proto::CoverageLoad {
    let LoadRecord { manifest, state, activated, refusal } = record;
    proto::CoverageLoad {
        load_id: manifest.load_id,
        csp_region: convert::region(manifest.region).into(),
        state: convert::load_state(state).into(),
        issue_time: Some(convert::timestamp(manifest.issue_time)),
        reference: manifest.reference,
        received_time: Some(convert::timestamp(manifest.received)),
        activation_time: activated.map(|activation| convert::timestamp(activation.at)),
        sha256: manifest.sha256,
        encoding: convert::encoding(manifest.encoding).into(),
        bytes_sent: count(manifest.bytes_sent),
        bytes_decompressed: count(manifest.bytes_decompressed),
        wan_variants_sha256: manifest.table3_sha256,
        rows_sha256: manifest.packed.map(|packed| packed.rows_sha256).unwrap_or_default(),
        report: Some(report(&manifest.report)),
        refusal: refusal.unwrap_or_default(),
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
