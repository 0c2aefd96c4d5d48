use std::collections::BTreeMap;

use super::*;
use crate::{
    domain::{Verdict, WanVariant, judge},
    synth::invented,
};

fn table3() -> Table3 {
    Table3::shipped().unwrap()
}

fn postcodes() -> impl Iterator<Item = Postcode> {
    invented(50_000).unwrap()
}

/// Every row of the 50,000 postcodes, by region.
fn all(table3: &Table3) -> Vec<(CspRegion, SynthRow<'_>)> {
    postcodes().flat_map(|postcode| Synth::new(1).rows(postcode, table3)).collect()
}

#[test]
fn every_row_is_one_that_ingest_accepts() {
    let table3 = table3();
    for (region, row) in all(&table3) {
        let verdict = judge(table3.region(region), row.availability_date, row.wan_variant);
        let covered = match verdict.unwrap_or_else(|breach| panic!("{region}, {row:?}: {breach}")) {
            Verdict::NonePlanned => false,
            Verdict::Covered { date, .. } => {
                assert_eq!(date.to_string().parse(), Ok(date.0));
                assert!(("2014-01-01".."2031-01-01").contains(&date.to_string().as_str()), "{date}");
                true
            }
        };
        assert_eq!(row.connectivity_likelihood.is_some(), covered);
        assert!(covered || row.auxiliary_equipment_required.is_empty());
    }
}

#[test]
fn a_row_comes_from_seed_region_and_postcode_alone() {
    let table3 = table3();
    for postcode in postcodes().step_by(97) {
        let rows: BTreeMap<CspRegion, SynthRow<'_>> = Synth::new(1).rows(postcode, &table3).collect();
        for region in CspRegion::ALL {
            assert_eq!(Synth::new(1).row(region, postcode, &table3).as_ref(), rows.get(&region), "{postcode}");
        }
    }
    let dates = |seed| -> Vec<_> {
        let first = |postcode| Synth::new(seed).rows(postcode, &table3).next();
        postcodes().map(|postcode| first(postcode).unwrap().1.availability_date).collect()
    };
    let differ = dates(1).into_iter().zip(dates(2)).filter(|(one, another)| one != another).count();
    assert!(differ > 49_000, "another seed gives other coverage: {differ}");
}

#[test]
fn rows_never_change() {
    let table3 = table3();
    let rows: Vec<String> = ["SW1A 1AA", "M1 1AE", "B33 8TH", "OX18 4AA", "S1 2AA", "AA1 1AA"]
        .into_iter()
        .flat_map(|text| Synth::new(1).rows(text.parse().unwrap(), &table3))
        .map(|(region, row)| {
            let date = row.availability_date.map(|date| date.to_string());
            let likelihood = row.connectivity_likelihood.map(ConnectivityLikelihood::name);
            let (equipment, information) = (row.auxiliary_equipment_required, row.additional_information);
            format!(
                "{region}: {} {date:?} {:?} {likelihood:?} {equipment:?} {information:?}",
                row.postcode, row.wan_variant
            )
        })
        .collect();
    insta::assert_snapshot!(rows.join("\n"), @r#"
    South: SW1A 1AA Some("2019-08-04") "Cellular and Mesh" Some("High") "" ""
    4G South: SW1A 1AA Some("2021-01-01") "4G Cellular" Some("High") "" ""
    North: M1 1AE Some("2016-08-26") "Standard 420" Some("High") "" ""
    Central: B33 8TH Some("2014-06-08") "Cellular" Some("Medium") "" ""
    4G Central: B33 8TH Some("2026-01-10") "4G Cellular" Some("High") "" ""
    South: OX18 4AA Some("2015-03-20") "Cellular" Some("High") "" ""
    4G South: OX18 4AA Some("2022-12-19") "4G Cellular" Some("High") "" ""
    North: S1 2AA Some("2018-07-24") "Variant 450" Some("High") "" "Conservation area: nothing visible from the street. Measured at street level. Allow half an hour more."
    Central: AA1 1AA Some("2014-04-20") "Cellular" Some("High") "" "Meters below ground level. Coverage from a neighbouring site until the new one is live. Report a failed connection on the day."
    "#);
}

/// So many rows of all, in ten thousand.
fn share(rows: &[(CspRegion, SynthRow<'_>)], of: impl Fn(CspRegion, &SynthRow<'_>) -> bool) -> usize {
    rows.iter().filter(|(region, row)| of(*region, row)).count() * 10_000 / rows.len()
}

#[test]
fn the_shares_are_those_the_issue_asks_for() {
    let table3 = table3();
    let rows = all(&table3);
    let per_cent = |of: &dyn Fn(CspRegion, &SynthRow<'_>) -> bool, least: usize, most: usize, what: &str| {
        let share = share(&rows, of);
        assert!((least..=most).contains(&share), "{what}: {share} in ten thousand");
    };
    per_cent(&|_, row| row.availability_date.is_none(), 60, 80, "none planned");
    per_cent(&|_, row| !row.additional_information.is_empty(), 950, 1_050, "informed");
    per_cent(&|_, row| !row.auxiliary_equipment_required.is_empty(), 550, 650, "equipped");
    per_cent(&|_, row| row.connectivity_likelihood == Some(ConnectivityLikelihood::High), 7_850, 8_050, "High");
    per_cent(&|_, row| row.connectivity_likelihood == Some(ConnectivityLikelihood::Low), 450, 550, "Low");
    let past = "2025-12-01".parse().unwrap();
    per_cent(&|_, row| row.availability_date.is_some_and(|date| date.0 < past), 7_500, 9_000, "past");
    for region in CspRegion::ALL {
        let confirmed = table3.region(region).confirmed();
        let rows: Vec<_> = rows.iter().filter(|(of, _)| *of == region).cloned().collect();
        if region == CspRegion::North4G {
            assert!(rows.is_empty());
            continue;
        }
        let unknown = share(&rows, |_, row| row.availability_date.is_some() && is_unknown(&table3, region, row));
        let expected = if region.may_leave_variant_unconfirmed() { 160..240 } else { 0..1 };
        assert!(expected.contains(&unknown), "{region} Unknown: {unknown} in ten thousand");
        for name in confirmed {
            assert!(share(&rows, |_, row| row.wan_variant == name.as_str()) > 1_000, "{region} {name}");
        }
    }
}

fn is_unknown(table3: &Table3, region: CspRegion, row: &SynthRow<'_>) -> bool {
    let verdict = judge(table3.region(region), row.availability_date, row.wan_variant);
    matches!(verdict, Ok(Verdict::Covered { variant, .. }) if variant.is_unknown())
}

#[test]
fn unknown_is_sent_in_every_way_mostly_as_a_space() {
    let table3 = table3();
    let mut sent: BTreeMap<String, usize> = BTreeMap::new();
    let rows = all(&table3);
    for (_, row) in rows.iter().filter(|(region, row)| is_unknown(&table3, *region, row)) {
        *sent.entry(row.wan_variant.to_owned()).or_default() += 1;
    }
    let total: usize = sent.values().sum();
    assert_eq!(sent.keys().map(String::as_str).collect::<Vec<_>>(), ["", " ", "   ", "Unknown"]);
    assert!(sent[" "] * 100 / total >= 60 && sent["Unknown"] * 100 / total >= 20, "{sent:?}");
    assert!(sent[""] * 100 / total <= 4, "{sent:?}");
}

#[test]
fn some_postcodes_are_in_two_regions_and_most_have_4g_beside() {
    let table3 = table3();
    let (mut border, mut older, mut four_g) = (0, 0, 0);
    for postcode in postcodes() {
        let has = |region| Synth::new(1).row(region, postcode, &table3).is_some();
        let homes = [CspRegion::North, CspRegion::Central, CspRegion::South].map(has);
        assert!(homes.contains(&true) && homes != [true; 3], "{postcode}");
        border += usize::from(homes.iter().filter(|home| **home).count() == 2);
        for (home, beside) in [(CspRegion::Central, CspRegion::Central4G), (CspRegion::South, CspRegion::South4G)] {
            assert!(has(home) || !has(beside), "{postcode}");
            older += usize::from(has(home));
            four_g += usize::from(has(beside));
        }
    }
    assert!((350..=650).contains(&border), "{border} of 50,000 at a border");
    assert!((84..=86).contains(&(four_g * 100 / older)), "4G beside {four_g} of {older}");
}

#[test]
fn a_region_without_confirmed_variants_sends_nothing_it_may_not() {
    let csv = "csp_region,wan_variant,description,provenance\nCentral,Unknown,,\nSouth,Unknown,,\n";
    let table3 = Table3::from_csv(csv.as_bytes()).unwrap();
    for (region, row) in all(&table3).into_iter().step_by(11) {
        match judge(table3.region(region), row.availability_date, row.wan_variant).unwrap() {
            Verdict::NonePlanned => {}
            Verdict::Covered { variant, .. } => assert_eq!(Some(variant), WanVariant::unknown(region)),
        }
    }
}
