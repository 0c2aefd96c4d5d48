//! The texts of a base load and of a delta become those of the merged rows.

use crate::ingest::TextTable;

use super::{
    StoreError,
    texts::{Pair, Texts},
};

/// One table out of two. Each pair is read and interned when it is first met, and never again: most of a national load's
/// rows share a few.
pub(super) struct MergedTexts<'m> {
    base: Mapped<'m, Texts>,
    delta: Mapped<'m, TextTable>,
    merged: TextTable,
}

/// By an id of one table, the id of the merged one.
struct Mapped<'m, T> {
    ids: Vec<u32>,
    from: &'m T,
}

/// No table has so many texts.
const UNMAPPED: u32 = u32::MAX;

trait Source {
    fn pair(&self, id: u32) -> Result<Pair<'_>, StoreError>;
}

impl Source for Texts {
    fn pair(&self, id: u32) -> Result<Pair<'_>, StoreError> {
        self.get(id)
    }
}

impl Source for TextTable {
    fn pair(&self, id: u32) -> Result<Pair<'_>, StoreError> {
        self.get(id).map_err(StoreError::io("reading the texts of", "a delta file"))
    }
}

impl<T: Source> Mapped<'_, T> {
    fn id(&mut self, id: u32, merged: &mut TextTable) -> Result<u32, StoreError> {
        match self.ids.get(id as usize) {
            Some(&UNMAPPED) | None => {}
            Some(&known) => return Ok(known),
        }
        let (auxiliary, additional) = self.from.pair(id)?;
        let new =
            merged.intern(&auxiliary, &additional).map_err(StoreError::io("keeping the texts of", "a delta load"))?;
        if let Some(place) = self.ids.get_mut(id as usize) {
            *place = new;
        }
        Ok(new)
    }
}

impl<'m> MergedTexts<'m> {
    /// `merged` is empty yet.
    pub(super) fn new(base: &'m Texts, delta: &'m TextTable, merged: TextTable) -> Self {
        let base = Mapped { ids: vec![UNMAPPED; base.count() as usize + 1], from: base };
        let delta = Mapped { ids: vec![UNMAPPED; delta.len() as usize], from: delta };
        Self { base, delta, merged }
    }

    /// The table, whole.
    pub(super) fn into_table(self) -> TextTable {
        self.merged
    }

    /// The merged id of one of the base's texts.
    pub(super) fn of_base(&mut self, id: u32) -> Result<u32, StoreError> {
        self.base.id(id, &mut self.merged)
    }

    /// The merged id of one of the delta's texts.
    pub(super) fn of_delta(&mut self, id: u32) -> Result<u32, StoreError> {
        self.delta.id(id, &mut self.merged)
    }

    /// Whether a text of the base and one of the delta are the same.
    pub(super) fn same(&self, base: u32, delta: u32) -> Result<bool, StoreError> {
        Ok((base, delta) == (0, 0) || self.base.from.pair(base)? == self.delta.from.pair(delta)?)
    }
}
