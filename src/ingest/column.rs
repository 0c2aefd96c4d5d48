//! The columns of a full coverage file with postcode rows.

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
    AuxiliaryEquipmentRequired,
    AdditionalInformation,
}

impl Column {
    /// Every column, in the contract's order.
    pub const ALL: [Self; 6] = [
        Self::Postcode,
        Self::AvailabilityDate,
        Self::WanVariant,
        Self::ConnectivityLikelihood,
        Self::AuxiliaryEquipmentRequired,
        Self::AdditionalInformation,
    ];

    /// The column as the header row spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Postcode => "postcode",
            Self::AvailabilityDate => "availability_date",
            Self::WanVariant => "wan_variant",
            Self::ConnectivityLikelihood => "connectivity_likelihood",
            Self::AuxiliaryEquipmentRequired => "auxiliary_equipment_required",
            Self::AdditionalInformation => "additional_information",
        }
    }

    /// Whether a file may leave the column out: the two free texts, which alone may hold line breaks.
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(self, Self::AuxiliaryEquipmentRequired | Self::AdditionalInformation)
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
