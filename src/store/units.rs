//! Which units of a sector have a row, and which row: one bit a unit.
//!
//! The rows of a load are many megabytes and a lookup finds them out of the processor's cache. Halving them would wait for
//! memory at every step; these bits say where the row is before any of them is touched.

use crate::domain::Unit;

const WORD: usize = u64::BITS as usize;

/// The units of one sector that have a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Units([u64; Unit::COUNT.div_ceil(WORD)]);

impl Units {
    /// Adds a unit; `None` for one that no postcode has.
    pub(super) fn insert(&mut self, unit: Unit) -> Option<()> {
        let place = unit.place()?;
        *self.0.get_mut(place / WORD)? |= 1 << (place % WORD);
        Some(())
    }

    /// Which of the rows, which are in the order of their units, is this unit's.
    pub(super) fn row(&self, unit: Unit) -> Option<usize> {
        let place = unit.place()?;
        let word = *self.0.get(place / WORD)?;
        let bit = 1 << (place % WORD);
        let before = self.0.iter().take(place / WORD).map(|word| word.count_ones()).sum::<u32>();
        (word & bit != 0).then(|| (before + (word & (bit - 1)).count_ones()) as usize)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn all() -> impl Iterator<Item = Unit> {
        (0..1 << Unit::BITS).filter_map(Unit::from_packed)
    }

    #[test]
    fn every_unit_has_its_own_place_in_the_order_of_units() {
        let places: Vec<usize> = all().filter_map(Unit::place).collect();
        assert_eq!(places, (0..Unit::COUNT).collect::<Vec<_>>());
    }

    proptest! {
        #[test]
        fn each_unit_is_found_at_its_row_and_no_other_is_found(
            chosen in prop::collection::btree_set(0..Unit::COUNT, 0..Unit::COUNT),
        ) {
            let chosen: BTreeSet<usize> = chosen;
            let mut units = Units::default();
            for unit in all().filter(|unit| unit.place().is_some_and(|place| chosen.contains(&place))) {
                prop_assert!(units.insert(unit).is_some());
            }
            for unit in all() {
                let wanted = unit.place().and_then(|place| chosen.iter().position(|&each| each == place));
                prop_assert_eq!(units.row(unit), wanted);
            }
        }
    }
}
