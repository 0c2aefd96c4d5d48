//! An upload that is given up before its end, and why.

use std::time::Duration;

use super::LoadError;

/// Why whoever receives an upload gives it up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GivenUp {
    /// Its sender went away.
    Vanished,
    /// Nothing came for so long.
    Silent(Duration),
    /// Less came than the least rate, in bytes a second, that the turn is held for.
    TooSlow(u64),
    /// A message came that is no part of a file.
    MessageMalformed,
    /// More came than this many bytes.
    TooLarge(u64),
    /// The server ends.
    ShuttingDown,
}

impl From<GivenUp> for LoadError {
    fn from(why: GivenUp) -> Self {
        match why {
            GivenUp::Vanished => Self::Abandoned,
            GivenUp::Silent(after) => Self::Silent { after },
            GivenUp::TooSlow(least) => Self::TooSlow { least },
            GivenUp::MessageMalformed => Self::MessageMalformed,
            GivenUp::TooLarge(limit) => Self::TooLarge { limit },
            GivenUp::ShuttingDown => Self::ShuttingDown,
        }
    }
}
