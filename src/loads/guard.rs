//! The guards by name: what stands between a file that can be read and the answers.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A guard. An operator may override each by its name, for one load, with a note.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Guard {
    /// Too many rows were set aside.
    Rejects,
    /// Too many locations lost their coverage.
    CoverageLost,
    /// Too many confirmed variants are another one now.
    VariantChanged,
    /// Too many confirmed variants are Unknown now.
    Unknown,
    /// Too many locations that answered do not any more.
    Shrink,
    /// Too many locations answer that did not.
    Growth,
    /// Issued no later than the load that is active.
    IssueOrder,
}

impl Guard {
    /// Every guard, in the order in which they are reported.
    pub const ALL: [Self; 7] = [
        Self::Rejects,
        Self::CoverageLost,
        Self::VariantChanged,
        Self::Unknown,
        Self::Shrink,
        Self::Growth,
        Self::IssueOrder,
    ];

    /// Its name in commands, configuration and manifests.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Rejects => "rejects",
            Self::CoverageLost => "coverage-lost",
            Self::VariantChanged => "variant-changed",
            Self::Unknown => "unknown",
            Self::Shrink => "shrink",
            Self::Growth => "growth",
            Self::IssueOrder => "issue-order",
        }
    }
}

impl fmt::Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.slug())
    }
}

/// A text that names no guard.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "\"{}\" is not a guard; the guards are rejects, coverage-lost, variant-changed, unknown, shrink, growth and \
     issue-order", .0.escape_debug()
)]
pub struct UnknownGuard(String);

impl FromStr for Guard {
    type Err = UnknownGuard;

    fn from_str(text: &str) -> Result<Self, UnknownGuard> {
        let named = Self::ALL.into_iter().find(|guard| guard.slug() == text);
        named.ok_or_else(|| UnknownGuard(text.chars().take(40).collect()))
    }
}

impl Serialize for Guard {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.slug())
    }
}

impl<'de> Deserialize<'de> for Guard {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_guard_reads_back_and_the_error_names_them_all() {
        let told = "Rejects".parse::<Guard>().unwrap_err().to_string();
        for guard in Guard::ALL {
            assert_eq!(guard.to_string().parse(), Ok(guard));
            assert!(told.contains(guard.slug()), "{told}");
            let json = serde_json::to_string(&guard).unwrap();
            assert_eq!(serde_json::from_str::<Guard>(&json).unwrap(), guard);
        }
    }
}
