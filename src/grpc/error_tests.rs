use std::{io, path::PathBuf};

use tonic::Status;
use tonic_types::StatusExt as _;

use crate::{ingest::SizeLimit, loads::Tripped};

use super::*;

fn io_error(kind: io::ErrorKind) -> io::Error {
    io::Error::new(kind, "secret cause")
}

fn store_error(kind: io::ErrorKind) -> StoreError {
    StoreError::Io { doing: "writing", path: PathBuf::from("/secret/path"), source: io_error(kind) }
}

fn damaged() -> StoreError {
    StoreError::Damaged { path: PathBuf::from("/secret/path"), what: "secret cause".to_owned() }
}

/// Code, reason, field at fault, and the metadata `key=value`.
fn told(failure: Failure) -> (Code, String, Vec<String>, Vec<String>, String) {
    let status = Status::from(failure);
    let details = status.get_error_details();
    let info = details.error_info();
    let fields = details.bad_request().map(|bad| &bad.field_violations[..]).unwrap_or_default();
    (
        status.code(),
        info.map(|info| info.reason.clone()).unwrap_or_default(),
        fields.iter().map(|violation| violation.field.clone()).collect(),
        info.into_iter().flat_map(|info| &info.metadata).map(|(key, value)| format!("{key}={value}")).collect(),
        status.message().to_owned(),
    )
}

#[test]
fn every_load_error_has_its_code_and_reason() {
    use Code::{Aborted, AlreadyExists, Internal, InvalidArgument, ResourceExhausted, Unavailable};
    let id = || "south-x".to_owned();
    let now = Timestamp::UNIX_EPOCH;
    let file = |error| LoadError::File(error);
    let unreadable = || FileError::Unreadable { after: 3, source: io::Error::other("not gzip") };
    let disk = |kind| FileError::Disk { doing: "spill", source: io_error(kind) };
    for (error, code, reason, field, metadata) in [
        (LoadError::InProgress { region: CspRegion::South4G }, Aborted, "LOAD_IN_PROGRESS", "", "csp_region=4g-south"),
        (
            LoadError::IssuedInFuture { issue_time: now, now },
            InvalidArgument,
            "LOAD_ISSUED_IN_FUTURE",
            "header.issue_time",
            "",
        ),
        (file(unreadable()), InvalidArgument, "LOAD_FILE_UNREADABLE", "chunk", ""),
        (file(FileError::TooLarge(SizeLimit::Rows(5))), ResourceExhausted, "LOAD_TOO_LARGE", "", ""),
        (file(disk(io::ErrorKind::StorageFull)), ResourceExhausted, "LOAD_DISK_FULL", "", ""),
        (file(disk(io::ErrorKind::PermissionDenied)), Internal, "INTERNAL", "", ""),
        (file(FileError::Cancelled), Unavailable, "SHUTTING_DOWN", "", ""),
        (
            LoadError::NoAcceptedRow { load_id: id(), said: "none".to_owned(), dry_run: None },
            InvalidArgument,
            "LOAD_FILE_UNREADABLE",
            "chunk",
            "load_id=south-x",
        ),
        (LoadError::TooLarge { limit: 1 }, ResourceExhausted, "LOAD_TOO_LARGE", "", ""),
        (
            LoadError::DigestMismatch { announced: "a".to_owned(), received: "b".to_owned() },
            InvalidArgument,
            "LOAD_DIGEST_MISMATCH",
            "header.sha256",
            "",
        ),
        (
            LoadError::RowCountMismatch { announced: 1, found: 2 },
            InvalidArgument,
            "LOAD_ROW_COUNT_MISMATCH",
            "header.row_count",
            "",
        ),
        (
            LoadError::BaseNotActive { base: "south-b".to_owned(), region: CspRegion::South, active: None },
            Aborted,
            "LOAD_BASE_NOT_ACTIVE",
            "",
            "active_load_id= base_load_id=south-b",
        ),
        (
            LoadError::BaseTableChanged { base: "south-b".to_owned(), said: "changed".to_owned() },
            Code::FailedPrecondition,
            "LOAD_BASE_TABLE_CHANGED",
            "",
            "base_load_id=south-b",
        ),
        (
            LoadError::Overtaken {
                load_id: id(),
                judged_against: "south-a".to_owned(),
                now_active: "south-b".to_owned(),
            },
            Aborted,
            "LOAD_OVERTAKEN",
            "",
            "active_load_id=south-b load_id=south-x",
        ),
        (LoadError::Retained { load_id: id() }, AlreadyExists, "LOAD_RETAINED", "", "load_id=south-x"),
        (LoadError::NotStaged { load_id: id() }, Code::PermissionDenied, "", "", ""),
        (LoadError::NotFound { load_id: id() }, Code::NotFound, "LOAD_NOT_FOUND", "", "load_id=south-x"),
        (
            LoadError::RegionsDiffer { before: CspRegion::South, after: CspRegion::North },
            InvalidArgument,
            "LOAD_REGIONS_DIFFER",
            "after_load_id",
            "",
        ),
        (LoadError::Silent { after: Duration::from_secs(60) }, Code::DeadlineExceeded, "", "", ""),
        (LoadError::TooSlow { least: 1 }, Code::DeadlineExceeded, "", "", ""),
        (LoadError::MessageMalformed, InvalidArgument, "LOAD_FILE_UNREADABLE", "part", ""),
        (LoadError::PageToken, InvalidArgument, "PAGE_TOKEN_INVALID", "page_token", ""),
        (LoadError::ShuttingDown, Unavailable, "SHUTTING_DOWN", "", ""),
        (LoadError::Abandoned, Code::Cancelled, "", "", ""),
        (LoadError::Thread, Internal, "INTERNAL", "", ""),
        (LoadError::Store(damaged()), Unavailable, "COVERAGE_DAMAGED", "", ""),
        (LoadError::Store(store_error(io::ErrorKind::QuotaExceeded)), ResourceExhausted, "LOAD_DISK_FULL", "", ""),
        (LoadError::Store(store_error(io::ErrorKind::PermissionDenied)), Internal, "INTERNAL", "", ""),
        (LoadError::Store(StoreError::DiskFull { needed: 7, free: 1 }), ResourceExhausted, "LOAD_DISK_FULL", "", ""),
    ] {
        let words = error.to_string();
        let (told_code, told_reason, fields, mut told_metadata, message) = told(load(error));
        told_metadata.sort();
        assert_eq!((told_code, told_reason.as_str()), (code, reason), "{words}");
        assert_eq!(fields.concat(), field, "{words}");
        assert_eq!(told_metadata.join(" "), metadata, "{words}");
        assert!(!message.contains("secret"), "{words} was sent as {message}");
    }
}

#[test]
fn a_guards_reason_is_its_name_and_all_that_refused_are_named() {
    let tripped = |guard: Guard| {
        let [measured, allowed, words] = ["much", "less", "why"].map(str::to_owned);
        Tripped { guard, measured, allowed, words }
    };
    for guard in Guard::ALL {
        let tripped = vec![tripped(guard), tripped(Guard::Shrink)];
        let refusal = load(LoadError::Guards { load_id: "south-x".to_owned(), tripped, dry_run: None });
        let (code, reason, _, mut metadata, _) = told(refusal);
        metadata.sort();
        assert_eq!(code, Code::FailedPrecondition);
        assert_eq!(reason, format!("LOAD_GUARD_{}", guard.slug().to_uppercase().replace('-', "_")));
        assert_eq!(metadata, [format!("guards={guard},shrink"), "load_id=south-x".to_owned()]);
    }
}

#[test]
fn a_row_that_cannot_be_read_is_no_answer_and_gives_nothing_away() {
    let (code, reason, _, metadata, message) = told(miss(Miss::Store { error: damaged(), loads: "a,b".into() }, "x"));
    assert_eq!(
        (code, reason.as_str(), metadata.concat().as_str()),
        (Code::Unavailable, "COVERAGE_DAMAGED", "loads=a,b")
    );
    assert!(!message.contains("secret"), "{message}");
}

#[test]
fn a_damaged_load_is_told_before_any_miss() {
    let regions = vec![CspRegion::Central, CspRegion::North4G];
    let (code, reason, _, mut metadata, message) = told(miss(Miss::Damaged { regions, loads: String::new() }, "x"));
    metadata.sort();
    assert_eq!((code, reason.as_str()), (Code::Unavailable, "COVERAGE_DAMAGED"));
    assert_eq!(metadata, ["damaged_regions=central,4g-north", "loads="]);
    assert!(message.contains("Central and 4G North"), "{message}");
}
