//! Characters and white space as XML 1.0 and XML Schema have them, and texts of a bounded length.

use crate::domain::{TextError, check_text};

/// The production `Char` of XML 1.0. (A Rust `char` is never a surrogate.)
pub(super) const fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// The production `S` of XML 1.0, which XML Schema collapses; no other space is one of these.
const fn is_xml_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

/// Whether a text is nothing but white space.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(is_xml_space)
}

/// XML Schema's `whiteSpace="collapse"`, which holds for every type but strings.
pub(super) fn collapse(text: &str) -> String {
    text.split(is_xml_space).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A text of at most `MAX` characters, all of which an XML document can carry.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct BoundedText<const MAX: usize>(String);

impl<const MAX: usize> BoundedText<MAX> {
    /// Checks the text.
    ///
    /// # Errors
    /// [`TextError`] says which of both it breaks.
    pub fn new(text: impl Into<String>) -> Result<Self, TextError> {
        let text = text.into();
        check_text(&text, MAX)?;
        Ok(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_row_may_carry_is_what_xml_can() {
        for code in 0..=u32::from(char::MAX) {
            let Some(c) = char::from_u32(code) else { continue };
            assert_eq!(BoundedText::<1>::new(c).is_ok(), is_xml_char(c), "U+{code:04X}");
        }
    }

    #[test]
    fn white_space_collapses_as_xml_schema_has_it() {
        for (text, collapsed) in [
            ("", ""),
            (" \t\r\n", ""),
            ("\n  12.1 ", "12.1"),
            ("a \t b", "a b"),
            // A no-break space is a character like any other.
            ("\u{a0}8", "\u{a0}8"),
        ] {
            assert_eq!(collapse(text), collapsed, "{text:?}");
        }
    }

    #[test]
    fn a_text_is_bounded_in_characters() {
        assert!(BoundedText::<3>::new("äöü").is_ok());
        assert!(BoundedText::<3>::new("abcd").is_err());
    }
}
