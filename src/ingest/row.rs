//! A row in flight: 16 bytes.

use crate::domain::{Facts, Postcode, Sector, Unit};

/// A validated postcode row, or the mark of one that was set aside, ready to be sorted and packed.
///
/// The first word is the postcode (38 bits) and what is said of it (26 bits), so that sorting rows sorts by postcode and
/// brings equal rows together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Row {
    word: u64,
    /// The row's two texts, an id of the load's [`TextTable`](super::TextTable); 0 is both empty.
    pub texts: u32,
    /// The line of the file the row begins on; the header row is line 1.
    pub line: u32,
}

const _: () = assert!(size_of::<Row>() == 16 && Postcode::BITS + Facts::BITS == u64::BITS);

impl Row {
    /// Packs a row.
    #[must_use]
    pub const fn new(postcode: Postcode, facts: Facts, texts: u32, line: u32) -> Self {
        Self { word: postcode.packed() << Facts::BITS | facts.bits() as u64, texts, line }
    }

    /// A row as it is stored: its place in a sector, what is said of it, its texts; it comes from no line of a file.
    #[must_use]
    pub const fn stored(sector: Sector, unit: Unit, facts: Facts, texts: u32) -> Self {
        let postcode = (sector.packed() as u64) << Unit::BITS | unit.packed() as u64;
        Self { word: postcode << Facts::BITS | facts.bits() as u64, texts, line: 0 }
    }

    /// The same place and line, saying something else.
    #[must_use]
    pub const fn saying(&self, facts: Facts, texts: u32) -> Self {
        Self { word: self.key() << Facts::BITS | facts.bits() as u64, texts, line: self.line }
    }

    /// The first word: the postcode and what is said of it.
    #[must_use]
    pub const fn word(&self) -> u64 {
        self.word
    }

    /// A row from its first word; it comes from no line of a file.
    #[must_use]
    pub const fn from_word(word: u64, texts: u32) -> Self {
        Self { word, texts, line: 0 }
    }

    /// The postcode packed: rows with the same key speak of the same place.
    #[must_use]
    pub const fn key(&self) -> u64 {
        self.word >> Facts::BITS
    }

    /// The mark that the row's place was set aside.
    #[must_use]
    pub fn mark(&self) -> Self {
        Self { word: self.key() << Facts::BITS | u64::from(Facts::SET_ASIDE.bits()), texts: 0, line: self.line }
    }

    /// The sector the row belongs to.
    #[must_use]
    pub const fn sector(&self) -> Option<Sector> {
        Sector::from_packed((self.word >> (Facts::BITS + Unit::BITS)) as u32)
    }

    /// The unit and the facts, as the store keeps them: 36 bits.
    #[must_use]
    pub const fn unit_and_facts(&self) -> u64 {
        self.word & ((1 << (Unit::BITS + Facts::BITS)) - 1)
    }

    /// What is said.
    #[must_use]
    pub const fn facts(&self) -> Facts {
        Facts::from_bits(self.word as u32)
    }
}
