//! What tells a home apart from the others of its postcode: a house number, a name, even a street.

use std::fmt;

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// DUIS carries at most this many characters.
pub const ADDRESS_IDENTIFIER_MAX: usize = 30;

/// An address identifier, folded: lower case, every run of white space and punctuation one space, none at the ends.
///
/// Word boundaries stay, so that `Flat 1, 12` is never `Flat 11 2`. Two ways of writing one character (`ŷ`, or `y` and a
/// circumflex) are the same. It is never empty, and holds no control character.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AddressIdentifier(Box<str>);

/// A text that is no address identifier.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AddressIdentifierError {
    /// More than DUIS carries.
    #[error("the address identifier has {0} characters, and at most 30 are carried")]
    TooLong(usize),
    /// Nothing is left of it but white space and punctuation.
    #[error("the address identifier holds no letter and no digit; send a house number or name")]
    Nothing,
}

/// Bytes a folded one may take. Letters that fold into several could pass it only in a text made to do so.
const FOLDED_MAX: usize = u8::MAX as usize;

impl AddressIdentifier {
    /// The most bytes [`AddressIdentifier::as_str`] has.
    pub const BYTES_MAX: usize = FOLDED_MAX;

    /// Folds a text as it was sent.
    ///
    /// # Errors
    /// [`AddressIdentifierError`] for more than 30 characters, and for a text that folds to nothing.
    pub fn parse(text: &str) -> Result<Self, AddressIdentifierError> {
        if text.len() > ADDRESS_IDENTIFIER_MAX {
            let characters = text.chars().count();
            if characters > ADDRESS_IDENTIFIER_MAX {
                return Err(AddressIdentifierError::TooLong(characters));
            }
        }
        if text.is_ascii() {
            return fold_ascii(text.as_bytes());
        }
        // Composed again at the end, for a small letter may compose where the great one did not. What is invisible goes first,
        // for it would stand between a letter and its mark.
        let visible = text.chars().filter(|&c| !is_invisible(c));
        let folded = fold(visible.nfc().flat_map(char::to_lowercase).nfc());
        match folded.len() {
            0 => Err(AddressIdentifierError::Nothing),
            1..=FOLDED_MAX => Ok(Self(folded.into_boxed_str())),
            bytes => Err(AddressIdentifierError::TooLong(bytes)),
        }
    }

    /// Reads one that was told by this service, or as it was sent. Letters that fold into several make one that is told longer
    /// than any that is sent.
    ///
    /// # Errors
    /// [`AddressIdentifierError`] for a text that folds to nothing, or is longer than any that is told.
    pub fn parse_told(text: &str) -> Result<Self, AddressIdentifierError> {
        match Self::parse(text) {
            Err(AddressIdentifierError::TooLong(long)) => {
                Self::from_folded(text).ok_or(AddressIdentifierError::TooLong(long))
            }
            parsed => parsed,
        }
    }

    /// One that was folded before, read back from where it was kept.
    #[must_use]
    pub fn from_folded(folded: &str) -> Option<Self> {
        let kept = (1..=FOLDED_MAX).contains(&folded.len()) && !folded.contains('\0');
        kept.then(|| Self(folded.into()))
    }

    /// The folded text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The same as [`fold`], for the texts that files are full of: at most [`ADDRESS_IDENTIFIER_MAX`] ASCII characters.
fn fold_ascii(text: &[u8]) -> Result<AddressIdentifier, AddressIdentifierError> {
    let mut folded = [0; ADDRESS_IDENTIFIER_MAX];
    let (mut len, mut gap) = (0, false);
    for &byte in text {
        if !byte.is_ascii_alphanumeric() {
            gap = len > 0;
            continue;
        }
        // A space stands for a byte or more that is left out, so there is always room.
        for byte in gap.then_some(b' ').into_iter().chain([byte.to_ascii_lowercase()]) {
            if let Some(place) = folded.get_mut(len) {
                *place = byte;
                len += 1;
            }
        }
        gap = false;
    }
    match folded.get(..len).and_then(|folded| str::from_utf8(folded).ok()) {
        Some("") | None => Err(AddressIdentifierError::Nothing),
        Some(folded) => Ok(AddressIdentifier(folded.into())),
    }
}

/// Words, one space between them.
fn fold(lower: impl Iterator<Item = char>) -> String {
    let mut folded = String::with_capacity(ADDRESS_IDENTIFIER_MAX);
    let mut gap = false;
    for c in lower {
        if !belongs_to_a_word(c) {
            gap = true;
            continue;
        }
        if gap && !folded.is_empty() {
            folded.push(' ');
        }
        gap = false;
        folded.push(c);
    }
    folded
}

/// Letters, digits, and the marks that go on them; whatever else there is stands between words.
fn belongs_to_a_word(c: char) -> bool {
    c.is_alphanumeric() || (!c.is_ascii() && is_combining_mark(c))
}

/// Characters without width or meaning of their own, which copying brings along: they part no word.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200C}' | '\u{200D}' | '\u{2060}' | '\u{FEFF}')
}

/// Folded.
impl fmt::Display for AddressIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
#[path = "address_identifier_tests.rs"]
mod tests;
