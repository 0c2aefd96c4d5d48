//! A batch's reply, held against the files.

use wan_matrix::{
    domain::CspRegion,
    grpc::proto::{BatchRequestWanMatrixResponse, CoverageSource},
};

use super::{
    batch::Batch,
    rule::{agrees, wan_matrix},
    source::{Country, Place},
};
use crate::rig::{Announced, proto_region};

/// A load that was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Loaded {
    pub(super) region: i32,
    pub(super) announced: Announced,
    pub(super) load_id: String,
}

impl Loaded {
    pub(super) fn new(region: CspRegion, announced: Announced, load_id: String) -> Self {
        Self { region: proto_region(region), announced, load_id }
    }
}

/// What a reply comes to.
pub(super) struct Verdict {
    /// The loads it says it was answered from.
    pub(super) sources: Vec<Loaded>,
    /// By country of the proof: how many places do not agree with it.
    pub(super) against: Vec<usize>,
    /// Places whose answers tell the countries apart.
    pub(super) telling: usize,
    /// What agrees with no country, in words: the first of them, and how many.
    pub(super) differences: Vec<String>,
    pub(super) differing: usize,
}

const WORDED: usize = 10;

/// Holds a reply against each country that it might be from.
pub(super) fn judge(batch: &Batch<'_>, reply: &BatchRequestWanMatrixResponse, countries: &[Country]) -> Verdict {
    let mut verdict = Verdict {
        sources: reply.sources.iter().map(loaded).collect(),
        against: vec![0; countries.len()],
        telling: 0,
        differences: Vec::new(),
        differing: 0,
    };
    let echoed = reply.as_of_date == batch.as_of && reply.missing_regions.is_empty();
    if !echoed || reply.results.len() != batch.places.len() {
        verdict.differ(|| format!("{} results as of {}", reply.results.len(), reply.as_of_date));
        return verdict;
    }
    for (&place, result) in batch.places.iter().zip(&reply.results) {
        let agreed: Vec<bool> =
            countries.iter().map(|country| agrees(result.outcome.as_ref(), place, country, batch.as_of)).collect();
        for (against, agreed) in verdict.against.iter_mut().zip(&agreed) {
            *against += usize::from(!agreed);
        }
        verdict.telling += usize::from(agreed.contains(&true) && agreed.contains(&false));
        if !agreed.contains(&true) || !result.correlation_id.is_empty() {
            verdict.differ(|| difference(place, batch, countries, result));
        }
    }
    verdict
}

impl Verdict {
    fn differ(&mut self, words: impl FnOnce() -> String) {
        self.differing += 1;
        if self.differences.len() < WORDED {
            self.differences.push(words());
        }
    }
}

fn difference(place: Place, batch: &Batch<'_>, countries: &[Country], result: &impl std::fmt::Debug) -> String {
    let said: Vec<_> = countries.iter().map(|country| wan_matrix(place, country, batch.as_of)).collect();
    format!("{} as of {}\n  files say {said:?}\n  service says {result:?}", place.text(), batch.as_of)
}

fn loaded(source: &CoverageSource) -> Loaded {
    assert!(source.activation_time.is_some() && !source.stale, "{source:?}");
    let issued = source.issue_time.map_or(0, |time| time.seconds);
    let announced = Announced { issued, reference: source.reference.clone() };
    Loaded { region: source.csp_region, announced, load_id: source.load_id.clone() }
}
