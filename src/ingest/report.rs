//! What was in a file, in figures.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::RejectReason;

/// What was in a file. `rows = accepted + set_aside + repeats`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// Data rows, the header row not counted.
    pub rows: u64,
    /// Rows that answer, exact repeats counted once.
    pub accepted: u64,
    /// Rows that were set aside, those that disagree with another included.
    pub set_aside: u64,
    /// Of `set_aside`: how many for each reason that occurred.
    pub rejects_by_reason: BTreeMap<RejectReason, u64>,
    /// Exact repeats of a row that is counted once.
    pub repeats: u64,
    /// Of `accepted`: a date, and the variant Unknown.
    pub unknown: u64,
    /// Of `unknown`: the variant's cell was empty, which may be a broken export.
    pub unknown_from_empty: u64,
    /// Of `accepted`: known, no coverage planned.
    pub none_planned: u64,
    /// Of `accepted`: rows about one premises.
    #[serde(default)]
    pub premises: u64,
    /// Of `accepted`: locations that a delta file deletes.
    #[serde(default)]
    pub deletes: u64,
    /// How many rejects are kept.
    pub rejects_kept: u64,
    /// Locations that are marked as set aside.
    pub set_aside_locations: u64,
}

impl Report {
    pub(super) fn count_reject(&mut self, reason: RejectReason) {
        self.count_rejects(reason, 1);
    }

    pub(super) fn count_rejects(&mut self, reason: RejectReason, rows: u64) {
        self.set_aside += rows;
        *self.rejects_by_reason.entry(reason).or_default() += rows;
    }
}
