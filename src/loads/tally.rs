//! How loads ended, region by region, since the server started.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::{
    domain::{CspRegion, RegionMap},
    ingest::FileError,
};

use super::{LoadError, Submitted, Wanted};

/// Loads that came to an end.
#[derive(Debug)]
pub struct Tally(RegionMap<PerRegion>);

#[derive(Debug, Default)]
struct PerRegion {
    accepted: AtomicU64,
    repeated: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    dry_run: AtomicU64,
    /// In nanoseconds; 0 before the first.
    latest: AtomicU64,
}

impl Default for Tally {
    fn default() -> Self {
        Self(RegionMap::from_fn(|_| PerRegion::default()))
    }
}

impl Tally {
    /// A dry run has asked, and no load came or failed to come of it, whatever it was told: nobody need look into it.
    pub(super) fn count(
        &self,
        region: CspRegion,
        wanted: Wanted,
        result: &Result<Submitted, LoadError>,
        took: Duration,
    ) {
        let counted = &self.0[region];
        let ended = match result {
            // What went wrong on this side may go wrong with a load, too.
            result if wanted == Wanted::Judged && !result.as_ref().is_err_and(LoadError::is_ours) => &counted.dry_run,
            Ok(Submitted { already_present: true, .. }) => &counted.repeated,
            Ok(_) => {
                let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
                counted.latest.store(nanos.max(1), Ordering::Relaxed);
                &counted.accepted
            }
            Err(error) if error.is_ours() => &counted.failed,
            // Nobody's doing.
            Err(LoadError::ShuttingDown | LoadError::File(FileError::Cancelled) | LoadError::Abandoned) => {
                &counted.failed
            }
            Err(_) => &counted.refused,
        };
        ended.fetch_add(1, Ordering::Relaxed);
    }

    /// How many loads of a region ended in each way.
    #[must_use]
    pub fn outcomes(&self, region: CspRegion) -> [(&'static str, u64); 5] {
        let PerRegion { accepted, repeated, refused, failed, dry_run, .. } = &self.0[region];
        [
            ("accepted", accepted),
            ("already_present", repeated),
            ("refused", refused),
            ("failed", failed),
            ("dry_run", dry_run),
        ]
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

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_dry_run_is_no_load_and_a_fault_of_this_side_is_one_all_the_same() {
        let tally = Tally::default();
        let (region, took) = (CspRegion::South, Duration::from_secs(1));
        let counted = |outcome: &str| tally.outcomes(region).iter().find(|(name, _)| *name == outcome).unwrap().1;
        let disk = || LoadError::File(FileError::Disk { doing: "sort", source: io::ErrorKind::Other.into() });
        for (wanted, error, outcome) in [
            (Wanted::Judged, LoadError::TooLarge { limit: 1 }, "dry_run"),
            (Wanted::Judged, LoadError::Abandoned, "dry_run"),
            (Wanted::Judged, LoadError::Thread, "failed"),
            (Wanted::Judged, disk(), "failed"),
            (Wanted::Judged, FileError::Cancelled.into(), "dry_run"),
            (Wanted::Active, disk(), "failed"),
            (Wanted::Active, FileError::Cancelled.into(), "failed"),
            (Wanted::Active, LoadError::TooLarge { limit: 1 }, "refused"),
            (Wanted::Staged, LoadError::Abandoned, "failed"),
        ] {
            let before = counted(outcome);
            tally.count(region, wanted, &Err(error), took);
            assert_eq!(counted(outcome), before + 1, "{wanted:?} {outcome}");
        }
        let all: u64 = tally.outcomes(region).iter().map(|(_, count)| count).sum();
        assert_eq!((all, tally.latest(region)), (9, None));
    }
}
