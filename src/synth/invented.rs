//! Postcodes that could be live, for when there is no list of real ones.

use super::{SynthError, areas};
use crate::domain::{Postcode, Sector, Unit};

/// As many as a sector has of live ones on average (November 2025).
const A_SECTOR: u64 = 160;

/// A short list is spread over so many sectors all the same: ten an area, so that every region has some.
const LEAST_SECTORS: u64 = 1_200;

/// The highest number of an outward code; every area has them all.
const DISTRICTS: u32 = 28;

/// Outward codes that end in a letter.
const LETTERED: [&str; 32] = [
    "E1W", "EC1A", "EC1M", "EC1N", "EC1R", "EC1V", "EC1Y", "EC2A", "EC2M", "EC2N", "EC2R", "EC2V", "EC2Y", "EC3A",
    "EC3M", "EC4A", "EC4M", "N1C", "NW1W", "SE1P", "SW1A", "SW1E", "SW1P", "SW1W", "W1A", "W1B", "W1D", "W1G", "W1K",
    "W1W", "WC1A", "WC2N",
];

/// Invented postcodes in order, each once; from [`invented`].
#[derive(Clone, Debug)]
pub struct Invented {
    sectors: Vec<Sector>,
    units: Vec<Unit>,
    /// How many of the sectors have postcodes: spread evenly over them all.
    used: u64,
    count: u64,
    next: u64,
}

/// So many different postcodes of live shapes, in order, spread over all areas of Great Britain and always the same. Some
/// may be live. None is in the area `AA`.
///
/// # Errors
/// [`SynthError::TooMany`] above some 13 million.
pub fn invented(count: u64) -> Result<Invented, SynthError> {
    let numbered = areas::all().flat_map(|area| (1..=DISTRICTS).map(move |district| format!("{area}{district}")));
    let outward = numbered.chain(LETTERED.map(str::to_owned));
    let mut sectors: Vec<Sector> = outward
        .flat_map(|outward| (0..10).map(move |digit| format!("{outward}{digit}AA")))
        .filter_map(|text| Some(text.parse::<Postcode>().ok()?.sector()))
        .collect();
    sectors.sort_unstable();
    // Which letters a unit may have is the postcode's to say.
    let letters = || (b'A'..=b'Z').map(char::from);
    let pairs = letters().flat_map(|first| letters().map(move |second| format!("B1 1{first}{second}")));
    let units: Vec<Unit> = pairs.filter_map(|text| Some(text.parse::<Postcode>().ok()?.unit())).collect();
    let most = (sectors.len() * units.len()) as u64;
    if count > most {
        return Err(SynthError::TooMany { asked: count, most });
    }
    let used = count.div_ceil(A_SECTOR).max(LEAST_SECTORS.min(count)).min(sectors.len() as u64);
    Ok(Invented { sectors, units, used, count, next: 0 })
}

impl Invented {
    /// The index of the first postcode of the n-th sector used.
    const fn start(&self, nth: u64) -> u64 {
        (nth * self.count).div_ceil(self.used)
    }
}

impl Iterator for Invented {
    type Item = Postcode;

    fn next(&mut self) -> Option<Postcode> {
        if self.next == self.count {
            return None;
        }
        let nth = self.next * self.used / self.count;
        let (start, end) = (self.start(nth), self.start(nth + 1));
        // `start` rounds up, so that `nth` is the sector whose start is the last at or before this index.
        let spread = |place: u64, of: u64, over: usize| usize::try_from(place * over as u64 / of).ok();
        let sector = self.sectors.get(spread(nth, self.used, self.sectors.len())?)?;
        let unit = self.units.get(spread(self.next - start, end - start, self.units.len())?)?;
        self.next += 1;
        sector.postcode(*unit)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn any_count_gives_so_many_in_order() {
        for count in [0, 1, 2, 159, 160, 161, 1_199, 1_201, 12_345, 200_000] {
            let all: Vec<Postcode> = invented(count).unwrap().collect();
            assert_eq!(all.len() as u64, count);
            assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "{count}");
        }
    }

    #[test]
    fn five_million_can_be_had_and_the_most_is_told() {
        let places = |postcodes: Invented| postcodes.step_by(9_973).map(|p| p.to_string()).collect::<Vec<_>>();
        let many = places(invented(5_000_000).unwrap());
        assert_eq!(many.len(), 5_000_000 / 9_973 + 1);
        assert!(many.iter().all(|text| text.parse::<Postcode>().is_ok()));
        let error = invented(u64::MAX).unwrap_err();
        let SynthError::TooMany { most, .. } = error else { panic!("{error}") };
        assert!(most >= 13_000_000);
        assert_eq!(invented(most).unwrap().count, most);
    }

    #[test]
    fn the_fullest_set_has_every_place_once() {
        let SynthError::TooMany { most, .. } = invented(u64::MAX).unwrap_err() else { panic!() };
        let mut all = invented(most).unwrap();
        all.next = most - 1_000;
        assert_eq!(all.collect::<HashSet<_>>().len(), 1_000);
    }

    #[test]
    fn they_are_spread_over_all_areas_with_sectors_as_full_as_real_ones() {
        let all: Vec<String> = invented(2_000).unwrap().map(|postcode| postcode.to_string()).collect();
        let area = |text: &str| text.chars().take_while(char::is_ascii_uppercase).collect::<String>();
        assert_eq!(
            all.iter().map(|text| area(text)).collect::<HashSet<_>>(),
            areas::all().map(str::to_owned).collect()
        );
        let mut sectors: Vec<_> = invented(200_000).unwrap().map(Postcode::sector).collect();
        sectors.dedup();
        assert_eq!(sectors.len(), 1_250);
        let lettered = |text: &String| text.split(' ').next().unwrap().ends_with(char::is_alphabetic);
        assert!(invented(1_000_000).unwrap().map(|p| p.to_string()).filter(lettered).count() > 1_000);
    }

    #[test]
    fn they_never_change() {
        let all: Vec<String> = invented(1_000_000).unwrap().step_by(99_991).map(|p| p.to_string()).collect();
        insta::assert_snapshot!(all.join(", "), @"
        AB1 0AA, CB11 6YX, DG14 8XU, FK28 0WR, HX5 2UP, LL8 4TJ, NR1 6SG, RM11 8RD, SS14 0QA, UB13 2NX, ZE9 4LU
        ");
    }
}
