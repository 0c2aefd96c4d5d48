use std::collections::{BTreeMap, HashSet};

use super::*;
use crate::{
    domain::{AddressIdentifier, CspRegion},
    synth::invented,
};

fn table3() -> Table3 {
    Table3::shipped().unwrap()
}

/// Every premises of so many invented postcodes, by region.
fn all(postcodes: u64, per_postcode: u32, table3: &Table3) -> Vec<(CspRegion, SynthRow<'_>)> {
    let synth = Synth::new(7);
    let mut all = Vec::new();
    for postcode in invented(postcodes).unwrap() {
        for (region, row) in synth.rows(postcode, table3) {
            all.extend(synth.premises(&row, region, per_postcode, table3).map(|row| (region, row)));
        }
    }
    all
}

#[test]
fn there_are_as_many_as_asked_for_and_most_have_a_uprn() {
    let table3 = table3();
    let rows = all(2_000, 17, &table3).len();
    let regions: usize = invented(2_000).unwrap().map(|postcode| Synth::new(7).rows(postcode, &table3).count()).sum();
    assert!((rows as f64 / regions as f64 - 17.0).abs() < 0.5, "{rows} premises of {regions}");
    let share = |of: &dyn Fn(&SynthRow<'_>) -> bool| {
        let all = all(2_000, 17, &table3);
        all.iter().filter(|(_, row)| of(row)).count() * 1000 / all.len()
    };
    assert!((20..40).contains(&share(&|row| row.uprn.is_none())));
    assert!((250..350).contains(&share(&|row| row.uprn.is_some_and(|uprn| uprn.number() >= SPARSE_FROM))));
    assert_eq!(all(100, 0, &table3), Vec::new());
}

#[test]
fn no_two_homes_of_a_region_have_the_same_key() {
    let table3 = table3();
    let mut keys = HashSet::new();
    for (region, row) in all(3_000, PER_POSTCODE_MAX, &table3) {
        let identifier =
            (!row.address_identifier.is_empty()).then(|| AddressIdentifier::parse(&row.address_identifier).unwrap());
        let key = row.uprn.map_or((None, Some(row.postcode), identifier), |uprn| (Some(uprn), None, None));
        assert!(key.0.is_some() || key.2.is_some());
        assert!(keys.insert((region, key)), "{row:?}");
    }
}

#[test]
fn a_home_that_two_regions_know_has_one_uprn_and_one_address() {
    let table3 = table3();
    let mut homes: BTreeMap<Uprn, HashSet<(Postcode, String)>> = BTreeMap::new();
    for (_, row) in all(3_000, 3, &table3) {
        if let Some(uprn) = row.uprn {
            homes.entry(uprn).or_default().insert((row.postcode, row.address_identifier));
        }
    }
    assert!(homes.values().all(|places| places.len() == 1));
}
