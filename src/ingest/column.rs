//! The columns of a coverage file.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A column a CSP's file may have. Ordered as the contract lists them; a file may order them as it likes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Column {
    Postcode,
    AvailabilityDate,
    WanVariant,
    ConnectivityLikelihood,
    /// With this one or the next filled, a row is about one premises.
    Uprn,
    AddressIdentifier,
    AuxiliaryEquipmentRequired,
    AdditionalInformation,
    /// Delta files only: `upsert` or `delete`.
    Change,
}

impl Column {
    /// Every column, in the contract's order.
    pub const ALL: [Self; 9] = [
        Self::Postcode,
        Self::AvailabilityDate,
        Self::WanVariant,
        Self::ConnectivityLikelihood,
        Self::Uprn,
        Self::AddressIdentifier,
        Self::AuxiliaryEquipmentRequired,
        Self::AdditionalInformation,
        Self::Change,
    ];

    /// The column as the header row spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Postcode => "postcode",
            Self::AvailabilityDate => "availability_date",
            Self::WanVariant => "wan_variant",
            Self::ConnectivityLikelihood => "connectivity_likelihood",
            Self::Uprn => "uprn",
            Self::AddressIdentifier => "address_identifier",
            Self::AuxiliaryEquipmentRequired => "auxiliary_equipment_required",
            Self::AdditionalInformation => "additional_information",
            Self::Change => "change",
        }
    }

    /// Whether it is one of the columns that name a premises, which a file may leave out.
    #[must_use]
    pub const fn is_premises(self) -> bool {
        matches!(self, Self::Uprn | Self::AddressIdentifier)
    }

    /// Whether it is one of the two free texts, which a file may leave out and which alone may hold line breaks.
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(self, Self::AuxiliaryEquipmentRequired | Self::AdditionalInformation)
    }
}

/// What a file is to the region's coverage.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FileKind {
    /// All of it.
    Full,
    /// What differs from a load that is named beside it: each row has a [`Column::Change`].
    Delta,
}

impl FileKind {
    /// Whether every file of this kind must have the column.
    #[must_use]
    pub fn requires(self, column: Column) -> bool {
        match column {
            Column::Change => self == Self::Delta,
            column => !column.is_text() && !column.is_premises(),
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
