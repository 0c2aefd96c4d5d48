//! A load judged where the active one is damaged: it answers nothing and can be compared with nothing, but its manifest
//! still says when it was issued and how much it answered.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{domain::CspRegion, store::Manifest};

use super::{
    Loads,
    turnover::{Grain, Turnover},
};

/// The active load, as far as it is known when it cannot be read, and how much the new one answers.
#[derive(Clone, Copy, Debug)]
pub struct AgainstDamaged<'a> {
    /// The active load.
    pub load_id: &'a str,
    /// When its data were extracted.
    pub issue_time: Timestamp,
    /// Locations it answered for.
    pub answers_before: u64,
    /// Locations the new one answers for.
    pub answers_after: u64,
    /// Of `answers_before`: premises.
    pub premises_before: u64,
    /// Of `answers_after`: premises.
    pub premises_after: u64,
}

impl<'a> AgainstDamaged<'a> {
    /// Nothing where the new load is the damaged one, sent again: that is how it is mended.
    pub(super) fn new(damaged: &'a Manifest, new: &Manifest) -> Option<Self> {
        (damaged.load_id != new.load_id).then(|| Self {
            load_id: &damaged.load_id,
            issue_time: damaged.issue_time,
            answers_before: damaged.answers(),
            answers_after: new.answers(),
            premises_before: damaged.premises(),
            premises_after: new.premises(),
        })
    }

    /// Which locations go or come is not known, but how many at the least: as if all that could be in both were.
    pub(super) fn turnover(&self) -> Turnover {
        let &Self { answers_before, answers_after, premises_before, premises_after, .. } = self;
        let counted = |before: u64, after: u64| [before, after, before.min(after)];
        let postcodes =
            counted(answers_before.saturating_sub(premises_before), answers_after.saturating_sub(premises_after));
        Turnover {
            grains: Grain::apart(postcodes, counted(premises_before, premises_after)),
            at_least: "at least ",
            those: format!("that {} answered for", self.named()),
        }
    }

    /// As it stands in a sentence.
    pub(super) fn named(&self) -> String {
        format!("the active load {}, which is damaged,", self.load_id)
    }
}

impl Loads {
    /// The load that is active on disk in a region that answers from none, if its manifest can be read.
    pub(super) fn damaged_active(&self, region: CspRegion) -> Option<Arc<Manifest>> {
        if self.answering(region).is_some() {
            return None;
        }
        let catalogue = self.catalogue();
        catalogue.retained.get(catalogue.active.active(region)?).cloned()
    }
}
