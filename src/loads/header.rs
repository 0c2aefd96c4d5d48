//! What a sender announces before the file's bytes.

use jiff::Timestamp;

use crate::{domain::CspRegion, ingest::Encoding};

use super::Guard;

/// The longest reference that is kept.
pub const REFERENCE_MAX: usize = 200;

/// The longest note on an override that is kept.
pub const OVERRIDE_NOTE_MAX: usize = 500;

/// A coverage file, announced, and what is to be done with it. What it says of the bytes that follow is checked.
#[derive(Clone, Debug)]
pub struct LoadHeader {
    /// The region the file speaks for.
    pub region: CspRegion,
    /// The load that the file changes, if it is a delta.
    pub base_load_id: Option<String>,
    /// When the CSP extracted the data, in whole seconds.
    pub issue_time: Timestamp,
    /// The CSP's own name for the load, at most [`REFERENCE_MAX`] characters.
    pub reference: String,
    /// The sha256 of the bytes as sent.
    pub sha256: [u8; 32],
    /// Data rows in the file, where the sender knows it.
    pub row_count: Option<u64>,
    /// How the bytes are compressed.
    pub encoding: Encoding,
    /// Who sends it, for the manifest and the audit log.
    pub submitter: String,
    /// Guards that must not refuse it.
    pub overrides: Vec<Guard>,
    /// Why they are overridden, at most [`OVERRIDE_NOTE_MAX`] characters.
    pub override_note: String,
    /// Whether anything is to be kept.
    pub wanted: Wanted,
}

impl LoadHeader {
    /// A whole file, sent as it is, that a region is to answer from. Nothing else is announced of it.
    #[must_use]
    pub fn of(region: CspRegion, issue_time: Timestamp, sha256: [u8; 32], submitter: &str) -> Self {
        Self {
            region,
            base_load_id: None,
            issue_time,
            reference: String::new(),
            sha256,
            row_count: None,
            encoding: Encoding::Identity,
            submitter: submitter.to_owned(),
            overrides: Vec::new(),
            override_note: String::new(),
            wanted: Wanted::Active,
        }
    }
}

/// What a sender wants of a load that is found good.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Wanted {
    /// That its region answers from it.
    #[default]
    Active,
    /// That it is kept ready to be activated.
    Staged,
    /// To hear that it is good, and nothing else: a dry run.
    Judged,
}
