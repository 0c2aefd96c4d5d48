//! Which User Roles may send a Request WAN Matrix.

use std::{fmt, str::FromStr};

/// A DUIS User Role that is eligible for SR12.1 (DUIS 5.4, Service Request 12.1, "Eligible Users").
///
/// The table of the eligible is this type: a caller whose role does not read as one is refused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum UserRole {
    ImportSupplier,
    ExportSupplier,
    GasSupplier,
    RegisteredSupplierAgent,
    ElectricityDistributor,
    GasTransporter,
    OtherUser,
}

impl UserRole {
    /// Every eligible role, in DUIS's order.
    pub const ALL: [Self; 7] = [
        Self::ImportSupplier,
        Self::ExportSupplier,
        Self::GasSupplier,
        Self::RegisteredSupplierAgent,
        Self::ElectricityDistributor,
        Self::GasTransporter,
        Self::OtherUser,
    ];

    /// As DUIS abbreviates it (`IS`).
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::ImportSupplier => "IS",
            Self::ExportSupplier => "ES",
            Self::GasSupplier => "GS",
            Self::RegisteredSupplierAgent => "RSA",
            Self::ElectricityDistributor => "ED",
            Self::GasTransporter => "GT",
            Self::OtherUser => "OU",
        }
    }
}

impl fmt::Display for UserRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

/// A role that may not send SR12.1, or no role of DUIS at all.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the User Role \"{0}\" may not send Service Request 12.1; IS, ES, GS, RSA, ED, GT and OU may")]
pub struct RoleNotEligible(String);

/// Reads the abbreviation, in upper case.
impl FromStr for UserRole {
    type Err = RoleNotEligible;

    fn from_str(text: &str) -> Result<Self, RoleNotEligible> {
        let quoted = || text.chars().take(20).flat_map(char::escape_debug).collect();
        Self::ALL.into_iter().find(|role| role.code() == text).ok_or_else(|| RoleNotEligible(quoted()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eligible_are_read_and_nobody_else() {
        for role in UserRole::ALL {
            assert_eq!(role.code().parse(), Ok(role));
        }
        for other in ["", "is", "IS ", "MOP", "DCC", "Import Supplier"] {
            let error = other.parse::<UserRole>().unwrap_err().to_string();
            assert!(error.contains("IS, ES, GS, RSA, ED, GT and OU"), "{error}");
        }
    }
}
