//! The two free texts of a load's rows, each distinct pair stored once.
//!
//! Pairs are numbered from 1 by first use in row order (0 is "both empty" and is not stored), so that a shuffled file
//! gives the same numbers. They lie in chunks under 4 KiB. Key: `t`, then the first pair's number, big-endian.
//!
//! | value | bytes |
//! |---|---|
//! | version, 1 | 1 |
//! | each pair: length of the first text, length of the second, both texts | 2, 2, … |
//! | CRC-32 of the key and all of the above, big-endian | 4 |

use super::block::{self, VALUE_MAX, checksum};

const VERSION: u8 = 1;
const CHECKSUM: usize = 4;
pub(super) const PREFIX: u8 = b't';

/// The key of the chunk that begins with this pair.
pub(super) fn key(first: u32) -> [u8; 5] {
    block::numbered_key(PREFIX, first)
}

/// The first pair's number in a key.
pub(super) fn first(key: &[u8]) -> Option<u32> {
    block::key_number(PREFIX, key)
}

/// Gathers pairs in order and hands out each chunk as it fills.
#[derive(Debug)]
pub(super) struct Chunks {
    first: u32,
    next: u32,
    value: Vec<u8>,
}

impl Chunks {
    pub(super) fn new() -> Self {
        Self { first: 1, next: 1, value: vec![VERSION] }
    }

    /// Adds the next pair; gives the chunk that had to be closed to make room for it.
    pub(super) fn push(&mut self, auxiliary: &str, additional: &str) -> Option<([u8; 5], Vec<u8>)> {
        let pair = 4 + auxiliary.len() + additional.len();
        let full = if self.value.len() + pair + CHECKSUM > VALUE_MAX { self.close() } else { None };
        for text in [auxiliary, additional] {
            self.value.extend_from_slice(&u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
        }
        self.value.extend_from_slice(auxiliary.as_bytes());
        self.value.extend_from_slice(additional.as_bytes());
        self.next += 1;
        full
    }

    /// The last chunk, unless it holds nothing.
    pub(super) fn close(&mut self) -> Option<([u8; 5], Vec<u8>)> {
        if self.next == self.first {
            return None;
        }
        let key = key(self.first);
        let mut value = std::mem::replace(&mut self.value, vec![VERSION]);
        value.extend_from_slice(&checksum(&key, &value).to_be_bytes());
        self.first = self.next;
        Some((key, value))
    }
}

/// The pairs within a chunk's value, checked.
///
/// # Errors
/// Says in a word what is wrong with a value that [`Chunks`] did not make for this key.
pub(super) fn open<'a>(
    key: &[u8],
    value: &'a [u8],
) -> Result<impl Iterator<Item = Result<(&'a str, &'a str), &'static str>>, &'static str> {
    let (body, sum) = value.split_last_chunk::<CHECKSUM>().ok_or("a chunk of texts is cut short")?;
    if checksum(key, body).to_be_bytes() != *sum {
        return Err("the checksum of a chunk of texts does not match");
    }
    let Some((&VERSION, mut rest)) = body.split_first() else {
        return Err("a chunk of texts has an unknown version");
    };
    Ok(std::iter::from_fn(move || {
        let (found, after) = match rest {
            [] => return None,
            bytes => pair(bytes)
                .map_or((Err("a chunk of texts cannot be read"), &[][..]), |(a, b, after)| (Ok((a, b)), after)),
        };
        rest = after;
        Some(found)
    }))
}

/// Splits the first pair off.
fn pair(bytes: &[u8]) -> Option<(&str, &str, &[u8])> {
    let (&[a, b, c, d], rest) = bytes.split_first_chunk::<4>()?;
    let (auxiliary, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([a, b])))?;
    let (additional, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([c, d])))?;
    Some((str::from_utf8(auxiliary).ok()?, str::from_utf8(additional).ok()?, rest))
}

#[cfg(test)]
#[path = "text_chunks_tests.rs"]
mod tests;
