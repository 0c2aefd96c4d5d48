//! What two loads' own numbers mean to each other: variants by their names, texts by their content.
//!
//! A variant is kept as its place in the Table 3 its load was judged against, and a text by a number of its load; both may
//! be another's in the next load. So the names and the texts are compared once, and then each row by its numbers.

use std::{io, path::Path};

use crate::{
    domain::{Coverage, Facts, RegionVariants, Said, WanVariant},
    ingest::TextTable,
};

use super::{
    StoreError,
    digest::{Fingerprint, fingerprint},
    merge::Place,
    movement::{Movement, Movements},
    text_chunks,
    texts::{Texts, chunk_of},
};

/// One load's Table 3, and the fingerprint of each of its pairs of texts by number.
#[derive(Debug)]
pub(super) struct Side {
    variants: RegionVariants,
    texts: Vec<Fingerprint>,
}

/// Two loads, ready to have their rows compared.
#[derive(Debug)]
pub(super) struct Meanings {
    before: Side,
    after: Side,
    /// By place in the table before: the place of the same name in the table after.
    places: Vec<Option<usize>>,
    /// Every variant has the place it had, so that equal facts say the same.
    same_places: bool,
}

/// A location of both loads, understood.
#[derive(Clone, Copy, Debug)]
pub(super) struct Understood {
    pub(super) before: Said,
    pub(super) after: Said,
    pub(super) moved: Movements,
}

impl Side {
    /// Of a sealed load.
    pub(super) fn sealed(variants: &RegionVariants, texts: &Texts) -> Result<Self, StoreError> {
        Ok(Self { variants: variants.clone(), texts: sealed_texts(texts)? })
    }

    /// Of a load that is not packed yet.
    pub(super) fn unpacked(variants: &RegionVariants, texts: &TextTable) -> Result<Self, StoreError> {
        let mut fingerprints = Vec::with_capacity(texts.len() as usize);
        let each = |_, auxiliary: &str, additional: &str| {
            fingerprints.push(fingerprint(auxiliary, additional));
            Ok::<_, io::Error>(())
        };
        texts.for_each(each).map_err(StoreError::io("reading the texts of", "the new load"))?;
        Ok(Self { variants: variants.clone(), texts: fingerprints })
    }

    fn said(&self, facts: Facts) -> Result<Said, StoreError> {
        let path = Path::new(self.variants.region().slug());
        facts.unpack(&self.variants).map_err(|error| StoreError::damaged(path, error.to_string()))
    }
}

impl Meanings {
    pub(super) fn new(before: Side, after: Side) -> Self {
        let (earlier, later) = (before.variants.confirmed(), after.variants.confirmed());
        let places = earlier.iter().map(|name| later.iter().position(|other| other == name)).collect();
        let same_places = earlier == later;
        Self { before, after, places, same_places }
    }

    /// What a row of the load before says.
    pub(super) fn said_before(&self, place: Place) -> Result<Said, StoreError> {
        self.before.said(place.facts)
    }

    /// What a row of the load after says.
    pub(super) fn said_after(&self, place: Place) -> Result<Said, StoreError> {
        self.after.said(place.facts)
    }

    /// What both loads say of a location, and how it moved.
    pub(super) fn understand(&self, before: Place, after: Place) -> Result<Understood, StoreError> {
        let same_texts = self.same_texts(before.texts, after.texts);
        // Only a premises is met by anything else than its postcode.
        let same_postcode = before.key == after.key;
        let said = self.said_before(before)?;
        if self.same_places && before.facts == after.facts && same_texts && same_postcode {
            return Ok(Understood { before: said, after: said, moved: Movements::default() });
        }
        let then = self.said_after(after)?;
        let beside =
            [(!same_texts).then_some(Movement::TextsChanged), (!same_postcode).then_some(Movement::PostcodeChanged)];
        let moved = self.movements(said, then, beside);
        Ok(Understood { before: said, after: then, moved })
    }

    fn same_texts(&self, before: u32, after: u32) -> bool {
        // A number that is not there is found out when the load is packed, or was when it was opened.
        self.before.texts.get(before as usize) == self.after.texts.get(after as usize)
    }

    fn same_variant(&self, before: WanVariant, after: WanVariant) -> bool {
        let in_after = |place: u8| self.places.get(usize::from(place)).copied().flatten();
        before.place().and_then(in_after) == after.place().map(usize::from)
    }

    /// `beside` is what moves whether or not there is coverage, if both loads answer.
    fn movements(&self, before: Said, after: Said, beside: [Option<Movement>; 2]) -> Movements {
        use Coverage::{From, NonePlanned};
        let (before, after) = match (before, after) {
            (Said::Coverage(before), Said::Coverage(after)) => (before, after),
            (Said::SetAside, Said::SetAside) => return Movements::default(),
            (Said::Coverage(_), Said::SetAside) => return [Movement::NewlySetAside].into_iter().collect(),
            (Said::SetAside, Said::Coverage(_)) => return [Movement::NoLongerSetAside].into_iter().collect(),
        };
        let beside = beside.into_iter().flatten();
        let (before, after) = match (before, after) {
            (From(before), From(after)) => (before, after),
            (NonePlanned, NonePlanned) => return beside.collect(),
            (NonePlanned, From(_)) => return beside.chain([Movement::CoverageGained]).collect(),
            (From(_), NonePlanned) => return beside.chain([Movement::CoverageLost]).collect(),
        };
        let variant = match (before.variant.is_unknown(), after.variant.is_unknown()) {
            (true, true) => None,
            (true, false) => Some(Movement::UnknownToConfirmed),
            (false, true) => Some(Movement::ConfirmedToUnknown),
            (false, false) => (!self.same_variant(before.variant, after.variant)).then_some(Movement::VariantChanged),
        };
        let date = match after.date.cmp(&before.date) {
            std::cmp::Ordering::Less => Some(Movement::DateEarlier),
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some(Movement::DateLater),
        };
        let likelihood = (before.likelihood != after.likelihood).then_some(Movement::LikelihoodChanged);
        [variant, date, likelihood].into_iter().flatten().chain(beside).collect()
    }
}

/// Fingerprints by number, read chunk by chunk where the texts are in the database: one by one, each would open its chunk
/// again.
fn sealed_texts(texts: &Texts) -> Result<Vec<Fingerprint>, StoreError> {
    let mut fingerprints = vec![Fingerprint::default()];
    match texts {
        Texts::Memory { .. } => {
            for id in 1..=texts.count() {
                let (auxiliary, additional) = texts.get(id)?;
                fingerprints.push(fingerprint(&auxiliary, &additional));
            }
        }
        Texts::Database { database, path, firsts, .. } => {
            let damaged = |what: &str| StoreError::damaged(path, what);
            for &first in firsts {
                let key = text_chunks::key(first);
                let value = chunk_of(database.as_ref(), path, &key)?;
                for pair in text_chunks::open(&key, &value).map_err(damaged)? {
                    let (auxiliary, additional) = pair.map_err(damaged)?;
                    fingerprints.push(fingerprint(auxiliary, additional));
                }
            }
        }
    }
    Ok(fingerprints)
}

#[cfg(test)]
#[path = "meanings_tests.rs"]
mod tests;
