//! The CSP regions of the Smart Metering WAN (DUIS 5.4, `CSPRegion`).

use std::{fmt, str::FromStr};

/// A region that a Communications Service Provider answers for. Ordered as DUIS and the contract list them.
///
/// DUIS also has `Unknown` and `SMETS1`, which SR12.1 data has no use for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum CspRegion {
    North,
    Central,
    South,
    North4G,
    Central4G,
    South4G,
}

impl CspRegion {
    /// Every region, in order.
    pub const ALL: [Self; 6] = [Self::North, Self::Central, Self::South, Self::North4G, Self::Central4G, Self::South4G];

    /// Its place in [`CspRegion::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The region as DUIS spells it (`4G North`).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::North => "North",
            Self::Central => "Central",
            Self::South => "South",
            Self::North4G => "4G North",
            Self::Central4G => "4G Central",
            Self::South4G => "4G South",
        }
    }

    /// The region in commands, configuration and load ids (`4g-north`).
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::North => "north",
            Self::Central => "central",
            Self::South => "south",
            Self::North4G => "4g-north",
            Self::Central4G => "4g-central",
            Self::South4G => "4g-south",
        }
    }

    /// Whether this region's CSP may know a date and not the variant. DP106 names South and Central, and their 4G
    /// regions are not part of it.
    #[must_use]
    pub const fn may_leave_variant_unconfirmed(self) -> bool {
        matches!(self, Self::South | Self::Central)
    }
}

/// As DUIS spells it.
impl fmt::Display for CspRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A text that names no region.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a region; the regions are north, central, south, 4g-north, 4g-central and 4g-south")]
pub struct UnknownRegion(String);

/// Reads either spelling, in any case: `4g-north` or `4G North`.
impl FromStr for CspRegion {
    type Err = UnknownRegion;

    fn from_str(text: &str) -> Result<Self, UnknownRegion> {
        Self::ALL
            .into_iter()
            .find(|region| region.slug().eq_ignore_ascii_case(text) || region.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| UnknownRegion(text.to_owned()))
    }
}

/// One value for each region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RegionMap<T>([T; 6]);

impl<T> RegionMap<T> {
    /// Builds the value of each region.
    pub fn from_fn(mut of: impl FnMut(CspRegion) -> T) -> Self {
        Self(CspRegion::ALL.map(&mut of))
    }

    /// The same value for every region.
    pub const fn same(value: T) -> Self
    where
        T: Copy,
    {
        Self([value; 6])
    }

    /// Each region and its value, in order.
    pub fn iter(&self) -> impl Iterator<Item = (CspRegion, &T)> {
        CspRegion::ALL.into_iter().zip(&self.0)
    }
}

impl<T> std::ops::Index<CspRegion> for RegionMap<T> {
    type Output = T;

    fn index(&self, region: CspRegion) -> &T {
        &self.0[region.index()]
    }
}

impl<T> std::ops::IndexMut<CspRegion> for RegionMap<T> {
    fn index_mut(&mut self, region: CspRegion) -> &mut T {
        &mut self.0[region.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_region_reads_back_from_both_spellings() {
        for region in CspRegion::ALL {
            for text in [region.slug().to_owned(), region.name().to_uppercase()] {
                assert_eq!(text.parse(), Ok(region));
            }
        }
    }

    #[test]
    fn dp106_names_south_and_central_alone() {
        let may: Vec<_> = CspRegion::ALL.into_iter().filter(|r| r.may_leave_variant_unconfirmed()).collect();
        assert_eq!(may, [CspRegion::Central, CspRegion::South]);
    }

    #[test]
    fn a_wrong_name_is_told_the_right_ones() {
        let error = "4G".parse::<CspRegion>().unwrap_err().to_string();
        assert!(error.contains("\"4G\"") && error.contains("4g-north"), "{error}");
    }
}
