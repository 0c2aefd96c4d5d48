//! How premises lie by their address: by postcode, then identifier, then UPRN. Nothing of it but its index is held in
//! memory, for few ask by address and each block is read on its own.
//!
//! Key: `x`, then the number of its first row among all, in 4 bytes, big-endian.
//!
//! | value | bytes |
//! |---|---|
//! | version, 1 | 1 |
//! | rows, at most 128; fewer where they would pass 4 KiB | 1 |
//! | each row: flags (1 a new postcode, 2 it has a UPRN, 4 it is the mark of one set aside) | 1 |
//! | a new postcode | 5 |
//! | how many bytes of the identifier are those of the row before, and how many follow; these | 2, … |
//! | with a UPRN: how far it is from the one before, as a variable number; what is said lies with the UPRN | 1 to 6 |
//! | without: facts, and the text id as a variable number | 4, 1 to 5 |
//! | CRC-32 of the key and all of the above, big-endian | 4 |
//!
//! A variable number has seven bits a byte, the lowest first; the highest bit says that more follow. Differences have their
//! sign in the lowest bit.

use crate::domain::{AddressIdentifier, Facts};

use super::{
    block::{self, VALUE_MAX, checksum},
    columns::ROWS_MAX,
};

const VERSION: u8 = 1;
const HEADER: usize = 2;
const CHECKSUM: usize = 4;
const NUMBER: usize = 5;
/// Bytes of a key.
pub(super) const KEY: usize = 1 + 4;
/// What every key of a block begins with.
pub(super) const PREFIX: u8 = b'x';

const NEW_POSTCODE: u8 = 1;
const HAS_UPRN: u8 = 2;
const SET_ASIDE: u8 = 4;

const LONGEST: usize = 1 + NUMBER + 2 + AddressIdentifier::BYTES_MAX + 4 + 10;
const _: () = assert!(HEADER + LONGEST + CHECKSUM <= VALUE_MAX);

/// A premises at a known postcode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct AddressRow<'a> {
    /// Packed.
    pub(super) postcode: u64,
    /// Folded; empty for a premises that only its UPRN names.
    pub(super) identifier: &'a [u8],
    /// 0 for a premises without one.
    pub(super) uprn: u64,
    /// Of a premises with a UPRN only [`Facts::SET_ASIDE`] is told here, or nothing.
    pub(super) facts: Option<Facts>,
    pub(super) texts: u32,
}

impl AddressRow<'_> {
    /// Rows are in this order, and no two have the same.
    pub(super) const fn order(&self) -> (u64, &[u8], u64) {
        (self.postcode, self.identifier, self.uprn)
    }

    pub(super) fn is_set_aside(&self) -> bool {
        self.facts.is_some_and(Facts::is_set_aside)
    }
}

/// The key of the block that begins with this row.
pub(super) fn key(first: u32) -> [u8; KEY] {
    block::numbered_key(PREFIX, first)
}

/// The first row's number in a key.
pub(super) fn first(key: &[u8]) -> Option<u32> {
    block::key_number(PREFIX, key)
}

/// What the next row is written, or read, by.
#[derive(Clone, Debug, Default)]
struct Before {
    postcode: u64,
    identifier: Vec<u8>,
    uprn: u64,
}

/// Gathers rows in order and hands out each block as it fills.
#[derive(Debug)]
pub(super) struct Filling {
    first: u32,
    rows: u8,
    before: Before,
    value: Vec<u8>,
    row: Vec<u8>,
}

/// A key and its value.
pub(super) type Filled = ([u8; KEY], Vec<u8>);

impl Filling {
    pub(super) fn new() -> Self {
        Self { first: 0, rows: 0, before: Before::default(), value: vec![VERSION, 0], row: Vec::new() }
    }

    /// Adds the next row; gives the block that had to be closed to make room for it.
    pub(super) fn push(&mut self, row: AddressRow<'_>) -> Option<Filled> {
        write(&mut self.row, row, &self.before);
        let full = usize::from(self.rows) == ROWS_MAX || self.value.len() + self.row.len() + CHECKSUM > VALUE_MAX;
        let filled = if full { self.close() } else { None };
        if full {
            write(&mut self.row, row, &self.before);
        }
        self.value.extend_from_slice(&self.row);
        self.rows += 1;
        self.before.postcode = row.postcode;
        self.before.identifier.clear();
        self.before.identifier.extend_from_slice(row.identifier);
        if row.uprn != 0 {
            self.before.uprn = row.uprn;
        }
        filled
    }

    /// The last block, unless it holds nothing.
    pub(super) fn close(&mut self) -> Option<Filled> {
        if self.rows == 0 {
            return None;
        }
        let key = key(self.first);
        let mut value = std::mem::replace(&mut self.value, vec![VERSION, 0]);
        if let Some(rows) = value.get_mut(1) {
            *rows = self.rows;
        }
        value.extend_from_slice(&checksum(&key, &value).to_be_bytes());
        self.first += u32::from(self.rows);
        (self.rows, self.before) = (0, Before::default());
        Some((key, value))
    }
}

fn write(to: &mut Vec<u8>, row: AddressRow<'_>, before: &Before) {
    let new_postcode = row.postcode != before.postcode;
    let flag = |is: bool, flag| if is { flag } else { 0 };
    to.clear();
    to.push(flag(new_postcode, NEW_POSTCODE) | flag(row.uprn != 0, HAS_UPRN) | flag(row.is_set_aside(), SET_ASIDE));
    if new_postcode {
        to.extend_from_slice(&row.postcode.to_be_bytes()[8 - NUMBER..]);
    }
    let shared = row.identifier.iter().zip(&before.identifier).take_while(|(a, b)| a == b).count();
    let rest = row.identifier.get(shared..).unwrap_or_default();
    to.extend_from_slice(&[shared as u8, rest.len() as u8]);
    to.extend_from_slice(rest);
    if row.uprn == 0 {
        to.extend_from_slice(&row.facts.unwrap_or(Facts::SET_ASIDE).bits().to_be_bytes());
        write_number(to, row.texts.into());
    } else {
        let distance = row.uprn.abs_diff(before.uprn);
        write_number(to, distance << 1 | u64::from(row.uprn < before.uprn));
    }
}

fn write_number(to: &mut Vec<u8>, mut number: u64) {
    while number > 0x7F {
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

/// Reads the rows of a block one after the other.
#[derive(Debug)]
pub(super) struct AddressBlock<'a> {
    rest: &'a [u8],
    left: u8,
    before: Before,
}

/// The rows of a value.
///
/// # Errors
/// Says in a word what is wrong with a value that [`Filling`] did not make for this key.
pub(super) fn open<'a>(key: &[u8], value: &'a [u8]) -> Result<AddressBlock<'a>, &'static str> {
    let (body, sum) = value.split_last_chunk::<CHECKSUM>().ok_or("a block of addresses is cut short")?;
    if checksum(key, body).to_be_bytes() != *sum {
        return Err("the checksum of a block of addresses does not match");
    }
    match body.split_first_chunk::<HEADER>() {
        Some((&[VERSION, rows], rest)) if rows > 0 => Ok(AddressBlock { rest, left: rows, before: Before::default() }),
        _ => Err("a block of addresses has an unknown version"),
    }
}

impl AddressBlock<'_> {
    /// The next row; `None` after the last.
    ///
    /// # Errors
    /// Says that it cannot be read.
    pub(super) fn next(&mut self) -> Result<Option<AddressRow<'_>>, &'static str> {
        if self.left == 0 {
            return if self.rest.is_empty() { Ok(None) } else { Err("a block of addresses is longer than it says") };
        }
        self.left -= 1;
        self.read().ok_or("a row of a block of addresses cannot be read").map(Some)
    }

    fn read(&mut self) -> Option<AddressRow<'_>> {
        let before = &mut self.before;
        let (&flags, mut rest) = self.rest.split_first()?;
        if flags & NEW_POSTCODE != 0 {
            let (postcode, after) = rest.split_first_chunk::<NUMBER>()?;
            before.postcode = postcode.iter().fold(0, |n, &byte| n << 8 | u64::from(byte));
            rest = after;
        }
        let (&[shared, added], after) = rest.split_first_chunk::<2>()?;
        let (added, after) = after.split_at_checked(usize::from(added))?;
        if usize::from(shared) > before.identifier.len() {
            return None;
        }
        before.identifier.truncate(shared.into());
        before.identifier.extend_from_slice(added);
        rest = after;
        let set_aside = flags & SET_ASIDE != 0;
        let (uprn, facts, texts);
        if flags & HAS_UPRN == 0 {
            let (bits, after) = rest.split_first_chunk::<4>()?;
            let (number, after) = read_number(after)?;
            (uprn, facts, texts) = (0, Facts::from_bits(u32::from_be_bytes(*bits)), u32::try_from(number).ok()?);
            rest = after;
            if facts.is_set_aside() != set_aside {
                return None;
            }
        } else {
            let (number, after) = read_number(rest)?;
            let distance = number >> 1;
            let sum =
                if number & 1 == 0 { before.uprn.checked_add(distance) } else { before.uprn.checked_sub(distance) };
            before.uprn = sum?;
            (uprn, facts, texts) = (before.uprn, Facts::SET_ASIDE, 0);
            rest = after;
        }
        self.rest = rest;
        let facts = (uprn == 0 || set_aside).then_some(facts);
        Some(AddressRow { postcode: before.postcode, identifier: &before.identifier, uprn, facts, texts })
    }
}

fn read_number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0;
    for (place, &byte) in bytes.iter().enumerate().take(9) {
        number |= u64::from(byte & 0x7F) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(place + 1..)?));
        }
    }
    None
}

#[cfg(test)]
#[path = "address_block_tests.rs"]
mod tests;
