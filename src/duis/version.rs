//! The versions of DUIS that are spoken.

use std::fmt;

/// A value of `schemaVersion` that is spoken here. The response speaks the version of its request.
///
/// Documents carry the number of the schema they were written for. The schema between 5.3 and 5.4 was published as
/// 5.3a; whether documents call themselves so is not public, so both spellings are taken.
///
/// Older versions have one flat answer with the block mandatory: it can say neither "none planned" nor a 4G region.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum SchemaVersion {
    V5_3,
    V5_3a,
    V5_4,
}

impl SchemaVersion {
    /// Every version, oldest first.
    pub const ALL: [Self; 3] = [Self::V5_3, Self::V5_3a, Self::V5_4];

    /// As `schemaVersion` has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V5_3 => "5.3",
            Self::V5_3a => "5.3a",
            Self::V5_4 => "5.4",
        }
    }

    /// The version of this name; `None` for one that is not spoken.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.name() == text)
    }
}

impl fmt::Display for SchemaVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
