use std::sync::atomic::AtomicBool;

use proptest::prelude::*;

use super::*;
use crate::{
    domain::{CspRegion, Table3},
    ingest::{FileKind, Ingested},
};

#[path = "read_header_tests.rs"]
mod header;
#[path = "read_rejects_tests.rs"]
mod rejects;

const HEADER: &str = "postcode,availability_date,wan_variant,connectivity_likelihood,auxiliary_equipment_required,\
                      additional_information\n";

fn limits() -> Limits {
    Limits::new(std::env::temp_dir().join(format!("wan-matrix-texts-{}", std::process::id())))
}

fn read_with(region: CspRegion, file: &[u8], limits: &Limits) -> Result<Scanned, FileError> {
    let table = Table3::shipped().unwrap();
    read(file, FileKind::Full, table.region(region), limits, &AtomicBool::new(false))
}

fn ingest(region: CspRegion, file: &[u8]) -> Ingested {
    read_with(region, file, &limits()).unwrap().settle(|| Ok(file)).unwrap()
}

/// A good row beside the rows under test, so that the file is one.
fn beside_a_good_row(region: CspRegion, rows: &[u8]) -> Ingested {
    let variant = Table3::shipped().unwrap().region(region).confirmed()[0].to_string();
    let good = format!("{HEADER}AA9 9AA,2020-01-01,{variant},High,,\n");
    ingest(region, &[good.as_bytes(), rows].concat())
}

#[test]
fn a_stray_quote_never_takes_good_rows_with_it() {
    let good: String = ["AB", "AD", "AE", "AF"].map(|unit| format!("AA1 1{unit},,,,,\n")).concat();
    let text = "x".repeat(300);
    for (bad, lines) in [
        // Opens a field that only a later stray quote would close, in columns that hold no line break, or in a text.
        ("\"AA1 1AA,,,,,\n", vec![3]),
        ("AA1 1AA,\"2020-01-01,Cellular,High,,\n", vec![3]),
        ("AA1 1AA,,,,\"pole,\n", vec![3]),
        (&format!("AA1 1AA,,,,,\"{text}\n"), vec![3]),
    ] {
        for closer in ["", "AA1 1AG,,,,\",\n", "\"\n"] {
            let file = format!("{bad}{good}{closer}");
            let ingested = beside_a_good_row(CspRegion::South, file.as_bytes());
            assert_eq!(ingested.report.accepted, 5, "{file}: {:?}", ingested.rejects);
            let mut lines = lines.clone();
            lines.extend((!closer.is_empty()).then_some(8));
            assert_eq!(ingested.rejects.iter().map(|reject| reject.line).collect::<Vec<_>>(), lines, "{file}");
        }
    }
}

#[test]
fn a_text_may_hold_line_breaks_commas_and_quotes() {
    let row = "AA1 1AA,,,,\"a \"\"dish\"\",\r\non a pole\",\"one,\ntwo\"\nAA1 1AB,,,,,\n";
    let ingested = beside_a_good_row(CspRegion::South, row.as_bytes());
    assert_eq!((ingested.report.accepted, ingested.rows[1].line), (3, 6));
    let texts = ingested.texts.get(ingested.rows[0].texts).unwrap();
    assert_eq!(texts, ("a \"dish\",\r\non a pole".into(), "one,\ntwo".into()));
}

#[test]
fn blank_lines_are_passed_over_up_to_a_limit() {
    let header = "postcode,availability_date,wan_variant,connectivity_likelihood\n";
    for end in ["\n", "\r\n"] {
        for blank in [0, 1, 2, 70_000, 100_000] {
            let blank_lines = end.repeat(blank);
            // Half of them before the header row.
            let (before, after) = blank_lines.split_at(blank / 2 * end.len());
            let file = format!("{before}{header}{after}AA1 1AA,,Cellular,{end}");
            let limits = Limits { max_blank_lines: 70_000, ..limits() };
            match read_with(CspRegion::South, file.as_bytes(), &limits) {
                Ok(scanned) => {
                    assert!(blank <= 70_000);
                    assert_eq!((scanned.rejects.len(), scanned.rejects[0].line as usize), (1, blank + 2));
                }
                Err(error) => {
                    assert_eq!(blank, 100_000, "{error}");
                    assert!(matches!(error, FileError::TooLarge(SizeLimit::BlankLines(70_000))), "{error}");
                }
            }
        }
    }
}

#[test]
fn limits_hold_exactly() {
    let file = format!("{HEADER}AA1 1AA,,,,,\nAA1 1AB,,,,,\n");
    let bytes = file.len() as u64;
    for (limits, error) in [
        (Limits { max_rows: 2, max_decompressed: bytes, ..limits() }, None),
        (Limits { max_rows: 1, ..limits() }, Some("the file has more than the 1 data rows that a file may have")),
        (Limits { max_decompressed: bytes - 1, ..limits() }, Some("bytes, decompressed, that a file may have")),
    ] {
        match (read_with(CspRegion::South, file.as_bytes(), &limits), error) {
            (Ok(scanned), None) => assert_eq!((scanned.rows(), scanned.bytes_decompressed()), (2, bytes)),
            (Err(found), Some(error)) => assert!(found.to_string().contains(error), "{found}"),
            (result, _) => panic!("{:?}", result.err()),
        }
    }
}

struct Broken(&'static [u8]);

impl Read for Broken {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        if self.0.is_empty() { Err(std::io::Error::other("corrupt stream")) } else { self.0.read(to) }
    }
}

#[test]
fn a_stream_that_breaks_off_is_unreadable_and_a_cancelled_one_is_cancelled() {
    let table = Table3::shipped().unwrap();
    for (cancel, told) in [(false, "after its first 7 decompressed bytes: corrupt stream"), (true, "cancelled")] {
        let cancelled = AtomicBool::new(cancel);
        let error = read(Broken(b"postcod"), FileKind::Full, table.region(CspRegion::South), &limits(), &cancelled)
            .err()
            .unwrap();
        assert!(error.to_string().contains(told), "{error}");
    }
}

/// What rows are made of, and what breaks them.
const PIECES: &[&[u8]] = &[
    b"AA1 1AA,2020-01-01,Cellular,High,,\n",
    b"AA1 1AB,,,,,\n",
    b"AA1 1AC,2020-01-01,,Low,\"a\nb\",\n",
    b"\"",
    b",",
    b"\n",
    b"\xFF",
    b"AA1 1AD",
    b"2021-02-29",
];

proptest! {
    #[test]
    fn any_bytes_are_read_to_their_end_and_every_row_is_counted(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40),
    ) {
        let file = [HEADER.as_bytes(), &pieces.concat()].concat();
        let scanned = read_with(CspRegion::South, &file, &limits()).unwrap();
        prop_assert_eq!(scanned.bytes_decompressed(), file.len() as u64);
        let (report, rejects) = match scanned.settle(|| Ok(file.as_slice())) {
            Ok(ingested) => (ingested.report, ingested.rejects),
            Err(FileError::NoAcceptedRow(unaccepted)) => (unaccepted.report, unaccepted.rejects),
            Err(error) => panic!("{error}"),
        };
        prop_assert_eq!(report.rows, report.accepted + report.set_aside + report.repeats);
        prop_assert_eq!(report.rejects_by_reason.values().sum::<u64>(), report.set_aside);
        prop_assert_eq!(rejects.len() as u64, report.set_aside);
        prop_assert!(rejects.is_sorted_by(|a, b| a.line < b.line));
        let lines: Vec<_> = file.split(|&byte| byte == b'\n').collect();
        for reject in rejects {
            let line = lines[reject.line as usize - 1];
            prop_assert!(reject.row.starts_with(line.strip_suffix(b"\r").unwrap_or(line)), "{:?}", reject);
        }
    }
}
