//! What differs between two loads of a region, location by location.

use std::sync::Arc;

use crate::domain::{Coverage, Postcode, Said};

use super::{
    StoreError,
    compare::{damaged, image, side},
    meanings::Meanings,
    merge::{Merge, Met, Place, Rows},
    movement::Movements,
    sealed::SealedLoad,
};

/// A location of which two loads do not say the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangedLocation {
    /// Where.
    pub postcode: Postcode,
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
        match &self.change {
            Change::Changed { movements, .. } => *movements,
            Change::New { .. } | Change::Removed { .. } => Movements::default(),
        }
    }
}

/// Every postcode of which two loads of a region do not say the same, in order: the rows behind the figures of
/// [`compare_sealed`](super::compare_sealed), premises apart. `after_postcode` resumes behind the last one that was seen.
///
/// Nothing is gathered: the memory it takes is 16 bytes a distinct pair of texts, of which it first reads all. It ends at
/// the first error. Blocks, as does each step.
///
/// # Errors
/// Each item: [`StoreError`] when texts cannot be read, or a row says what its Table 3 does not allow.
pub fn changes(
    before: Arc<SealedLoad>,
    after: Arc<SealedLoad>,
    after_postcode: Option<Postcode>,
) -> impl Iterator<Item = Result<ChangedLocation, StoreError>> + Send + 'static {
    let meanings = side(&before).and_then(|earlier| Ok(Meanings::new(earlier, side(&after)?)));
    let (meanings, failed) = match meanings {
        Ok(meanings) => (Some(meanings), None),
        Err(error) => (None, Some(Err(error))),
    };
    let found = meanings.into_iter().flat_map(move |meanings| {
        let met = Merge::new(
            Rows::after(Arc::clone(&before), after_postcode),
            Rows::after(Arc::clone(&after), after_postcode),
        );
        let pair = Pair { before: Arc::clone(&before), after: Arc::clone(&after), meanings };
        met.filter_map(move |met| pair.change(met).transpose())
    });
    let mut ended = false;
    failed.into_iter().chain(found).take_while(move |item| !std::mem::replace(&mut ended, item.is_err()))
}

/// The two loads and what their numbers mean.
struct Pair {
    before: Arc<SealedLoad>,
    after: Arc<SealedLoad>,
    meanings: Meanings,
}

impl Pair {
    /// What changed at a location; nothing where both say the same.
    fn change(&self, met: Met) -> Result<Option<ChangedLocation>, StoreError> {
        let (place, change) = match met {
            Met::Before(place) => {
                let before = told(&self.before, place, self.meanings.said_before(place)?)?;
                (place, Change::Removed { before })
            }
            Met::After(place) => {
                let after = told(&self.after, place, self.meanings.said_after(place)?)?;
                (place, Change::New { after })
            }
            Met::Both(earlier, later) => {
                let both = self.meanings.understand(earlier, later)?;
                if both.moved.is_empty() {
                    return Ok(None);
                }
                let before = told(&self.before, earlier, both.before)?;
                let after = told(&self.after, later, both.after)?;
                (later, Change::Changed { before, after, movements: both.moved })
            }
        };
        let postcode =
            Postcode::from_packed(place.key).ok_or_else(|| damaged(&self.before, "a row is for no postcode"))?;
        Ok(Some(ChangedLocation { postcode, change }))
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
