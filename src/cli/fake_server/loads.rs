//! Canned loads: one that answers, one that was refused, and what differs between two.

use prost::Message as _;
use prost_types::Any;
use tonic::{Code, Status};

use super::{at, lookups::covered, status};
use crate::grpc::proto::{
    ConnectivityLikelihood, CoverageChange, CoverageChangeKind, CoverageComparison, CoverageFacts, CoverageLoad,
    CoverageLoadReport, CoverageLoadState, CoverageMovement, CoverageState, CspRegion, Encoding, GuardFinding,
    LoadGuard, RejectCount, RejectReason,
};

pub(in crate::cli) const CENTRAL_LOAD: &str = "central-20260201T030000Z-0123456789ab";
pub(in crate::cli) const REFUSED_LOAD: &str = "central-20260301T030000Z-ba9876543210";

/// A load in a state.
pub(super) fn load(load_id: &str, state: CoverageLoadState) -> CoverageLoad {
    CoverageLoad {
        load_id: load_id.to_owned(),
        csp_region: CspRegion::Central.into(),
        state: state.into(),
        issue_time: at(1_769_914_800),
        reference: "week 6".to_owned(),
        received_time: at(1_769_918_300),
        activation_time: if state == CoverageLoadState::Active { at(1_769_918_400) } else { None },
        sha256: "ab".repeat(32),
        encoding: Encoding::Gzip.into(),
        bytes_sent: 12_345,
        bytes_decompressed: 123_456,
        wan_variants_sha256: "cd".repeat(32),
        rows_sha256: "ef".repeat(32),
        report: Some(CoverageLoadReport {
            rows: 2_000,
            accepted: 1_990,
            set_aside: 7,
            rejects: vec![
                RejectCount { reason: RejectReason::PostcodeMalformed.into(), rows: 5 },
                RejectCount { reason: RejectReason::VariantNotListed.into(), rows: 2 },
            ],
            repeats: 3,
            unknown: 40,
            unknown_from_empty: 1,
            none_planned: 14,
            rejects_kept: 7,
            set_aside_locations: 2,
            deletes: 0,
            premises: 0,
        }),
        comparison: Some(CoverageComparison {
            with_load_id: "central-20260101T030000Z-aabbccddeeff".to_owned(),
            new: 40,
            removed: 10,
            same: 1_900,
            changed: 52,
            confirmed_to_unknown: 30,
            date_earlier: 25,
            newly_set_aside: 2,
            answers_before: 1_962,
            answers_after: 1_990,
            answers_in_both: 1_950,
            covered_before: 1_940,
            confirmed_before: 1_900,
            ..CoverageComparison::default()
        }),
        submitter: "127.0.0.1".to_owned(),
        activated_by: if state == CoverageLoadState::Active { "127.0.0.2".to_owned() } else { String::new() },
        ..CoverageLoad::default()
    }
}

/// One location for each kind of change, one of which this build does not know.
pub(super) fn differing() -> Vec<CoverageChange> {
    let facts = |date: &str, variant: &str| CoverageFacts {
        availability_date: Some(date.to_owned()),
        wan_variant: covered(CspRegion::Central, CoverageState::Available, date, variant).wan_variant,
        connectivity_likelihood: ConnectivityLikelihood::High.into(),
        ..CoverageFacts::default()
    };
    let change =
        |postcode: &str, kind: i32, before: Option<CoverageFacts>, after: Option<CoverageFacts>, moved: &[i32]| {
            let (postcode, movements) = (postcode.to_owned(), moved.to_vec());
            CoverageChange { postcode, kind, movements, before, after, ..CoverageChange::default() }
        };
    let (new, changed, removed) =
        (CoverageChangeKind::New.into(), CoverageChangeKind::Changed.into(), CoverageChangeKind::Removed.into());
    let information = "Meter cupboard, \"steel\" door";
    let told = CoverageFacts { additional_information: information.to_owned(), ..facts("2026-02-01", "Unknown") };
    let confirmed = [CoverageMovement::UnknownToConfirmed, CoverageMovement::TextsChanged].map(i32::from);
    let aside = CoverageFacts { set_aside: true, ..CoverageFacts::default() };
    vec![
        change("AA1 1AA", new, None, Some(facts("2027-03-01", "Cellular")), &[]),
        change("AA1 1AB", changed, Some(told), Some(facts("2026-02-01", "Cellular")), &confirmed),
        change(
            "AA1 1AD",
            changed,
            Some(CoverageFacts::default()),
            Some(aside),
            &[CoverageMovement::NewlySetAside.into()],
        ),
        change("AA1 1AE", removed, Some(facts("2020-01-01", "Cellular")), None, &[]),
        change("AA1 1AF", 9, None, None, &[99]),
        CoverageChange {
            uprn: "7".to_owned(),
            postcode_before: "AA1 1AH".to_owned(),
            ..change(
                "AA1 1AG",
                changed,
                Some(facts("2020-01-01", "Cellular")),
                Some(facts("2020-01-01", "Cellular")),
                &[CoverageMovement::PostcodeChanged.into()],
            )
        },
        CoverageChange {
            address_identifier: "flat 1".to_owned(),
            ..change("AA1 1AG", new, None, Some(CoverageFacts::default()), &[])
        },
    ]
}

/// What a dry run would be refused for, as the service makes it.
pub(super) fn refused_dry_run() -> Status {
    let message = "unknown: 190 of 1,900 locations (10.00 %) with a confirmed variant would be Unknown. Nothing has \
                   changed, and of a dry run nothing is kept";
    let metadata = [("guards", "unknown"), ("validate_only", "true")];
    let status = status(Code::FailedPrecondition, "LOAD_GUARD_UNKNOWN", message, &metadata);
    let finding = GuardFinding {
        guard: LoadGuard::Unknown.into(),
        measured: "190 of 1,900 locations (10.00 %)".to_owned(),
        allowed: "at most 95 (5 %)".to_owned(),
        overridden: false,
    };
    let judged = CoverageLoad { guards: vec![finding], ..load(REFUSED_LOAD, CoverageLoadState::Unspecified) };
    let type_url = "type.googleapis.com/wanmatrix.v1.CoverageLoad".to_owned();
    let mut details = tonic_types::pb::Status::decode(status.details()).unwrap();
    details.details.push(Any { type_url, value: judged.encode_to_vec() });
    Status::with_details(status.code(), status.message(), details.encode_to_vec().into())
}
