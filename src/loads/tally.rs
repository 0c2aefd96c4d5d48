//! How loads ended, region by region, since the server started.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::domain::{CspRegion, RegionMap};

use super::{LoadError, Submitted};

/// Loads that came to an end.
#[derive(Debug)]
pub struct Tally(RegionMap<PerRegion>);

#[derive(Debug, Default)]
struct PerRegion {
    accepted: AtomicU64,
    repeated: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    /// In nanoseconds; 0 before the first.
    latest: AtomicU64,
}

impl Default for Tally {
    fn default() -> Self {
        Self(RegionMap::from_fn(|_| PerRegion::default()))
    }
}

impl Tally {
    pub(super) fn count(&self, region: CspRegion, result: &Result<Submitted, LoadError>, took: Duration) {
        let counted = &self.0[region];
        let ended = match result {
            Ok(Submitted { already_present: true, .. }) => &counted.repeated,
            Ok(_) => {
                let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
                counted.latest.store(nanos.max(1), Ordering::Relaxed);
                &counted.accepted
            }
            // This side's doing, or nobody's.
            Err(LoadError::Store(_) | LoadError::Thread | LoadError::ShuttingDown | LoadError::Abandoned) => {
                &counted.failed
            }
            Err(_) => &counted.refused,
        };
        ended.fetch_add(1, Ordering::Relaxed);
    }

    /// How many loads of a region ended in each way.
    #[must_use]
    pub fn outcomes(&self, region: CspRegion) -> [(&'static str, u64); 4] {
        let PerRegion { accepted, repeated, refused, failed, .. } = &self.0[region];
        [("accepted", accepted), ("already_present", repeated), ("refused", refused), ("failed", failed)]
            .map(|(outcome, count)| (outcome, count.load(Ordering::Relaxed)))
    }

    /// How long the latest accepted load of a region took, from its first byte on.
    #[must_use]
    pub fn latest(&self, region: CspRegion) -> Option<Duration> {
        match self.0[region].latest.load(Ordering::Relaxed) {
            0 => None,
            nanos => Some(Duration::from_nanos(nanos)),
        }
    }
}
