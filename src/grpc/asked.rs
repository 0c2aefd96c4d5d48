//! The loads an answer was asked of. Every answer names them, a miss too, so they are worded once for each active set
//! and not once for each call; and once more whenever one of them becomes stale.

use std::sync::{Arc, Weak};

use arc_swap::ArcSwapOption;
use jiff::Timestamp;
use prost::Message as _;

use crate::{
    domain::CspRegion,
    store::{ActiveLoad, ActiveSet},
};

use super::{convert, expected::Expected, proto};

/// What every answer from one active set says of the set.
#[derive(Debug)]
pub(super) struct Asked {
    /// Weak: a set that was superseded must not live on because nobody has called since.
    set: Weak<ActiveSet>,
    /// What is said here of stale loads holds after the first moment, up to the second.
    holds: (Timestamp, Timestamp),
    /// The loads, those that are stale marked so.
    pub(super) sources: Vec<proto::CoverageSource>,
    /// Regions that are not heard.
    pub(super) missing: Vec<CspRegion>,
    /// The fields `sources` and `missing_regions` as answers carry them, under the same numbers in all of them.
    pub(super) written: Vec<u8>,
    /// Every load's id, separated by commas.
    pub(super) load_ids: String,
}

impl Asked {
    fn of(set: &Arc<ActiveSet>, expected: &Expected, now: Timestamp) -> Self {
        let missing = expected.missing(set);
        let mut holds = (Timestamp::MIN, Timestamp::MAX);
        let mut sources = Vec::new();
        for load in set.loads() {
            let mut source = source(load);
            match expected.stale_from(load) {
                Some(from) if from < now => {
                    source.stale = true;
                    holds.0 = holds.0.max(from);
                }
                Some(from) => holds.1 = holds.1.min(from),
                None => {}
            }
            sources.push(source);
        }
        let answer = proto::RequestWanMatrixResponse {
            sources: sources.clone(),
            missing_regions: missing.iter().map(|&region| convert::region(region).into()).collect(),
            ..proto::RequestWanMatrixResponse::default()
        };
        Self {
            set: Arc::downgrade(set),
            holds,
            sources,
            missing,
            written: answer.encode_to_vec(),
            load_ids: set.loads().map(|load| load.manifest().load_id.as_str()).collect::<Vec<_>>().join(","),
        }
    }

    /// A load is stale after the moment it is stale from, and not at it.
    fn holds(&self, set: &Arc<ActiveSet>, now: Timestamp) -> bool {
        // The weak reference keeps the address from being used again, so equal addresses are the same set.
        self.set.as_ptr() == Arc::as_ptr(set) && self.holds.0 < now && now <= self.holds.1
    }
}

fn source(load: &ActiveLoad) -> proto::CoverageSource {
    let manifest = load.manifest();
    proto::CoverageSource {
        csp_region: convert::region(manifest.region).into(),
        load_id: manifest.load_id.clone(),
        issue_time: Some(convert::timestamp(manifest.issue_time)),
        activation_time: Some(convert::timestamp(load.activated())),
        reference: manifest.reference.clone(),
        stale: false,
    }
}

/// The wording of the latest set that was asked.
#[derive(Debug)]
pub(super) struct Latest {
    expected: Expected,
    asked: ArcSwapOption<Asked>,
}

impl Latest {
    pub(super) fn new(expected: Expected) -> Self {
        Self { expected, asked: ArcSwapOption::empty() }
    }

    pub(super) const fn expected(&self) -> &Expected {
        &self.expected
    }

    /// The wording of this set at this moment.
    pub(super) fn of(&self, set: &Arc<ActiveSet>, now: Timestamp) -> Arc<Asked> {
        if let Some(asked) = self.asked.load_full().filter(|asked| asked.holds(set, now)) {
            return asked;
        }
        let asked = Arc::new(Asked::of(set, &self.expected, now));
        self.asked.store(Some(Arc::clone(&asked)));
        asked
    }
}
