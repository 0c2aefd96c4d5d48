//! What each of two versions of the coverage says of the postcodes that are asked: learnt at rest, so that an answer during
//! loads can be held against the very loads that it names.

use std::collections::BTreeMap;

use tonic::transport::Channel;
use wan_matrix::grpc::proto::{
    Location, RegionalCoverage, RequestWanMatrixRequest, RequestWanMatrixResponse, location::Kind,
};

use crate::{
    loading::Loads,
    measure::{Drawn, ask_one},
};

/// By region, what it says of one postcode; a region that does not know it is absent.
type Said = BTreeMap<i32, Vec<RegionalCoverage>>;

/// Both versions' answers for every postcode that is asked.
pub(crate) struct Versions {
    postcodes: Vec<String>,
    said: Vec<[Said; 2]>,
}

impl Versions {
    /// Loads the second version, asks, loads the first, and asks again: the first is the one that is left active.
    pub(crate) async fn learn(channel: &Channel, loads: &mut Loads, drawn: &Drawn) -> Self {
        let mut postcodes = drawn.postcodes().to_vec();
        postcodes.sort_unstable();
        postcodes.dedup();
        let mut said: Vec<[Said; 2]> = vec![Default::default(); postcodes.len()];
        for version in [1, 0] {
            loads.all_of(version).await;
            for (postcode, said) in postcodes.iter().zip(&mut said) {
                said[version] = by_region(&ask_one(channel, postcode).await);
            }
        }
        // An order that follows nothing, as planners ask.
        let mut order: Vec<_> = postcodes.into_iter().zip(said).enumerate().collect();
        order.sort_unstable_by_key(|(n, _)| n.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let (postcodes, said) = order.into_iter().map(|(_, both)| both).unzip();
        Self { postcodes, said }
    }

    pub(crate) fn len(&self) -> usize {
        self.postcodes.len()
    }

    pub(crate) fn request(&self, asked: usize) -> RequestWanMatrixRequest {
        let kind = Some(Kind::Postcode(self.postcodes[asked].clone()));
        RequestWanMatrixRequest { location: Some(Location { kind }), as_of_date: String::new() }
    }

    /// Whether what each region says is what the load that the answer names for it says, and nothing else is said.
    pub(crate) fn is_of_its_loads(&self, asked: usize, answer: &RequestWanMatrixResponse) -> bool {
        let mut found = by_region(answer);
        let named = answer.sources.iter().all(|source| {
            let Some(version) = Loads::version_of(&source.reference) else { return false };
            found.remove(&source.csp_region) == self.said[asked][version].get(&source.csp_region).cloned()
        });
        named && found.is_empty()
    }
}

fn by_region(answer: &RequestWanMatrixResponse) -> Said {
    let mut said = Said::new();
    for coverage in &answer.wan_matrix.as_ref().unwrap().coverage {
        said.entry(coverage.csp_region).or_default().push(coverage.clone());
    }
    said
}
