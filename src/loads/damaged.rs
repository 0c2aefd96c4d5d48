//! A load judged where the active one is damaged: it answers nothing and can be compared with nothing, but its manifest
//! still says when it was issued and how much it answered.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{domain::CspRegion, store::Manifest};

use super::{
    Loads,
    guard::Guard,
    judge::{Grain, GuardInput, Moved, Tripped, worded},
    settings::Thresholds,
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
    fn grains(&self) -> impl Iterator<Item = Grain> + use<> {
        let &Self { answers_before, answers_after, premises_before, premises_after, .. } = self;
        let counted = |before: u64, after: u64| [before, after, before.min(after)];
        let postcodes =
            counted(answers_before.saturating_sub(premises_before), answers_after.saturating_sub(premises_after));
        Grain::apart(postcodes, counted(premises_before, premises_after))
    }

    pub(super) fn shrink(&self, thresholds: &Thresholds) -> Option<Tripped> {
        let load_id = self.load_id;
        let of =
            |grain: Grain| Moved::of(grain.gone, grain.before, thresholds.shrink).map(|gone| gone.in_words(grain.what));
        let gone = self.grains().find_map(of)?;
        Some(gone.told(Guard::Shrink, "of", |measured, allowed| {
            format!(
                "at least {measured} that the active load {load_id}, which is damaged, answered for would answer no more, \
                 and {allowed} may go. Was the file cut short, is it only a part of the region, or another region's file?"
            )
        }))
    }

    pub(super) fn growth(&self, thresholds: &Thresholds) -> Option<Tripped> {
        let load_id = self.load_id;
        let of =
            |grain: Grain| Moved::of(grain.come, grain.before, thresholds.growth).map(|come| come.in_words(grain.what));
        let come = self.grains().find_map(of)?;
        Some(come.told(Guard::Growth, "new beside", |measured, allowed| {
            format!(
                "it would bring at least {measured} that the active load {load_id}, which is damaged, answered for, and \
                 {allowed} may come. Were the files of several regions joined, or is it another region's file?"
            )
        }))
    }

    /// What was issued at the same time may stand in for it: a full file for the result of a delta.
    pub(super) fn issue_order(&self, input: &GuardInput<'_>, thresholds: &Thresholds) -> Option<Tripped> {
        if !thresholds.newer_only || input.issue_time >= self.issue_time {
            return None;
        }
        let measured = format!("issued {}", input.issue_time);
        let allowed = format!("no earlier than {}", self.issue_time);
        let words = format!(
            "the file was {measured}, and must be {allowed}, when the active load {}, which is damaged, was issued. Is it \
             yesterday's file? To go back to an earlier load, activate that one.",
            self.load_id
        );
        Some(worded(Guard::IssueOrder, measured, allowed, &words))
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
