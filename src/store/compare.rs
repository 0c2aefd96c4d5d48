//! What differs between two loads of a region, in figures.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{
    domain::{Coverage, RegionVariants, Said},
    ingest::{Breath, Premises, Row, TextTable},
};

use super::{
    StoreError,
    image::Image,
    meanings::{Meanings, Side, Understood},
    merge::{Merge, Met, Place, Rows},
    movement::Movement,
    premises_rows::{PremisesMerge, PremisesPlace, PremisesRows, SealedPremises},
    sealed::SealedLoad,
};

/// What differs between two loads of a region.
///
/// A location is what a load has a row for, an answer or the mark that it was set aside. They add up so:
///
/// - in both = `same` + `changed`;
/// - before = `removed` + in both; after = `new` + in both;
/// - each of `changed` has one or more of the movements, so that these add up to `changed` or more;
/// - `answers_before` and `answers_after` are the locations before and after without the marks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Changes {
    /// Locations that only the later load has.
    pub new: u64,
    /// Locations that only the earlier load has.
    pub removed: u64,
    /// Locations of both, of which both say the same, marks in both included.
    pub same: u64,
    /// Locations of both, of which they do not say the same.
    pub changed: u64,

    /// None was planned, and there is a date now.
    pub coverage_gained: u64,
    /// There was a date, and none is planned now.
    pub coverage_lost: u64,
    /// The variant was Unknown, and is confirmed now.
    pub unknown_to_confirmed: u64,
    /// The variant was confirmed, and is Unknown now.
    pub confirmed_to_unknown: u64,
    /// The variant was confirmed, and another one is now; by name, whatever Table 3 each load was judged against.
    pub variant_changed: u64,
    /// The Availability Date is earlier than it was.
    pub date_earlier: u64,
    /// The Availability Date is later than it was.
    pub date_later: u64,
    /// The likelihood is another one.
    pub likelihood_changed: u64,
    /// One of the texts is another one.
    pub texts_changed: u64,
    /// The UPRN lies in another postcode.
    pub postcode_changed: u64,
    /// There was an answer, and the row had to be set aside now.
    pub newly_set_aside: u64,
    /// The row had been set aside, and there is an answer now.
    pub no_longer_set_aside: u64,

    /// Locations of the earlier load that answer.
    pub answers_before: u64,
    /// Locations of the later load that answer.
    pub answers_after: u64,
    /// Locations that answer in both.
    pub answers_in_both: u64,
    /// Of `answers_in_both`: those with a date before. `coverage_lost` is a part of them.
    pub covered_before: u64,
    /// Of `covered_before`: those whose variant was confirmed. `variant_changed` and `confirmed_to_unknown` are parts of
    /// them.
    pub confirmed_before: u64,

    /// Of `answers_before`: premises.
    pub premises_before: u64,
    /// Of `answers_after`: premises.
    pub premises_after: u64,
    /// Of `answers_in_both`: premises.
    pub premises_in_both: u64,
}

impl Changes {
    /// Locations of both loads.
    #[must_use]
    pub const fn in_both(&self) -> u64 {
        self.same + self.changed
    }

    /// Locations of the earlier load.
    #[must_use]
    pub const fn before(&self) -> u64 {
        self.removed + self.in_both()
    }

    /// Locations of the later load.
    #[must_use]
    pub const fn after(&self) -> u64 {
        self.new + self.in_both()
    }

    /// Whether the two loads say the same.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.new == 0 && self.removed == 0 && self.changed == 0
    }

    /// How many locations moved in this way.
    #[must_use]
    pub fn count(&self, movement: Movement) -> u64 {
        let mut copy = *self;
        *copy.figure(movement)
    }

    fn figure(&mut self, movement: Movement) -> &mut u64 {
        match movement {
            Movement::CoverageGained => &mut self.coverage_gained,
            Movement::CoverageLost => &mut self.coverage_lost,
            Movement::UnknownToConfirmed => &mut self.unknown_to_confirmed,
            Movement::ConfirmedToUnknown => &mut self.confirmed_to_unknown,
            Movement::VariantChanged => &mut self.variant_changed,
            Movement::DateEarlier => &mut self.date_earlier,
            Movement::DateLater => &mut self.date_later,
            Movement::LikelihoodChanged => &mut self.likelihood_changed,
            Movement::TextsChanged => &mut self.texts_changed,
            Movement::PostcodeChanged => &mut self.postcode_changed,
            Movement::NewlySetAside => &mut self.newly_set_aside,
            Movement::NoLongerSetAside => &mut self.no_longer_set_aside,
        }
    }

    fn add(&mut self, met: Met, meanings: &Meanings) -> Result<(), StoreError> {
        match met {
            Met::Before(place) => {
                self.removed += 1;
                self.answers_before += answers(place);
            }
            Met::After(place) => {
                self.new += 1;
                self.answers_after += answers(place);
            }
            Met::Both(before, after) => {
                self.answers_before += answers(before);
                self.answers_after += answers(after);
                self.add_both(&meanings.understand(before, after)?);
            }
        }
        Ok(())
    }

    /// Counts premises among all locations, and how many of them answer apart.
    fn add_premises(
        &mut self,
        before: impl PremisesRows,
        after: impl PremisesRows,
        meanings: &Meanings,
    ) -> Result<(), StoreError> {
        let others = *self;
        let mut premises = PremisesMerge::new(before, after);
        let mut breath = Breath::default();
        while let Some(met) = premises.next()? {
            breath.step();
            self.add(met.map(PremisesPlace::place), meanings)?;
        }
        self.premises_before = self.answers_before - others.answers_before;
        self.premises_after = self.answers_after - others.answers_after;
        self.premises_in_both = self.answers_in_both - others.answers_in_both;
        Ok(())
    }

    fn add_both(&mut self, both: &Understood) {
        if let (Said::Coverage(before), Said::Coverage(_)) = (both.before, both.after) {
            self.answers_in_both += 1;
            if let Coverage::From(from) = before {
                self.covered_before += 1;
                self.confirmed_before += u64::from(!from.variant.is_unknown());
            }
        }
        if both.moved.is_empty() {
            self.same += 1;
            return;
        }
        self.changed += 1;
        for movement in both.moved.iter() {
            *self.figure(movement) += 1;
        }
    }
}

fn answers(place: Place) -> u64 {
    u64::from(!place.facts.is_set_aside())
}

/// Compares the load that answers with the rows of a new one, before they are packed. `after` is sorted, with one row a
/// postcode, as [`Ingested`](crate::ingest::Ingested) has them, and so are the premises; both loads are one region's. A
/// premises is the same by its UPRN, wherever it lies, or else by its postcode and identifier.
///
/// One pass over both; the memory it takes is 16 bytes a distinct pair of texts.
///
/// # Errors
/// [`StoreError`] when texts cannot be read, or a row says what its Table 3 does not allow.
pub fn compare(
    before: &SealedLoad,
    after: &[Row],
    after_premises: &Premises,
    after_texts: &TextTable,
    after_variants: &RegionVariants,
) -> Result<Changes, StoreError> {
    let meanings = Meanings::new(side(before)?, Side::unpacked(after_variants, after_texts)?);
    let mut changes = tally(Rows::after(before, None), after.iter().map(Place::from), &meanings)?;
    changes.add_premises(SealedPremises::new(before), after_premises.reader(), &meanings)?;
    Ok(changes)
}

/// Compares two sealed loads of a region.
///
/// # Errors
/// As [`compare`].
pub fn compare_sealed(before: &SealedLoad, after: &SealedLoad) -> Result<Changes, StoreError> {
    let meanings = Meanings::new(side(before)?, side(after)?);
    let mut changes = tally(Rows::after(before, None), Rows::after(after, None), &meanings)?;
    changes.add_premises(SealedPremises::new(before), SealedPremises::new(after), &meanings)?;
    Ok(changes)
}

/// What a sealed load's numbers mean.
pub(super) fn side(load: &SealedLoad) -> Result<Side, StoreError> {
    let image = image(load)?;
    Side::sealed(image.variants(), image.texts())
}

/// A load's rows, which it has for as long as anybody holds it.
pub(super) fn image(load: &SealedLoad) -> Result<&Image, StoreError> {
    load.image().ok_or_else(|| damaged(load, "its rows are gone"))
}

pub(super) fn damaged(load: &SealedLoad, what: &str) -> StoreError {
    StoreError::damaged(Path::new(&load.manifest().load_id), what)
}

fn tally(
    before: impl Iterator<Item = Place>,
    after: impl Iterator<Item = Place>,
    meanings: &Meanings,
) -> Result<Changes, StoreError> {
    let mut changes = Changes::default();
    let mut breath = Breath::default();
    Merge::new(before, after).try_for_each(|met| {
        breath.step();
        changes.add(met, meanings)
    })?;
    Ok(changes)
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
