//! The WAN Variant of a Communications Hub.

use super::CspRegion;

/// The one variant whose name the code knows: the CSP knows the date and cannot confirm the variant (DP106).
pub const UNKNOWN: &str = "Unknown";

/// A WAN Variant that may stand in one region's answers.
///
/// Either one of the confirmed variants that Table 3 lists for the region, by its place in
/// [`RegionVariants`](super::RegionVariants), or Unknown, which cannot be built for any region but South and Central.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct WanVariant {
    region: CspRegion,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Kind {
    Unknown,
    Confirmed(u8),
}

impl WanVariant {
    /// Unknown, for a region that may leave a variant unconfirmed; `None` for any other.
    #[must_use]
    pub const fn unknown(region: CspRegion) -> Option<Self> {
        if region.may_leave_variant_unconfirmed() { Some(Self { region, kind: Kind::Unknown }) } else { None }
    }

    /// Only the table, which checked that the place exists, may confirm.
    pub(super) const fn confirmed(region: CspRegion, place: u8) -> Self {
        Self { region, kind: Kind::Confirmed(place) }
    }

    /// The region whose Table 3 it belongs to.
    #[must_use]
    pub const fn region(self) -> CspRegion {
        self.region
    }

    /// Whether the CSP could not confirm it.
    #[must_use]
    pub const fn is_unknown(self) -> bool {
        matches!(self.kind, Kind::Unknown)
    }

    /// Its place among the region's confirmed variants; `None` when Unknown.
    #[must_use]
    pub const fn place(self) -> Option<u8> {
        match self.kind {
            Kind::Unknown => None,
            Kind::Confirmed(place) => Some(place),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_cannot_be_built_outside_south_and_central() {
        for region in CspRegion::ALL {
            let built = WanVariant::unknown(region);
            assert_eq!(built.is_some(), matches!(region, CspRegion::South | CspRegion::Central), "{region}");
        }
    }
}
