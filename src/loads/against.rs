//! What a load is judged against: that which its region answers from, as far as it can be read.

use jiff::Timestamp;

use crate::store::Changes;

use super::{
    damaged::AgainstDamaged,
    turnover::{Grain, Turnover},
};

/// What a load is judged against. A region answers from one load or from none, so it is never two of these.
#[derive(Clone, Copy, Debug)]
pub enum Against<'a> {
    /// The region answers from no load; then `rejects` judges alone.
    Nothing,
    /// The load that the region answers from.
    Active(AgainstActive<'a>),
    /// The load that the region would answer from if it were not damaged.
    Damaged(AgainstDamaged<'a>),
}

impl<'a> Against<'a> {
    /// The active load, where each location can be compared with what it was.
    pub(super) const fn active(&self) -> Option<&AgainstActive<'a>> {
        match self {
            Self::Active(active) => Some(active),
            Self::Nothing | Self::Damaged(_) => None,
        }
    }

    /// What goes from the answers and comes to them; known of a damaged load too, though less exactly.
    pub(super) fn turnover(&self) -> Option<Turnover> {
        match self {
            Self::Nothing => None,
            Self::Active(active) => Some(active.turnover()),
            Self::Damaged(damaged) => Some(damaged.turnover()),
        }
    }
}

/// The load that is active, and what the new one would change.
#[derive(Clone, Copy, Debug)]
pub struct AgainstActive<'a> {
    /// The active load.
    pub load_id: &'a str,
    /// When its data were extracted.
    pub issue_time: Timestamp,
    /// From the active load to the new one; for a delta, to what the two make together.
    pub changes: &'a Changes,
}

impl AgainstActive<'_> {
    fn turnover(&self) -> Turnover {
        let &Changes { answers_before, answers_after, answers_in_both, .. } = self.changes;
        let &Changes { premises_before, premises_after, premises_in_both, .. } = self.changes;
        let postcodes = [
            answers_before.saturating_sub(premises_before),
            answers_after.saturating_sub(premises_after),
            answers_in_both.saturating_sub(premises_in_both),
        ];
        Turnover {
            grains: Grain::apart(postcodes, [premises_before, premises_after, premises_in_both]),
            at_least: "",
            those: "that answer in the active load".to_owned(),
        }
    }
}
