//! Premises become blocks, in both their orders: by UPRN with what is said, by address with the identifiers.

use std::{collections::HashMap, io, path::Path};

use crate::{
    domain::Facts,
    ingest::{Premises, PremisesRow, Sorted, Sorter},
};

use super::{
    StoreError,
    address_block::{AddressRow, Filling},
    columns::ROWS_MAX,
    digest::{Fingerprint, PremisesDigest},
    manifest::PackedPremises,
    seal::{Inserting, Numbers},
    uprn_block::{self, UprnRow},
};

/// Where runs are written that do not fit in memory; unlinked as soon as they are made.
const RUN: &str = "addresses.run";
const NUMBER: usize = 5;

/// Premises by postcode, identifier and UPRN, each as the bytes of these with what a row without UPRN says.
pub(super) struct ByAddress(Sorted);

impl ByAddress {
    /// Sorts premises and numbers their texts; `None` where there are none.
    pub(super) fn sort(
        directory: &Path,
        premises: &Premises,
        numbers: &mut Numbers,
    ) -> Result<Option<Self>, StoreError> {
        if premises.rows() == 0 {
            return Ok(None);
        }
        let mut sorter = Sorter::new(directory.join(RUN));
        let (mut reader, mut record) = (premises.reader(), Vec::new());
        let sorting = || StoreError::io("sorting the premises of", directory);
        while let Some(row) = reader.next_row().map_err(sorting())? {
            let texts = numbers.number(row.texts).ok_or_else(|| broken(directory))?;
            // A mark that tells no postcode is found by its UPRN alone.
            if row.postcode != 0 {
                encode(row, texts, &mut record);
                sorter.push(&record).map_err(sorting())?;
            }
        }
        Ok(Some(Self(sorter.finish().map_err(sorting())?)))
    }
}

fn broken(directory: &Path) -> StoreError {
    StoreError::damaged(directory, "a row names a text that the load does not have")
}

fn encode(row: PremisesRow<'_>, texts: u32, record: &mut Vec<u8>) {
    record.clear();
    record.extend_from_slice(&row.postcode.to_be_bytes()[8 - NUMBER..]);
    record.extend_from_slice(row.identifier.as_bytes());
    record.push(0);
    record.extend_from_slice(&row.uprn.to_be_bytes()[8 - NUMBER..]);
    record.extend_from_slice(&row.facts.bits().to_be_bytes());
    record.extend_from_slice(&texts.to_be_bytes());
}

fn decode(record: &[u8]) -> Option<AddressRow<'_>> {
    const TAIL: usize = 1 + NUMBER + 8;
    let number = |bytes: &[u8]| bytes.iter().fold(0, |n, &byte| n << 8 | u64::from(byte));
    let (postcode, rest) = record.split_first_chunk::<NUMBER>()?;
    let (identifier, tail) = rest.split_last_chunk::<TAIL>()?;
    let &[_, ref uprn @ .., f1, f2, f3, f4, t1, t2, t3, t4] = tail;
    let (uprn, facts) = (number(uprn), Facts::from_bits(u32::from_be_bytes([f1, f2, f3, f4])));
    let texts = if uprn == 0 { u32::from_be_bytes([t1, t2, t3, t4]) } else { 0 };
    let facts = (uprn == 0 || facts.is_set_aside()).then_some(facts);
    Some(AddressRow { postcode: number(postcode), identifier, uprn, facts, texts })
}

/// Packs premises into blocks: those by address, then those by UPRN. `fingerprints` are those of the texts by number.
pub(super) fn pack_premises(
    directory: &Path,
    premises: &Premises,
    by_address: ByAddress,
    numbers: &Numbers,
    fingerprints: &[Fingerprint],
    inserting: &mut Inserting<'_>,
) -> Result<(PackedPremises, PremisesDigest), StoreError> {
    let mut packing = Packing {
        directory,
        fingerprints,
        inserting,
        digest: PremisesDigest::default(),
        packed: PackedPremises { rows: premises.rows(), uprns: 0, postcodes: 0, blocks: 0 },
    };
    // Their places name postcodes in the blocks by UPRN, so the addresses come first.
    let places = packing.addresses(by_address.0)?;
    packing.packed.postcodes = places.len() as u64;
    packing.uprns(premises, numbers, &places)?;
    Ok((packing.packed, packing.digest))
}

/// By postcode, its place among those that have premises, from 1.
type Places = HashMap<u64, u32, foldhash::fast::FixedState>;

struct Packing<'a, 'b> {
    directory: &'a Path,
    fingerprints: &'a [Fingerprint],
    inserting: &'a mut Inserting<'b>,
    digest: PremisesDigest,
    packed: PackedPremises,
}

impl<'a> Packing<'a, '_> {
    fn sorting(&self) -> impl FnOnce(io::Error) -> StoreError + use<'a> {
        StoreError::io("sorting the premises of", self.directory)
    }

    fn fingerprint(&self, number: u32) -> Result<Fingerprint, StoreError> {
        self.fingerprints.get(number as usize).copied().ok_or_else(|| broken(self.directory))
    }

    fn insert(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.packed.blocks += 1;
        self.inserting.insert(key, value)
    }

    fn addresses(&mut self, mut sorted: Sorted) -> Result<Places, StoreError> {
        let (mut places, mut filling, mut last) = (Places::default(), Filling::new(), 0);
        while let Some(record) = sorted.next_record().map_err(self.sorting())? {
            let unreadable = || StoreError::damaged(self.directory, "a premises row cannot be read back");
            let row = decode(record).ok_or_else(unreadable)?;
            if row.postcode != last {
                last = row.postcode;
                let place = u32::try_from(places.len() + 1).unwrap_or(u32::MAX);
                places.insert(row.postcode, place);
            }
            self.digest.address(&row, &self.fingerprint(row.texts)?);
            if let Some((key, value)) = filling.push(row) {
                self.insert(&key, &value)?;
            }
        }
        if let Some((key, value)) = filling.close() {
            self.insert(&key, &value)?;
        }
        Ok(places)
    }

    fn uprns(&mut self, premises: &Premises, numbers: &Numbers, places: &Places) -> Result<(), StoreError> {
        let (mut reader, mut block, mut value) = (premises.reader(), Vec::with_capacity(ROWS_MAX), Vec::new());
        while let Some(row) = reader.next_row().map_err(self.sorting())? {
            if row.uprn == 0 {
                // The rest are known by their addresses.
                break;
            }
            let texts = numbers.of(row.texts).ok_or_else(|| broken(self.directory))?;
            let postcode = places.get(&row.postcode).copied().unwrap_or_default();
            let row = UprnRow { uprn: row.uprn, postcode, facts: row.facts, texts };
            self.digest.uprn(row, &self.fingerprint(texts)?);
            block.push(row);
            if block.len() == ROWS_MAX {
                self.uprn_block(&mut block, &mut value)?;
            }
        }
        if block.is_empty() { Ok(()) } else { self.uprn_block(&mut block, &mut value) }
    }

    fn uprn_block(&mut self, block: &mut Vec<UprnRow>, value: &mut Vec<u8>) -> Result<(), StoreError> {
        let key = uprn_block::key(block.first().map_or(0, |row| row.uprn));
        uprn_block::seal(&key, block, value);
        self.packed.uprns += block.len() as u64;
        block.clear();
        self.insert(&key, value)
    }
}
