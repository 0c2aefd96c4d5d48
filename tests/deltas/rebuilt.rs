//! A delta load stands by itself: whatever becomes of its base and of its own blocks, it can be made again.

use std::{fmt::Write as _, fs, path::Path, sync::Arc};

use bytes::Bytes;
use wan_matrix::{
    domain::{AddressIdentifier, CspRegion, Uprn},
    loads::{LoadError, LoadState, Loads},
    store::Manifest,
};

use crate::{
    common::loads::{later, open, said, submit, submit_as},
    on,
};

const HEADER: &str = "postcode,availability_date,wan_variant,connectivity_likelihood";

fn full(rows: &[&str]) -> Vec<u8> {
    format!("{HEADER}\n{}\n", rows.join("\n")).into_bytes()
}

fn delta(rows: &[&str]) -> Vec<u8> {
    format!("{HEADER},change\n{}\n", rows.join("\n")).into_bytes()
}

/// Overwrites the load's database.
fn damage_blocks(dir: &Path, load_id: &str) {
    let db = dir.join("loads").join(load_id).join("blocks/db");
    let length = fs::metadata(&db).unwrap().len();
    fs::write(&db, vec![0xA5; usize::try_from(length).unwrap()]).unwrap();
}

/// A base, and the load that a delta made of it.
async fn loaded(loads: &Arc<Loads>) -> [String; 2] {
    let base = full(&["AA1 1AA,2020-05-01,Cellular,High", "AA1 1AB,2030-01-01, ,Low", "AA1 1AD,,,"]);
    let base = submit(loads, CspRegion::South, &base).await.unwrap().record.manifest.load_id;
    let changes = delta(&["AA1 1AB,2030-01-01,Cellular,Low,upsert", "AA1 1AD,2031-01-01,Cellular,Low,upsert"]);
    let merged = submit_as(loads, on(&base, &changes, 1), &changes).await.unwrap().record.manifest.load_id;
    [base, merged]
}

const ANSWERS: [(&str, &str); 3] = [
    ("AA1 1AA", "South 2020-05-01 Cellular High"),
    ("AA1 1AB", "South 2030-01-01 Cellular Low"),
    ("AA1 1AD", "South 2031-01-01 Cellular Low"),
];

fn answers_as_merged(loads: &Loads) {
    for (postcode, answer) in ANSWERS {
        assert_eq!(said(loads, postcode), [answer]);
    }
}

#[tokio::test]
async fn damaged_blocks_are_made_again_without_the_base() {
    let dir = tempfile::tempdir().unwrap();
    let loads = open(dir.path());
    let [base, merged] = loaded(&loads).await;
    answers_as_merged(&loads);
    drop(loads);

    // Its base is gone altogether.
    fs::remove_dir_all(dir.path().join("loads").join(&base)).unwrap();
    damage_blocks(dir.path(), &merged);
    let loads = open(dir.path());
    answers_as_merged(&loads);
    assert!(loads.active().damaged().is_empty());
    drop(loads);
    answers_as_merged(&open(dir.path()));
}

#[tokio::test]
async fn a_delta_that_left_premises_alone_is_made_again_with_all_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let loads = open(dir.path());
    let mut base = format!("{HEADER},uprn,address_identifier\nAA1 1AA,2020-05-01,Cellular,High,,\n");
    for n in 1..=1_000 {
        let uprn = if n % 5 == 0 { String::new() } else { (n * 1_000_003_u64).to_string() };
        writeln!(base, "AA1 1A{},,,,{uprn},House {n}", ["A", "B", "D"][n as usize % 3]).unwrap();
    }
    let base = submit(&loads, CspRegion::South, base.as_bytes()).await.unwrap().record.manifest;
    let changes = delta(&["AA1 1AA,2021-05-01,Cellular,High,upsert"]);
    let merged = submit_as(&loads, on(&base.load_id, &changes, 1), &changes).await.unwrap().record.manifest;
    let premises = |manifest: &Manifest| manifest.packed.as_ref().unwrap().premises.clone().unwrap();
    assert_eq!((premises(&merged), merged.premises()), (premises(&base), 1_000));
    let ask = |loads: &Loads| {
        let set = loads.active();
        let asked = (1..=1_000u64).map(|n| match Uprn::new(n * 1_000_003).filter(|_| n % 5 != 0) {
            Some(uprn) => format!("{:?}", set.lookup_uprn(uprn).collect::<Vec<_>>()),
            None => {
                let postcode = ["AA1 1AA", "AA1 1AB", "AA1 1AD"][n as usize % 3].parse().unwrap();
                let identifier = AddressIdentifier::parse(&format!("house {n}")).unwrap();
                format!("{:?}", set.lookup_address(postcode, &identifier).unwrap())
            }
        });
        asked.collect::<Vec<_>>()
    };
    let answers = ask(&loads);
    assert!(answers.iter().all(|answer| answer.contains("NonePlanned") && answer.contains("premises: Some")));
    drop(loads);

    fs::remove_dir_all(dir.path().join("loads").join(&base.load_id)).unwrap();
    damage_blocks(dir.path(), &merged.load_id);
    let loads = open(dir.path());
    assert!(loads.active().damaged().is_empty());
    assert_eq!(ask(&loads), answers);
    assert_eq!(said(&loads, "AA1 1AA"), ["South 2021-05-01 Cellular High"]);
    assert_eq!(loads.get(&merged.load_id).unwrap().manifest.packed, merged.packed);
}

#[tokio::test]
async fn damaged_blocks_are_made_again_on_the_way_back() {
    let dir = tempfile::tempdir().unwrap();
    let loads = open(dir.path());
    let [base, merged] = loaded(&loads).await;
    loads.activate_retained(&base, "test").unwrap();
    damage_blocks(dir.path(), &merged);
    loads.activate_retained(&merged, "test").unwrap();
    answers_as_merged(&loads);
}

#[tokio::test]
async fn a_delta_whose_rows_are_damaged_too_never_answers() {
    let dir = tempfile::tempdir().unwrap();
    let loads = open(dir.path());
    let [base, merged] = loaded(&loads).await;
    drop(loads);
    damage_blocks(dir.path(), &merged);
    let rows = dir.path().join("loads").join(&merged).join("rows.zst");
    let mut bytes = fs::read(&rows).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&rows, bytes).unwrap();

    let loads = open(dir.path());
    assert_eq!(said(&loads, "AA1 1AA"), [""; 0]);
    assert_eq!(loads.active().damaged(), [CspRegion::South]);
    assert_eq!(loads.get(&merged).unwrap().state, LoadState::Damaged);
    // Nothing answers, so that no delta has a base; the way back, or a full file, heals.
    let changes = delta(&["AA1 1AA,,,,upsert"]);
    for named in [&base, &merged] {
        // The base is told of when the file is here, for it might be the delta that was made of it.
        let error = submit_as(&loads, on(named, &changes, 2), &changes).await.unwrap_err();
        assert!(matches!(&error, LoadError::BaseNotActive { active: None, .. }), "{error}");
    }
    // As many rows as the damaged load had: it still stands against a part.
    let whole = full(&["AA1 1AA,2020-05-01,Cellular,High", "AA1 1AB,,,", "AA1 1AD,,,"]);
    submit_as(&loads, later(CspRegion::South, &whole, 3), &whole).await.unwrap();
    assert_eq!(said(&loads, "AA1 1AA"), ["South 2020-05-01 Cellular High"]);
    assert!(loads.active().damaged().is_empty());
}

#[tokio::test]
async fn a_base_that_is_left_while_its_delta_is_judged_ends_the_delta() {
    let dir = tempfile::tempdir().unwrap();
    let loads = open(dir.path());
    let [base, merged] = loaded(&loads).await;
    let changes = delta(&["AA1 1AA,2021-05-01,Cellular,High,upsert"]);
    let mut attempt = loads.begin(on(&merged, &changes, 2)).unwrap();
    attempt.chunk(Bytes::from(changes)).await.unwrap();
    loads.activate_retained(&base, "test").unwrap();
    let error = attempt.finish().await.unwrap_err();
    match &error {
        LoadError::BaseNotActive { base: named, active, .. } => {
            assert_eq!((named, active.as_deref()), (&merged, Some(base.as_str())));
        }
        other => panic!("{other}"),
    }
    assert_eq!(said(&loads, "AA1 1AB"), ["South 2030-01-01 Unknown Low"]);
    let kept = fs::read_dir(dir.path().join("loads")).unwrap().count();
    assert_eq!(kept, 2, "nothing of the delta is kept");
}
