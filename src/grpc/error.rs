//! The one place that decides which code and reason an error has: what the contract's table says, as functions.
//!
//! | what | code | reason |
//! |---|---|---|
//! | a request that cannot be understood | INVALID_ARGUMENT, with violations | …_MALFORMED, LOCATION_MISSING, … |
//! | a location in no active load | NOT_FOUND | LOCATION_NOT_IN_COVERAGE, UPRN_NOT_IN_COVERAGE, LOCATION_SET_ASIDE |
//! | an expected region without an active load | FAILED_PRECONDITION | COVERAGE_INCOMPLETE |
//! | a load that did not become active | [`load`] | LOAD_… |
//! | more calls than are taken, or sooner | RESOURCE_EXHAUSTED, with RetryInfo | OVERLOADED, RATE_LIMITED |
//! | a User Role that may not send SR12.1 | PERMISSION_DENIED | USER_ROLE_NOT_ELIGIBLE |
//! | a deadline that passed | DEADLINE_EXCEEDED | |
//! | damage on this side | UNAVAILABLE | COVERAGE_DAMAGED |
//! | anything else on this side | INTERNAL | INTERNAL |
//!
//! What happened inside is logged here and never sent. Regions in metadata are named as in load ids (`4g-central`);
//! several values are separated by commas.

use std::{error::Error, time::Duration};

use jiff::Timestamp;
use tonic::{Code, Status};

use crate::{
    domain::{AddressIdentifierError, CspRegion, DayError, Location, PostcodeError, UprnError},
    duis::{DuisError, UserRole},
    ingest::FileError,
    loads::{Guard, LoadError, LoadRecord, LoadState},
    store::{Manifest, StoreError},
};

use super::{answer::Miss, convert::NotKnown, failure::Failure, load_shown, proto::ErrorReason};

/// When a load that had to wait its turn is worth sending again.
const RETRY_LOAD: Duration = Duration::from_secs(10);

/// A location without an answer; `field` is the request's field that holds it.
pub(super) fn miss(miss: Miss, field: &str) -> Failure {
    let said = miss.to_string();
    match miss {
        Miss::LocationMissing => {
            Failure::new(Code::InvalidArgument, ErrorReason::LocationMissing, said).violating(field)
        }
        Miss::Postcode { field: part, .. } => Failure::new(Code::InvalidArgument, ErrorReason::PostcodeMalformed, said)
            .violating(format!("{field}.{part}")),
        Miss::Uprn(_) => {
            Failure::new(Code::InvalidArgument, ErrorReason::UprnMalformed, said).violating(format!("{field}.uprn"))
        }
        Miss::AddressIdentifier(_) => {
            Failure::new(Code::InvalidArgument, ErrorReason::AddressIdentifierMalformed, said)
                .violating(format!("{field}.partial_address.address_identifier"))
        }
        Miss::Damaged { regions, loads } => Failure::new(Code::Unavailable, ErrorReason::CoverageDamaged, said)
            .with("damaged_regions", slugs(&regions))
            .with("loads", loads),
        Miss::Incomplete { missing, loads, .. } => {
            Failure::new(Code::FailedPrecondition, ErrorReason::CoverageIncomplete, said)
                .with("missing_regions", slugs(&missing))
                .with("loads", loads)
        }
        Miss::SetAside { by, loads, .. } => {
            let (regions, ids): (Vec<_>, Vec<_>) = by.into_iter().unzip();
            Failure::new(Code::NotFound, ErrorReason::LocationSetAside, said)
                .with("set_aside_regions", slugs(&regions))
                .with("set_aside_loads", ids.join(","))
                .with("loads", loads)
        }
        Miss::NotInCoverage { location: Location::Uprn(_), loads, .. } => {
            Failure::new(Code::NotFound, ErrorReason::UprnNotInCoverage, said).with("loads", loads)
        }
        Miss::NotInCoverage { premises_rows, loads, .. } => {
            let failure = Failure::new(Code::NotFound, ErrorReason::LocationNotInCoverage, said).with("loads", loads);
            if premises_rows == 0 { failure } else { failure.with("premises_rows", premises_rows.to_string()) }
        }
        Miss::TooMany { loads, .. } => {
            Failure::new(Code::ResourceExhausted, ErrorReason::ReplyTooLarge, said).with("loads", loads)
        }
        Miss::Store { error, loads } => store(&error).said(said).with("loads", loads),
    }
}

/// A DUIS document that cannot be read.
pub(super) fn duis(error: &DuisError) -> Failure {
    let reason =
        if error.is_version() { ErrorReason::DuisVersionUnsupported } else { ErrorReason::DuisDocumentMalformed };
    Failure::field(reason, "document", error.to_string())
}

/// An answer that its DUIS document cannot hold: the two disagree on what may be said.
pub(super) fn misfit(error: &(dyn Error + 'static)) -> Failure {
    tracing::error!(error, "an answer does not fit into a DUIS document");
    internal()
}

/// An `as_of_date` that is not a day.
pub(super) fn as_of_date(error: DayError) -> Failure {
    let reason = match error {
        DayError::Malformed => ErrorReason::DateMalformed,
        DayError::OutOfRange => ErrorReason::DateImplausible,
    };
    Failure::field(reason, "as_of_date", error.to_string())
}

/// A region filter that names no region.
pub(super) fn region_not_known(number: NotKnown) -> Failure {
    Failure::field(ErrorReason::RequestMalformed, "csp_region", not_known(number))
}

/// A state filter that names no state.
pub(super) fn state_not_known(number: NotKnown) -> Failure {
    Failure::field(ErrorReason::RequestMalformed, "state", not_known(number))
}

/// A known caller who may not do that. The code says it all, so there is no reason.
pub(super) fn denied(what: String) -> Failure {
    Failure::new(Code::PermissionDenied, ErrorReason::Unspecified, what)
}

/// A known caller who may ask, and not in the User Roles it has. Another role of the same User may do; no other caller's
/// right is in question.
#[must_use]
pub fn user_role_not_eligible(what: String) -> Status {
    let eligible: Vec<_> = UserRole::eligible().map(|role| role.to_string()).collect();
    Failure::new(Code::PermissionDenied, ErrorReason::UserRoleNotEligible, what)
        .with("eligible_user_roles", eligible.join(","))
        .into()
}

/// A number that must not be below zero.
pub(super) fn negative(field: &str, value: i64) -> Failure {
    Failure::field(ErrorReason::RequestMalformed, field, format!("{value} is negative; send 0 or more"))
}

/// A batch without a location.
pub(super) fn batch_empty(max: usize) -> Failure {
    Failure::field(ErrorReason::LocationMissing, "locations", format!("none were given; a batch has 1 to {max}"))
}

/// More locations than a batch may have.
pub(super) fn batch_too_large(locations: usize, max: usize) -> Failure {
    let what = format!("{locations} locations, and a batch has at most {max}; send the rest in another call");
    Failure::field(ErrorReason::BatchTooLarge, "locations", what)
}

/// A reply that clients would refuse.
pub(super) fn reply_too_large(bytes: usize, max: usize) -> Failure {
    let what = format!("the reply would have {bytes} bytes, and clients take {max}; ask for fewer locations at once");
    Failure::new(Code::ResourceExhausted, ErrorReason::ReplyTooLarge, what)
}

/// A header that is missing, misplaced or repeated.
pub(super) fn header(field: &str, what: &str) -> Failure {
    Failure::field(ErrorReason::HeaderMalformed, field, what)
}

/// A message of an upload that is no chunk of a file.
pub(super) fn chunk(field: &str, what: impl Into<String>) -> Failure {
    Failure::field(ErrorReason::LoadFileUnreadable, field, what)
}

/// The caller of a stream took nothing for so long.
pub(super) fn stalled(after: Duration) -> Failure {
    let what = format!(
        "nothing of the stream was taken for {} seconds; resume it after the last item that came",
        after.as_secs()
    );
    Failure::new(Code::DeadlineExceeded, ErrorReason::Unspecified, what)
}

/// An `after_postcode` that is none.
pub(super) fn after_postcode(error: &PostcodeError) -> Failure {
    Failure::field(ErrorReason::PostcodeMalformed, "after_postcode", error.to_string())
}

/// An `after_uprn` that is none.
pub(super) fn after_uprn(error: &UprnError) -> Failure {
    Failure::field(ErrorReason::UprnMalformed, "after_uprn", error.to_string())
}

/// An `after_address_identifier` that is none.
pub(super) fn after_address_identifier(error: &AddressIdentifierError) -> Failure {
    Failure::field(ErrorReason::AddressIdentifierMalformed, "after_address_identifier", error.to_string())
}

/// No place for another call of its class: none at all, or none in the caller's share.
#[must_use]
pub fn overloaded(class: &str, own_share: bool, retry: Duration) -> Status {
    crowded(class, own_share, retry).into()
}

/// [`overloaded`], of what a handler counts itself.
pub(super) fn crowded(class: &str, own_share: bool, retry: Duration) -> Failure {
    let what = if own_share {
        format!("this caller has as many {class} calls in flight as one may; wait for some to end")
    } else {
        format!("the server has as many {class} calls in flight as it takes; try again later")
    };
    Failure::new(Code::ResourceExhausted, ErrorReason::Overloaded, what).retry_after(retry)
}

/// A call that came sooner than its caller may call.
#[must_use]
pub fn rate_limited(wait: Duration) -> Status {
    let what = "this caller calls more often than it may; wait as long as RetryInfo says, or send batches";
    Failure::new(Code::ResourceExhausted, ErrorReason::RateLimited, what).retry_after(wait).into()
}

/// A call that would last for as long as its caller likes, at the end of the server.
#[must_use]
pub fn shutting_down() -> Status {
    let what = "the server is shutting down; go on when it is back, or at another";
    Failure::new(Code::Unavailable, ErrorReason::ShuttingDown, what).into()
}

/// A call whose time is over.
#[must_use]
pub fn deadline_passed() -> Status {
    let what = "the call's deadline passed before its end";
    Failure::new(Code::DeadlineExceeded, ErrorReason::Unspecified, what).into()
}

/// A call whose work ended without an answer.
#[must_use]
pub fn failed() -> Status {
    internal().into()
}

/// The server's own clock is far off.
pub(super) fn clock(now: Timestamp) -> Failure {
    tracing::error!(%now, "the server's clock is not between 2012 and 2099");
    internal().said("the server does not know what day it is; name an as_of_date".to_owned())
}

/// A task that ended without an answer.
pub(super) fn task(error: &(dyn Error + 'static)) -> Failure {
    tracing::error!(error, "a task of a call failed");
    internal()
}

fn internal() -> Failure {
    let what = "the server failed; its operator finds the cause in its log";
    Failure::new(Code::Internal, ErrorReason::Internal, what)
}

/// A fault of the store: its paths and causes are the operator's business.
fn store(error: &StoreError) -> Failure {
    tracing::error!(error = error as &dyn Error, "the store failed");
    match error {
        StoreError::DiskFull { .. } => disk_full(error.to_string()),
        _ if error.is_disk_full() => disk_full("the server's disk is full; make room and send the load again"),
        _ if error.is_damage() => {
            let what = "coverage data of this server is damaged; its operator finds in the log what";
            Failure::new(Code::Unavailable, ErrorReason::CoverageDamaged, what)
        }
        _ => internal(),
    }
}

fn disk_full(what: impl Into<String>) -> Failure {
    Failure::new(Code::ResourceExhausted, ErrorReason::LoadDiskFull, what)
}

/// A file that could not be read.
fn file(error: &FileError) -> Failure {
    let said = error.to_string();
    match error {
        FileError::Unreadable { .. } | FileError::Header { .. } | FileError::NoAcceptedRow(_) => {
            Failure::new(Code::InvalidArgument, ErrorReason::LoadFileUnreadable, said).violating("chunk")
        }
        FileError::TooLarge(_) => Failure::new(Code::ResourceExhausted, ErrorReason::LoadTooLarge, said),
        FileError::Disk { .. } => {
            tracing::error!(error = error as &dyn Error, "a load failed");
            if error.is_disk_full() {
                return disk_full("the server's disk is full; make room and send the load again");
            }
            internal()
        }
        FileError::Cancelled => load(LoadError::ShuttingDown),
    }
}

/// A load that did not become active, or cannot be shown.
pub(super) fn load(error: LoadError) -> Failure {
    use Code::{Aborted, AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, ResourceExhausted};
    let said = error.to_string();
    let new = |code, reason| Failure::new(code, reason, said);
    match error {
        LoadError::InProgress { region } => {
            new(Aborted, ErrorReason::LoadInProgress).with("csp_region", region.slug()).retry_after(RETRY_LOAD)
        }
        LoadError::IssuedInFuture { .. } => {
            new(InvalidArgument, ErrorReason::LoadIssuedInFuture).violating("header.issue_time")
        }
        LoadError::File(error) => file(&error),
        LoadError::NoAcceptedRow { load_id, dry_run, .. } => {
            recorded(new(InvalidArgument, ErrorReason::LoadFileUnreadable).violating("chunk"), load_id, dry_run)
        }
        LoadError::TooLarge { .. } => new(ResourceExhausted, ErrorReason::LoadTooLarge),
        LoadError::DigestMismatch { .. } => {
            new(InvalidArgument, ErrorReason::LoadDigestMismatch).violating("header.sha256")
        }
        LoadError::RowCountMismatch { .. } => {
            new(InvalidArgument, ErrorReason::LoadRowCountMismatch).violating("header.row_count")
        }
        LoadError::Guards { load_id, tripped, dry_run } => {
            let guards: Vec<_> = tripped.iter().map(|tripped| tripped.guard).collect();
            let reason = guards.first().map_or(ErrorReason::LoadRefused, |&first| guard(first));
            let names: Vec<_> = guards.into_iter().map(Guard::slug).collect();
            recorded(new(FailedPrecondition, reason).with("guards", names.join(",")), load_id, dry_run)
        }
        LoadError::BaseNotActive { base, active, .. } => new(Aborted, ErrorReason::LoadBaseNotActive)
            .with("base_load_id", base)
            .with("active_load_id", active.unwrap_or_default()),
        LoadError::BaseTableChanged { base, .. } => {
            new(FailedPrecondition, ErrorReason::LoadBaseTableChanged).with("base_load_id", base)
        }
        LoadError::Retained { load_id } => new(AlreadyExists, ErrorReason::LoadRetained).with("load_id", load_id),
        LoadError::Overtaken { load_id, now_active, .. } => {
            new(Aborted, ErrorReason::LoadOvertaken).with("load_id", load_id).with("active_load_id", now_active)
        }
        LoadError::NotStaged { .. } => new(Code::PermissionDenied, ErrorReason::Unspecified),
        LoadError::RefusedLoad { load_id } => {
            new(FailedPrecondition, ErrorReason::LoadRefused).with("load_id", load_id)
        }
        LoadError::NotFound { load_id } => new(NotFound, ErrorReason::LoadNotFound).with("load_id", load_id),
        LoadError::RegionsDiffer { .. } => {
            new(InvalidArgument, ErrorReason::LoadRegionsDiffer).violating("after_load_id")
        }
        LoadError::PageToken => new(InvalidArgument, ErrorReason::PageTokenInvalid).violating("page_token"),
        // Nobody is there to read it.
        LoadError::Abandoned => new(Code::Cancelled, ErrorReason::Unspecified),
        LoadError::Silent { .. } | LoadError::TooSlow { .. } => new(Code::DeadlineExceeded, ErrorReason::Unspecified),
        LoadError::MessageMalformed => new(InvalidArgument, ErrorReason::LoadFileUnreadable).violating("part"),
        LoadError::ShuttingDown => new(Code::Unavailable, ErrorReason::ShuttingDown),
        LoadError::Store(error) => store(&error),
        LoadError::Thread => task(&error),
    }
}

/// Where the record of a refused load is: kept under its id, or, of a dry run, in the error itself.
fn recorded(failure: Failure, load_id: String, dry_run: Option<Box<Manifest>>) -> Failure {
    match dry_run {
        None => failure.with("load_id", load_id),
        Some(manifest) => {
            let record = LoadRecord { manifest: *manifest, state: LoadState::DryRun, activated: None, refusal: None };
            let mut load = load_shown::load(record);
            // An error travels in headers, whose room is small: what the sender has said itself stays at home.
            load.reference.clear();
            load.override_note.clear();
            failure.with("validate_only", "true").carrying(load)
        }
    }
}

/// The reason of a load that this guard refused, first among those that did.
const fn guard(guard: Guard) -> ErrorReason {
    match guard {
        Guard::Rejects => ErrorReason::LoadGuardRejects,
        Guard::CoverageLost => ErrorReason::LoadGuardCoverageLost,
        Guard::VariantChanged => ErrorReason::LoadGuardVariantChanged,
        Guard::Unknown => ErrorReason::LoadGuardUnknown,
        Guard::Shrink => ErrorReason::LoadGuardShrink,
        Guard::Growth => ErrorReason::LoadGuardGrowth,
        Guard::IssueOrder => ErrorReason::LoadGuardIssueOrder,
    }
}

/// What is wrong with a number that the proto does not have.
pub(super) fn not_known(NotKnown(number): NotKnown) -> String {
    format!("{number} stands for nothing that this server knows; it may be older than its caller")
}

fn slugs(regions: &[CspRegion]) -> String {
    regions.iter().map(|region| region.slug()).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
