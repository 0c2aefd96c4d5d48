//! The premises of a sealed load as they were before they were packed: in the order of their keys, each with where it lies
//! and what is said of it.
//!
//! A load has them in two orders. By UPRN lies what is said, by address the identifiers; so the addresses are sorted by UPRN
//! again, on disk where they are many, and the two are read side by side.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    domain::Facts,
    ingest::{PremisesRow, Sorted, Sorter},
};

use super::{
    StoreError,
    compare::damaged,
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
pub(super) struct BasePremises<'b> {
    load: &'b SealedLoad,
    places: SealedPremises<&'b SealedLoad>,
    addresses: Addresses,
    held: HeldRow,
}

impl<'b> BasePremises<'b> {
    /// At the first. What does not fit in memory is sorted in files made at `run`, unlinked at once.
    pub(super) fn new(load: &'b SealedLoad, run: PathBuf) -> Result<Self, StoreError> {
        let addresses = Addresses::sort(load.image().and_then(Image::premises), run)?;
        let mut rows = Self { load, places: SealedPremises::new(load), addresses, held: HeldRow::default() };
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
            // A place that none of them has taken would be lost.
            if self.addresses.next()?.is_some() {
                return Err(differ(self.load));
            }
            self.held.hold(None);
            return Ok(());
        };
        let (uprn, identifier) = match &key {
            PremisesKey::Address(_, identifier) => (0, &**identifier),
            // The mark of a row that told no postcode.
            &PremisesKey::Uprn(uprn) if postcode == 0 => (uprn, ""),
            &PremisesKey::Uprn(uprn) => match self.addresses.next()? {
                Some((at, place, identifier)) if (at, place) == (uprn, postcode) => (uprn, identifier),
                _ => return Err(differ(self.load)),
            },
        };
        self.held.hold(Some(PremisesRow { uprn, postcode, identifier, facts, texts, line: 0, from_empty: false }));
        Ok(())
    }
}

fn differ(load: &SealedLoad) -> StoreError {
    damaged(load, "its premises by UPRN are not those by address")
}

/// Where the premises with a UPRN lie, by UPRN.
struct Addresses {
    sorted: Sorted,
    run: PathBuf,
}

impl Addresses {
    fn sort(premises: Option<&Premises>, run: PathBuf) -> Result<Self, StoreError> {
        let (mut sorter, mut record) = (Sorter::new(run.clone()), Vec::new());
        for (premises, block) in
            premises.iter().flat_map(|of| (0..of.address_firsts.len()).map(move |block| (of, block)))
        {
            premises.read_block(block, |row| {
                if row.uprn != 0 {
                    record.clear();
                    for number in [row.uprn, row.postcode] {
                        record.extend_from_slice(&number.to_be_bytes()[8 - NUMBER..]);
                    }
                    record.extend_from_slice(row.identifier);
                    sorter.push(&record).map_err(sorting(&run))?;
                }
                Ok(false)
            })?;
        }
        let sorted = sorter.finish().map_err(sorting(&run))?;
        Ok(Self { sorted, run })
    }

    /// The next UPRN, the postcode it lies in, and its identifier; `None` behind the last.
    fn next(&mut self) -> Result<Option<(u64, u64, &str)>, StoreError> {
        let unreadable = || io::Error::new(io::ErrorKind::InvalidData, "a premises row cannot be read back");
        let Some(record) = self.sorted.next_record().map_err(sorting(&self.run))? else { return Ok(None) };
        decode(record).map(Some).ok_or_else(unreadable).map_err(sorting(&self.run))
    }
}

fn sorting(run: &Path) -> impl FnOnce(io::Error) -> StoreError {
    StoreError::io("sorting premises by UPRN at", run)
}

fn decode(record: &[u8]) -> Option<(u64, u64, &str)> {
    let number = |bytes: &[u8; NUMBER]| bytes.iter().fold(0, |n, &byte| n << 8 | u64::from(byte));
    let (uprn, rest) = record.split_first_chunk::<NUMBER>()?;
    let (postcode, identifier) = rest.split_first_chunk::<NUMBER>()?;
    Some((number(uprn), number(postcode), str::from_utf8(identifier).ok()?))
}
