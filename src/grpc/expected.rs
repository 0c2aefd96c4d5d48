//! What the operator expects of the active set.

use jiff::{SignedDuration, Timestamp};

use crate::{
    domain::{CspRegion, RegionMap},
    store::{ActiveLoad, ActiveSet},
};

/// Which regions must answer before a miss can be told, and how old each region's load may grow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    regions: RegionMap<bool>,
    max_age: RegionMap<Option<SignedDuration>>,
}

impl Expected {
    /// These regions, no load of which ever counts as stale.
    #[must_use]
    pub fn new(regions: &[CspRegion]) -> Self {
        Self { regions: RegionMap::from_fn(|region| regions.contains(&region)), max_age: RegionMap::default() }
    }

    /// The same, with an age beyond which a region's load is marked `stale`. It still answers.
    #[must_use]
    pub fn with_max_age(mut self, max_age: RegionMap<Option<SignedDuration>>) -> Self {
        self.max_age = max_age;
        self
    }

    /// Whether a region must answer.
    #[must_use]
    pub fn expects(&self, region: CspRegion) -> bool {
        self.regions[region]
    }

    /// Regions that are not heard: expected without an active load, or with one that is damaged.
    #[must_use]
    pub fn missing(&self, set: &ActiveSet) -> Vec<CspRegion> {
        let unheard =
            |&region: &CspRegion| self.expects(region) && set.load(region).is_none() || set.damaged().contains(&region);
        CspRegion::ALL.into_iter().filter(unheard).collect()
    }

    /// Whether a load is older than its region allows.
    #[must_use]
    pub fn is_stale(&self, load: &ActiveLoad, now: Timestamp) -> bool {
        self.stale_from(load).is_some_and(|from| now > from)
    }

    /// The moment from which a load is stale, if it ever is.
    pub(super) fn stale_from(&self, load: &ActiveLoad) -> Option<Timestamp> {
        let max_age = self.max_age[load.region()]?;
        load.manifest().issue_time.checked_add(max_age).ok()
    }
}
