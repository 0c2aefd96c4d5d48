//! The rule this service exists for: DP106 (later MP106), "CHISM update for Unknown WAN Variant".
//!
//! In South and Central the CSP sometimes knows the Availability Date and cannot confirm the variant. MP081 sent that
//! as a single space; here it becomes the explicit variant `Unknown`, and nothing else does.

use super::{AvailabilityDate, CspRegion, RegionVariants, UNKNOWN, VariantNotListed, WanVariant};

/// What a row's date and variant come to, taken together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// No date and no variant: known, no coverage planned.
    NonePlanned,
    /// A date, and a variant that may stand beside it.
    Covered {
        /// From when.
        date: AvailabilityDate,
        /// With which variant, Unknown included.
        variant: WanVariant,
        /// Unknown because the cell was empty rather than spaces: counted apart, for it may be a broken export.
        from_empty: bool,
    },
}

/// Why a date and a variant cannot stand together in this region.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RuleBreach {
    /// The variant is left open where it may not be.
    #[error("only South and Central may leave a variant unconfirmed, and this row is for {0}; send the variant")]
    Unconfirmed(CspRegion),
    /// A variant with no date beside it.
    #[error("a variant without an Availability Date; send the date, or leave both empty where no coverage is planned")]
    WithoutDate,
    /// A value the table does not have.
    #[error(transparent)]
    NotListed(#[from] VariantNotListed),
}

/// Decides what a row says: the one place where a space becomes `Unknown`.
///
/// `variant` is the cell byte for byte. Space means U+0020 and nothing else.
///
/// # Errors
/// [`RuleBreach`] says why the row must be set aside.
pub fn judge(variants: &RegionVariants, date: Option<AvailabilityDate>, variant: &str) -> Result<Verdict, RuleBreach> {
    let blank = variant.bytes().all(|b| b == b' ');
    let Some(date) = date else {
        return match variants.confirm(variant) {
            _ if blank => Ok(Verdict::NonePlanned),
            Err(not_listed) if variant != UNKNOWN => Err(not_listed.into()),
            _ => Err(RuleBreach::WithoutDate),
        };
    };
    let variant_known = if blank || variant == UNKNOWN {
        WanVariant::unknown(variants.region()).ok_or(RuleBreach::Unconfirmed(variants.region()))?
    } else {
        variants.confirm(variant)?
    };
    Ok(Verdict::Covered { date, variant: variant_known, from_empty: variant.is_empty() })
}

#[cfg(test)]
#[path = "rule_tests.rs"]
mod tests;
