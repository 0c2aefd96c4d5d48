//! A load's premises, within reach of an answer: by UPRN from memory, by address with one or two reads of a file.
//!
//! Nearly all callers who know a premises know its UPRN. Identifiers would take as much memory again, so they stay on disk,
//! and memory holds where the rows of each postcode begin.

use std::{
    ops::{Deref, Range},
    path::Path,
};

use crate::domain::{AddressIdentifier, Facts, Postcode, Uprn};

use super::{
    StoreError,
    address_block::{self, AddressRow},
    image::Run,
    premises_file::BlockFile,
    uprn_block::{self, UprnBlock, UprnRow},
};

/// Matches of one address in one load that are told. More homes than in any real postcode; whoever shares an identifier
/// with more is asked for by UPRN.
pub(super) const MATCHES: usize = 256;

/// Blocks between two of the UPRNs that are looked at first: few enough of these to stay in a processor's cache.
pub(super) const SHELF: usize = 64;

/// Where the premises of a load are.
#[derive(Debug)]
pub(super) struct Premises {
    /// The first UPRN of each block, in order, and the last.
    pub(super) firsts: Box<[u64]>,
    pub(super) lasts: Box<[u64]>,
    /// Each [`SHELF`]th of the first ones.
    pub(super) shelves: Box<[u64]>,
    /// In memory, unless a load has so many that they would take too much of it.
    pub(super) by_uprn: BlockFile,
    /// How many there are, by UPRN and by address alone, marks included.
    pub(super) rows: u64,
    /// The first row of each block of addresses, in order.
    pub(super) address_firsts: Box<[u32]>,
    pub(super) by_address: BlockFile,
    /// Postcodes that have premises, packed and in order: a premises names its postcode by its place here.
    pub(super) postcodes: Box<[u64]>,
    /// The first row of each postcode among the addresses, and, at the end, how many there are.
    pub(super) starts: Box<[u32]>,
    /// How many premises of each postcode answer.
    pub(super) answers: Box<[u32]>,
    /// Where a sector's postcodes are among them.
    pub(super) runs: Box<[Run]>,
}

/// What a load says of one premises.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Found {
    pub(super) uprn: Option<Uprn>,
    pub(super) postcode: Option<Postcode>,
    pub(super) facts: Facts,
    pub(super) texts: u32,
}

impl Premises {
    pub(super) fn damaged(&self, what: &str) -> StoreError {
        StoreError::damaged(self.by_uprn.path(), what)
    }

    /// Whether a UPRN is found without the disk.
    pub(super) const fn uprns_in_memory(&self) -> bool {
        self.by_uprn.is_in_memory()
    }

    /// The load moved to this directory.
    pub(super) fn moved(&mut self, load: &Path) {
        self.by_uprn.moved(load);
        self.by_address.moved(load);
    }

    /// Bytes of memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let files = self.by_uprn.bytes() + self.by_address.bytes();
        let by_uprn = size_of_val(&*self.firsts) + size_of_val(&*self.lasts) + size_of_val(&*self.shelves);
        let by_address = size_of_val(&*self.address_firsts) + size_of_val(&*self.runs);
        files
            + by_uprn
            + by_address
            + size_of_val(&*self.postcodes)
            + size_of_val(&*self.starts)
            + size_of_val(&*self.answers)
    }

    /// The bytes of a block by UPRN.
    pub(super) fn block(&self, number: usize, first: u64) -> Result<impl Deref<Target = [u8]>, StoreError> {
        let key = uprn_block::key(first);
        let value = self.by_uprn.value(number, &key)?;
        if !self.by_uprn.is_in_memory() {
            uprn_block::open(&key, &value).map_err(|what| self.damaged(what))?;
        }
        Ok(value)
    }

    /// What is said of a UPRN.
    pub(super) fn by_uprn(&self, uprn: Uprn) -> Result<Option<Found>, StoreError> {
        let Some(row) = self.uprn_row(uprn.number())? else { return Ok(None) };
        Ok(Some(Found { uprn: Some(uprn), postcode: self.postcode(row), facts: row.facts, texts: row.texts }))
    }

    fn uprn_row(&self, uprn: u64) -> Result<Option<UprnRow>, StoreError> {
        let Some(number) = self.block_of(uprn) else { return Ok(None) };
        let first = self.firsts.get(number).copied().unwrap_or_default();
        let bytes = self.block(number, first)?;
        let block = UprnBlock::of(first, &bytes).ok_or_else(|| self.damaged("a block of premises cannot be read"))?;
        Ok(block.find(uprn))
    }

    /// The block in whose range a UPRN is: of the regions that are asked for one, most need look at no block.
    fn block_of(&self, uprn: u64) -> Option<usize> {
        let shelf = self.shelves.partition_point(|&first| first <= uprn).checked_sub(1)? * SHELF;
        let firsts = self.firsts.get(shelf..self.firsts.len().min(shelf + SHELF))?;
        let number = shelf + firsts.partition_point(|&first| first <= uprn).checked_sub(1)?;
        (uprn <= *self.lasts.get(number)?).then_some(number)
    }

    fn postcode(&self, row: UprnRow) -> Option<Postcode> {
        let place = row.postcode.checked_sub(1)? as usize;
        Postcode::from_packed(*self.postcodes.get(place)?)
    }

    /// Where the postcodes of each sector are among those that have premises.
    pub(super) fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// How many premises of a postcode answer; the postcode by its place.
    pub(super) fn answers(&self, place: u32) -> u32 {
        self.answers.get(place as usize).copied().unwrap_or_default()
    }

    /// What is said of the premises of a postcode that have an identifier, by UPRN; the postcode by its place. At most
    /// [`MATCHES`] and one more, which says that there are more.
    pub(super) fn by_address(&self, place: u32, identifier: &AddressIdentifier) -> Result<Vec<Found>, StoreError> {
        let at = place as usize;
        let (Some(&packed), Some(&start), Some(&end)) =
            (self.postcodes.get(at), self.starts.get(at), self.starts.get(at + 1))
        else {
            return Ok(Vec::new());
        };
        let postcode = Postcode::from_packed(packed);
        let sought = identifier.as_str().as_bytes();
        let mut found = Vec::new();
        for number in self.blocks_of(start..end, sought)? {
            let past = self.read_block(number, |row| {
                if row.postcode == packed && row.identifier == sought && found.len() <= MATCHES {
                    found.push((row.uprn, row.facts, row.texts));
                }
                Ok((row.postcode, row.identifier) > (packed, sought) || found.len() > MATCHES)
            })?;
            if past {
                break;
            }
        }
        let tell = |(uprn, facts, texts): (u64, Option<Facts>, u32)| {
            let Some(uprn) = Uprn::new(uprn) else {
                let facts = facts.ok_or_else(|| self.damaged("a premises says nothing"))?;
                return Ok(Found { uprn: None, postcode, facts, texts });
            };
            let row = self.uprn_row(uprn.number())?.ok_or_else(|| self.damaged("a UPRN of an address is gone"))?;
            Ok(Found { uprn: Some(uprn), postcode, facts: row.facts, texts: row.texts })
        };
        found.into_iter().map(tell).collect()
    }

    /// The blocks, by their places, in which rows of this range may have the identifier. A postcode of very many premises
    /// is halved until few are left.
    fn blocks_of(&self, rows: Range<u32>, sought: &[u8]) -> Result<Range<usize>, StoreError> {
        let of_row = |row: u32| self.address_firsts.partition_point(|&first| first <= row).saturating_sub(1);
        let (mut low, end) = (of_row(rows.start), of_row(rows.end.saturating_sub(1)) + 1);
        let mut high = end;
        // The last block that begins with a lesser identifier; only its first row is looked at.
        while high - low > 2 {
            let middle = low.midpoint(high);
            let mut before = false;
            self.read_block(middle, |row| {
                before = row.identifier < sought;
                Ok(true)
            })?;
            if before { low = middle } else { high = middle }
        }
        Ok(low..end)
    }

    /// Reads rows of a block by address until told to stop; says whether it was.
    pub(super) fn read_block(
        &self,
        number: usize,
        mut each: impl FnMut(AddressRow<'_>) -> Result<bool, StoreError>,
    ) -> Result<bool, StoreError> {
        let Some(&first) = self.address_firsts.get(number) else { return Ok(true) };
        let key = address_block::key(first);
        let value = self.by_address.value(number, &key)?;
        let damaged = |what| StoreError::damaged(self.by_address.path(), what);
        let mut block = address_block::open(&key, &value).map_err(damaged)?;
        while let Some(row) = block.next().map_err(damaged)? {
            if each(row)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
#[path = "premises_tests.rs"]
mod tests;
