//! Premises become blocks, in both their orders at once: by UPRN with what is said, by address with the identifiers.

use std::{
    collections::{HashMap, HashSet},
    io,
    path::Path,
};

use crate::{
    domain::Facts,
    ingest::{Premises, PremisesRow, Sorted, Sorter},
};

use super::{
    StoreError,
    address_block::{AddressRow, Filling},
    columns::ROWS_MAX,
    digest::{AddressesDigest, Fingerprint, UprnsDigest},
    premises_file::{Order, Writing, Written},
    seal::Numbers,
    uprn_block::{self, UprnRow},
};

/// Where runs are written that do not fit in memory; unlinked as soon as they are made.
const RUN: &str = "addresses.run";
const NUMBER: usize = 5;

type Hashing = foldhash::fast::FixedState;

/// Premises by postcode, identifier and UPRN, each as the bytes of these with what a row without UPRN says; and the
/// postcodes they lie in.
pub(super) struct ByAddress {
    sorted: Sorted,
    pub(super) places: Places,
}

/// By postcode, its place among those that have premises, from 1: so blocks by UPRN name postcodes.
pub(super) struct Places(HashMap<u64, u32, Hashing>);

impl Places {
    fn of(postcodes: HashSet<u64, Hashing>) -> Self {
        let mut postcodes: Vec<u64> = postcodes.into_iter().collect();
        postcodes.sort_unstable();
        Self(postcodes.into_iter().zip(1..).collect())
    }

    /// How many postcodes there are.
    pub(super) fn len(&self) -> u64 {
        self.0.len() as u64
    }
}

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
        let (mut postcodes, mut last) = (HashSet::<_, Hashing>::default(), 0);
        while let Some(row) = reader.next_row().map_err(sorting(directory))? {
            let texts = numbers.number(row.texts).ok_or_else(|| broken(directory))?;
            // A mark that tells no postcode is found by its UPRN alone.
            if row.postcode == 0 {
                continue;
            }
            if row.postcode != last {
                last = row.postcode;
                postcodes.insert(last);
            }
            encode(row, texts, &mut record);
            sorter.push(&record).map_err(sorting(directory))?;
        }
        let sorted = sorter.finish().map_err(sorting(directory))?;
        Ok(Some(Self { sorted, places: Places::of(postcodes) }))
    }
}

fn sorting(directory: &Path) -> impl FnOnce(io::Error) -> StoreError + use<'_> {
    StoreError::io("sorting the premises of", directory)
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

/// A row, and the number of its texts.
fn decode(record: &[u8]) -> Option<(AddressRow<'_>, u32)> {
    const TAIL: usize = 1 + NUMBER + 8;
    let number = |bytes: &[u8]| bytes.iter().fold(0, |n, &byte| n << 8 | u64::from(byte));
    let (postcode, rest) = record.split_first_chunk::<NUMBER>()?;
    let (identifier, tail) = rest.split_last_chunk::<TAIL>()?;
    let &[_, ref uprn @ .., f1, f2, f3, f4, t1, t2, t3, t4] = tail;
    let (uprn, facts) = (number(uprn), Facts::from_bits(u32::from_be_bytes([f1, f2, f3, f4])));
    let of_texts = u32::from_be_bytes([t1, t2, t3, t4]);
    let texts = if uprn == 0 { of_texts } else { 0 };
    let facts = (uprn == 0 || facts.is_set_aside()).then_some(facts);
    Some((AddressRow { postcode: number(postcode), identifier, uprn, facts, texts }, of_texts))
}

/// Writes the blocks by address; gives the digest over their rows too. `fingerprints` are those of the texts by number.
pub(super) fn pack_addresses(
    directory: &Path,
    mut sorted: Sorted,
    fingerprints: &[Fingerprint],
) -> Result<(Written, AddressesDigest), StoreError> {
    let (mut file, mut digest) = (Writing::create(directory, Order::Address)?, AddressesDigest::default());
    let mut filling = Filling::new();
    while let Some(record) = sorted.next_record().map_err(sorting(directory))? {
        let unreadable = || StoreError::damaged(directory, "a premises row cannot be read back");
        let (row, texts) = decode(record).ok_or_else(unreadable)?;
        let fingerprint = fingerprint(fingerprints, texts).ok_or_else(|| broken(directory))?;
        digest.row(record, (texts != 0).then_some(fingerprint));
        if let Some((key, value)) = filling.push(row) {
            file.block(&key, &value)?;
        }
    }
    if let Some((key, value)) = filling.close() {
        file.block(&key, &value)?;
    }
    Ok((file.finish()?, digest))
}

/// Writes the blocks by UPRN; gives how many rows have one, and the digest over these.
pub(super) fn pack_uprns(
    directory: &Path,
    premises: &Premises,
    places: &Places,
    numbers: &Numbers,
    fingerprints: &[Fingerprint],
) -> Result<(Written, u64, UprnsDigest), StoreError> {
    let (mut file, mut digest) = (Writing::create(directory, Order::Uprn)?, UprnsDigest::default());
    let (mut reader, mut block, mut value) = (premises.reader(), Vec::with_capacity(ROWS_MAX), Vec::new());
    let (mut rows, mut last) = (0, (0, 0));
    let mut close = |block: &mut Vec<UprnRow>| {
        let Some(first) = block.first() else { return Ok(()) };
        let key = uprn_block::key(first.uprn);
        uprn_block::seal(&key, block, &mut value);
        rows += block.len() as u64;
        block.clear();
        file.block(&key, &value)
    };
    while let Some(row) = reader.next_row().map_err(sorting(directory))? {
        if row.uprn == 0 {
            // The rest are known by their addresses.
            break;
        }
        let texts = numbers.of(row.texts).ok_or_else(|| broken(directory))?;
        if row.postcode != last.0 {
            last = (row.postcode, places.0.get(&row.postcode).copied().unwrap_or_default());
        }
        let row = UprnRow { uprn: row.uprn, postcode: last.1, facts: row.facts, texts };
        digest.row(row, fingerprint(fingerprints, texts).ok_or_else(|| broken(directory))?);
        block.push(row);
        if block.len() == ROWS_MAX {
            close(&mut block)?;
        }
    }
    close(&mut block)?;
    Ok((file.finish()?, rows, digest))
}

fn fingerprint(fingerprints: &[Fingerprint], number: u32) -> Option<&Fingerprint> {
    fingerprints.get(number as usize)
}

impl ByAddress {
    /// What is to be packed by address, and the places that are needed to pack by UPRN.
    pub(super) fn split(self) -> (Sorted, Places) {
        (self.sorted, self.places)
    }
}
