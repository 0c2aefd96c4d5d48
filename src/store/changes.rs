//! What differs between two loads of a region, location by location.

use std::sync::Arc;

use crate::domain::{AddressIdentifier, Coverage, Location, Postcode, Said, Uprn};

use super::{
    StoreError,
    compare::{damaged, image, side},
    meanings::Meanings,
    merge::{Merge, Met, Place, Rows},
    movement::{Movement, Movements},
    premises_rows::{PremisesKey, PremisesMerge, PremisesPlace, SealedPremises},
    sealed::SealedLoad,
};

/// A location of which two loads do not say the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangedLocation {
    /// Which: a postcode, or a premises by its key.
    pub location: Location,
    /// The postcode it is, or lies in, in the later load, or else in the earlier one; `None` only for the mark of a UPRN
    /// whose row told none.
    pub postcode: Option<Postcode>,
    /// Where the earlier load has it, if that is another postcode and both loads answer.
    pub postcode_before: Option<Postcode>,
    /// What changed.
    pub change: Change,
}

/// What changed, with what each load says.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Change {
    /// Only the later load has the location.
    New { after: Told },
    /// Only the earlier load has the location.
    Removed { before: Told },
    /// Both have it.
    Changed { before: Told, after: Told, movements: Movements },
}

/// What one load says of a location, with the names and the texts that its numbers stand for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Told {
    /// What is said; the variant by its place in the load's own Table 3.
    pub said: Said,
    /// The variant's name in that table; `None` when nothing is covered.
    pub variant_name: Option<String>,
    /// Auxiliary equipment required; may be empty.
    pub auxiliary_equipment: String,
    /// Additional information; may be empty.
    pub additional_information: String,
}

impl ChangedLocation {
    /// What the earlier load says; `None` for a new location.
    #[must_use]
    pub const fn before(&self) -> Option<&Told> {
        match &self.change {
            Change::Removed { before } | Change::Changed { before, .. } => Some(before),
            Change::New { .. } => None,
        }
    }

    /// What the later load says; `None` for a removed location.
    #[must_use]
    pub const fn after(&self) -> Option<&Told> {
        match &self.change {
            Change::New { after } | Change::Changed { after, .. } => Some(after),
            Change::Removed { .. } => None,
        }
    }

    /// How it moved; empty for a new or removed location.
    #[must_use]
    pub fn movements(&self) -> Movements {
        self.change.movements()
    }
}

impl Change {
    fn movements(&self) -> Movements {
        match self {
            Self::Changed { movements, .. } => *movements,
            Self::New { .. } | Self::Removed { .. } => Movements::default(),
        }
    }
}

/// Every location of which two loads of a region do not say the same: the rows behind the figures of
/// [`compare_sealed`](super::compare_sealed). Postcodes come first, in order, then premises by UPRN, then those that only their
/// postcode and identifier name. `resume` is the last one that was seen, which need be in neither load.
///
/// Nothing is gathered: the memory it takes is 16 bytes a distinct pair of texts, of which it first reads all, and a block of
/// premises of each load. It ends at the first error. Blocks, as does each step.
///
/// # Errors
/// Each item: [`StoreError`] when texts or a block of premises cannot be read, or a row says what its Table 3 does not
/// allow.
pub fn changes(
    before: Arc<SealedLoad>,
    after: Arc<SealedLoad>,
    resume: Option<&Location>,
) -> impl Iterator<Item = Result<ChangedLocation, StoreError>> + Send + use<> {
    let (differing, failed) = match Differing::new(before, after, resume) {
        Ok(differing) => (Some(differing), None),
        Err(error) => (None, Some(Err(error))),
    };
    failed.into_iter().chain(differing.into_iter().flatten())
}

type OfPostcodes = Rows<Arc<SealedLoad>>;
type OfPremises = SealedPremises<Arc<SealedLoad>>;

/// Both loads' rows as they are met.
struct Differing {
    pair: Pair,
    /// Nothing where all postcodes lie before the location to resume behind.
    postcodes: Option<Merge<OfPostcodes, OfPostcodes>>,
    premises: PremisesMerge<OfPremises, OfPremises>,
    ended: bool,
}

impl Differing {
    fn new(before: Arc<SealedLoad>, after: Arc<SealedLoad>, resume: Option<&Location>) -> Result<Self, StoreError> {
        let meanings = Meanings::new(side(&before)?, side(&after)?);
        let rows = |load: &Arc<SealedLoad>, postcode| Rows::after(Arc::clone(load), postcode);
        let met = |postcode| Merge::new(rows(&before, postcode), rows(&after, postcode));
        let postcodes = match resume {
            None => Some(met(None)),
            Some(&Location::Postcode(postcode)) => Some(met(Some(postcode))),
            Some(Location::Uprn(_) | Location::Address(..)) => None,
        };
        let key = resume.and_then(PremisesKey::of);
        let [earlier, later] = [&before, &after].map(|load| SealedPremises::after(Arc::clone(load), key.clone()));
        let premises = PremisesMerge::new(earlier, later);
        Ok(Self { pair: Pair { before, after, meanings }, postcodes, premises, ended: false })
    }

    fn step(&mut self) -> Result<Option<ChangedLocation>, StoreError> {
        for met in self.postcodes.iter_mut().flatten() {
            if let Some(found) = self.pair.postcode(met)? {
                return Ok(Some(found));
            }
        }
        while let Some(met) = self.premises.next()? {
            if let Some(found) = self.pair.premises(&met)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

impl Iterator for Differing {
    type Item = Result<ChangedLocation, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let found = self.step().transpose();
        self.ended = !matches!(found, Some(Ok(_)));
        found
    }
}

/// The two loads and what their numbers mean.
struct Pair {
    before: Arc<SealedLoad>,
    after: Arc<SealedLoad>,
    meanings: Meanings,
}

impl Pair {
    fn postcode(&self, met: Met) -> Result<Option<ChangedLocation>, StoreError> {
        let Some(change) = self.change(met)? else { return Ok(None) };
        let postcode =
            Postcode::from_packed(met.latest().key).ok_or_else(|| damaged(&self.before, "a row is for no postcode"))?;
        let location = Location::Postcode(postcode);
        Ok(Some(ChangedLocation { location, postcode: Some(postcode), postcode_before: None, change }))
    }

    fn premises(&self, met: &Met<PremisesPlace>) -> Result<Option<ChangedLocation>, StoreError> {
        let Some(change) = self.change(met.map(PremisesPlace::place))? else { return Ok(None) };
        let location = location(&met.latest().key).ok_or_else(|| damaged(&self.before, "a row is for no premises"))?;
        let mut postcode = Postcode::from_packed(met.latest().postcode);
        let mut postcode_before = None;
        if let Met::Both(earlier, _) = met {
            let earlier = Postcode::from_packed(earlier.postcode);
            postcode = postcode.or(earlier);
            postcode_before = earlier.filter(|_| change.movements().contains(Movement::PostcodeChanged));
        }
        Ok(Some(ChangedLocation { location, postcode, postcode_before, change }))
    }

    /// What changed at a location; nothing where both say the same.
    fn change(&self, met: Met) -> Result<Option<Change>, StoreError> {
        Ok(match met {
            Met::Before(place) => {
                Some(Change::Removed { before: told(&self.before, place, self.meanings.said_before(place)?)? })
            }
            Met::After(place) => {
                Some(Change::New { after: told(&self.after, place, self.meanings.said_after(place)?)? })
            }
            Met::Both(earlier, later) => {
                let both = self.meanings.understand(earlier, later)?;
                if both.moved.is_empty() {
                    return Ok(None);
                }
                let before = told(&self.before, earlier, both.before)?;
                let after = told(&self.after, later, both.after)?;
                Some(Change::Changed { before, after, movements: both.moved })
            }
        })
    }
}

/// The location that a key names.
fn location(key: &PremisesKey) -> Option<Location> {
    match key {
        &PremisesKey::Uprn(uprn) => Uprn::new(uprn).map(Location::Uprn),
        PremisesKey::Address(postcode, identifier) => {
            Some(Location::Address(Postcode::from_packed(*postcode)?, AddressIdentifier::from_folded(identifier)?))
        }
    }
}

fn told(load: &SealedLoad, place: Place, said: Said) -> Result<Told, StoreError> {
    let image = image(load)?;
    let (auxiliary_equipment, additional_information) = image.texts().get(place.texts)?;
    let variant_name = match said {
        Said::Coverage(Coverage::From(from)) => image.variants().name(from.variant).map(str::to_owned),
        Said::Coverage(Coverage::NonePlanned) | Said::SetAside => None,
    };
    Ok(Told {
        said,
        variant_name,
        auxiliary_equipment: auxiliary_equipment.into_owned(),
        additional_information: additional_information.into_owned(),
    })
}

#[cfg(test)]
#[path = "changes_tests.rs"]
mod tests;
