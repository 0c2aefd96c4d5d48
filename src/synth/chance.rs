//! Chance that is always the same.

use crate::domain::{CspRegion, Postcode};

/// What is drawn. Each has its own draw, so that a new one moves none of the others: add at the end, never renumber.
#[derive(Clone, Copy)]
pub(super) enum Draw {
    Border = 1,
    FourG = 2,
    NonePlanned = 3,
    Unconfirmed = 4,
    UnconfirmedCell = 5,
    OneDay = 6,
    AnotherDay = 7,
    Variant = 8,
    Likelihood = 9,
    Auxiliary = 10,
    AuxiliaryText = 11,
    Information = 12,
    InformationText = 13,
    NonePlannedCell = 14,
    Premises = 15,
    Sparse = 16,
    Street = 17,
    FirstNumber = 18,
    OwnAnswer = 19,
    WithoutUprn = 20,
    WithoutIdentifier = 21,
}

/// The draws for one postcode in one region, or in none.
#[derive(Clone, Copy)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) const fn of(seed: u64, region: Option<CspRegion>, postcode: Postcode) -> Self {
        // 38 bits of postcode leave the low byte to the region.
        Self(mix(mix(seed) ^ (postcode.packed() << 8 | number(region))))
    }

    /// The draws for one premises of it.
    pub(super) const fn premises(self, number: u64) -> Self {
        Self(mix(self.0 ^ mix(number + 1)))
    }

    /// Any number, each as likely as any other.
    pub(super) const fn number(self, draw: Draw) -> u64 {
        mix(self.0 ^ (draw as u64).rotate_right(8))
    }

    /// A number below `end`, each as likely as any other within one part in 2^64 / `end`.
    pub(super) const fn below(self, draw: Draw, end: u64) -> u64 {
        ((self.number(draw) as u128 * end as u128) >> 64) as u64
    }

    /// Whether it comes to pass, so many times in ten thousand.
    pub(super) const fn happens(self, draw: Draw, in_ten_thousand: u64) -> bool {
        self.below(draw, 10_000) < in_ten_thousand
    }

    /// One of a list; `None` of an empty one.
    pub(super) fn pick<T: Copy>(self, draw: Draw, of: &[T]) -> Option<T> {
        of.get(usize::try_from(self.below(draw, of.len() as u64)).ok()?).copied()
    }
}

/// Numbers of our own: the order of the enum may change when regions are added.
const fn number(region: Option<CspRegion>) -> u64 {
    match region {
        None => 0,
        Some(CspRegion::North) => 1,
        Some(CspRegion::Central) => 2,
        Some(CspRegion::South) => 3,
        Some(CspRegion::North4G) => 4,
        Some(CspRegion::Central4G) => 5,
        Some(CspRegion::South4G) => 6,
    }
}

/// One step of SplitMix64 (Steele, Lea and Flood, 2014): every bit of the input moves about half of the output's.
const fn mix(of: u64) -> u64 {
    let mut z = of.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mix_is_splitmix64() {
        // The first outputs of the published generator, seeded with 0 and with 1234567.
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
        assert_eq!(mix(1_234_567), 6_457_827_717_110_365_317);
    }

    #[test]
    fn neighbours_draw_apart() {
        let mut draws = std::collections::HashSet::new();
        for seed in [0, 1, 2] {
            for text in ["SW1A 1AA", "SW1A 1AB", "SW1A 2AA", "M1 1AE"] {
                let postcode = text.parse().unwrap();
                for region in CspRegion::ALL.map(Some).into_iter().chain([None]) {
                    for draw in [Draw::Border, Draw::FourG, Draw::NonePlannedCell] {
                        assert!(draws.insert(Chance::of(seed, region, postcode).number(draw)));
                    }
                }
            }
        }
    }
}
