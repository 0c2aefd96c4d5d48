//! A Unique Property Reference Number.

use std::{fmt, str::FromStr};

/// The number Ordnance Survey's partners give each addressable place in Great Britain: 1 to 12 digits, never 0.
///
/// Numbers are dense in places and sparse in others, and say nothing of where a place lies.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Uprn(u64);

/// A text that is not a UPRN. It names somebody's home: show it to the caller, and log it only at debug level.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("\"{quoted}\" is not a UPRN: {fault}")]
pub struct UprnError {
    quoted: String,
    fault: Fault,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
enum Fault {
    #[error("it is empty; send 1 to 12 digits")]
    Empty,
    #[error("it holds the character {0:?}; send 1 to 12 digits")]
    Character(char),
    #[error("it has {0} digits, and a UPRN has 1 to 12")]
    Length(usize),
    #[error("zero is no property's number")]
    Zero,
}

/// How much of the sender's text a message quotes.
const QUOTED: usize = 16;

impl Uprn {
    /// How many low bits of [`Uprn::number`] are used.
    pub const BITS: u32 = 40;
    /// The most digits one has.
    pub const DIGITS: usize = 12;
    /// The greatest: twelve nines.
    pub const MAX: u64 = 999_999_999_999;

    /// Reads a UPRN in any spacing. Leading zeros mean nothing.
    ///
    /// # Errors
    /// [`UprnError`] for anything but 1 to 12 digits, and for zero.
    pub fn parse(text: &str) -> Result<Self, UprnError> {
        let (mut number, mut digits) = (0u64, 0);
        for c in text.chars().filter(|c| !c.is_whitespace()) {
            let digit = c.to_digit(10).ok_or_else(|| UprnError::new(text, Fault::Character(c)))?;
            digits += 1;
            if digits <= Self::DIGITS {
                number = number * 10 + u64::from(digit);
            }
        }
        match digits {
            0 => Err(UprnError::new(text, Fault::Empty)),
            1..=Self::DIGITS => Self::new(number).ok_or_else(|| UprnError::new(text, Fault::Zero)),
            _ => Err(UprnError::new(text, Fault::Length(digits))),
        }
    }

    /// A UPRN from its number; `None` for zero and for numbers of more than twelve digits.
    #[must_use]
    pub const fn new(number: u64) -> Option<Self> {
        if number > 0 && number <= Self::MAX { Some(Self(number)) } else { None }
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl UprnError {
    fn new(text: &str, fault: Fault) -> Self {
        let mut quoted: String = text.chars().take(QUOTED).flat_map(char::escape_debug).collect();
        if text.chars().nth(QUOTED).is_some() {
            quoted.push('…');
        }
        Self { quoted, fault }
    }
}

/// Without leading zeros.
impl fmt::Display for Uprn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Uprn {
    type Err = UprnError;

    fn from_str(text: &str) -> Result<Self, UprnError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn leading_zeros_and_spaces_mean_nothing() {
        for (text, number) in [
            ("1", 1),
            ("000000000001", 1),
            (" 100 023 336 956 ", 100_023_336_956),
            ("\u{a0}10\t0", 100),
            ("999999999999", Uprn::MAX),
        ] {
            assert_eq!(Uprn::parse(text).map(Uprn::number), Ok(number), "{text:?}");
        }
        assert_eq!(Uprn::new(7).unwrap().to_string(), "7");
        const { assert!(Uprn::MAX >> Uprn::BITS == 0) }
    }

    #[test]
    fn what_is_no_uprn_says_why() {
        for (text, said) in [
            ("", "\"\" is not a UPRN: it is empty; send 1 to 12 digits"),
            (" \t", "is empty"),
            ("0", "zero is no property's number"),
            ("000000000000", "zero is no property's number"),
            ("1000000000000", "it has 13 digits"),
            ("0000000000001", "it has 13 digits"),
            ("-1", "the character '-'"),
            ("+1", "the character '+'"),
            ("1.0", "the character '.'"),
            ("1e9", "the character 'e'"),
            ("١٢", "the character '١'"),
            ("１２", "the character '１'"),
            ("SW1A 1AA", "the character 'S'"),
            ("1\u{1b}[31m", "\"1\\u{1b}[31m\""),
            ("123456789012345678", "\"1234567890123456…\""),
        ] {
            let error = Uprn::parse(text).unwrap_err().to_string();
            assert!(error.contains(said), "{text:?}: {error}");
        }
    }

    proptest! {
        #[test]
        fn every_number_reads_back_padded_or_not(number in 1..=Uprn::MAX) {
            let uprn = Uprn::new(number).unwrap();
            prop_assert_eq!(uprn.to_string().parse(), Ok(uprn));
            prop_assert_eq!(format!("{number:012}").parse(), Ok(uprn));
        }

        #[test]
        fn no_text_makes_it_panic_and_what_is_read_is_in_range(text in ".{0,20}") {
            if let Ok(uprn) = Uprn::parse(&text) {
                prop_assert!((1..=Uprn::MAX).contains(&uprn.number()));
            }
        }
    }
}
