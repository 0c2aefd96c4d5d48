//! One row, from (seed, region, postcode) alone.

use super::{
    areas::Home,
    chance::{Chance, Draw},
    texts::{AUXILIARY, INFORMATION, information},
};
use crate::domain::{
    AvailabilityDate, ConnectivityLikelihood, CspRegion, Day, Postcode, RegionVariants, Table3, UNKNOWN, Uprn,
};

/// Makes rows. Two of the same seed make the same rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Synth {
    seed: u64,
}

/// A row as a CSP would send it, cell by cell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SynthRow<'t> {
    /// The place.
    pub postcode: Postcode,
    /// `None` where no coverage is planned: an empty cell.
    pub availability_date: Option<AvailabilityDate>,
    /// The cell of the variant: a name of Table 3, or what a CSP sends where there is none to name.
    pub wan_variant: &'t str,
    /// There with a date, and only then.
    pub connectivity_likelihood: Option<ConnectivityLikelihood>,
    /// Mostly empty.
    pub auxiliary_equipment_required: &'static str,
    /// Mostly empty.
    pub additional_information: String,
    /// Of a row about one premises.
    pub uprn: Option<Uprn>,
    /// Of a row about one premises; may be empty where there is a UPRN.
    pub address_identifier: String,
}

/// Of the postcodes of an area at a border, how many in ten thousand are in the region across it too. About one
/// postcode in seven lies in such an area: 1 % of all.
const BORDER: u64 = 700;
/// Of the postcodes of Central and South, how many in ten thousand have 4G beside the older network.
const FOUR_G: u64 = 8_500;
/// Rows in ten thousand with no coverage planned.
const NONE_PLANNED: u64 = 70;
/// Covered rows in ten thousand whose variant South and Central leave unconfirmed.
const UNCONFIRMED: u64 = 200;
/// Covered rows in ten thousand that name auxiliary equipment.
const AUXILIARY_NAMED: u64 = 600;
/// Rows in ten thousand with additional information.
const INFORMED: u64 = 1_000;

/// 2014-01-01 and 2021-01-01, the first days of coverage and of 4G's, and the day after the last, 2031-01-01, in days since
/// 2012-01-01.
const FIRST: u64 = 731;
const FIRST_4G: u64 = 3_288;
const END: u64 = 6_940;

impl Synth {
    /// Of any seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The row of a postcode in a region; `None` if that region does not have the postcode.
    ///
    /// A region for which the table has no confirmed variant leaves every variant unconfirmed if it may, and else plans
    /// no coverage.
    #[must_use]
    pub fn row<'t>(&self, region: CspRegion, postcode: Postcode, table3: &'t Table3) -> Option<SynthRow<'t>> {
        self.has(region, postcode, Home::of(postcode)).then(|| self.fill(region, postcode, table3))
    }

    /// Every row of a postcode, by region.
    pub fn rows<'t>(
        self,
        postcode: Postcode,
        table3: &'t Table3,
    ) -> impl Iterator<Item = (CspRegion, SynthRow<'t>)> + use<'t> {
        let home = Home::of(postcode);
        CspRegion::ALL
            .into_iter()
            .filter(move |&region| self.has(region, postcode, home))
            .map(move |region| (region, self.fill(region, postcode, table3)))
    }

    fn has(&self, region: CspRegion, postcode: Postcode, home: Home) -> bool {
        let beside = |older| {
            self.has(older, postcode, home)
                && Chance::of(self.seed, Some(region), postcode).happens(Draw::FourG, FOUR_G)
        };
        match region {
            CspRegion::North | CspRegion::Central | CspRegion::South => {
                let across = || Chance::of(self.seed, None, postcode).happens(Draw::Border, BORDER);
                region == home.region || home.neighbour == Some(region) && across()
            }
            CspRegion::North4G => false,
            CspRegion::Central4G => beside(CspRegion::Central),
            CspRegion::South4G => beside(CspRegion::South),
        }
    }

    fn fill<'t>(&self, region: CspRegion, postcode: Postcode, table3: &'t Table3) -> SynthRow<'t> {
        fill(Chance::of(self.seed, Some(region), postcode), region, postcode, table3)
    }

    pub(super) const fn seed(&self) -> u64 {
        self.seed
    }
}

pub(super) fn fill(chance: Chance, region: CspRegion, postcode: Postcode, table3: &Table3) -> SynthRow<'_> {
    let covered = !chance.happens(Draw::NonePlanned, NONE_PLANNED);
    let named = covered.then(|| variant(chance, table3.region(region))).flatten();
    let mut row = SynthRow {
        postcode,
        availability_date: None,
        wan_variant: if chance.happens(Draw::NonePlannedCell, 2_000) { " " } else { "" },
        connectivity_likelihood: None,
        auxiliary_equipment_required: "",
        additional_information: String::new(),
        uprn: None,
        address_identifier: String::new(),
    };
    if chance.happens(Draw::Information, INFORMED) {
        row.additional_information = information(chance.below(Draw::InformationText, INFORMATION));
    }
    if let Some((date, name)) = date(chance, region).zip(named) {
        row.availability_date = Some(date);
        row.wan_variant = name;
        row.connectivity_likelihood = Some(likelihood(chance));
        if chance.happens(Draw::Auxiliary, AUXILIARY_NAMED) {
            row.auxiliary_equipment_required = chance.pick(Draw::AuxiliaryText, &AUXILIARY).unwrap_or_default();
        }
    }
    row
}

/// What stands in the cell of a covered row; `None` if the region has nothing to send there.
fn variant(chance: Chance, variants: &RegionVariants) -> Option<&str> {
    let confirmed = variants.confirmed();
    let may = variants.region().may_leave_variant_unconfirmed();
    if may && (confirmed.is_empty() || chance.happens(Draw::Unconfirmed, UNCONFIRMED)) {
        return Some(match chance.below(Draw::UnconfirmedCell, 100) {
            0..68 => " ",
            68..70 => "   ",
            70..98 => UNKNOWN,
            _ => "",
        });
    }
    // The first of the table in three rows of four, the second in three of what is left, and so on.
    let place = chance.number(Draw::Variant).trailing_zeros() / 2;
    let last = confirmed.len().checked_sub(1)?;
    confirmed.get(last.min(place as usize)).map(|name| name.as_str())
}

/// The earlier of two days drawn: coverage is mostly old, and ever less is still to come.
fn date(chance: Chance, region: CspRegion) -> Option<AvailabilityDate> {
    let four_g = matches!(region, CspRegion::North4G | CspRegion::Central4G | CspRegion::South4G);
    let first = if four_g { FIRST_4G } else { FIRST };
    let [one, another] = [Draw::OneDay, Draw::AnotherDay].map(|draw| chance.below(draw, END - first));
    let number = first + one.min(another);
    Day::from_number(u16::try_from(number).ok()?).map(AvailabilityDate)
}

fn likelihood(chance: Chance) -> ConnectivityLikelihood {
    match chance.below(Draw::Likelihood, 100) {
        0..80 => ConnectivityLikelihood::High,
        80..95 => ConnectivityLikelihood::Medium,
        _ => ConnectivityLikelihood::Low,
    }
}

#[cfg(test)]
#[path = "row_tests.rs"]
mod tests;
