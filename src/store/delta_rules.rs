//! What becomes of one location that a delta speaks of, or does not: the same for postcodes and for premises.

use crate::{domain::Facts, ingest::TextTable};

use super::{Applied, DeltaError, StoreError, delta_texts::MergedTexts, recode::Recode, texts::Texts};

/// What a row says, in the numbers of the load it is read from; or, of the merged load.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Says {
    pub(super) facts: Facts,
    pub(super) texts: u32,
}

/// The words of a base load and of its delta on their way into those of the merged one, and what the delta did so far.
pub(super) struct Rules<'m> {
    texts: MergedTexts<'m>,
    variants: Recode<'m>,
    applied: Applied,
}

impl<'m> Rules<'m> {
    /// `merged` is empty yet.
    pub(super) fn new(base: &'m Texts, delta: &'m TextTable, merged: TextTable, variants: Recode<'m>) -> Self {
        Self { texts: MergedTexts::new(base, delta, merged), variants, applied: Applied::default() }
    }

    /// What the delta did, and the merged texts.
    pub(super) fn finish(self) -> (Applied, TextTable) {
        (self.applied, self.texts.into_table())
    }

    /// A location of the base that the delta does not speak of.
    pub(super) fn keep(&mut self, old: Says) -> Result<Says, DeltaError> {
        let facts = self.variants.now(old.facts).ok_or_else(|| self.variants.gone(old.facts))?;
        Ok(Says { facts, texts: self.texts.of_base(old.texts)? })
    }

    /// A row of the delta whose location the base does not have; `None` for a delete, which does nothing.
    pub(super) fn onto_nothing(&mut self, new: Says) -> Result<Option<Says>, DeltaError> {
        if new.facts.is_delete() {
            return Ok(None);
        }
        *self.counter(new.facts, |applied| &mut applied.added) += 1;
        self.of_delta(new).map(Some)
    }

    /// A row of the delta whose location the base has; `None` for a delete. `moved` is whether the two have it in another
    /// place.
    pub(super) fn onto(&mut self, old: Says, new: Says, moved: bool) -> Result<Option<Says>, DeltaError> {
        if new.facts.is_delete() {
            self.applied.deleted += 1;
            return Ok(None);
        }
        // A variant that Table 3 lost is none that an upsert can repeat.
        let same_facts = self.variants.now(old.facts) == Some(new.facts);
        if same_facts && !moved && self.texts.same(old.texts, new.texts)? {
            *self.counter(new.facts, |applied| &mut applied.unchanged) += 1;
        } else {
            *self.counter(new.facts, |applied| &mut applied.changed) += 1;
        }
        self.of_delta(new).map(Some)
    }

    fn of_delta(&mut self, new: Says) -> Result<Says, DeltaError> {
        let texts: Result<u32, StoreError> = self.texts.of_delta(new.texts);
        Ok(Says { texts: texts?, ..new })
    }

    /// Marks are counted apart, whatever they replace.
    fn counter(&mut self, new: Facts, of_upsert: fn(&mut Applied) -> &mut u64) -> &mut u64 {
        if new.is_set_aside() { &mut self.applied.set_aside } else { of_upsert(&mut self.applied) }
    }
}
