//! How much goes from the answers, and how much comes to them.

use super::{guard::Guard, judge::Tripped, moved::Moved, settings::Thresholds, share::Share};

/// What would answer no more, and what would answer that did not, beside what answered before.
pub(super) struct Turnover {
    pub(super) grains: Vec<Grain>,
    /// `at least ` where it cannot be known which go and come, and so not quite how many.
    pub(super) at_least: &'static str,
    /// Which those before are: `that answer in the active load`.
    pub(super) those: String,
}

/// Postcodes and premises are judged apart: there are so many of the one that all of the other could go unseen.
pub(super) struct Grain {
    what: &'static str,
    before: u64,
    gone: u64,
    come: u64,
}

/// How many answer before, after, and in both.
pub(super) type Answering = [u64; 3];

impl Turnover {
    pub(super) fn shrink(&self, thresholds: &Thresholds) -> Option<Tripped> {
        let gone = self.moved(|grain| grain.gone, thresholds.shrink)?;
        let Self { at_least, those, .. } = self;
        Some(gone.told(Guard::Shrink, "of", |measured, allowed| {
            format!(
                "{at_least}{measured} {those} would answer no more, and {allowed} may go. Was the file cut short, is it \
                 only a part of the region, or another region's file?"
            )
        }))
    }

    pub(super) fn growth(&self, thresholds: &Thresholds) -> Option<Tripped> {
        let come = self.moved(|grain| grain.come, thresholds.growth)?;
        let Self { at_least, those, .. } = self;
        Some(come.told(Guard::Growth, "new beside", |measured, allowed| {
            format!(
                "it would bring {at_least}{measured} {those}, and {allowed} may come. Were the files of several regions \
                 joined, or is it another region's file?"
            )
        }))
    }

    /// The first grain that moved further than is allowed: a guard is told once.
    fn moved(&self, part: fn(&Grain) -> u64, allowed: Share) -> Option<Moved> {
        self.grains.iter().find_map(|grain| Moved::of(part(grain), grain.before, grain.what, allowed))
    }
}

impl Grain {
    const fn new(what: &'static str, [before, after, both]: Answering) -> Self {
        Self { what, before, gone: before.saturating_sub(both), come: after.saturating_sub(both) }
    }

    /// Of postcodes, and of premises if there are any.
    pub(super) fn apart(postcodes: Answering, premises: Answering) -> Vec<Self> {
        if premises.iter().all(|&premises| premises == 0) {
            return vec![Self::new("locations", postcodes)];
        }
        vec![Self::new("postcodes", postcodes), Self::new("premises", premises)]
    }
}
