//! Which regions a postcode's area lies in: invented.
//!
//! The real borders are not public, and this service takes a postcode's region from the load that carries it. Here
//! Scotland and northern England are North; the Midlands, East Anglia and Wales are Central; the rest is South.

use std::fmt::{self, Write as _};

use crate::domain::{CspRegion, Postcode};

const NORTH: [&str; 43] = [
    "AB", "BB", "BD", "BL", "CA", "DD", "DG", "DH", "DL", "DN", "EH", "FK", "FY", "G", "HD", "HG", "HS", "HU", "HX",
    "IV", "KA", "KW", "KY", "L", "LA", "LS", "M", "ML", "NE", "OL", "PA", "PH", "PR", "S", "SK", "SR", "TD", "TS",
    "WA", "WF", "WN", "YO", "ZE",
];

const CENTRAL: [&str; 30] = [
    "B", "CB", "CF", "CH", "CO", "CV", "CW", "DE", "DY", "HR", "IP", "LD", "LE", "LL", "LN", "MK", "NG", "NN", "NP",
    "NR", "PE", "SA", "ST", "SY", "TF", "WR", "WS", "WV", "LU", "SG",
];

const SOUTH: [&str; 47] = [
    "AL", "BA", "BH", "BN", "BR", "BS", "CM", "CR", "CT", "DA", "DT", "E", "EC", "EN", "EX", "GL", "GU", "HA", "HP",
    "IG", "KT", "ME", "N", "NW", "OX", "PL", "PO", "RG", "RH", "RM", "SE", "SL", "SM", "SN", "SO", "SP", "SS", "SW",
    "TA", "TN", "TQ", "TR", "TW", "UB", "W", "WC", "WD",
];

/// Areas at a border, and the region on its other side.
const BORDERS: [(&str, CspRegion); 16] = [
    ("DN", CspRegion::Central),
    ("S", CspRegion::Central),
    ("SK", CspRegion::Central),
    ("WA", CspRegion::Central),
    ("CH", CspRegion::North),
    ("CW", CspRegion::North),
    ("DE", CspRegion::North),
    ("LN", CspRegion::North),
    ("CB", CspRegion::South),
    ("CO", CspRegion::South),
    ("LU", CspRegion::South),
    ("MK", CspRegion::South),
    ("SG", CspRegion::South),
    ("CM", CspRegion::Central),
    ("GL", CspRegion::Central),
    ("OX", CspRegion::Central),
];

/// Where an area lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Home {
    pub(super) region: CspRegion,
    /// The region across the border, for an area at one.
    pub(super) neighbour: Option<CspRegion>,
}

impl Home {
    /// Of the postcode's area; one that is not allocated lies in Central.
    pub(super) fn of(postcode: Postcode) -> Self {
        let mut letters = Letters::default();
        // It stops the text after the letters by refusing what follows.
        let _ = write!(letters, "{postcode}");
        let area = letters.as_str();
        let region = if NORTH.contains(&area) {
            CspRegion::North
        } else if SOUTH.contains(&area) {
            CspRegion::South
        } else {
            CspRegion::Central
        };
        let neighbour = BORDERS.into_iter().find_map(|(border, across)| (border == area).then_some(across));
        Self { region, neighbour }
    }
}

/// All allocated areas of Great Britain.
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    NORTH.into_iter().chain(CENTRAL).chain(SOUTH)
}

/// The letters a text begins with, at most two.
#[derive(Default)]
struct Letters {
    letters: [u8; 2],
    len: usize,
}

impl Letters {
    fn as_str(&self) -> &str {
        self.letters.get(..self.len).and_then(|letters| std::str::from_utf8(letters).ok()).unwrap_or_default()
    }
}

impl fmt::Write for Letters {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for letter in text.bytes() {
            let place = self.letters.get_mut(self.len).filter(|_| letter.is_ascii_uppercase()).ok_or(fmt::Error)?;
            *place = letter;
            self.len += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_hundred_and_twenty_areas_are_listed_once() {
        assert_eq!(all().count(), 120);
        assert_eq!(all().collect::<HashSet<_>>().len(), 120);
        for area in all() {
            assert!(format!("{area}1 1AA").parse::<Postcode>().is_ok(), "{area}");
        }
    }

    #[test]
    fn an_area_at_a_border_has_another_region_across_it() {
        for (area, across) in BORDERS {
            let home = Home::of(format!("{area}1 1AA").parse().unwrap());
            assert_eq!(home.neighbour, Some(across), "{area}");
            let pair = [home.region, across];
            assert!(pair.contains(&CspRegion::Central) && home.region != across, "{area}: {pair:?}");
        }
    }

    #[test]
    fn the_area_is_the_letters_before_the_first_digit() {
        for (text, region, neighbour) in [
            ("M1 1AE", CspRegion::North, None),
            ("ME1 1AE", CspRegion::South, None),
            ("S1 1AE", CspRegion::North, Some(CspRegion::Central)),
            ("SW1A 1AA", CspRegion::South, None),
            ("B33 8TH", CspRegion::Central, None),
            ("W1A 0AX", CspRegion::South, None),
            ("AA1 1AA", CspRegion::Central, None),
            ("GIR 0AA", CspRegion::Central, None),
        ] {
            assert_eq!(Home::of(text.parse().unwrap()), Home { region, neighbour }, "{text}");
        }
    }
}
