//! How premises lie by their UPRN: 128 consecutive rows a block, found by the first UPRN of each.
//!
//! Key: `u`, then the block's first UPRN in 5 bytes, big-endian.
//!
//! | value | bytes |
//! |---|---|
//! | version, 1 | 1 |
//! | rows | 1 |
//! | a column: how far each UPRN is from the first | |
//! | a column: the number of each postcode among the load's that have premises, from 1; 0 where it is not known | |
//! | a column: the facts (26 bits) and above them the text id | |
//! | CRC-32 of the key and all of the above, big-endian | 4 |

use crate::domain::{Facts, Uprn};

use super::{
    block::{VALUE_MAX, checksum},
    columns::{self, Column, ROWS_MAX},
};

const VERSION: u8 = 1;
const HEADER: usize = 2;
const CHECKSUM: usize = 4;
const NUMBER: usize = 5;
/// Bytes of a key.
pub(super) const KEY: usize = 1 + NUMBER;
/// What every key of a block begins with.
pub(super) const PREFIX: u8 = b'u';

const WIDEST: usize = 2 + ROWS_MAX * 5 + 2 + ROWS_MAX * 4 + 2 + ROWS_MAX * 8;
const _: () = assert!(HEADER + WIDEST + CHECKSUM <= VALUE_MAX && Uprn::BITS <= 8 * NUMBER as u32);
const _: () = assert!(Facts::BITS + u32::BITS <= u64::BITS);

/// A premises with a UPRN.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct UprnRow {
    pub(super) uprn: u64,
    /// Its postcode's number among the load's, from 1; 0 where it is not known.
    pub(super) postcode: u32,
    pub(super) facts: Facts,
    pub(super) texts: u32,
}

/// A block, opened.
#[derive(Clone, Copy, Debug)]
pub(super) struct UprnBlock<'a> {
    first: u64,
    rows: usize,
    distances: Column<'a>,
    postcodes: Column<'a>,
    said: Column<'a>,
}

/// The key of the block that begins with this UPRN.
pub(super) fn key(first: u64) -> [u8; KEY] {
    let [_, _, _, a, b, c, d, e] = first.to_be_bytes();
    [PREFIX, a, b, c, d, e]
}

/// The first UPRN in a key.
pub(super) fn first(key: &[u8]) -> Option<u64> {
    match key {
        &[PREFIX, a, b, c, d, e] => Some(u64::from_be_bytes([0, 0, 0, a, b, c, d, e])),
        _ => None,
    }
}

/// Packs at most [`ROWS_MAX`] rows, in the order of their UPRNs, as the value of this key.
pub(super) fn seal(key: &[u8], rows: &[UprnRow], value: &mut Vec<u8>) {
    let first = rows.first().map_or(0, |row| row.uprn);
    value.clear();
    value.extend_from_slice(&[VERSION, rows.len() as u8]);
    push_column(rows, |row| row.uprn - first, value);
    push_column(rows, |row| row.postcode.into(), value);
    push_column(rows, |row| u64::from(row.texts) << Facts::BITS | u64::from(row.facts.bits()), value);
    value.extend_from_slice(&checksum(key, value).to_be_bytes());
}

fn push_column(rows: &[UprnRow], number: impl Fn(&UprnRow) -> u64, value: &mut Vec<u8>) {
    let mut numbers = [0; ROWS_MAX];
    numbers.iter_mut().zip(rows).for_each(|(to, row)| *to = number(row));
    columns::push(numbers.get(..rows.len()).unwrap_or_default(), value);
}

/// The block within a value.
///
/// # Errors
/// Says in a word what is wrong with a value that [`seal`] did not make for this key.
pub(super) fn open<'a>(key: &[u8], value: &'a [u8]) -> Result<UprnBlock<'a>, &'static str> {
    let (body, sum) = value.split_last_chunk::<CHECKSUM>().ok_or("a block of premises is cut short")?;
    if checksum(key, body).to_be_bytes() != *sum {
        return Err("the checksum of a block of premises does not match");
    }
    if body.first() != Some(&VERSION) {
        return Err("a block of premises has an unknown version");
    }
    let first = first(key).ok_or("the key of a block of premises cannot be read")?;
    let block = UprnBlock::of(first, value).ok_or("a block of premises cannot be read")?;
    let distance = |row| block.distances.get(row);
    if distance(0) != Some(0) || !(1..block.rows).all(|row| distance(row - 1) < distance(row)) {
        return Err("the rows of a block of premises are out of order");
    }
    Ok(block)
}

impl<'a> UprnBlock<'a> {
    /// The block within a value that [`open`] has checked before.
    pub(super) fn of(first: u64, value: &'a [u8]) -> Option<Self> {
        let (body, _) = value.split_last_chunk::<CHECKSUM>()?;
        let (&[_, rows], body) = body.split_first_chunk::<HEADER>()?;
        let rows = usize::from(rows);
        let (distances, body) = Column::split(body, rows)?;
        let (postcodes, body) = Column::split(body, rows)?;
        let (said, body) = Column::split(body, rows)?;
        let whole = body.is_empty() && (1..=ROWS_MAX).contains(&rows);
        whole.then_some(Self { first, rows, distances, postcodes, said })
    }

    /// How many rows it has.
    pub(super) const fn len(&self) -> usize {
        self.rows
    }

    /// One of its rows.
    pub(super) fn row(&self, row: usize) -> Option<UprnRow> {
        let said = self.said.get(row)?;
        Some(UprnRow {
            uprn: self.first.checked_add(self.distances.get(row)?)?,
            postcode: u32::try_from(self.postcodes.get(row)?).ok()?,
            facts: Facts::from_bits((said & ((1 << Facts::BITS) - 1)) as u32),
            texts: u32::try_from(said >> Facts::BITS).ok()?,
        })
    }

    /// The row of a UPRN.
    pub(super) fn find(&self, uprn: u64) -> Option<UprnRow> {
        let distance = uprn.checked_sub(self.first)?;
        let (mut low, mut high) = (0, self.rows);
        while low < high {
            let middle = low.midpoint(high);
            if self.distances.get(middle)? < distance { low = middle + 1 } else { high = middle }
        }
        self.row(low).filter(|row| low < self.rows && row.uprn == uprn)
    }
}

#[cfg(test)]
#[path = "uprn_block_tests.rs"]
mod tests;
