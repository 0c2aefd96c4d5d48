//! The loads an answer was asked of. Every answer names them, a miss too, so they are worded once for each active set
//! and not once for each call.

use std::sync::{Arc, Weak};

use arc_swap::ArcSwapOption;
use jiff::Timestamp;

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
    sources: Vec<(proto::CoverageSource, Option<Timestamp>)>,
    /// Regions that are not heard.
    pub(super) missing: Vec<CspRegion>,
    missing_numbers: Vec<i32>,
    /// Every load's id, separated by commas.
    pub(super) load_ids: String,
}

impl Asked {
    fn of(set: &Arc<ActiveSet>, expected: &Expected) -> Self {
        let missing = expected.missing(set);
        Self {
            set: Arc::downgrade(set),
            sources: set.loads().map(|load| (source(load), expected.stale_from(load))).collect(),
            missing_numbers: missing.iter().map(|&region| convert::region(region).into()).collect(),
            missing,
            load_ids: set.loads().map(|load| load.manifest().load_id.as_str()).collect::<Vec<_>>().join(","),
        }
    }

    /// The loads, each marked if it is stale by now.
    pub(super) fn sources(&self, now: Timestamp) -> Vec<proto::CoverageSource> {
        let marked = |(source, stale_from): &(proto::CoverageSource, Option<Timestamp>)| {
            let mut source = source.clone();
            source.stale = stale_from.is_some_and(|from| now > from);
            source
        };
        self.sources.iter().map(marked).collect()
    }

    /// The regions that are not heard, as the proto numbers them.
    pub(super) fn missing_numbers(&self) -> Vec<i32> {
        self.missing_numbers.clone()
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

    /// The wording of this set.
    pub(super) fn of(&self, set: &Arc<ActiveSet>) -> Arc<Asked> {
        // The weak reference keeps the address from being used again, so equal addresses are the same set.
        let same = |asked: &Arc<Asked>| asked.set.as_ptr() == Arc::as_ptr(set);
        if let Some(asked) = self.asked.load_full().filter(same) {
            return asked;
        }
        let asked = Arc::new(Asked::of(set, &self.expected));
        self.asked.store(Some(Arc::clone(&asked)));
        asked
    }
}
