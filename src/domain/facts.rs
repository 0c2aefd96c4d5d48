//! What is said of a place, in 26 bits.

use super::{AvailabilityDate, ConnectivityLikelihood, Coverage, CoveredFrom, Day, RegionVariants, WanVariant};

/// What one region's load says of a place it knows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Said {
    /// A row answers.
    Coverage(Coverage),
    /// The CSP sent a row for the place that had to be set aside.
    SetAside,
}

/// [`Said`] packed: variant in 9 bits, days since 2012 in 15, likelihood in 2.
///
/// The variant's code is 0 for none planned, 1 for set aside, 2 for Unknown, and the place in the region's Table 3
/// plus 3 for a confirmed one. What a code means depends on the Table 3 the load was judged against.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Facts(u32);

const NONE_PLANNED: u32 = 0;
const SET_ASIDE: u32 = 1;
const UNKNOWN: u32 = 2;
const CONFIRMED: u32 = 3;
/// All nine bits, which no place in a Table 3 comes near.
const DELETE: u32 = (1 << VARIANT_BITS) - 1;
const _: () = assert!(DELETE > CONFIRMED + RegionVariants::MAX as u32 && u8::MAX as u32 + CONFIRMED < DELETE);

const VARIANT_BITS: u32 = 9;
const LIKELIHOOD_BITS: u32 = 2;
const VARIANT_SHIFT: u32 = Day::BITS + LIKELIHOOD_BITS;

/// Bits that mean nothing beside this Table 3: the block they came from is damaged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the bits {0:#x} say nothing that Table 3 allows")]
pub struct FactsError(u32);

impl Facts {
    /// How many low bits of [`Facts::bits`] are used.
    pub const BITS: u32 = VARIANT_BITS + VARIANT_SHIFT;

    /// The mark of a location whose row was set aside.
    pub const SET_ASIDE: Self = Self(SET_ASIDE << VARIANT_SHIFT);

    /// What a delta file says of a location that is to be forgotten. It says nothing of a place, so [`Facts::pack`] never
    /// makes it and [`Facts::unpack`] refuses it: it can be in flight, and can neither be stored nor answered.
    pub const DELETE: Self = Self(DELETE << VARIANT_SHIFT);

    /// Packs what is said.
    #[must_use]
    pub fn pack(said: Said) -> Self {
        match said {
            Said::SetAside => Self::SET_ASIDE,
            Said::Coverage(Coverage::NonePlanned) => Self(NONE_PLANNED << VARIANT_SHIFT),
            Said::Coverage(Coverage::From(from)) => {
                let variant = from.variant.place().map_or(UNKNOWN, |place| CONFIRMED + u32::from(place));
                let date = u32::from(from.date.0.number());
                Self(variant << VARIANT_SHIFT | date << LIKELIHOOD_BITS | from.likelihood as u32)
            }
        }
    }

    /// The inverse of [`Facts::pack`], beside the same Table 3.
    ///
    /// # Errors
    /// [`FactsError`] for bits that [`Facts::pack`] cannot have made with this table.
    pub fn unpack(self, variants: &RegionVariants) -> Result<Said, FactsError> {
        let damaged = FactsError(self.0);
        let variant = match self.0 >> VARIANT_SHIFT {
            NONE_PLANNED if self.0 == 0 => return Ok(Said::Coverage(Coverage::NonePlanned)),
            SET_ASIDE if self == Self::SET_ASIDE => return Ok(Said::SetAside),
            UNKNOWN => WanVariant::unknown(variants.region()),
            code => code.checked_sub(CONFIRMED).and_then(|place| variants.at(u8::try_from(place).ok()?)),
        };
        let date = Day::from_number((self.0 >> LIKELIHOOD_BITS) as u16 & ((1 << Day::BITS) - 1));
        let likelihood = ConnectivityLikelihood::ALL.get(self.0 as usize & ((1 << LIKELIHOOD_BITS) - 1));
        match (variant, date, likelihood) {
            (Some(variant), Some(date), Some(&likelihood)) => {
                Ok(Said::Coverage(Coverage::From(CoveredFrom { date: AvailabilityDate(date), variant, likelihood })))
            }
            _ => Err(damaged),
        }
    }

    /// Whether this is the mark of a set-aside location.
    #[must_use]
    pub fn is_set_aside(self) -> bool {
        self == Self::SET_ASIDE
    }

    /// Whether a location is to be forgotten: [`Facts::DELETE`].
    #[must_use]
    pub fn is_delete(self) -> bool {
        self == Self::DELETE
    }

    /// The bits; only the low [`Facts::BITS`] are used.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Facts from bits of unknown origin; [`Facts::unpack`] checks them.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits & ((1 << Self::BITS) - 1))
    }
}

#[cfg(test)]
#[path = "facts_tests.rs"]
mod tests;
