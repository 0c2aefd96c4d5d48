//! The active set: the loads that answer, all together. A reader holds one for the whole of a call, and so never sees
//! half a flip.

use std::{borrow::Cow, sync::Arc};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::domain::{CspRegion, Postcode, RegionMap, Said};

use super::{
    Manifest, StoreError,
    directory::{Directory, Slot},
    sealed::SealedLoad,
};

/// A load that answers, and since when.
#[derive(Clone, Debug)]
pub struct ActiveLoad {
    load: Arc<SealedLoad>,
    activated: Timestamp,
}

impl ActiveLoad {
    /// A load that answers from now on.
    #[must_use]
    pub const fn new(load: Arc<SealedLoad>, activated: Timestamp) -> Self {
        Self { load, activated }
    }

    /// The region it answers for.
    #[must_use]
    pub fn region(&self) -> CspRegion {
        self.load.manifest().region
    }

    /// The load itself, to be compared and merged with.
    #[must_use]
    pub const fn sealed(&self) -> &Arc<SealedLoad> {
        &self.load
    }

    /// Where it came from.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        self.load.manifest()
    }

    /// When it began to answer.
    #[must_use]
    pub const fn activated(&self) -> Timestamp {
        self.activated
    }
}

/// The active loads of all regions under one directory.
#[derive(Debug, Default)]
pub struct ActiveSet {
    loads: RegionMap<Option<ActiveLoad>>,
    damaged: Vec<CspRegion>,
    directory: Directory,
    digest: String,
}

/// What one region says of a postcode.
#[derive(Clone, Debug)]
pub struct Answer<'a> {
    /// The region.
    pub region: CspRegion,
    /// What it says.
    pub said: Said,
    /// The variant's name in the Table 3 of the load; `None` when nothing is covered.
    pub variant_name: Option<&'a str>,
    /// Auxiliary equipment required; may be empty.
    pub auxiliary_equipment: Cow<'a, str>,
    /// Additional information; may be empty.
    pub additional_information: Cow<'a, str>,
}

impl ActiveSet {
    /// The set of these loads, one a region. `damaged` are the regions whose active load could not be opened.
    #[must_use]
    pub fn new(loads: RegionMap<Option<ActiveLoad>>, damaged: Vec<CspRegion>) -> Self {
        let open = RegionMap::from_fn(|region| loads[region].as_ref().map(|active| &*active.load));
        let directory = Directory::merge(&open);
        let digest = digest(&loads);
        Self { loads, damaged, directory, digest }
    }

    /// The same set with one region's load exchanged.
    #[must_use]
    pub fn with(&self, load: ActiveLoad) -> Self {
        let region = load.region();
        let mut loads = self.loads.clone();
        loads[region] = Some(load);
        let damaged = self.damaged.iter().copied().filter(|&damaged| damaged != region).collect();
        Self::new(loads, damaged)
    }

    /// What each region that knows the postcode says of it, in region order. Nothing at all: it is in no active load.
    ///
    /// In memory, and well under a microsecond: call it from where you are. Only a load whose texts outgrew memory reads
    /// them from its database.
    ///
    /// # Errors
    /// [`StoreError`] when a row cannot be read; it is never an answer.
    pub fn lookup(&self, postcode: Postcode) -> impl Iterator<Item = Result<Answer<'_>, StoreError>> {
        self.directory.sector(postcode.sector()).iter().filter_map(move |slot| self.answer(slot, postcode))
    }

    fn answer(&self, slot: &Slot, postcode: Postcode) -> Option<Result<Answer<'_>, StoreError>> {
        let image = self.loads[slot.region].as_ref()?.load.image()?;
        let entry = image.find(slot.start, &slot.units, postcode.unit())?;
        let Some(said) = image.unpack(entry.facts) else {
            let path = format!("the memory of {}", slot.region.slug()).into();
            return Some(Err(StoreError::Damaged { path, what: "a row says what Table 3 does not allow".to_owned() }));
        };
        Some(image.texts().get(entry.texts).map(|(auxiliary_equipment, additional_information)| Answer {
            region: slot.region,
            said,
            variant_name: match said {
                Said::Coverage(crate::domain::Coverage::From(from)) => image.variants().name(from.variant),
                _ => None,
            },
            auxiliary_equipment,
            additional_information,
        }))
    }

    /// The active loads, in region order.
    pub fn loads(&self) -> impl Iterator<Item = &ActiveLoad> {
        self.loads.iter().filter_map(|(_, load)| load.as_ref())
    }

    /// A region's active load.
    #[must_use]
    pub fn load(&self, region: CspRegion) -> Option<&ActiveLoad> {
        self.loads[region].as_ref()
    }

    /// Regions whose active load is damaged beyond rebuilding: no miss can be told while there is one.
    #[must_use]
    pub fn damaged(&self) -> &[CspRegion] {
        &self.damaged
    }

    /// A digest over the loads' identities, in hex: equal on two instances that answer alike.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Bytes of memory the rows take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.loads().map(|active| active.load.bytes()).sum()
    }
}

fn digest(loads: &RegionMap<Option<ActiveLoad>>) -> String {
    let mut hash = Sha256::new();
    hash.update(b"wan-matrix active set 1\n");
    for (_, load) in loads.iter() {
        // The identity names region, issue time, content and Table 3; the activation time differs between instances.
        let identity = load.as_ref().map_or("-", |active| &active.manifest().identity);
        hash.update(identity);
        hash.update(b"\n");
    }
    hex::encode(hash.finalize())
}

#[cfg(test)]
#[path = "active_tests.rs"]
mod tests;
