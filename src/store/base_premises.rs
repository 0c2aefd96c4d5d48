//! The premises of a sealed load as they were before they were packed: in the order of their keys, each with where it lies
//! and what is said of it.
//!
//! A load has them in two orders. By UPRN lies what is said, by address the identifiers; so the addresses are sorted by UPRN
//! again, on disk where they are many, and the two are read side by side.

use std::{ops::Deref, path::PathBuf};

use crate::{
    domain::Facts,
    ingest::{PremisesRow, Sorted, Sorter},
};

use super::{
    StoreError,
    image::Image,
    premises::Premises,
    premises_rows::{PremisesKey, PremisesPlace, PremisesRows, SealedPremises},
    sealed::SealedLoad,
};

const NUMBER: usize = 5;

/// A row that stays where it is while others are read.
#[derive(Debug, Default)]
pub(super) struct HeldRow {
    there: bool,
    uprn: u64,
    postcode: u64,
    identifier: String,
    facts: u32,
    texts: u32,
    line: u32,
}

impl HeldRow {
    /// Takes the next row in; `None` after the last.
    pub(super) fn hold(&mut self, row: Option<PremisesRow<'_>>) {
        self.there = row.is_some();
        if let Some(PremisesRow { uprn, postcode, identifier, facts, texts, line, .. }) = row {
            self.identifier.clear();
            self.identifier.push_str(identifier);
            (self.uprn, self.postcode, self.facts) = (uprn, postcode, facts.bits());
            (self.texts, self.line) = (texts, line);
        }
    }

    pub(super) fn row(&self) -> Option<PremisesRow<'_>> {
        self.there.then(|| PremisesRow {
            uprn: self.uprn,
            postcode: self.postcode,
            identifier: &self.identifier,
            facts: Facts::from_bits(self.facts),
            texts: self.texts,
            line: self.line,
            from_empty: false,
        })
    }
}

/// The premises of a load, row by row.
pub(super) struct BasePremises<L> {
    places: SealedPremises<L>,
    /// Where the premises with a UPRN lie, by UPRN; nothing of a load without premises.
    addresses: Option<Addresses>,
    held: HeldRow,
}

impl<L: Deref<Target = SealedLoad> + Clone> BasePremises<L> {
    /// At the first. What does not fit in memory is sorted in files made at `run`, unlinked at once.
    pub(super) fn new(load: L, run: PathBuf) -> Result<Self, StoreError> {
        let premises = load.image().and_then(Image::premises);
        let addresses = premises.map(|premises| Addresses::sort(premises, run)).transpose()?;
        let mut rows = Self { places: SealedPremises::new(load.clone()), addresses, held: HeldRow::default() };
        rows.advance()?;
        Ok(rows)
    }

    /// The row it is at; `None` behind the last.
    pub(super) fn row(&self) -> Option<PremisesRow<'_>> {
        self.held.row()
    }

    /// Goes on to the next.
    pub(super) fn advance(&mut self) -> Result<(), StoreError> {
        let Some(PremisesPlace { key, postcode, facts, texts }) = self.places.next()? else {
            self.held.hold(None);
            return Ok(());
        };
        let (uprn, identifier) = match &key {
            PremisesKey::Address(_, identifier) => (0, &**identifier),
            &PremisesKey::Uprn(uprn) => match &mut self.addresses {
                // The mark of a row that told no postcode.
                _ if postcode == 0 => (uprn, ""),
                Some(addresses) => (uprn, addresses.identifier(uprn, postcode)?),
                None => (uprn, ""),
            },
        };
        self.held.hold(Some(PremisesRow { uprn, postcode, identifier, facts, texts, line: 0, from_empty: false }));
        Ok(())
    }
}

/// Addresses of premises with a UPRN, by UPRN.
struct Addresses {
    sorted: Sorted,
    /// The load's blocks.
    path: PathBuf,
    record: Vec<u8>,
}

impl Addresses {
    fn sort(premises: &Premises, run: PathBuf) -> Result<Self, StoreError> {
        let path = premises.path.clone();
        let sorting = || StoreError::io("sorting by UPRN the premises of", &path);
        let (mut sorter, mut record) = (Sorter::new(run), Vec::new());
        for block in 0..premises.address_firsts.len() {
            premises.read_block(block, |row| {
                if row.uprn != 0 {
                    record.clear();
                    for number in [row.uprn, row.postcode] {
                        record.extend_from_slice(&number.to_be_bytes()[8 - NUMBER..]);
                    }
                    record.extend_from_slice(row.identifier);
                    sorter.push(&record).map_err(sorting())?;
                }
                Ok(false)
            })?;
        }
        let sorted = sorter.finish().map_err(sorting())?;
        Ok(Self { sorted, path, record })
    }

    /// The identifier of the next UPRN, of which the blocks by UPRN say that it lies in a postcode.
    fn identifier(&mut self, uprn: u64, postcode: u64) -> Result<&str, StoreError> {
        let Self { sorted, path, record } = self;
        record.clear();
        if let Some(next) = sorted.next_record().map_err(StoreError::io("sorting by UPRN the premises of", &*path))? {
            record.extend_from_slice(next);
        }
        let number = |bytes: &[u8; NUMBER]| bytes.iter().fold(0, |n, &byte| n << 8 | u64::from(byte));
        let read = |record: &'_ [u8]| -> Option<(u64, u64)> {
            let (uprn, rest) = record.split_first_chunk::<NUMBER>()?;
            Some((number(uprn), number(rest.first_chunk::<NUMBER>()?)))
        };
        let identifier = record.get(2 * NUMBER..).and_then(|identifier| str::from_utf8(identifier).ok());
        match identifier {
            Some(identifier) if read(record) == Some((uprn, postcode)) => Ok(identifier),
            _ => Err(StoreError::damaged(path, "the premises by UPRN are not those by address")),
        }
    }
}
