//! The merged directory of an active set: from a sector straight to the rows of every region that has some.

use std::{collections::HashMap, ops::Range};

use crate::domain::{CspRegion, RegionMap, Sector};

use super::{image::Run, units::Units};

/// One region's rows of a sector. It fills a cache line of its own.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Slot {
    pub(super) units: Units,
    pub(super) start: u32,
    pub(super) region: CspRegion,
}

/// One look-up in a hash of sectors finds the rows of all regions; sorted arrays were measured to be no better.
#[derive(Debug, Default)]
pub(super) struct Directory {
    sectors: HashMap<u32, Range<u32>, foldhash::fast::FixedState>,
    slots: Box<[Slot]>,
}

impl Directory {
    /// Merges the sectors of every active load. Slots of a sector are in region order.
    pub(super) fn merge(loads: &RegionMap<&[Run]>) -> Self {
        let mut found: Vec<(Sector, CspRegion, &Run)> =
            Vec::with_capacity(loads.iter().map(|(_, runs)| runs.len()).sum());
        for (region, runs) in loads.iter() {
            for run in *runs {
                found.push((run.sector, region, run));
            }
        }
        // A stable sort merges what is in order already, as each region's sectors are.
        found.sort_by_key(|&(sector, ..)| sector);
        let mut slots = Vec::with_capacity(found.len());
        let mut sectors = HashMap::with_capacity_and_hasher(found.len(), foldhash::fast::FixedState::default());
        for of_sector in found.chunk_by(|a, b| a.0 == b.0) {
            let start = slots.len() as u32;
            for &(_, region, run) in of_sector {
                slots.push(Slot { units: run.units, start: run.start, region });
            }
            if let Some((sector, ..)) = of_sector.first() {
                sectors.insert(sector.packed(), start..slots.len() as u32);
            }
        }
        Self { sectors, slots: slots.into() }
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The rows of a sector, one slot for each region that has some.
    pub(super) fn sector(&self, sector: Sector) -> &[Slot] {
        let range = self.sectors.get(&sector.packed());
        range.and_then(|range| self.slots.get(range.start as usize..range.end as usize)).unwrap_or_default()
    }
}
