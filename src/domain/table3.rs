//! CHISM Annex E, Table 3: the WAN Variants that SR12.1 may return, region by region.

use std::fmt;

use super::{CspRegion, RegionMap, UNKNOWN, WanVariant};

/// The longest name of a variant: DUIS 5.4 gives `WANTechnology` 1 to 30 characters.
pub(super) const NAME_MAX: usize = 30;

/// A variant's name as Table 3 spells it: 1 to 30 printable ASCII characters, no outer spaces.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct VariantName(String);

impl VariantName {
    /// `None` unless the text may be a variant's name.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let printable = text.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
        (printable && (1..=NAME_MAX).contains(&text.len()) && text.trim() == text).then(|| Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VariantName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// One row of the table, `Unknown` rows included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table3Row {
    /// The region the variant may be returned for.
    pub region: CspRegion,
    /// Its name, exactly as it leaves the service.
    pub name: VariantName,
    /// What it is, for people.
    pub description: String,
    /// Where the row comes from: `DP106`, or `assumed` where the published value is not public.
    pub provenance: String,
}

/// The whole table, valid by construction: see [`Table3::from_csv`].
#[derive(Clone, Debug)]
pub struct Table3 {
    pub(super) rows: Vec<Table3Row>,
    pub(super) regions: RegionMap<RegionVariants>,
    pub(super) sha256: [u8; 32],
    pub(super) csv: Vec<u8>,
}

/// The confirmed variants of one region, in the table's order.
#[derive(Clone, Debug)]
pub struct RegionVariants {
    region: CspRegion,
    confirmed: Vec<VariantName>,
}

/// A value that Table 3 does not list for the region.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Table 3 lists no variant \"{}\" for {region}{}", .value.escape_debug(), Suggestion(.meant.as_ref()))]
pub struct VariantNotListed {
    /// The region whose variants were searched.
    pub region: CspRegion,
    /// The value as sent, cut short if long.
    pub value: String,
    /// The listed name that differs only in case or outer white space.
    pub meant: Option<VariantName>,
}

struct Suggestion<'a>(Option<&'a VariantName>);

impl fmt::Display for Suggestion<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |name| write!(f, "; did you mean \"{name}\"?"))
    }
}

impl Table3 {
    /// Every row, in the table's order.
    #[must_use]
    pub fn rows(&self) -> &[Table3Row] {
        &self.rows
    }

    /// One region's variants.
    #[must_use]
    pub fn region(&self, region: CspRegion) -> &RegionVariants {
        &self.regions[region]
    }

    /// The sha256 of the CSV the table was read from.
    #[must_use]
    pub const fn sha256(&self) -> [u8; 32] {
        self.sha256
    }

    /// The CSV the table was read from, so that a load can keep a copy of what it was judged against.
    #[must_use]
    pub fn csv(&self) -> &[u8] {
        &self.csv
    }
}

impl RegionVariants {
    /// How many confirmed variants a region may have: a place fits a byte, and two values are spared for the codec.
    pub const MAX: usize = 250;

    pub(super) const fn new(region: CspRegion, confirmed: Vec<VariantName>) -> Self {
        Self { region, confirmed }
    }

    /// The region.
    #[must_use]
    pub const fn region(&self) -> CspRegion {
        self.region
    }

    /// The confirmed variants, in the table's order.
    #[must_use]
    pub fn confirmed(&self) -> &[VariantName] {
        &self.confirmed
    }

    /// The variant of this name, compared byte for byte. `Unknown` is not a confirmed variant: the rule deals with it.
    ///
    /// # Errors
    /// [`VariantNotListed`] names the value, and the listed name that was probably meant.
    pub fn confirm(&self, value: &str) -> Result<WanVariant, VariantNotListed> {
        let same = |name: &VariantName| name.as_str() == value;
        match self.confirmed.iter().position(same).and_then(|place| self.at(u8::try_from(place).ok()?)) {
            Some(variant) => Ok(variant),
            None => Err(self.not_listed(value)),
        }
    }

    fn not_listed(&self, value: &str) -> VariantNotListed {
        let like = value.trim();
        let unknown = self.region.may_leave_variant_unconfirmed().then(|| VariantName(UNKNOWN.to_owned()));
        let meant = self.confirmed.iter().chain(&unknown).find(|name| name.as_str().eq_ignore_ascii_case(like));
        let value = value.chars().take(NAME_MAX + 10).collect();
        VariantNotListed { region: self.region, value, meant: meant.cloned() }
    }

    /// The confirmed variant at a place, if the table has it.
    #[must_use]
    pub fn at(&self, place: u8) -> Option<WanVariant> {
        (usize::from(place) < self.confirmed.len()).then(|| WanVariant::confirmed(self.region, place))
    }

    /// The name of one of this region's variants: a confirmed one, or [`UNKNOWN`]; `None` for another region's.
    #[must_use]
    pub fn name(&self, variant: WanVariant) -> Option<&str> {
        match variant.place() {
            _ if variant.region() != self.region => None,
            None => Some(UNKNOWN),
            Some(place) => self.confirmed.get(usize::from(place)).map(VariantName::as_str),
        }
    }
}
