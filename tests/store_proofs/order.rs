//! The order of a file's rows leaves no trace: the same digest, the same blocks, the same answers.

use proptest::{prelude::*, sample::select};
use wan_matrix::{
    domain::CspRegion,
    ingest::Report,
    loads::{Loads, Settings, Share},
};

use crate::{
    answers,
    common::loads::{open_with, submit},
    file, units,
};

/// Postcodes of three sectors, few enough that rows often speak of the same one.
fn pool() -> Vec<String> {
    let sector = |sector: &str| units().step_by(37).map(|unit| format!("{sector}{unit}")).collect::<Vec<_>>();
    ["AA1 1", "AA1 2", "AA10 1"].into_iter().flat_map(sector).collect()
}

/// A row: most are good, some repeat or contradict another, some must be set aside.
fn any_row() -> impl Strategy<Value = String> {
    let facts = select(vec![
        "2020-05-01,Cellular,High",
        "2030-01-31,Cellular and Mesh,Low",
        "2026-11-23, ,Medium",
        "2026-11-23,Unknown,Medium",
        "2019-02-03,,High",
        "2019-02-03, ,High",
        ",,",
        ", ,",
        ",Cellular,",
        "2020-05-01,Copper,High",
        "2020-02-30,Cellular,High",
    ]);
    let texts = select(vec![",", "Mesh aerial,", ",Ask for the key.", "Mesh aerial,Ask for the key."]);
    (select(pool()), facts, texts).prop_map(|(postcode, facts, texts)| format!("{postcode},{facts},{texts}"))
}

fn any_rows_twice() -> impl Strategy<Value = (Vec<String>, Vec<String>)> {
    prop::collection::vec(any_row(), 1..80).prop_flat_map(|mut rows| {
        // Only a file with an accepted row becomes a load.
        rows.push("AA9 9ZZ,2020-05-01,Cellular,High,,".to_owned());
        rows.sort();
        (Just(rows.clone()), Just(rows).prop_shuffle())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_shuffled_file_and_a_sorted_one_give_the_same_load((sorted, shuffled) in any_rows_twice()) {
        let (one, another) = (loaded(&sorted), loaded(&shuffled));
        prop_assert_eq!(one, another);
    }
}

/// What a file becomes: what was packed, its counts, and every answer, also after a restart.
fn loaded(rows: &[String]) -> (String, String, Vec<Vec<[String; 3]>>) {
    let dir = tempfile::tempdir().unwrap();
    let all = |settings: &mut Settings| settings.thresholds.rejects = Share::percent(100);
    let loads = open_with(dir.path(), all);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let submitted = runtime.block_on(submit(&loads, CspRegion::South, &file(rows))).unwrap();
    let manifest = submitted.record.manifest;
    // Of rows that say the same with a space and with an empty cell, the first in the file is the one counted.
    let report = Report { unknown_from_empty: 0, ..manifest.report };
    let said = |loads: &Loads| pool().iter().map(|postcode| answers(loads, postcode)).collect::<Vec<_>>();
    let before = said(&loads);
    drop(loads);
    let loads = open_with(dir.path(), all);
    let after = said(&loads);
    assert_eq!(before, after, "after a restart");
    (format!("{:?}", manifest.packed.unwrap()), format!("{report:?}"), after)
}
