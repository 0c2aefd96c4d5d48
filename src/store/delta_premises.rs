//! The premises of a delta merged with those of the load it changes, in the order of their keys and in memory that does not
//! grow with their number.

use std::{cmp::Ordering, path::Path};

use crate::ingest::{Premises, PremisesReader, PremisesRow, PremisesWriter, UnknownDeletes};

use super::{
    DeltaError, StoreError,
    base_premises::{BasePremises, HeldRow},
    delta_rules::{Rules, Says},
    sealed::SealedLoad,
};

/// Where premises are sorted and gathered; the files are unlinked as soon as they are made.
const RUN: &str = "base.run";
const MERGED: &str = "merged.premises";

/// Applies the premises of a delta to those of its base. `unknown` takes in the deletes that delete nothing.
pub(super) fn apply_premises(
    base: &SealedLoad,
    delta: &Premises,
    rules: &mut Rules<'_>,
    unknown: &mut UnknownDeletes,
    directory: &Path,
) -> Result<Premises, DeltaError> {
    let mut old = BasePremises::new(base, directory.join(RUN))?;
    let mut new = DeltaRows { reader: delta.reader(), held: HeldRow::default() };
    new.advance()?;
    let mut merge = Merge { rules, unknown, merged: PremisesWriter::new(directory.join(MERGED)) };
    loop {
        let order = match (old.row(), new.held.row()) {
            (None, None) => break,
            (Some(old), None) => {
                merge.keep(old)?;
                Ordering::Less
            }
            (None, Some(new)) => {
                merge.onto_nothing(new)?;
                Ordering::Greater
            }
            (Some(old), Some(new)) => {
                let order = old.key().cmp(&new.key());
                match order {
                    Ordering::Less => merge.keep(old)?,
                    Ordering::Equal => merge.onto(old, new)?,
                    Ordering::Greater => merge.onto_nothing(new)?,
                }
                order
            }
        };
        if order.is_le() {
            old.advance()?;
        }
        if order.is_ge() {
            new.advance()?;
        }
    }
    Ok(merge.merged.finish().map_err(merging())?)
}

fn merging() -> impl FnOnce(std::io::Error) -> StoreError {
    StoreError::io("merging the premises of", "a delta load")
}

/// The rows of the delta.
struct DeltaRows {
    reader: PremisesReader,
    held: HeldRow,
}

impl DeltaRows {
    fn advance(&mut self) -> Result<(), StoreError> {
        self.held.hold(self.reader.next_row().map_err(merging())?);
        Ok(())
    }
}

/// The merge as it goes.
struct Merge<'r, 'm> {
    rules: &'r mut Rules<'m>,
    unknown: &'r mut UnknownDeletes,
    merged: PremisesWriter,
}

const fn says(row: PremisesRow<'_>) -> Says {
    Says { facts: row.facts, texts: row.texts }
}

impl Merge<'_, '_> {
    /// A premises of the base that the delta does not speak of.
    fn keep(&mut self, old: PremisesRow<'_>) -> Result<(), DeltaError> {
        let kept = self.rules.keep(says(old))?;
        self.push(old, kept)
    }

    /// A row of the delta about a premises that the base does not have.
    fn onto_nothing(&mut self, new: PremisesRow<'_>) -> Result<(), DeltaError> {
        match self.rules.onto_nothing(says(new))? {
            Some(said) => self.push(new, said),
            None => {
                self.unknown.add(new.line);
                Ok(())
            }
        }
    }

    /// A row of the delta about a premises that the base has.
    fn onto(&mut self, old: PremisesRow<'_>, new: PremisesRow<'_>) -> Result<(), DeltaError> {
        let moved = (old.postcode, old.identifier) != (new.postcode, new.identifier);
        let Some(said) = self.rules.onto(says(old), says(new), moved)? else { return Ok(()) };
        // Nothing of a row that was set aside is believed, nor where it has the premises. Whoever asks by the address that
        // answered must be told of the mark, and not be answered by the postcode's row.
        let stays = new.facts.is_set_aside() && old.postcode != 0;
        self.push(if stays { old } else { new }, said)
    }

    fn push(&mut self, row: PremisesRow<'_>, said: Says) -> Result<(), DeltaError> {
        let Says { facts, texts } = said;
        // A row whose postcode is not known is found by its UPRN alone, and so it is kept.
        let identifier = if row.postcode == 0 { "" } else { row.identifier };
        let row = PremisesRow { identifier, facts, texts, line: 0, from_empty: false, ..row };
        Ok(self.merged.push(row).map_err(merging())?)
    }
}

#[cfg(test)]
#[path = "delta_premises_tests.rs"]
mod tests;
