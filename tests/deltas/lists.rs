//! A delta applied to one list is the other list, row for row.

use std::{iter::Peekable, path::Path, time::Instant};

use wan_matrix::{
    domain::{CspRegion, Postcode},
    loads::Loads,
    synth::{invented, postcodes_from_file},
};

use crate::{
    common::loads::{header, later, open, submit_as},
    on,
    years::{Differences, Years, mixed},
};

#[tokio::test]
async fn a_delta_between_generated_lists_comes_to_the_later_one() {
    let places = invented(30_000).unwrap().map(|postcode| {
        let chance = mixed(postcode, 0);
        let before = (!chance.is_multiple_of(13)).then_some(1);
        let after = (!chance.is_multiple_of(23)).then(|| if chance.is_multiple_of(29) { 2 } else { 1 });
        (postcode, before, after)
    });
    let years = Years { places: places.collect() };
    let found = comes_to_the_later_list(&years).await;
    assert!([found.added, found.removed, found.changed].iter().all(|&count| count > 900), "{found:?}");
}

/// Every live postcode of Great Britain in August 2014 and in November 2025. `just delta-lists` runs it, where the lists
/// are; it takes the time of two national loads and a delta.
#[tokio::test]
#[ignore = "needs the real lists, and minutes without optimisation"]
async fn the_delta_between_the_real_lists_of_2014_and_2025_comes_to_that_of_2025() {
    let list = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(name);
    let [earlier, later] = ["gb-postcodes-2014-08.csv.zst", "gb-postcodes-2025-11.csv.zst"].map(list);
    if !(earlier.is_file() && later.is_file()) {
        println!("the real lists are not there: {} is asked for", earlier.display());
        return;
    }
    let read = |path: &Path| postcodes_from_file(path).unwrap().map(Result::unwrap).collect::<Vec<Postcode>>();
    let years = Years { places: met(read(&earlier), read(&later)) };
    let found = comes_to_the_later_list(&years).await;
    assert_eq!(found, Differences { added: 133_494, removed: 72_414, changed: 0, unchanged: 0 });
}

/// Two sorted lists met place by place.
fn met(earlier: Vec<Postcode>, later: Vec<Postcode>) -> Vec<(Postcode, Option<u64>, Option<u64>)> {
    fn take(list: &mut Peekable<impl Iterator<Item = Postcode>>, place: Postcode) -> Option<u64> {
        list.next_if_eq(&place).map(|_| 1)
    }
    let (mut earlier, mut later) = (earlier.into_iter().peekable(), later.into_iter().peekable());
    let mut places = Vec::new();
    while let Some(&place) = [earlier.peek(), later.peek()].into_iter().flatten().min() {
        places.push((place, take(&mut earlier, place), take(&mut later, place)));
    }
    places
}

async fn comes_to_the_later_list(years: &Years) -> Differences {
    let dir = tempfile::tempdir().unwrap();
    let loads = open(dir.path());
    let base = years.full(0);
    let started = Instant::now();
    let base = submit_as(&loads, header(CspRegion::South, &base), &base).await.unwrap().record.manifest;
    println!("the earlier list, full: {} rows in {:.2} s", base.report.rows, started.elapsed().as_secs_f64());
    let (delta, found) = years.delta();
    let started = Instant::now();
    let merged = submit_as(&loads, on(&base.load_id, &delta, 1), &delta).await.unwrap().record.manifest;
    println!("the delta: {} rows in {:.2} s", merged.report.rows, started.elapsed().as_secs_f64());
    let report = &merged.report;
    assert_eq!((report.set_aside, report.deletes, report.repeats), (0, found.removed, 0));
    assert_eq!(report.rows, found.added + found.removed + found.changed + found.unchanged);
    let compared = merged.compared.clone().unwrap();
    assert_eq!(compared.with, base.load_id);
    let changes = compared.changes;
    assert_eq!((changes.new, changes.removed, changes.changed), (found.added, found.removed, found.changed));

    // The later list as a full file, in a directory of its own and after the delta.
    let full = years.full(1);
    let other_dir = tempfile::tempdir().unwrap();
    let other = open(other_dir.path());
    let whole = submit_as(&other, later(CspRegion::South, &full, 1), &full).await.unwrap().record.manifest;
    assert_eq!(merged.packed, whole.packed, "rows, blocks, texts and the digest over the rows");
    same_answers(&loads, &other, years);
    let again = submit_as(&loads, later(CspRegion::South, &full, 2), &full).await.unwrap().record.manifest;
    assert!(again.compared.unwrap().changes.is_nothing());
    assert_eq!(again.packed, whole.packed);

    // And as it is opened again.
    loads.activate_retained(&merged.load_id, "test").unwrap();
    drop(loads);
    same_answers(&open(dir.path()), &other, years);
    found
}

/// Every place of either list is asked of both.
fn same_answers(one: &Loads, other: &Loads, years: &Years) {
    let (one, other) = (one.active(), other.active());
    let mut answered = 0;
    for &(postcode, _, after) in &years.places {
        let answers = [&one, &other]
            .map(|set| set.lookup(postcode).map(|answer| format!("{:?}", answer.unwrap())).collect::<Vec<_>>());
        assert_eq!(answers[0], answers[1], "{postcode}");
        assert_eq!(answers[0].len(), usize::from(after.is_some()), "{postcode}");
        answered += answers[0].len();
    }
    assert!(answered > years.places.len() / 2);
}
