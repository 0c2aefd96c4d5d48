//! A load as it is shown.

use crate::store::{Activation, Manifest};

/// Where a load is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LoadState {
    /// Sealed and never activated.
    Staged,
    /// Its region answers from it.
    Active,
    /// Was active, and another load took its place.
    Superseded,
    /// Refused by a guard or a check; only its report and its rejects are kept.
    Refused,
    /// Retained, and found damaged.
    Damaged,
    /// Judged in a dry run: nothing became of it, and nothing is kept.
    DryRun,
}

impl LoadState {
    /// `dry-run`: the same in every version, for what outlives one.
    pub(super) const fn slug(self) -> &'static str {
        match self {
            Self::Staged => "staged",
            Self::Active => "active",
            Self::Superseded => "superseded",
            Self::Refused => "refused",
            Self::Damaged => "damaged",
            Self::DryRun => "dry-run",
        }
    }
}

/// One load and what became of it.
#[derive(Clone, Debug)]
pub struct LoadRecord {
    /// Where it came from and what was in it.
    pub manifest: Manifest,
    /// Where it is in its life.
    pub state: LoadState,
    /// When it last became active and by whom, if it ever did.
    pub activated: Option<Activation>,
    /// The words its sender was told, when refused.
    pub refusal: Option<String>,
}

impl LoadRecord {
    /// The load that was active when this one was judged.
    pub(super) fn judged_against(&self) -> Option<&str> {
        self.manifest.compared.as_ref().map(|compared| compared.with.as_str())
    }
}
