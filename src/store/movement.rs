//! The ways in which what is said of a location may move from one load to another.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One way in which an answer moved. Those of variant, date, likelihood, texts and postcode may come together; the date and
/// the likelihood are compared where there is coverage in both loads, the texts and the postcode where both loads answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Movement {
    /// None was planned, and there is a date now.
    CoverageGained,
    /// There was a date, and none is planned now.
    CoverageLost,
    /// The variant was Unknown, and is confirmed now.
    UnknownToConfirmed,
    /// The variant was confirmed, and is Unknown now.
    ConfirmedToUnknown,
    /// The variant was confirmed, and another one is now.
    VariantChanged,
    /// The Availability Date is earlier than it was.
    DateEarlier,
    /// The Availability Date is later than it was.
    DateLater,
    /// The likelihood of a connection is another one.
    LikelihoodChanged,
    /// One of the two texts is another one.
    TextsChanged,
    /// A UPRN lies in another postcode.
    PostcodeChanged,
    /// There was an answer, and the row had to be set aside now.
    NewlySetAside,
    /// The row had been set aside, and there is an answer now.
    NoLongerSetAside,
}

impl Movement {
    /// Every movement, those that matter most to a planner first.
    pub const ALL: [Self; 12] = [
        Self::CoverageGained,
        Self::CoverageLost,
        Self::UnknownToConfirmed,
        Self::ConfirmedToUnknown,
        Self::VariantChanged,
        Self::DateEarlier,
        Self::DateLater,
        Self::LikelihoodChanged,
        Self::TextsChanged,
        Self::PostcodeChanged,
        Self::NewlySetAside,
        Self::NoLongerSetAside,
    ];

    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::CoverageGained => "coverage gained",
            Self::CoverageLost => "coverage lost",
            Self::UnknownToConfirmed => "Unknown to confirmed",
            Self::ConfirmedToUnknown => "confirmed to Unknown",
            Self::VariantChanged => "variant changed",
            Self::DateEarlier => "date earlier",
            Self::DateLater => "date later",
            Self::LikelihoodChanged => "likelihood changed",
            Self::TextsChanged => "texts changed",
            Self::PostcodeChanged => "postcode changed",
            Self::NewlySetAside => "newly set aside",
            Self::NoLongerSetAside => "no longer set aside",
        }
    }
}

impl fmt::Display for Movement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.words())
    }
}

/// All the ways in which one location moved; none at all when the two loads say the same of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Movements(u16);

impl Movements {
    /// Whether nothing moved.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether this is one of them.
    #[must_use]
    pub const fn contains(self, movement: Movement) -> bool {
        self.0 >> movement as u16 & 1 == 1
    }

    /// Each of them, in the order of [`Movement::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Movement> {
        Movement::ALL.into_iter().filter(move |&movement| self.contains(movement))
    }
}

impl FromIterator<Movement> for Movements {
    fn from_iter<I: IntoIterator<Item = Movement>>(movements: I) -> Self {
        Self(movements.into_iter().fold(0, |bits, movement| bits | 1 << movement as u16))
    }
}

/// Words with commas between them.
impl fmt::Display for Movements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, movement) in self.iter().enumerate() {
            write!(f, "{}{movement}", if place == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}
