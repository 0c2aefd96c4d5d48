use proptest::prelude::*;

use super::*;
use crate::{
    domain::{CspRegion, Postcode, Table3},
    ingest::{FileKind, read},
};

const HEADER: &str = "postcode,availability_date,wan_variant,connectivity_likelihood,auxiliary_equipment_required\n";

fn settle(rows: &[&str]) -> Ingested {
    settle_within(rows, Limits::new(std::env::temp_dir().join(format!("wan-matrix-settle-{}", std::process::id()))))
}

fn settle_within(rows: &[&str], limits: Limits) -> Ingested {
    let file = format!("{HEADER}{}\n", rows.join("\n"));
    let table = Table3::shipped().unwrap();
    let cancelled = AtomicBool::new(false);
    let scanned = read(file.as_bytes(), FileKind::Full, table.region(CspRegion::South), &limits, &cancelled).unwrap();
    match scanned.settle(|| Ok(file.as_bytes())) {
        Ok(ingested) => ingested,
        Err(FileError::NoAcceptedRow(unaccepted)) => {
            let super::super::Unaccepted { report, rejects } = *unaccepted;
            Ingested {
                rows: Vec::new(),
                premises: Premises::default(),
                texts: TextTable::new(limits.spill),
                report,
                rejects,
            }
        }
        Err(error) => panic!("{error}"),
    }
}

/// Every location, what is said of it and its text; not the line, nor the text's id.
fn said(ingested: &Ingested) -> Vec<(u64, u32, String)> {
    let text = |row: &Row| ingested.texts.get(row.texts).unwrap().0.into_owned();
    ingested.rows.iter().map(|row| (row.key(), row.facts().bits(), text(row))).collect()
}

const OTHER: &str = "AA9 9AA,,,,";

/// They are found place by place, and the places are not in the order of the file.
#[test]
fn of_rows_that_disagree_those_on_the_first_lines_are_kept() {
    let rows = ["AA1 1AB,,,,", "AA1 1AB,,,,aerial", "AA1 1AA,,,,", "AA1 1AA,,,,aerial", OTHER];
    for kept in 0..=5 {
        let limits = Limits::new(std::env::temp_dir().join(format!("wan-matrix-kept-{}", std::process::id())));
        let Ingested { report, rejects, .. } = settle_within(&rows, Limits { rejects_kept: kept, ..limits });
        let lines: Vec<_> = rejects.iter().map(|reject| reject.line as usize).collect();
        assert_eq!(lines, (2..6).take(kept).collect::<Vec<_>>(), "{kept} are kept");
        assert_eq!((report.set_aside, report.rejects_kept), (4, lines.len() as u64));
    }
}

#[test]
fn rows_of_one_place() {
    let planned = "AA1 1AA,2020-01-01,Cellular,High,";
    let unknown = "AA1 1AA,2020-01-01, ,High,";
    let none = "AA1 1AA,,,,";
    let texted = "AA1 1AA,,,,aerial";
    let bad = "AA1 1AA,2020-01-01,Cellular,,";
    for (rows, accepted, repeats, set_aside, marked) in [
        (vec![planned], 1, 0, 0, 0),
        (vec![planned, planned, "aa11aa,2020-01-01,Cellular,High,"], 1, 2, 0, 0),
        (vec![unknown, "AA1 1AA,2020-01-01,Unknown,High,", "AA1 1AA,2020-01-01,,High,"], 1, 2, 0, 0),
        (vec![planned, unknown], 0, 0, 2, 1),
        (vec![none, texted], 0, 0, 2, 1),
        (vec![planned, none, planned, planned], 0, 0, 4, 1),
        (vec![bad], 0, 0, 1, 1),
        (vec![bad, bad], 0, 0, 2, 1),
        (vec![bad, planned], 0, 0, 2, 1),
        (vec![planned, planned, bad], 0, 0, 3, 1),
        (vec![planned, none, bad], 0, 0, 3, 1),
    ] {
        let mut file = rows.clone();
        file.push(OTHER);
        let ingested = settle(&file);
        let Report { accepted: a, repeats: r, set_aside: s, set_aside_locations: m, .. } = ingested.report;
        assert_eq!((a - 1, r, s, m), (accepted, repeats, set_aside, marked), "{rows:?}");
        assert_eq!(ingested.rows.len(), 2, "{rows:?}");
        assert_eq!(ingested.rows[0].facts().is_set_aside(), marked == 1, "{rows:?}");
        assert_eq!(ingested.rows[0].line, 2, "the first line stands for the place");
        assert_eq!(ingested.rejects.len() as u64, set_aside, "{rows:?}");
        for reject in &ingested.rejects {
            assert_eq!(reject.row, rows[reject.line as usize - 2].as_bytes());
        }
    }
}

#[test]
fn disagreeing_rows_name_each_other() {
    let ingested =
        settle(&["AA1 1AA,,,,", "AA1 1AB,,,,", "AA1 1AA,,,,\"two\nlines\"", "AA1 1AA,,,,", "AA1 1AB,bad,,,", OTHER]);
    let told: Vec<_> = ingested.rejects.iter().map(|reject| (reject.line, reject.message.as_str())).collect();
    assert_eq!(told[0], (2, "line 4 says something else of the same postcode; send one row for it"));
    assert!(told[1].0 == 3 && told[1].1.starts_with("line 7 speaks of the same postcode and was set aside"));
    assert_eq!(told[2], (4, "line 2 says something else of the same postcode; send one row for it"));
    assert_eq!(told[3], (6, "line 4 says something else of the same postcode; send one row for it"));
    assert_eq!((told[4].0, ingested.rejects[4].reason), (7, RejectReason::DateMalformed));
    assert_eq!(ingested.rejects[2].row, b"AA1 1AA,,,,\"two\nlines\"");
}

#[test]
fn the_earliest_rejects_win_wherever_they_were_found() {
    let mut rows = vec!["AA1 1AA,,,,"];
    rows.extend(["nonsense,,,,"; 5]);
    rows.extend(["AA1 1AA,,,,x", OTHER]);
    for (kept, lines) in [(0, vec![]), (1, vec![2]), (3, vec![2, 3, 4]), (7, vec![2, 3, 4, 5, 6, 7, 8])] {
        let limits = Limits { rejects_kept: kept, ..Limits::new(std::env::temp_dir()) };
        let ingested = settle_within(&rows, limits);
        assert_eq!(ingested.rejects.iter().map(|reject| reject.line).collect::<Vec<_>>(), lines);
        assert_eq!((ingested.report.set_aside, ingested.report.rejects_kept), (7, kept as u64));
    }
}

#[test]
fn only_rows_that_answer_are_counted_by_what_they_say() {
    let empty = "AA1 1AA,2020-01-01,,High,";
    let report = settle(&[
        empty,
        empty,
        "AA1 1AB,2020-01-01, ,High,",
        "AA1 1AD,2020-01-01,,High,",
        "AA1 1AD,2020-01-01,Cellular,High,",
        "AA1 1AE,,,,",
        "AA1 1AE,,,,",
        "AA1 1AF,,,,",
        "AA1 1AF,,,,x",
        "AA1 1AG,2020-01-01,Cellular,Low,",
    ])
    .report;
    let Report { rows, accepted, set_aside, repeats, unknown, unknown_from_empty, none_planned, .. } = report;
    assert_eq!((rows, accepted, set_aside, repeats), (10, 4, 4, 2));
    assert_eq!((unknown, unknown_from_empty, none_planned), (2, 1, 1));
}

#[test]
fn a_file_that_changed_before_it_is_read_again_is_told() {
    let file = format!("{HEADER}AA1 1AA,,,,\nAA1 1AA,,,,x\n{OTHER}\n");
    let table = Table3::shipped().unwrap();
    let limits = Limits::new(std::env::temp_dir());
    let scanned =
        read(file.as_bytes(), FileKind::Full, table.region(CspRegion::South), &limits, &AtomicBool::new(false))
            .unwrap();
    let error = scanned.settle(|| Ok(HEADER.as_bytes())).err().unwrap();
    assert!(matches!(error, FileError::Disk { .. }), "{error}");
}

proptest! {
    #[test]
    fn the_order_of_the_rows_makes_no_difference(
        rows in prop::collection::vec(
            (0..40u32, prop_oneof![
                Just(",,,"), Just("2020-01-01, ,High,"), Just("2020-01-01,Cellular,Low,aerial"),
                Just("2020-01-01,Cellular,Low,dish"), Just("bad,,,"),
            ]), 1..60),
        seed in any::<u64>(),
    ) {
        let rows: Vec<_> = rows.iter().map(|(place, said)| {
            let (a, b) = (b"ABDEFGHJ"[(place % 8) as usize] as char, b"ABDEF"[(place / 8) as usize] as char);
            format!("AA1 1{a}{b},{said}")
        }).collect();
        let mut shuffled: Vec<_> = rows.iter().map(String::as_str).collect();
        shuffled.sort_by_key(|row| (row.as_ptr() as u64).wrapping_mul(seed | 1).rotate_left(23));
        let mut sorted = shuffled.clone();
        sorted.sort_unstable();
        let (shuffled, sorted) = (settle(&shuffled), settle(&sorted));
        prop_assert_eq!(said(&shuffled), said(&sorted));
        prop_assert_eq!(&shuffled.report, &sorted.report);
        prop_assert!(sorted.rows.is_sorted_by(|a, b| a.key() < b.key()));
        for row in &sorted.rows {
            prop_assert!(Postcode::from_packed(row.key()).is_some());
        }
    }
}
