use super::*;
use crate::{
    domain::Said,
    store::fixture_tests::{TABLES, consecutive, sealed},
};

fn set(told: &[&str]) -> (ActiveSet, tempfile::TempDir) {
    let reaper = crate::store::Reaper::start().unwrap();
    let (load, directory) = sealed(&consecutive(told), &TABLES[0], &reaper);
    (ActiveSet::default().with(ActiveLoad::new(load, Timestamp::UNIX_EPOCH)), directory)
}

fn said(set: &ActiveSet, postcode: &str) -> Vec<(CspRegion, Said, Option<String>, String)> {
    set.lookup(postcode.parse().unwrap())
        .map(|answer| answer.unwrap())
        .map(|answer| {
            let name = answer.variant_name.map(str::to_owned);
            (answer.region, answer.said, name, answer.additional_information.into_owned())
        })
        .collect()
}

#[test]
fn a_postcode_is_answered_by_its_own_row_and_its_neighbours_are_not() {
    let (set, _directory) = set(&["2027-03-01 Mesh High|by the gate", "none", "", "aside", "2016-04-01 Unknown Low"]);
    let [first] = &said(&set, "AA1 1AA")[..] else { panic!() };
    assert_eq!((first.0, first.2.as_deref(), first.3.as_str()), (CspRegion::South, Some("Mesh"), "by the gate"));
    assert_eq!(said(&set, "AA1 1AB")[0].2, None);
    // In the sector, and without a row.
    assert!(said(&set, "AA1 1AD").is_empty());
    assert_eq!(said(&set, "AA1 1AE")[0].1, Said::SetAside);
    assert_eq!(said(&set, "AA1 1AF")[0].2.as_deref(), Some("Unknown"));
    // The next sector, the same unit.
    assert!(said(&set, "AA1 2AA").is_empty());
}

#[test]
fn a_load_takes_the_place_of_its_regions_load_and_heals_its_damage() {
    let (before, _directory) = set(&["none"]);
    let healed = ActiveSet::new(RegionMap::default(), vec![CspRegion::South, CspRegion::North]);
    let load = before.load(CspRegion::South).unwrap().clone();
    let healed = healed.with(load);
    assert_eq!(healed.damaged(), [CspRegion::North]);
    assert_eq!(healed.digest(), before.digest());
    assert_ne!(healed.digest(), ActiveSet::default().digest());

    let (after, _directory) = set(&["2027-03-01 Mesh High"]);
    let exchanged = before.with(after.load(CspRegion::South).unwrap().clone());
    assert_eq!(exchanged.loads().count(), 1);
    assert_eq!(said(&exchanged, "AA1 1AA")[0].2.as_deref(), Some("Mesh"));
    // Whoever holds the set before goes on with it.
    assert_eq!(said(&before, "AA1 1AA")[0].2, None);
}
