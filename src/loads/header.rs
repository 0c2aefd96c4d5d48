//! What a sender announces before the file's bytes.

use jiff::Timestamp;

use crate::{domain::CspRegion, ingest::Encoding};

/// The longest reference that is kept.
pub const REFERENCE_MAX: usize = 200;

/// A full coverage file, announced. Everything in it is checked against the bytes that follow.
#[derive(Clone, Debug)]
pub struct LoadHeader {
    /// The region the file speaks for.
    pub region: CspRegion,
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
}
