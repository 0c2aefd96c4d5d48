//! How postcode rows lie on disk: one block a sector, each row a fixed few bytes.
//!
//! Key: `p`, then the sector's number, big-endian, so that the database holds sectors in the order of their text.
//!
//! | value | bytes |
//! |---|---|
//! | version, 1 | 1 |
//! | width of a text id, 0 to 4 | 1 |
//! | rows, big-endian | 2 |
//! | the rows by unit, each: unit (10 bits) and facts (26 bits) in 5 bytes, text id in `width` bytes, big-endian | |
//! | CRC-32 of the key and all of the above, big-endian | 4 |

use crate::domain::{Facts, Sector, Unit};

const VERSION: u8 = 1;
const HEADER: usize = 4;
const CHECKSUM: usize = 4;
const WORD: usize = 5;
const UNIT_SHIFT: u32 = Facts::BITS;

/// sled splits pages above this; a value that stays below is written once and read whole.
pub(super) const VALUE_MAX: usize = 4096;
/// What inserting a block or checking one counts as, in the steps of [`Breath`](crate::ingest::Breath): with what sled does
/// for it, some 20 µs.
pub(super) const BLOCK_STEPS: u32 = 64;

const UNITS_MAX: usize = Unit::COUNT;

// The fullest sector there can be, with the widest text ids, is one block: no sector ever continues in a second one.
const _: () = assert!(HEADER + UNITS_MAX * (WORD + 4) + CHECKSUM <= VALUE_MAX);

/// The layout of one load's rows: how many bytes its text ids take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Layout {
    width: u8,
}

/// One row of a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    pub(super) unit: Unit,
    pub(super) facts: Facts,
    pub(super) texts: u32,
}

impl Layout {
    /// The narrowest layout that holds text ids up to `last`.
    pub(super) const fn for_texts(last: u32) -> Self {
        let bits = u32::BITS - last.leading_zeros();
        Self { width: bits.div_ceil(8) as u8 }
    }

    /// Bytes a row takes.
    pub(super) const fn stride(self) -> usize {
        WORD + self.width as usize
    }

    /// Appends a row to entries.
    pub(super) fn push(self, unit_and_facts: u64, texts: u32, entries: &mut Vec<u8>) {
        entries.extend_from_slice(&unit_and_facts.to_be_bytes()[8 - WORD..]);
        entries.extend_from_slice(&texts.to_be_bytes()[4 - usize::from(self.width)..]);
    }

    /// Reads the row in exactly [`Layout::stride`] bytes.
    pub(super) fn read(self, row: &[u8]) -> Option<Entry> {
        let (word, texts) = row.split_at_checked(WORD)?;
        let word = number(word);
        let unit = Unit::from_packed(u16::try_from(word >> UNIT_SHIFT).ok()?)?;
        let facts = Facts::from_bits(u32::try_from(word & ((1 << UNIT_SHIFT) - 1)).ok()?);
        Some(Entry { unit, facts, texts: u32::try_from(number(texts)).ok()? })
    }
}

/// The unit is the first ten of a row's 36 bits, which begin four bits into its first byte.
fn unit_at(entries: &[u8], at: usize) -> Option<u16> {
    let &[high, low] = entries.get(at..)?.first_chunk::<2>()?;
    Some(u16::from_be_bytes([high, low]) >> 2 & ((1 << Unit::BITS) - 1))
}

fn number(big_endian: &[u8]) -> u64 {
    big_endian.iter().fold(0, |n, &byte| n << 8 | u64::from(byte))
}

/// The key of a sector's block.
pub(super) fn key(sector: Sector) -> [u8; 5] {
    numbered_key(PREFIX, sector.packed())
}

/// A key of which only the number differs from others of its kind: the kind, and the number so that keys sort by it.
pub(super) fn numbered_key(prefix: u8, number: u32) -> [u8; 5] {
    let [a, b, c, d] = number.to_be_bytes();
    [prefix, a, b, c, d]
}

/// The number in a key of this kind.
pub(super) fn key_number(prefix: u8, key: &[u8]) -> Option<u32> {
    match *key {
        [kind, a, b, c, d] if kind == prefix => Some(u32::from_be_bytes([a, b, c, d])),
        _ => None,
    }
}

/// What every key of a postcode block begins with.
pub(super) const PREFIX: u8 = b'p';

/// The sector a key names.
pub(super) fn sector(key: &[u8]) -> Option<Sector> {
    key_number(PREFIX, key).and_then(Sector::from_packed)
}

/// Wraps sorted entries as the value of their sector's key.
pub(super) fn seal(key: &[u8], layout: Layout, entries: &[u8], value: &mut Vec<u8>) {
    let rows = entries.len() / layout.stride();
    value.clear();
    value.extend_from_slice(&[VERSION, layout.width]);
    value.extend_from_slice(&u16::try_from(rows).unwrap_or(u16::MAX).to_be_bytes());
    value.extend_from_slice(entries);
    value.extend_from_slice(&checksum(key, value).to_be_bytes());
}

/// The entries within a value.
///
/// # Errors
/// Says in a word what is wrong with a value that [`seal`] did not make for this key and layout.
pub(super) fn open<'a>(key: &[u8], layout: Layout, value: &'a [u8]) -> Result<&'a [u8], &'static str> {
    let (body, sum) = value.split_last_chunk::<CHECKSUM>().ok_or("a block is cut short")?;
    if checksum(key, body).to_be_bytes() != *sum {
        return Err("a block's checksum does not match");
    }
    let (&[version, width, high, low], entries) = body.split_first_chunk::<HEADER>().ok_or("a block is cut short")?;
    if version != VERSION {
        return Err("a block has an unknown version");
    }
    if width != layout.width {
        return Err("a block has another layout than its load");
    }
    let rows = usize::from(u16::from_be_bytes([high, low]));
    if rows == 0 || rows > UNITS_MAX || entries.len() != rows * layout.stride() {
        return Err("a block has another length than it says");
    }
    let in_order = |pair: [usize; 2]| unit_at(entries, pair[0]) < unit_at(entries, pair[1]);
    if !(1..rows).all(|row| in_order([(row - 1) * layout.stride(), row * layout.stride()])) {
        return Err("a block's rows are out of order");
    }
    Ok(entries)
}

/// The key is part of the sum, so that a value under another sector's key is found out.
pub(super) fn checksum(key: &[u8], body: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(key);
    sum.update(body);
    sum.finalize()
}

#[cfg(test)]
#[path = "block_tests.rs"]
mod tests;
