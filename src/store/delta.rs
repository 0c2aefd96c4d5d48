//! A delta merged with the load it changes: what comes out is a load like any other.

use std::path::Path;

use crate::{
    domain::{CspRegion, Table3, VariantName},
    ingest::{Ingested, Premises, Row, TextTable, UnknownDeletes},
};

use super::{
    SealedLoad, StoreError,
    delta_premises::apply_premises,
    delta_rules::{Rules, Says},
    image::Image,
    recode::Recode,
};

/// Where texts are gathered that need too much memory; unlinked at once.
const TEXTS: &str = "merged.spill";

/// All coverage of a region after a delta.
pub struct Merged {
    /// One row for each postcode, sorted by [`Row::key`], marks of set-aside ones among them. Only rows of the delta have a
    /// line.
    pub rows: Vec<Row>,
    /// One row for each premises.
    pub premises: Premises,
    /// The texts of the rows.
    pub texts: TextTable,
    /// What the delta did.
    pub applied: Applied,
    /// The lines, ascending, of deletes of postcodes that the base does not have: they did nothing.
    pub unknown_deletes: Vec<u32>,
    /// The like of them, of premises.
    pub unknown_premises: UnknownDeletes,
}

/// What a delta did to the load it was applied to, in locations.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Applied {
    /// Upserts of locations that the base does not have.
    pub added: u64,
    /// Upserts that say something else than the base, or that answer where the base has the mark of a set-aside location.
    pub changed: u64,
    /// Upserts that say what the base says.
    pub unchanged: u64,
    /// Deletes of locations that the base has, or has marked as set aside.
    pub deleted: u64,
    /// Locations of which the delta's row was set aside: whatever the base answers, they are marked.
    pub set_aside: u64,
}

/// Why a delta cannot be merged with its base.
#[derive(Debug, thiserror::Error)]
pub enum DeltaError {
    /// What the base says can no longer be said.
    #[error(
        "Table 3 no longer lists the variant \"{variant}\" for {region}, and the base load has coverage with it that the \
         delta leaves in place; send a full file"
    )]
    TableChanged {
        /// The region of both.
        region: CspRegion,
        /// The variant's name in the base's own Table 3.
        variant: VariantName,
    },
    /// The base or the disk failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Applies a delta's rows to the load they were sent to change, in one pass over both for postcodes and one for premises.
///
/// `delta` is what [`Scanned::settle`](crate::ingest::Scanned::settle) gave for a delta file of the base's region. `table3`
/// is the one the delta was judged against; the base's variants go over to it by name. What needs too much memory goes to
/// files in `directory`, unlinked at once. At most `kept` lines of unknown deletes of premises are told.
///
/// An upsert replaces the base's row or mark, a delete removes either. The mark of a row that was set aside replaces
/// what the base says: an earlier answer must neither stand unseen nor vanish. A row is the base's by its key alone: a UPRN
/// may move to another address, and a postcode is deleted without its premises.
///
/// # Errors
/// [`DeltaError::TableChanged`], and what reading the base's texts and premises, or the disk, may meet.
pub fn apply(
    base: &SealedLoad,
    delta: &Ingested,
    table3: &Table3,
    kept: usize,
    directory: &Path,
) -> Result<Merged, DeltaError> {
    let Ingested { rows, premises, texts, .. } = delta;
    debug_assert!(rows.is_sorted_by(|a, b| a.key() < b.key()), "one row a location, in order");
    let image = base.image().ok_or_else(|| unreadable(base))?;
    let variants = Recode::new(image.variants(), table3.region(image.variants().region()));
    let mut rules = Rules::new(image.texts(), texts, TextTable::new(directory.join(TEXTS)), variants);
    let (rows, unknown_deletes) = apply_rows(base, image, rows, &mut rules)?;
    let mut unknown_premises = UnknownDeletes::new(kept);
    let premises = apply_premises(base, premises, &mut rules, &mut unknown_premises, directory)?;
    let (applied, texts) = rules.finish();
    Ok(Merged { rows, premises, texts, applied, unknown_deletes, unknown_premises })
}

fn unreadable(base: &SealedLoad) -> StoreError {
    StoreError::Damaged { path: base.manifest().load_id.clone().into(), what: "it cannot be read".to_owned() }
}

/// The rows about postcodes, and the lines of deletes that delete nothing.
fn apply_rows(
    base: &SealedLoad,
    image: &Image,
    delta: &[Row],
    rules: &mut Rules<'_>,
) -> Result<(Vec<Row>, Vec<u32>), DeltaError> {
    let rows = Vec::with_capacity(image.len() + delta.len());
    let mut merge = Merge { rules, rows, unknown_deletes: Vec::new() };
    let mut delta = delta.iter().peekable();
    for row in stored(image) {
        let row = row.ok_or_else(|| unreadable(base))?;
        while let Some(new) = delta.next_if(|new| new.key() < row.key()) {
            merge.onto_nothing(new)?;
        }
        match delta.next_if(|new| new.key() == row.key()) {
            Some(new) => merge.onto(&row, new)?,
            None => merge.keep(&row)?,
        }
    }
    for new in delta {
        merge.onto_nothing(new)?;
    }
    let Merge { rows, mut unknown_deletes, .. } = merge;
    unknown_deletes.sort_unstable();
    Ok((rows, unknown_deletes))
}

fn stored(image: &Image) -> impl Iterator<Item = Option<Row>> {
    image.rows().map(|(sector, entry)| entry.map(|entry| Row::stored(sector, entry.unit, entry.facts, entry.texts)))
}

/// The merge of postcodes as it goes.
struct Merge<'r, 'm> {
    rules: &'r mut Rules<'m>,
    rows: Vec<Row>,
    unknown_deletes: Vec<u32>,
}

const fn says(row: &Row) -> Says {
    Says { facts: row.facts(), texts: row.texts }
}

impl Merge<'_, '_> {
    /// A row of the base that the delta does not speak of.
    fn keep(&mut self, row: &Row) -> Result<(), DeltaError> {
        let said = self.rules.keep(says(row))?;
        self.push(row, Some(said));
        Ok(())
    }

    /// A row of the delta whose location the base does not have.
    fn onto_nothing(&mut self, new: &Row) -> Result<(), DeltaError> {
        let said = self.rules.onto_nothing(says(new))?;
        if said.is_none() {
            self.unknown_deletes.push(new.line);
        }
        self.push(new, said);
        Ok(())
    }

    /// A row of the delta whose location the base has.
    fn onto(&mut self, row: &Row, new: &Row) -> Result<(), DeltaError> {
        let said = self.rules.onto(says(row), says(new), false)?;
        self.push(new, said);
        Ok(())
    }

    fn push(&mut self, row: &Row, said: Option<Says>) {
        self.rows.extend(said.map(|Says { facts, texts }| row.saying(facts, texts)));
    }
}

#[cfg(test)]
#[path = "delta_tests.rs"]
mod tests;
