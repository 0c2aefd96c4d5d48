//! Why a load did not become active, or cannot be shown.

use std::{fmt, io, time::Duration};

use jiff::Timestamp;

use crate::{
    domain::CspRegion,
    ingest::FileError,
    store::{Manifest, StoreError},
};

use super::judge::Tripped;

/// What a sender or an operator is told. Nothing that any of these says has changed an answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages are the documentation")]
pub enum LoadError {
    #[error("another load, for {region}, is in progress; send this one again when it is done")]
    InProgress { region: CspRegion },
    #[error("issue_time {issue_time} lies in the future (it is {now} here); check the sender's clock")]
    IssuedInFuture { issue_time: Timestamp, now: Timestamp },
    /// Unreadable, with a wrong header row, too large, or the read was cancelled. Never `NoAcceptedRow`, which has a
    /// record and so an id.
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{said}; nothing has changed{}", Sequel(load_id, dry_run.is_some()))]
    NoAcceptedRow { load_id: String, said: String, dry_run: Option<Box<Manifest>> },
    #[error("the upload has more than the {limit} bytes that are taken; nothing of it is kept")]
    TooLarge { limit: u64 },
    #[error("the bytes received have the sha256 {received}, and the header announced {announced}; send the file again")]
    DigestMismatch { announced: String, received: String },
    #[error("the file has {found} data rows, and the header announced {announced}; it may be truncated")]
    RowCountMismatch { announced: u64, found: u64 },
    /// One guard or several; the first is the reason.
    #[error("{} Nothing has changed{}", Refusing(.tripped), Sequel(load_id, dry_run.is_some()))]
    Guards { load_id: String, tripped: Vec<Tripped>, dry_run: Option<Box<Manifest>> },
    #[error("{base} is not the load that {region} answers from, which a delta must name as its base: {}", Instead(.active))]
    BaseNotActive { base: String, region: CspRegion, active: Option<String> },
    #[error("{said}")]
    BaseTableChanged { base: String, said: String },
    #[error("{load_id} is retained and not active; submitting it again does not activate it: use ActivateCoverageLoad")]
    Retained { load_id: String },
    #[error(
        "{load_id} was judged against {judged_against}, and its region answers from {now_active} by now; nothing has \
         changed: send the file again, to be judged against that"
    )]
    Overtaken { load_id: String, judged_against: String, now_active: String },
    #[error("{load_id} was active before, and only an operator goes back to an earlier load")]
    NotStaged { load_id: String },
    #[error("{load_id} was refused, and only its report and its rejects are kept; submit the file again")]
    RefusedLoad { load_id: String },
    #[error("no load {load_id} is known here; ListCoverageLoads names those that are")]
    NotFound { load_id: String },
    #[error("the two loads are of different regions, {before} and {after}; compare loads of one region")]
    RegionsDiffer { before: CspRegion, after: CspRegion },
    #[error("the page token is not one that this server gave, or came with other filters; begin without one")]
    PageToken,
    #[error("the sender went away before the end of the file; nothing of it is kept")]
    Abandoned,
    #[error("nothing came for {} seconds; nothing of the file is kept, send it again", .after.as_secs())]
    Silent { after: Duration },
    #[error(
        "the file came at less than {least} bytes a second, and others wait for their turn; nothing of it is kept: send \
         it compressed, or from nearer"
    )]
    TooSlow { least: u64 },
    #[error("a message came that is no part of a file; nothing of it is kept")]
    MessageMalformed,
    #[error("the server is shutting down; send the load again when it is back")]
    ShuttingDown,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the load's thread ended unexpectedly")]
    Thread,
}

impl LoadError {
    /// Whether this side is to blame, and not what was sent.
    pub(super) const fn is_ours(&self) -> bool {
        matches!(self, Self::Store(_) | Self::Thread | Self::File(FileError::Disk { .. }))
    }

    /// Whether something that was looked for on disk is not there.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::Store(StoreError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound)
    }

    /// Whether what is on disk cannot be trusted.
    pub(super) fn is_damage(&self) -> bool {
        match self {
            Self::Store(error) => error.is_damage(),
            _ => false,
        }
    }
}

/// The first guard in full, the others by their figures: what to do is much the same for all.
struct Refusing<'a>(&'a [Tripped]);

impl fmt::Display for Refusing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((first, others)) = self.0.split_first() else { return f.write_str("a guard refused the load.") };
        write!(f, "{first}")?;
        for (place, Tripped { guard, measured, allowed, .. }) in others.iter().enumerate() {
            write!(f, "{} {guard}: {measured}, allowed {allowed}", if place == 0 { " Also" } else { ";" })?;
        }
        if others.is_empty() { Ok(()) } else { f.write_str(".") }
    }
}

/// Where what was found can be read: under the load's id, unless it was a dry run's.
struct Sequel<'a>(&'a str, bool);

impl fmt::Display for Sequel<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self(_, true) => f.write_str(", and of a dry run nothing is kept"),
            Self(load_id, false) => write!(f, "; see the report and the rejects of {load_id}"),
        }
    }
}

/// What to send in the place of a delta whose base is not active.
struct Instead<'a>(&'a Option<String>);

impl fmt::Display for Instead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(active) => write!(f, "that is {active}; make the delta from it, or send a full file"),
            None => f.write_str("it answers from none; send a full file"),
        }
    }
}
