//! The premises of a postcode: their numbers, what tells them apart, and their rows.

use super::{
    SynthRow,
    chance::{Chance, Draw},
    row::{Synth, fill},
};
use crate::domain::{CspRegion, Postcode, Table3, Uprn};

/// The most premises a postcode can be asked to have on the average.
pub const PER_POSTCODE_MAX: u32 = 32;
/// The most one of them has.
const MOST: u64 = 2 * PER_POSTCODE_MAX as u64;

/// Postcodes in ten thousand whose UPRNs are spread over all there are, as those of new homes are; the others' lie side by
/// side.
const SPARSE: u64 = 3_000;
/// Premises in ten thousand that have an answer of their own, not the postcode's.
const OWN_ANSWER: u64 = 2_000;
/// Premises in ten thousand that only their address names, and that only their UPRN names.
const WITHOUT_UPRN: u64 = 300;
const WITHOUT_IDENTIFIER: u64 = 500;

const NAMES: [&str; 16] = [
    "Rose Cottage",
    "The Old Rectory",
    "Tŷ Gwyn",
    "Mill House",
    "Ivy Bank",
    "Station House",
    "The Bungalow",
    "Fernlea",
    "Hillcrest",
    "The Coach House",
    "St. Mary's Lodge",
    "Orchard End",
    "Beech Villa",
    "The Hollies",
    "Glan-yr-Afon",
    "Lower Barn (rear)",
];

impl Synth {
    /// The rows of a postcode's premises; `row` is the postcode's own. Each comes from (seed, region, postcode) and its place
    /// alone, and a home that two regions have rows for has one UPRN.
    pub fn premises<'t>(
        self,
        row: &SynthRow<'t>,
        region: CspRegion,
        per_postcode: u32,
        table3: &'t Table3,
    ) -> impl Iterator<Item = SynthRow<'t>> {
        let postcode = row.postcode;
        let place = Chance::of(self.seed(), None, postcode);
        let here = Chance::of(self.seed(), Some(region), postcode);
        let average = u64::from(per_postcode.min(PER_POSTCODE_MAX));
        let count = if average == 0 { 0 } else { 1 + place.below(Draw::Premises, 2 * average - 1) };
        let sparse = place.happens(Draw::Sparse, SPARSE);
        let street = Street::of(place);
        let row = row.clone();
        (0..count).map(move |number| {
            let home = place.premises(number);
            let mut premises = if home.happens(Draw::OwnAnswer, OWN_ANSWER) {
                fill(here.premises(number), region, postcode, table3)
            } else {
                row.clone()
            };
            let without_uprn = home.happens(Draw::WithoutUprn, WITHOUT_UPRN);
            premises.uprn = if without_uprn { None } else { uprn(postcode, number, sparse) };
            if premises.uprn.is_none() || !home.happens(Draw::WithoutIdentifier, WITHOUT_IDENTIFIER) {
                premises.address_identifier = street.identifier(number);
            }
            premises
        })
    }
}

/// How the homes of a postcode are told apart; no two of them alike.
#[derive(Clone, Copy)]
enum Street {
    /// One side of it: every other number.
    Numbers {
        first: u64,
    },
    Names,
    Flats {
        house: u64,
    },
}

impl Street {
    fn of(place: Chance) -> Self {
        let first = 1 + place.below(Draw::FirstNumber, 90);
        match place.below(Draw::Street, 100) {
            0..70 => Self::Numbers { first },
            70..80 => Self::Names,
            _ => Self::Flats { house: first },
        }
    }

    fn identifier(self, number: u64) -> String {
        match self {
            Self::Numbers { first } => (first + 2 * number).to_string(),
            Self::Names => match usize::try_from(number).ok().and_then(|number| NAMES.get(number)) {
                Some(name) => (*name).to_owned(),
                None => format!("{} The Close", number + 1),
            },
            Self::Flats { house } => format!("Flat {}, {house}", number + 1),
        }
    }
}

/// A number of its own for each place there can be, below [`PLACES`].
fn place(postcode: Postcode, number: u64) -> u64 {
    let packed = u64::from(postcode.sector().packed());
    let digit = packed & 15;
    // Four characters of six bits: one of 26 letters, then blanks, digits and letters, 37 in all.
    let character = |at: u32| packed >> (4 + 6 * at) & 63;
    let letter = character(3).saturating_sub(11);
    let outward = (0..3).rev().fold(letter, |n, at| n * 37 + character(at));
    let unit = postcode.unit().place().unwrap_or_default() as u64;
    ((outward * 10 + digit) * 400 + unit) * MOST + number
}

const PLACES: u64 = 26 * 37 * 37 * 37 * 10 * 400 * MOST;
/// A prime: multiplied by anything within it, places stay apart.
const SPREAD: u64 = 599_999_999_993;
const DENSE_FROM: u64 = 10_000_000;
const SPARSE_FROM: u64 = 400_000_000_000;
const _: () = assert!(PLACES < SPREAD && SPARSE_FROM + SPREAD <= Uprn::MAX && DENSE_FROM + PLACES <= SPARSE_FROM);

fn uprn(postcode: Postcode, number: u64, sparse: bool) -> Option<Uprn> {
    let place = place(postcode, number);
    if !sparse {
        return Uprn::new(DENSE_FROM + place);
    }
    let spread = u128::from(place) * 0x9e37_79b9_7f4a % u128::from(SPREAD);
    Uprn::new(SPARSE_FROM + u64::try_from(spread).ok()?)
}

#[cfg(test)]
#[path = "premises_tests.rs"]
mod tests;
