//! A GB postcode, canonical by construction.

use std::{fmt, str::FromStr};

use super::{PostcodeError, ShortText};

/// Letters allowed in each place of a live GB postcode (measured on all 1,745,849 of November 2025), one bit a letter.
const FIRST: u32 = letters(b"ABCDEFGHIJKLMNOPRSTUWYZ");
const SECOND: u32 = letters(b"ABCDEFGHKLMNOPQRSTUVWXY");
/// The letter that may end an outward code of two letters, a digit and a letter (`EC1A`).
const FOURTH: u32 = letters(b"ABEHMNPRVWXY");
/// The letter that may end an outward code of one letter, a digit and a letter (`W1A`).
const THIRD: u32 = letters(b"ABCDEFGHJKPSTUW");
const UNIT: u32 = letters(b"ABDEFGHJLNPQRSTUWXYZ");

const fn letters(of: &[u8]) -> u32 {
    let mut mask = 0;
    let mut i = 0;
    while i < of.len() {
        mask |= 1 << (of[i] - b'A');
        i += 1;
    }
    mask
}

const fn is(mask: u32, letter: u8) -> bool {
    letter.is_ascii_uppercase() && mask >> (letter - b'A') & 1 == 1
}

/// The longest postcode without its space.
const MAX: usize = 7;
/// The inward code: a digit and two letters.
const INWARD: usize = 3;

/// A well-formed GB postcode, held packed in the low 38 bits of a `u64`.
///
/// The packing keeps the order of the canonical text, and all postcodes of a sector lie side by side: four outward
/// characters of six bits (blank, then digits, then letters), the sector's digit in four, the unit's letters in five each.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Postcode(u64);

/// An outward code and the digit after it (`SW1A 1`): some 160 postcodes, one block of the store.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sector(u32);

/// The last two letters of a postcode: its place within its [`Sector`], 10 bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Unit(u16);

impl Postcode {
    /// How many low bits of [`Postcode::packed`] are used.
    pub const BITS: u32 = Sector::BITS + Unit::BITS;

    /// Reads a postcode in any case and spacing.
    ///
    /// # Errors
    /// [`PostcodeError`] says what is wrong with a text that is not a well-formed GB postcode. Well formed means that it
    /// could be live: codes of shapes that died long ago (`W1X`, `NPT`) are malformed.
    pub fn parse(text: &str) -> Result<Self, PostcodeError> {
        if let Some(postcode) = Self::parse_canonical(text.as_bytes()) {
            return Ok(postcode);
        }
        let mut code = [0u8; MAX];
        let mut len = 0;
        for c in text.chars().filter(|c| !c.is_whitespace()) {
            let Some(ascii) = u8::try_from(c).ok().filter(u8::is_ascii_alphanumeric) else {
                return Err(PostcodeError::character(text, c));
            };
            if let Some(place) = code.get_mut(len) {
                *place = ascii.to_ascii_uppercase();
            }
            len += 1;
        }
        let code = code.get(..len).ok_or_else(|| PostcodeError::length(text, len))?;
        if len < 5 {
            return Err(PostcodeError::length(text, len));
        }
        let (outward, inward) = code.split_at(len - INWARD);
        if !(outward_is_live(outward) && inward_is_live(inward) || code == b"GIR0AA") {
            return Err(PostcodeError::shape(text));
        }
        Ok(Self::pack(outward, inward))
    }

    /// Reads a postcode that is written in its canonical form, as nearly all are: several times as fast.
    ///
    /// `None` says only that [`Postcode::parse`] must look at the text.
    #[must_use]
    pub fn parse_canonical(text: &[u8]) -> Option<Self> {
        let [outward @ .., b' ', digit, a, b] = text else { return None };
        let inward = [*digit, *a, *b];
        (inward_is_live(&inward) && outward_is_live(outward)).then(|| Self::pack(outward, &inward))
    }

    fn pack(outward: &[u8], inward: &[u8]) -> Self {
        let outward = (0..4).fold(0u64, |acc, i| acc << 6 | u64::from(outward.get(i).map_or(0, |&c| code_of(c))));
        let digit = u64::from(inward[0] - b'0');
        let unit = u64::from(inward[1] - b'A') << 5 | u64::from(inward[2] - b'A');
        Self((outward << 4 | digit) << Unit::BITS | unit)
    }

    /// The postcode as a number in the order of the canonical text; only the low [`Postcode::BITS`] bits are used.
    #[must_use]
    pub const fn packed(self) -> u64 {
        self.0
    }

    /// The inverse of [`Postcode::packed`]; `None` for a number that no well-formed postcode has.
    #[must_use]
    pub fn from_packed(packed: u64) -> Option<Self> {
        let text = Self(packed);
        (packed >> Self::BITS == 0).then(|| Self::parse(&text.to_string()).ok())?.filter(|&parsed| parsed == text)
    }

    /// The canonical text: upper case, one space (`SW1A 1AA`).
    #[must_use]
    pub const fn canonical(self) -> ShortText<8> {
        let mut text = self.sector().canonical();
        text.push(b'A' + (self.0 >> 5 & 31) as u8);
        text.push(b'A' + (self.0 & 31) as u8);
        text
    }

    /// The sector this postcode lies in.
    #[must_use]
    pub const fn sector(self) -> Sector {
        Sector((self.0 >> Unit::BITS) as u32)
    }

    /// Its place within the sector.
    #[must_use]
    pub const fn unit(self) -> Unit {
        Unit((self.0 & ((1 << Unit::BITS) - 1)) as u16)
    }
}

impl Sector {
    /// How many low bits of [`Sector::packed`] are used.
    pub const BITS: u32 = 28;

    /// The sector as a number, in the order of its postcodes; only the low [`Sector::BITS`] bits are used.
    #[must_use]
    pub const fn packed(self) -> u32 {
        self.0
    }

    /// The beginning that its postcodes share (`SW1A 1`).
    const fn canonical(self) -> ShortText<8> {
        let mut text = ShortText::new();
        let mut place = 4;
        while place > 0 {
            place -= 1;
            match (self.0 >> (4 + 6 * place) & 63) as u8 {
                digit @ 1..=10 => text.push(digit - 1 + b'0'),
                letter @ 11..=36 => text.push(letter - 11 + b'A'),
                _ => {}
            }
        }
        text.push(b' ');
        text.push(b'0' + (self.0 & 15) as u8);
        text
    }

    /// A sector from its number, which only [`Sector::packed`] should have made: postcodes built on it are checked.
    #[must_use]
    pub const fn from_packed(packed: u32) -> Option<Self> {
        if packed >> Self::BITS == 0 { Some(Self(packed)) } else { None }
    }

    /// The postcode at a place within this sector; `None` where no well-formed postcode stands there.
    #[must_use]
    pub fn postcode(self, unit: Unit) -> Option<Postcode> {
        Postcode::from_packed(u64::from(self.0) << Unit::BITS | u64::from(unit.0))
    }
}

impl Unit {
    /// How many low bits of [`Unit::packed`] are used.
    pub const BITS: u32 = 10;

    /// The unit as a number, in the order of its letters.
    #[must_use]
    pub const fn packed(self) -> u16 {
        self.0
    }

    /// A unit from its number.
    #[must_use]
    pub const fn from_packed(packed: u16) -> Option<Self> {
        if packed >> Self::BITS == 0 { Some(Self(packed)) } else { None }
    }

    /// How many units a sector can have: twenty letters stand in each of the two places.
    pub const COUNT: usize = 20 * 20;

    /// Its place among the [`Unit::COUNT`] that can be, in their order; `None` for letters that no postcode ends in.
    #[must_use]
    pub fn place(self) -> Option<usize> {
        let (first, second) = ((self.0 >> 5) as u32, (self.0 & 31) as u32);
        if UNIT >> first & UNIT >> second & 1 == 0 {
            return None;
        }
        let before = |letter: u32| (UNIT & ((1 << letter) - 1)).count_ones() as usize;
        Some(before(first) * 20 + before(second))
    }
}

fn outward_is_live(outward: &[u8]) -> bool {
    match *outward {
        [a, b] => is(FIRST, a) && b.is_ascii_digit(),
        [a, b, c] if b.is_ascii_digit() => is(FIRST, a) && (c.is_ascii_digit() || is(THIRD, c)),
        [a, b, c] => is(FIRST, a) && is(SECOND, b) && c.is_ascii_digit(),
        [a, b, c, d] => is(FIRST, a) && is(SECOND, b) && c.is_ascii_digit() && (d.is_ascii_digit() || is(FOURTH, d)),
        _ => false,
    }
}

fn inward_is_live(inward: &[u8]) -> bool {
    matches!(*inward, [digit, a, b] if digit.is_ascii_digit() && is(UNIT, a) && is(UNIT, b))
}

/// Blank is 0, digits are 1 to 10, letters 11 to 36: the order of ASCII.
const fn code_of(c: u8) -> u8 {
    if c.is_ascii_digit() { c - b'0' + 1 } else { c - b'A' + 11 }
}

/// The canonical text: upper case, one space (`SW1A 1AA`).
impl fmt::Display for Postcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.canonical().fmt(f)
    }
}

/// The sector as its postcodes begin (`SW1A 1`).
impl fmt::Display for Sector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.canonical().fmt(f)
    }
}

impl fmt::Debug for Postcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Postcode({self})")
    }
}

impl fmt::Debug for Sector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sector({self})")
    }
}

impl FromStr for Postcode {
    type Err = PostcodeError;

    fn from_str(text: &str) -> Result<Self, PostcodeError> {
        Self::parse(text)
    }
}

#[cfg(test)]
#[path = "postcode_tests.rs"]
mod tests;
