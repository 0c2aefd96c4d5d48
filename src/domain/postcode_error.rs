//! Why a text is not a GB postcode, in words that help its sender.

use std::fmt;

/// A text that is not a well-formed GB postcode.
///
/// The message quotes at most the first 16 characters, so that it can be shown whatever was sent. It names somebody's
/// street: show it to the caller, and log it only at debug level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostcodeError {
    quoted: String,
    fault: Fault,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Fault {
    Empty,
    Length(usize),
    Character(char),
    Shape,
}

/// How much of the sender's text a message quotes.
const QUOTED: usize = 16;

impl PostcodeError {
    pub(super) fn length(text: &str, len: usize) -> Self {
        Self::new(text, if len == 0 { Fault::Empty } else { Fault::Length(len) })
    }

    pub(super) fn character(text: &str, character: char) -> Self {
        Self::new(text, Fault::Character(character))
    }

    pub(super) fn shape(text: &str) -> Self {
        Self::new(text, Fault::Shape)
    }

    fn new(text: &str, fault: Fault) -> Self {
        let mut quoted: String = text.chars().take(QUOTED).flat_map(char::escape_debug).collect();
        if text.chars().nth(QUOTED).is_some() {
            quoted.push('…');
        }
        Self { quoted, fault }
    }
}

impl fmt::Display for PostcodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = &self.quoted;
        match self.fault {
            Fault::Empty => write!(f, "the postcode is empty; send one such as SW1A 1AA"),
            Fault::Length(len) => write!(
                f,
                "\"{quoted}\" is not a postcode: it has {len} characters without its spaces, and a postcode has 5 to 7"
            ),
            Fault::Character(c) => write!(
                f,
                "\"{quoted}\" is not a postcode: it holds the character {c:?}; letters A to Z and digits only"
            ),
            Fault::Shape => write!(
                f,
                "\"{quoted}\" is not a postcode: no live one has this shape; it should look like SW1A 1AA or M1 1AE"
            ),
        }
    }
}

impl std::error::Error for PostcodeError {}
