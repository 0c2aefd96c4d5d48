use std::sync::atomic::AtomicBool;

use crate::{
    domain::{CspRegion, Table3},
    ingest::{FileKind, Ingested, Limits, Reject, RejectReason, Report, read},
};

const HEADER: &str = "postcode,availability_date,wan_variant,connectivity_likelihood,uprn,address_identifier,\
                      auxiliary_equipment_required\n";
/// A good row beside the rows under test, so that the file is one.
const OTHER: &str = "AA9 9AA,,,,,,";

fn settle_within(rows: &[&str], limits: &dyn Fn(Limits) -> Limits) -> Ingested {
    let file = format!("{HEADER}{OTHER}\n{}\n", rows.join("\n"));
    let folder = tempfile::tempdir().unwrap();
    let limits = limits(Limits::new(folder.path().join("spill")));
    let (table, cancelled) = (Table3::shipped().unwrap(), AtomicBool::new(false));
    let scanned = read(file.as_bytes(), FileKind::Full, table.region(CspRegion::South), &limits, &cancelled).unwrap();
    scanned.settle(|| Ok(file.as_bytes())).unwrap()
}

fn settle(rows: &[&str]) -> Ingested {
    settle_within(rows, &|limits| limits)
}

/// Every premises: UPRN, identifier, and whether it is a mark.
fn premises(ingested: &Ingested) -> Vec<(u64, String, bool)> {
    let (mut reader, mut read) = (ingested.premises.reader(), Vec::new());
    while let Some(row) = reader.next_row().unwrap() {
        read.push((row.uprn, row.identifier.to_owned(), row.facts.is_set_aside()));
    }
    assert_eq!(read.len() as u64, ingested.premises.rows());
    read
}

#[test]
fn rows_of_one_premises() {
    let by_uprn = "AA1 1AA,2020-01-01,Cellular,High,77,Flat 1,";
    let by_address = "AA1 1AA,2020-01-01,Cellular,High,,Flat 1,";
    for (rows, accepted, repeats, set_aside, marked) in [
        (vec![by_uprn], 1, 0, 0, 0),
        // Spelled otherwise, and the same: spaces, leading zeros, case and punctuation.
        (vec![by_uprn, "aa11aa,2020-01-01,Cellular,High,0000 77,\"FLAT, 1\","], 1, 1, 0, 0),
        (vec![by_address, "AA11AA,2020-01-01,Cellular,High,,flat-1,"], 1, 1, 0, 0),
        (vec![by_address; 4], 1, 3, 0, 0),
        // A UPRN is the key; where it lies is part of what is said of it.
        (vec![by_uprn, "AA1 1AB,2020-01-01,Cellular,High,77,Flat 1,"], 0, 0, 2, 1),
        (vec![by_uprn, "AA1 1AA,2020-01-01,Cellular,High,77,Flat 2,"], 0, 0, 2, 1),
        (vec![by_uprn, "AA1 1AA,2020-01-01,Cellular,High,77,Flat 1,aerial"], 0, 0, 2, 1),
        (vec![by_uprn, "AA1 1AA,,,,77,Flat 1,"], 0, 0, 2, 1),
        (vec![by_address, "AA1 1AA,2020-01-01, ,High,,flat 1,"], 0, 0, 2, 1),
        (vec![by_address, "AA1 1AA,,,,,flat 1,", by_address, by_address], 0, 0, 4, 1),
        (vec![by_address, "AA1 1AA,bad,,,,flat 1,"], 0, 0, 2, 1),
        (vec!["AA1 1AA,bad,,,,flat 1,", "AA1 1AA,bad,,,,FLAT 1,"], 0, 0, 2, 1),
        // Different keys, whatever they share.
        (vec![by_uprn, by_address, "AA1 1AA,,,,,,"], 3, 0, 0, 0),
        (vec![by_address, "AA1 1AA,,,,,Flat 11,"], 2, 0, 0, 0),
        (vec!["AA1 1AA,,,,,\"Flat 1, 12\",", "AA1 1AA,2020-01-01, ,High,,Flat 11 2,"], 2, 0, 0, 0),
    ] {
        let ingested = settle(&rows);
        let Report { accepted: a, repeats: r, set_aside: s, set_aside_locations: m, .. } = ingested.report;
        assert_eq!((a - 1, r, s, m), (accepted, repeats, set_aside, marked), "{rows:?}");
        assert_eq!(ingested.report.rows, a + r + s);
        assert_eq!(ingested.rejects.len() as u64, set_aside, "{rows:?}");
        for reject in &ingested.rejects {
            assert_eq!(reject.row, rows[reject.line as usize - 3].as_bytes());
        }
    }
}

/// What a row says is worked out once for neighbours that say the same; what it comes to must not depend on them.
#[test]
fn a_row_says_the_same_whatever_its_neighbour_says() {
    const SAID: [&str; 8] = [
        ",,,,,",
        "2020-01-01,Cellular,High,,,",
        "2020-01-01,Cellular,High,ab,c,",
        "2020-01-01,Cellular,High,a,bc,",
        "2020-01-01,Cellular,High,,abc,",
        "2020-01-01, ,High,,,",
        "2020-01-01,,High,,,",
        "2020-01-01,Cellular,,High,,",
    ];
    let header = "availability_date,wan_variant,connectivity_likelihood,auxiliary_equipment_required,\
                  additional_information,address_identifier,postcode,uprn\n";
    let variants = Table3::shipped().unwrap();
    let told = |rows: &[usize]| {
        let folder = tempfile::tempdir().unwrap();
        let rows = rows.iter().zip(1..).map(|(&said, uprn)| format!("{},AA1 1AA,{uprn}\n", SAID[said]));
        let file = format!("{header},,,,,,AA9 9AA,\n{}", rows.collect::<String>());
        let (limits, cancelled) = (Limits::new(folder.path().join("spill")), AtomicBool::new(false));
        let region = variants.region(CspRegion::South);
        let scanned = read(file.as_bytes(), FileKind::Full, region, &limits, &cancelled).unwrap();
        let settled = scanned.settle(|| Ok(file.as_bytes())).unwrap();
        let (mut reader, mut read) = (settled.premises.reader(), Vec::new());
        while let Some(row) = reader.next_row().unwrap() {
            let (auxiliary, additional) = settled.texts.get(row.texts).unwrap();
            read.push((row.facts, row.from_empty, format!("{auxiliary}|{additional}")));
        }
        read
    };
    let alone: Vec<_> = (0..SAID.len()).flat_map(|said| told(&[said])).collect();
    let pairs = (0..SAID.len()).flat_map(|first| (0..SAID.len()).map(move |second| (first, second)));
    for (first, second) in pairs {
        let rows = [first, first, second, second, first];
        assert_eq!(told(&rows), rows.map(|said| alone[said].clone()), "{first} beside {second}");
    }
}

#[test]
fn what_is_wrong_with_a_premises_is_told_and_marks_no_more_than_it() {
    let long = format!("AA1 1AA,,,,,{},", "1".repeat(31));
    for (row, reason, column, marks) in [
        ("AA1 1AA,,,,0,Flat 1,", RejectReason::UprnMalformed, "uprn", vec![(0, "flat 1")]),
        ("AA1 1AA,,,,1234567890123,,", RejectReason::UprnMalformed, "uprn", vec![]),
        ("AA1 1AA,,,,x,,", RejectReason::UprnMalformed, "uprn", vec![]),
        ("AA1 1AA,,,,77,--,", RejectReason::AddressIdentifierMalformed, "address_identifier", vec![(77, "")]),
        (&long, RejectReason::AddressIdentifierMalformed, "address_identifier", vec![]),
        ("ZZ99 9ZZ,,,,77,Flat 1,", RejectReason::PostcodeMalformed, "postcode", vec![(77, "flat 1")]),
        ("ZZ99 9ZZ,,,,,Flat 1,", RejectReason::PostcodeMalformed, "postcode", vec![]),
        (",,,,,Flat 1,", RejectReason::PostcodeMalformed, "postcode", vec![]),
        ("AA1 1AA,bad,,,77,,", RejectReason::DateMalformed, "availability_date", vec![(77, "")]),
        ("AA1 1AA,,,,77,Flat 1", RejectReason::FieldCount, "-", vec![(77, "flat 1")]),
        // Whether it is about the postcode or about a premises cannot be known.
        ("AA1 1AA,,,", RejectReason::FieldCount, "-", vec![]),
        ("AA1 1AA,,,,\"7\n7\",,", RejectReason::QuoteMisplaced, "uprn", vec![(77, "")]),
    ] {
        let ingested = settle(&[row, "AA1 1AB,,,,,,"]);
        let Reject { reason: told, column: at, .. } = &ingested.rejects[0];
        assert_eq!((*told, at.map_or("-", |column| column.name())), (reason, column), "{row}");
        let marks: Vec<_> = marks.iter().map(|&(uprn, identifier)| (uprn, identifier.to_owned(), true)).collect();
        assert_eq!(premises(&ingested), marks, "{row}");
        assert!(ingested.rows.iter().all(|row| !row.facts().is_set_aside()), "{row}: no postcode is marked");
    }
}

#[test]
fn premises_that_disagree_name_each_other() {
    let rows = ["AA1 1AA,,,,77,,", "AA1 1AB,,,,,1,", "AA1 1AA,,,,77,,aerial", "AA1 1AB,bad,,,,1,"];
    let told: Vec<_> = settle(&rows).rejects.into_iter().map(|reject| (reject.line, reject.message)).collect();
    assert_eq!(told[0], (3, "line 5 says something else of the same premises; send one row for it".to_owned()));
    assert!(told[1].0 == 4 && told[1].1.starts_with("line 6 speaks of the same premises and was set aside"));
    assert_eq!(told[2], (5, "line 3 says something else of the same premises; send one row for it".to_owned()));
}

#[test]
fn a_file_about_one_premises_takes_no_more_memory_than_its_rejects() {
    let rows: Vec<_> = (0..500).map(|n| format!("AA1 1AA,,,,77,,aerial {}", n % 2)).collect();
    let rows: Vec<_> = rows.iter().map(String::as_str).collect();
    let ingested = settle_within(&rows, &|limits| Limits { rejects_kept: 3, ..limits });
    assert_eq!((ingested.report.set_aside, ingested.report.accepted, ingested.report.rejects_kept), (500, 1, 3));
    assert_eq!(ingested.report.rejects_by_reason[&RejectReason::RowsDisagree], 500);
    assert_eq!(ingested.rejects.iter().map(|reject| reject.line).collect::<Vec<_>>(), [3, 4, 5]);
    assert_eq!(premises(&ingested), [(77, String::new(), true)]);
}

#[test]
fn the_report_counts_premises_by_what_they_say_too() {
    let report = settle(&[
        "AA1 1AA,2020-01-01, ,High,77,,",
        "AA1 1AA,2020-01-01,,High,78,,",
        "AA1 1AA,,,,79,,",
        "AA1 1AA,2020-01-01,Cellular,High,,1,",
        "AA1 1AA,2020-01-01,,High,,,",
    ])
    .report;
    let Report { accepted, premises, unknown, unknown_from_empty, none_planned, .. } = report;
    assert_eq!((accepted, premises, unknown, unknown_from_empty, none_planned), (6, 4, 3, 2, 2));
}

#[test]
fn either_column_alone_makes_rows_about_premises() {
    let table = Table3::shipped().unwrap();
    for (column, cell) in [("uprn", "77"), ("address_identifier", "Flat 1")] {
        let file = format!(
            "{column},postcode,availability_date,wan_variant,connectivity_likelihood\n{cell},AA1 1AA,,,\n,AA1 1AA,,,\n"
        );
        let folder = tempfile::tempdir().unwrap();
        let limits = Limits::new(folder.path().join("spill"));
        let cancelled = AtomicBool::new(false);
        let read = read(file.as_bytes(), FileKind::Full, table.region(CspRegion::South), &limits, &cancelled).unwrap();
        let ingested = read.settle(|| Ok(file.as_bytes())).unwrap();
        assert_eq!((ingested.premises.rows(), ingested.rows.len()), (1, 1), "{column}");
    }
}

#[test]
fn rows_about_postcodes_have_a_bound_of_their_own() {
    let table = Table3::shipped().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { max_postcode_rows: 1, ..Limits::new(folder.path().join("spill")) };
    for (rows, refused) in
        [("AA1 1AA,,,,77,,\nAA1 1AA,,,,78,,\nAA1 1AA,,,,,,\n", false), ("AA1 1AA,,,,,,\nAA1 1AB,,,,,,\n", true)]
    {
        let file = format!("{HEADER}{rows}");
        let cancelled = AtomicBool::new(false);
        let read = read(file.as_bytes(), FileKind::Full, table.region(CspRegion::South), &limits, &cancelled);
        assert_eq!(
            read.err().map(|error| error.to_string().contains("1 rows about whole postcodes")),
            refused.then_some(true)
        );
    }
}
