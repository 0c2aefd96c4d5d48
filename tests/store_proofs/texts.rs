//! Texts that no interning helps with, and the fullest sector there can be: each text is still its own row's.

use std::{borrow::Cow, fs, sync::Arc};

use sha2::{Digest as _, Sha256};
use wan_matrix::{
    domain::CspRegion,
    loads::{Loads, Share},
    synth::invented,
};

use crate::{
    answers,
    common::loads::{header, open, open_with, submit},
    file, units,
};

/// With 220 characters each, more than a load holds of texts in memory.
const MANY: u64 = 160_000;

#[tokio::test]
async fn texts_that_are_all_distinct_and_outgrow_memory_answer_from_the_database() {
    let dir = tempfile::tempdir().unwrap();
    // The small load that follows the large one must not be refused for what goes.
    let loads = open_with(dir.path(), |settings| settings.thresholds.shrink = Share::percent(100));
    let rows: Vec<String> = invented(MANY)
        .unwrap()
        .enumerate()
        .map(|(n, postcode)| format!("{postcode},2020-05-01,Cellular,High,,{}", text(n)))
        .collect();
    let submitted = submit(&loads, CspRegion::South, &file(&rows)).await.unwrap();
    drop(rows);
    assert_eq!(submitted.record.manifest.packed.map(|packed| u64::from(packed.texts)), Some(MANY));
    each_text_is_its_own(&loads, 1);

    // Its database is open as long as it is read, and sled opens none twice: whoever compares it or goes back to it while
    // somebody still reads it shares what is open.
    let large = submitted.record.manifest.load_id;
    let reading = Arc::clone(&loads.active());
    let first = invented(MANY).unwrap().next().unwrap();
    let mut small = header(CspRegion::South, b"");
    let bytes = file(&[format!("{first},2020-05-01,Cellular,High,,{}", text(0))]);
    small.sha256 = Sha256::digest(&bytes).into();
    small.issue_time += jiff::SignedDuration::from_hours(1);
    let mut attempt = loads.begin(small).unwrap();
    attempt.chunk(bytes.into()).await.unwrap();
    let small = attempt.finish().await.unwrap().record.manifest.load_id;
    let removed = loads.changes(&large, &small, None).unwrap().map(Result::unwrap).take(2_000);
    assert!(removed.zip(invented(MANY).unwrap().skip(1)).all(|(change, postcode)| change.postcode == Some(postcode)));
    loads.activate_retained(&large, "operator").unwrap();
    each_text_is_its_own(&loads, 29);
    drop(reading);

    // What deletes its directory takes nothing from under whoever reads it.
    let mut changes = loads.changes(&small, &large, None).unwrap().map(Result::unwrap);
    assert_eq!(changes.next().unwrap().after().unwrap().additional_information, text(1));
    fs::rename(dir.path().join("loads").join(&large), dir.path().join("moved")).unwrap();
    assert_eq!(changes.nth(2_000).unwrap().after().unwrap().additional_information, text(2_002));
    fs::rename(dir.path().join("moved"), dir.path().join("loads").join(&large)).unwrap();
    drop((changes, loads));
    each_text_is_its_own(&open(dir.path()), 29);
}

fn text(n: usize) -> String {
    format!("Place {n:0>214}")
}

fn each_text_is_its_own(loads: &Loads, step: usize) {
    let set = loads.active();
    for (n, postcode) in invented(MANY).unwrap().enumerate().step_by(step) {
        let answer = set.lookup(postcode).next().unwrap().unwrap();
        assert!(matches!(answer.additional_information, Cow::Owned(_)), "fewer texts than this proof is about");
        assert_eq!(answer.additional_information, text(n), "row {n}");
    }
}

#[tokio::test]
async fn the_fullest_sector_with_distinct_texts_of_full_length_is_one_block() {
    let dir = tempfile::tempdir().unwrap();
    let loads = open(dir.path());
    // Four bytes a character: the most that 50 and 250 characters can weigh.
    let texts =
        |unit: &str| [format!("{unit}{}", "\u{1F4E1}".repeat(48)), format!("{unit}{}", "\u{1F3E0}".repeat(248))];
    let rows: Vec<String> = units()
        .map(|unit| {
            let [auxiliary, additional] = texts(&unit);
            format!("AA1 1{unit},2020-05-01,Cellular,High,{auxiliary},{additional}")
        })
        .collect();
    assert_eq!(rows.len(), 400);
    let submitted = submit(&loads, CspRegion::South, &file(&rows)).await.unwrap();
    let packed = submitted.record.manifest.packed.unwrap();
    assert_eq!((packed.rows, packed.blocks, packed.texts), (400, 1, 400));
    drop(loads);
    let loads = open(dir.path());
    for unit in units() {
        let [auxiliary, additional] = texts(&unit);
        let said = "South 2020-05-01 Cellular High".to_owned();
        assert_eq!(answers(&loads, &format!("AA1 1{unit}")), [[said, auxiliary, additional]]);
    }
}
