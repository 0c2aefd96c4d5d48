//! The active set: the loads that answer, all together. A reader holds one for the whole of a call, and so never sees
//! half a flip.

use std::sync::Arc;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::domain::{AddressIdentifier, CspRegion, Location, Postcode, RegionMap, Uprn};

use super::{
    Manifest, StoreError,
    answer::{self, Answer, Matches},
    block::Entry,
    directory::{Directory, Slot},
    image::{Image, Run},
    premises::{MATCHES, Premises},
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
#[derive(Debug)]
pub struct ActiveSet {
    loads: RegionMap<Option<ActiveLoad>>,
    damaged: Vec<CspRegion>,
    directory: Directory,
    /// Postcodes that have premises.
    premises: Directory,
    /// No load's texts, and no load's UPRNs, outgrew memory.
    texts_in_memory: bool,
    uprns_in_memory: bool,
    digest: String,
}

impl ActiveSet {
    /// The set of these loads, one a region. `damaged` are the regions whose active load could not be opened.
    #[must_use]
    pub fn new(loads: RegionMap<Option<ActiveLoad>>, damaged: Vec<CspRegion>) -> Self {
        let image = |region| loads[region].as_ref().and_then(|active: &ActiveLoad| active.load.image());
        let directory =
            Directory::merge(&RegionMap::from_fn(|region| image(region).map(Image::runs).unwrap_or_default()));
        let of_premises = |region| -> &[Run] { image(region).and_then(Image::premises).map_or(&[], Premises::runs) };
        let premises = Directory::merge(&RegionMap::from_fn(of_premises));
        let all = |in_memory: fn(&Image) -> bool| CspRegion::ALL.into_iter().filter_map(image).all(in_memory);
        let texts_in_memory = all(|image| image.texts().in_memory());
        let uprns_in_memory = all(|image| image.premises().is_none_or(Premises::uprns_in_memory));
        let digest = digest(&loads);
        Self { loads, damaged, directory, premises, texts_in_memory, uprns_in_memory, digest }
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

    /// Whether all that is said of a location lies in memory. Else its lookup reads the disk, and is not for an async thread:
    /// a partial address where a region has premises at the postcode; and whatever it is, if a load's texts, or its UPRNs,
    /// outgrew memory.
    #[must_use]
    pub fn in_memory(&self, location: &Location) -> bool {
        self.texts_in_memory
            && match location {
                Location::Postcode(_) => true,
                Location::Uprn(_) => self.uprns_in_memory,
                Location::Address(postcode, _) => {
                    let mut slots = self.premises.sector(postcode.sector()).iter();
                    !slots.any(|slot| slot.units.row(postcode.unit()).is_some())
                }
            }
    }

    /// What each region that knows the postcode says of it, in region order. Nothing at all: it is in no active load.
    ///
    /// # Errors
    /// [`StoreError`] when a row cannot be read; it is never an answer.
    pub fn lookup(&self, postcode: Postcode) -> impl Iterator<Item = Result<Answer<'_>, StoreError>> {
        self.directory.sector(postcode.sector()).iter().filter_map(move |slot| self.answer(slot, postcode))
    }

    fn answer(&self, slot: &Slot, postcode: Postcode) -> Option<Result<Answer<'_>, StoreError>> {
        let image = self.image(slot.region)?;
        let Entry { facts, texts, .. } = image.find(slot.start, &slot.units, postcode.unit())?;
        let answer = answer::of(slot.region, image, facts, texts, None);
        Some(answer.map(|answer| Answer { premises_rows: self.premises_rows_of(slot.region, postcode), ..answer }))
    }

    fn image(&self, region: CspRegion) -> Option<&Image> {
        self.loads[region].as_ref()?.load.image()
    }

    /// What each region that knows the UPRN says of it, in region order.
    ///
    /// # Errors
    /// [`StoreError`] when a row cannot be read; it is never an answer.
    pub fn lookup_uprn(&self, uprn: Uprn) -> impl Iterator<Item = Result<Answer<'_>, StoreError>> {
        CspRegion::ALL.into_iter().filter_map(move |region| {
            let image = self.image(region)?;
            let found = image.premises()?.by_uprn(uprn).transpose()?;
            Some(found.and_then(|found| answer::of(region, image, found.facts, found.texts, Some(found))))
        })
    }

    /// What each region says of a partial address, in region order: its premises there with the identifier, by UPRN, else
    /// the postcode's row. Reads one or two blocks from the disk for each region that has premises at the postcode.
    ///
    /// # Errors
    /// [`StoreError`] when a row cannot be read; it is never an answer.
    pub fn lookup_address<'s>(
        &'s self,
        postcode: Postcode,
        identifier: &AddressIdentifier,
    ) -> Result<Matches<'s>, StoreError> {
        let mut matches = Matches::default();
        for region in CspRegion::ALL {
            let Some(image) = self.image(region) else { continue };
            let place = self.place(region, postcode);
            let found = match image.premises().zip(place) {
                Some((premises, place)) => premises.by_address(place, identifier)?,
                None => Vec::new(),
            };
            matches.too_many |= found.len() > MATCHES;
            if found.is_empty() {
                let slot = self.directory.sector(postcode.sector()).iter().find(|slot| slot.region == region);
                let answer = slot.and_then(|slot| self.answer(slot, postcode)).transpose()?;
                matches.answers.extend(answer);
            }
            for found in found.into_iter().take(MATCHES) {
                matches.answers.push(answer::of(region, image, found.facts, found.texts, Some(found))?);
            }
        }
        Ok(matches)
    }

    /// The place of a postcode among those of a region's load that have premises.
    fn place(&self, region: CspRegion, postcode: Postcode) -> Option<u32> {
        let slot = self.premises.sector(postcode.sector()).iter().find(|slot| slot.region == region)?;
        Some(slot.start + u32::try_from(slot.units.row(postcode.unit())?).ok()?)
    }

    /// How many premises of a postcode have an answer of their own in a region's load.
    fn premises_rows_of(&self, region: CspRegion, postcode: Postcode) -> u32 {
        if self.premises.is_empty() {
            return 0;
        }
        let premises = self.image(region).and_then(Image::premises);
        premises.zip(self.place(region, postcode)).map_or(0, |(premises, place)| premises.answers(place))
    }

    /// How many premises of a postcode have an answer of their own, in all regions together.
    #[must_use]
    pub fn premises_rows(&self, postcode: Postcode) -> u64 {
        CspRegion::ALL.into_iter().map(|region| u64::from(self.premises_rows_of(region, postcode))).sum()
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

/// No load at all.
impl Default for ActiveSet {
    fn default() -> Self {
        Self::new(RegionMap::default(), Vec::new())
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
