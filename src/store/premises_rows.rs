//! The premises of a load one after the other, in the order of their keys: to be compared, and to be merged with a delta.

use std::ops::Deref;

use crate::{
    domain::Facts,
    ingest::{PremisesReader, PremisesRow},
};

use super::{
    StoreError,
    image::Image,
    premises::Premises,
    sealed::SealedLoad,
    uprn_block::{UprnBlock, UprnRow},
};

/// What a premises row is known by. By UPRN comes first, as in [`PremisesRow::key`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum PremisesKey {
    Uprn(u64),
    /// The postcode packed, and the identifier folded.
    Address(u64, Box<str>),
}

/// What a load says of one premises, in the load's own numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct PremisesPlace {
    pub(super) key: PremisesKey,
    pub(super) facts: Facts,
    pub(super) texts: u32,
}

/// Premises in the order of their keys.
pub(super) trait PremisesRows {
    /// The next; `None` after the last.
    fn next(&mut self) -> Result<Option<PremisesPlace>, StoreError>;
}

/// Those of a load that is not packed yet.
impl PremisesRows for PremisesReader {
    fn next(&mut self) -> Result<Option<PremisesPlace>, StoreError> {
        let reading = StoreError::io("reading the premises of", "the new load");
        let Some(PremisesRow { uprn, postcode, identifier, facts, texts, .. }) = self.next_row().map_err(reading)?
        else {
            return Ok(None);
        };
        let key = match uprn {
            0 => PremisesKey::Address(postcode, identifier.into()),
            uprn => PremisesKey::Uprn(uprn),
        };
        Ok(Some(PremisesPlace { key, facts, texts }))
    }
}

/// Those of a sealed load, block by block: all by UPRN, then those that only their address names.
pub(super) struct SealedPremises<L> {
    load: L,
    block: usize,
    /// Of the block that was read, the last first.
    pending: Vec<PremisesPlace>,
}

impl<L: Deref<Target = SealedLoad>> SealedPremises<L> {
    pub(super) const fn new(load: L) -> Self {
        Self { load, block: 0, pending: Vec::new() }
    }
}

impl<L: Deref<Target = SealedLoad>> PremisesRows for SealedPremises<L> {
    fn next(&mut self) -> Result<Option<PremisesPlace>, StoreError> {
        loop {
            if let Some(place) = self.pending.pop() {
                return Ok(Some(place));
            }
            let Some(premises) = self.load.image().and_then(Image::premises) else { return Ok(None) };
            let by_uprn = premises.firsts.len();
            if self.block >= by_uprn + premises.address_firsts.len() {
                return Ok(None);
            }
            let pending = &mut self.pending;
            match premises.firsts.get(self.block) {
                Some(&first) => premises.each_of_block(self.block, first, |row| {
                    let UprnRow { uprn, facts, texts, .. } = row;
                    pending.push(PremisesPlace { key: PremisesKey::Uprn(uprn), facts, texts });
                })?,
                None => {
                    premises.read_block(self.block - by_uprn, |row| {
                        if let (0, Some(facts), Ok(identifier)) = (row.uprn, row.facts, str::from_utf8(row.identifier))
                        {
                            let key = PremisesKey::Address(row.postcode, identifier.into());
                            pending.push(PremisesPlace { key, facts, texts: row.texts });
                        }
                        Ok(false)
                    })?;
                }
            }
            pending.reverse();
            self.block += 1;
        }
    }
}

impl Premises {
    fn each_of_block(&self, block: usize, first: u64, each: impl FnMut(UprnRow)) -> Result<(), StoreError> {
        let bytes = self.block(block, first)?;
        let unreadable = || self.damaged("a block of premises cannot be read");
        let block = UprnBlock::of(first, &bytes).ok_or_else(unreadable)?;
        let rows: Option<Vec<UprnRow>> = (0..block.len()).map(|row| block.row(row)).collect();
        rows.ok_or_else(unreadable)?.into_iter().for_each(each);
        Ok(())
    }
}

/// Premises of two loads met key by key.
pub(super) fn meet<E: From<StoreError>>(
    before: &mut dyn PremisesRows,
    after: &mut dyn PremisesRows,
    mut each: impl FnMut(Option<&PremisesPlace>, Option<&PremisesPlace>) -> Result<(), E>,
) -> Result<(), E> {
    let (mut earlier, mut later) = (before.next()?, after.next()?);
    loop {
        let order = match (&earlier, &later) {
            (None, None) => return Ok(()),
            (Some(earlier), Some(later)) => earlier.key.cmp(&later.key),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
        };
        each(earlier.as_ref().filter(|_| order.is_le()), later.as_ref().filter(|_| order.is_ge()))?;
        if order.is_le() {
            earlier = before.next()?;
        }
        if order.is_ge() {
            later = after.next()?;
        }
    }
}
