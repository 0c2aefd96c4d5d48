//! Texts that no interning helps with, and the fullest sector there can be: each text is still its own row's.

use std::borrow::Cow;

use wan_matrix::{domain::CspRegion, loads::Loads, synth::invented};

use crate::{
    answers,
    common::loads::{open, submit},
    file, units,
};

/// With 220 characters each, more than a load holds of texts in memory.
const MANY: u64 = 160_000;

#[tokio::test]
async fn texts_that_are_all_distinct_and_outgrow_memory_answer_from_the_database() {
    let dir = tempfile::tempdir().unwrap();
    let loads = open(dir.path());
    let rows: Vec<String> = invented(MANY)
        .unwrap()
        .enumerate()
        .map(|(n, postcode)| format!("{postcode},2020-05-01,Cellular,High,,{}", text(n)))
        .collect();
    let submitted = submit(&loads, CspRegion::South, &file(&rows)).await.unwrap();
    drop(rows);
    assert_eq!(submitted.record.manifest.packed.map(|packed| u64::from(packed.texts)), Some(MANY));
    each_text_is_its_own(&loads, 1);
    drop(loads);
    each_text_is_its_own(&open(dir.path()), 7);
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
