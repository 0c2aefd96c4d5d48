//! The premises of a load one after the other, in the order of their keys: to be compared, and to be merged with a delta.

use std::{cmp::Ordering, ops::Deref};

use crate::{
    domain::{Facts, Location},
    ingest::{PremisesReader, PremisesRow},
};

use super::{
    StoreError,
    image::Image,
    merge::{Met, Place},
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

impl PremisesKey {
    /// The key of a premises; `None` of a whole postcode.
    pub(super) fn of(location: &Location) -> Option<Self> {
        match location {
            Location::Postcode(_) => None,
            Location::Uprn(uprn) => Some(Self::Uprn(uprn.number())),
            Location::Address(postcode, identifier) => {
                Some(Self::Address(postcode.packed(), identifier.as_str().into()))
            }
        }
    }
}

/// What a load says of one premises, in the load's own numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct PremisesPlace {
    pub(super) key: PremisesKey,
    /// Packed; 0 of the mark of a UPRN whose row told none.
    pub(super) postcode: u64,
    pub(super) facts: Facts,
    pub(super) texts: u32,
}

impl PremisesPlace {
    /// What is said, and of which postcode: its own key was met already.
    pub(super) const fn place(&self) -> Place {
        Place { key: self.postcode, facts: self.facts, texts: self.texts }
    }
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
        Ok(Some(PremisesPlace { key, postcode, facts, texts }))
    }
}

/// Those of a sealed load, block by block: all by UPRN, then those that only their address names.
pub(super) struct SealedPremises<L> {
    load: L,
    block: usize,
    /// Those up to this one are passed over.
    after: Option<PremisesKey>,
    /// Of the block that was read, the last first.
    pending: Vec<PremisesPlace>,
}

impl<L: Deref<Target = SealedLoad>> SealedPremises<L> {
    /// Those that lie behind a key; all of them without one.
    pub(super) fn after(load: L, after: Option<PremisesKey>) -> Self {
        let first = after.as_ref().zip(load.image().and_then(Image::premises));
        let block = first.map_or(0, |(key, premises)| premises.first_block(key));
        Self { load, block, after, pending: Vec::new() }
    }

    /// All of them.
    pub(super) fn new(load: L) -> Self {
        Self::after(load, None)
    }

    /// Reads the next block; says whether there was one.
    fn read_block(&mut self) -> Result<bool, StoreError> {
        let Some(premises) = self.load.image().and_then(Image::premises) else { return Ok(false) };
        let (by_uprn, pending) = (premises.firsts.len(), &mut self.pending);
        if self.block >= by_uprn + premises.address_firsts.len() {
            return Ok(false);
        }
        match premises.firsts.get(self.block) {
            Some(&first) => premises.each_of_block(self.block, first, |row| {
                let UprnRow { uprn, facts, texts, .. } = row;
                let postcode = premises.packed_postcode(row);
                pending.push(PremisesPlace { key: PremisesKey::Uprn(uprn), postcode, facts, texts });
            })?,
            None => {
                premises.read_block(self.block - by_uprn, |row| {
                    if row.uprn == 0 {
                        let identifier = str::from_utf8(row.identifier).ok();
                        let (Some(facts), Some(identifier)) = (row.facts, identifier) else {
                            return Err(premises.damaged("a premises without a UPRN cannot be read"));
                        };
                        let (key, texts) = (PremisesKey::Address(row.postcode, identifier.into()), row.texts);
                        pending.push(PremisesPlace { key, postcode: row.postcode, facts, texts });
                    }
                    Ok(false)
                })?;
            }
        }
        pending.reverse();
        self.block += 1;
        Ok(true)
    }
}

impl<L: Deref<Target = SealedLoad>> PremisesRows for SealedPremises<L> {
    fn next(&mut self) -> Result<Option<PremisesPlace>, StoreError> {
        loop {
            match self.pending.pop() {
                Some(place) if self.after.as_ref().is_some_and(|after| place.key <= *after) => {}
                Some(place) => return Ok(Some(place)),
                None if self.read_block()? => {}
                None => return Ok(None),
            }
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

    /// The postcode of a premises, packed; 0 where it is not known.
    fn packed_postcode(&self, row: UprnRow) -> u64 {
        let place = row.postcode.checked_sub(1).map(|place| place as usize);
        place.and_then(|place| self.postcodes.get(place).copied()).unwrap_or_default()
    }

    /// The block, of all by UPRN and then all by address, before which no premises has this key or a later one.
    fn first_block(&self, key: &PremisesKey) -> usize {
        match key {
            PremisesKey::Uprn(uprn) => self.firsts.partition_point(|first| first <= uprn).saturating_sub(1),
            PremisesKey::Address(postcode, _) => {
                let place = self.postcodes.partition_point(|packed| packed < postcode);
                let start = self.starts.get(place).copied().unwrap_or_default();
                self.firsts.len() + self.address_firsts.partition_point(|&first| first <= start).saturating_sub(1)
            }
        }
    }
}

/// Premises of two loads met key by key.
pub(super) struct PremisesMerge<B, A> {
    before: B,
    after: A,
    /// The first of each that has not been met; nothing before the first step, too.
    earlier: Option<PremisesPlace>,
    later: Option<PremisesPlace>,
    begun: bool,
}

impl<B: PremisesRows, A: PremisesRows> PremisesMerge<B, A> {
    pub(super) const fn new(before: B, after: A) -> Self {
        Self { before, after, earlier: None, later: None, begun: false }
    }

    /// The next; `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<Met<PremisesPlace>>, StoreError> {
        if !self.begun {
            (self.earlier, self.later, self.begun) = (self.before.next()?, self.after.next()?, true);
        }
        let order = match (&self.earlier, &self.later) {
            (Some(earlier), Some(later)) => earlier.key.cmp(&later.key),
            (Some(_), None) => Ordering::Less,
            (None, _) => Ordering::Greater,
        };
        let mut earlier = None;
        if order.is_le() {
            earlier = std::mem::replace(&mut self.earlier, self.before.next()?);
        }
        let mut later = None;
        if order.is_ge() {
            later = std::mem::replace(&mut self.later, self.after.next()?);
        }
        Ok(match (earlier, later) {
            (Some(earlier), Some(later)) => Some(Met::Both(earlier, later)),
            (Some(earlier), None) => Some(Met::Before(earlier)),
            (None, later) => later.map(Met::After),
        })
    }
}
