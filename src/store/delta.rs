//! A delta merged with the load it changes: what comes out is a load like any other.

use std::path::PathBuf;

use crate::{
    domain::{CspRegion, Table3, VariantName},
    ingest::{Row, TextTable},
};

use super::{SealedLoad, StoreError, delta_texts::MergedTexts, image::Image, recode::Recode};

/// All coverage of a region after a delta.
pub struct Merged {
    /// One row for each location, sorted by [`Row::key`], marks of set-aside locations among them. Only rows of the delta
    /// have a line.
    pub rows: Vec<Row>,
    /// The texts of the rows.
    pub texts: TextTable,
    /// What the delta did.
    pub applied: Applied,
    /// The lines, ascending, of deletes whose location the base does not have: they did nothing.
    pub unknown_deletes: Vec<u32>,
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

/// Applies a delta's rows to the load they were sent to change, in one pass over both.
///
/// `delta` is what [`Scanned::settle`](crate::ingest::Scanned::settle) gave for a delta file of the base's region, and
/// `texts` its texts. `table3` is the one the delta was judged against; the base's variants go over to it by name. New
/// texts that need too much memory go to a file at `spill`, unlinked at once.
///
/// An upsert replaces the base's row or mark, a delete removes either. The mark of a row that was set aside replaces
/// what the base says: an earlier answer must neither stand unseen nor vanish.
///
/// # Errors
/// [`DeltaError::TableChanged`], and what reading the base's texts may meet.
pub fn apply(
    base: &SealedLoad,
    delta: &[Row],
    texts: &TextTable,
    table3: &Table3,
    spill: PathBuf,
) -> Result<Merged, DeltaError> {
    debug_assert!(delta.is_sorted_by(|a, b| a.key() < b.key()), "one row a location, in order");
    let unreadable =
        || StoreError::Damaged { path: base.manifest().load_id.clone().into(), what: "it cannot be read".to_owned() };
    let image = base.image().ok_or_else(unreadable)?;
    let mut merge = Merge {
        rows: Vec::with_capacity(image.len() + delta.len()),
        texts: MergedTexts::new(image.texts(), texts, TextTable::new(spill)),
        variants: Recode::new(image.variants(), table3.region(image.variants().region())),
        applied: Applied::default(),
        unknown_deletes: Vec::new(),
    };
    let mut delta = delta.iter().peekable();
    for row in stored(image) {
        let row = row.ok_or_else(unreadable)?;
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
    let Merge { rows, texts, applied, mut unknown_deletes, .. } = merge;
    unknown_deletes.sort_unstable();
    Ok(Merged { rows, texts: texts.into_table(), applied, unknown_deletes })
}

fn stored(image: &Image) -> impl Iterator<Item = Option<Row>> {
    image.rows().map(|(sector, entry)| entry.map(|entry| Row::stored(sector, entry.unit, entry.facts, entry.texts)))
}

/// The merge as it goes.
struct Merge<'m> {
    rows: Vec<Row>,
    texts: MergedTexts<'m>,
    variants: Recode<'m>,
    applied: Applied,
    unknown_deletes: Vec<u32>,
}

impl Merge<'_> {
    /// A row of the base that the delta does not speak of.
    fn keep(&mut self, row: &Row) -> Result<(), DeltaError> {
        let facts = self.variants.now(row.facts()).ok_or_else(|| self.variants.gone(row.facts()))?;
        let texts = self.texts.of_base(row.texts)?;
        self.rows.push(row.saying(facts, texts));
        Ok(())
    }

    /// A row of the delta whose location the base does not have.
    fn onto_nothing(&mut self, new: &Row) -> Result<(), DeltaError> {
        if new.facts().is_delete() {
            self.unknown_deletes.push(new.line);
            return Ok(());
        }
        *self.counter(new, |applied| &mut applied.added) += 1;
        self.push(new)
    }

    /// A row of the delta whose location the base has.
    fn onto(&mut self, row: &Row, new: &Row) -> Result<(), DeltaError> {
        if new.facts().is_delete() {
            self.applied.deleted += 1;
            return Ok(());
        }
        // A variant that Table 3 lost is none that an upsert can repeat.
        let same_facts = self.variants.now(row.facts()) == Some(new.facts());
        if same_facts && self.texts.same(row.texts, new.texts)? {
            *self.counter(new, |applied| &mut applied.unchanged) += 1;
        } else {
            *self.counter(new, |applied| &mut applied.changed) += 1;
        }
        self.push(new)
    }

    /// Marks are counted apart, whatever they replace.
    fn counter(&mut self, new: &Row, of_upsert: fn(&mut Applied) -> &mut u64) -> &mut u64 {
        if new.facts().is_set_aside() { &mut self.applied.set_aside } else { of_upsert(&mut self.applied) }
    }

    fn push(&mut self, new: &Row) -> Result<(), DeltaError> {
        let texts = self.texts.of_delta(new.texts)?;
        self.rows.push(new.saying(new.facts(), texts));
        Ok(())
    }
}

#[cfg(test)]
#[path = "delta_tests.rs"]
mod tests;
