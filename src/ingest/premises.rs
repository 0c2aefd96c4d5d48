//! A premises row in flight: some 30 bytes, which sort by what the row is about.
//!
//! | a row with a UPRN | bytes | one without | bytes |
//! |---|---|---|---|
//! | 0, then the UPRN | 1 + 5 | 1, then the postcode | 1 + 5 |
//! | | | the identifier, folded, then 0 | … + 1 |
//! | line | 4 | line | 4 |
//! | facts, texts, flags | 4 + 4 + 1 | facts, texts, flags | 4 + 4 + 1 |
//! | postcode, 0 where it could not be read | 5 | | |
//! | the identifier, folded | … | | |
//!
//! All numbers are big-endian: the order of the bytes is the order of the keys, and rows of one key come by line.

use std::{io, path::PathBuf};

use super::tape::{Reader, Recording, Tape};
use crate::domain::{AddressIdentifier, Facts, Postcode, Uprn};

/// A row about one premises, or the mark of one that was set aside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PremisesRow<'a> {
    /// The UPRN's number; 0 where the row has none, and is known by its postcode and identifier.
    pub uprn: u64,
    /// The postcode packed; 0 in the mark, or the delete, of a UPRN whose row told none.
    pub postcode: u64,
    /// The address identifier, folded; empty where the row has none.
    pub identifier: &'a str,
    /// What is said.
    pub facts: Facts,
    /// The row's two texts, an id of the load's [`TextTable`](super::TextTable).
    pub texts: u32,
    /// The line of the file the row begins on; 0 if it comes from none.
    pub line: u32,
    /// Unknown, because the variant's cell was empty.
    pub from_empty: bool,
}

const BY_UPRN: u8 = 0;
const BY_ADDRESS: u8 = 1;
const NUMBER: usize = 5;
const TAIL: usize = 13;
const _: () = assert!(Uprn::BITS <= 8 * NUMBER as u32);
const _: () = assert!(Postcode::BITS <= Uprn::BITS);

impl<'a> PremisesRow<'a> {
    /// The mark that the row's place was set aside.
    #[must_use]
    pub const fn mark(self) -> Self {
        Self { facts: Facts::SET_ASIDE, texts: 0, from_empty: false, ..self }
    }

    /// What the row is about: rows with the same key speak of the same premises. Keys are in the order of rows in a load:
    /// those with a UPRN by their UPRN, then the others by postcode and identifier.
    #[must_use]
    pub const fn key(self) -> (bool, u64, &'a str) {
        match self.uprn {
            0 => (true, self.postcode, self.identifier),
            uprn => (false, uprn, ""),
        }
    }

    /// Writes the row down, in place of what `record` held.
    pub(super) fn encode(self, record: &mut Vec<u8>) {
        let number = |number: u64| number.to_be_bytes().last_chunk::<NUMBER>().copied().unwrap_or_default();
        record.clear();
        if self.uprn == 0 {
            record.push(BY_ADDRESS);
            record.extend_from_slice(&number(self.postcode));
            record.extend_from_slice(self.identifier.as_bytes());
            record.push(0);
        } else {
            record.push(BY_UPRN);
            record.extend_from_slice(&number(self.uprn));
        }
        for word in [self.line, self.facts.bits(), self.texts] {
            record.extend_from_slice(&word.to_be_bytes());
        }
        record.push(u8::from(self.from_empty));
        if self.uprn != 0 {
            record.extend_from_slice(&number(self.postcode));
            record.extend_from_slice(self.identifier.as_bytes());
        }
    }

    /// Reads a row that was written down.
    pub(super) fn decode(record: &'a [u8]) -> Option<Self> {
        let (&kind, rest) = record.split_first()?;
        let (number, rest) = number(rest)?;
        let (identifier, rest) = match kind {
            BY_ADDRESS => {
                let end = memchr::memchr(0, rest)?;
                (rest.get(..end)?, rest.get(end + 1..)?)
            }
            _ => (&[][..], rest),
        };
        let (tail, rest) = rest.split_first_chunk::<TAIL>()?;
        let &[l1, l2, l3, l4, f1, f2, f3, f4, t1, t2, t3, t4, flags] = tail;
        let (uprn, postcode, identifier) = match kind {
            BY_ADDRESS => (0, number, identifier),
            _ => {
                let (postcode, identifier) = self::number(rest)?;
                (number, postcode, identifier)
            }
        };
        Some(Self {
            uprn,
            postcode,
            identifier: str::from_utf8(identifier).ok()?,
            facts: Facts::from_bits(u32::from_be_bytes([f1, f2, f3, f4])),
            texts: u32::from_be_bytes([t1, t2, t3, t4]),
            line: u32::from_be_bytes([l1, l2, l3, l4]),
            from_empty: flags != 0,
        })
    }
}

fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<NUMBER>()?;
    Some((number.iter().fold(0, |n, &byte| n << 8 | u64::from(byte)), rest))
}

/// The part of a written row that says what it is about.
pub(super) fn key_bytes(record: &[u8]) -> &[u8] {
    let number = 1 + NUMBER;
    let end = match record.first() {
        Some(&BY_ADDRESS) => {
            let identifier = record.get(number..).unwrap_or_default();
            number + memchr::memchr(0, identifier).unwrap_or(identifier.len())
        }
        _ => number,
    };
    record.get(..end).unwrap_or(record)
}

/// What names a premises in a file's row, as far as it can be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Named {
    pub(super) uprn: Option<Uprn>,
    pub(super) postcode: Option<Postcode>,
    pub(super) identifier: Option<AddressIdentifier>,
}

impl Named {
    /// A row about it.
    pub(super) fn row(&self, facts: Facts, texts: u32, line: u32, from_empty: bool) -> PremisesRow<'_> {
        PremisesRow {
            uprn: self.uprn.map_or(0, Uprn::number),
            postcode: self.postcode.map_or(0, Postcode::packed),
            identifier: self.identifier.as_ref().map_or("", AddressIdentifier::as_str),
            facts,
            texts,
            line,
            from_empty,
        }
    }
}

/// Premises rows up to this many bytes are held in memory.
const IN_MEMORY: usize = 4 << 20;

/// One row for each premises, in the order of [`PremisesRow::key`], marks among them. They lie on disk if they are many.
#[derive(Clone, Debug, Default)]
pub struct Premises {
    rows: u64,
    answers: u64,
    recording: Recording,
}

/// Gathers [`Premises`].
pub struct PremisesWriter {
    tape: Tape,
    record: Vec<u8>,
    premises: Premises,
}

/// Reads [`Premises`] from the first to the last.
#[derive(Debug)]
pub struct PremisesReader(Reader);

impl PremisesWriter {
    /// Rows that need much memory go to a file made at `path`, unlinked at once.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { tape: Tape::new(path, IN_MEMORY), record: Vec::new(), premises: Premises::default() }
    }

    /// Takes the next row in.
    ///
    /// # Errors
    /// Of the disk.
    pub fn push(&mut self, row: PremisesRow<'_>) -> io::Result<()> {
        row.encode(&mut self.record);
        self.count(row.facts);
        self.tape.push(&self.record)
    }

    /// Takes the next row in as it was written down already.
    pub(super) fn push_written(&mut self, record: &[u8], facts: Facts) -> io::Result<()> {
        self.count(facts);
        self.tape.push(record)
    }

    fn count(&mut self, facts: Facts) {
        self.premises.rows += 1;
        self.premises.answers += u64::from(!facts.is_set_aside());
    }

    /// All of them.
    ///
    /// # Errors
    /// Of the disk.
    pub fn finish(self) -> io::Result<Premises> {
        Ok(Premises { recording: self.tape.finish()?, ..self.premises })
    }
}

impl Premises {
    /// How many there are, marks included.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// How many there are without the marks.
    #[must_use]
    pub const fn answers(&self) -> u64 {
        self.answers
    }

    /// Reads them.
    #[must_use]
    pub fn reader(&self) -> PremisesReader {
        PremisesReader(self.recording.reader())
    }
}

impl PremisesReader {
    /// The next row; `None` after the last.
    ///
    /// # Errors
    /// Of the disk.
    pub fn next_row(&mut self) -> io::Result<Option<PremisesRow<'_>>> {
        let unreadable = || io::Error::new(io::ErrorKind::InvalidData, "a premises row cannot be read back");
        let Some(record) = self.0.next()? else { return Ok(None) };
        PremisesRow::decode(record).map(Some).ok_or_else(unreadable)
    }
}

#[cfg(test)]
#[path = "premises_tests.rs"]
mod tests;
