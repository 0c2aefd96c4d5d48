use std::sync::atomic::AtomicBool;

use proptest::prelude::*;

use super::*;
use crate::{
    domain::{CspRegion, Postcode, Table3},
    ingest::{Column, FileKind, Ingested, RejectReason},
};

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
fn every_reason_for_setting_a_row_aside() {
    use CspRegion::{Central, North, North4G, South, South4G};
    let long_record = format!("AA1 1AA,2020-01-01,Cellular,High,,{}", "x".repeat(65_536));
    let long = format!("AA1 1AA,2020-01-01,Cellular,High,{},", "é".repeat(51));
    let longer = format!("AA1 1AA,2020-01-01,Cellular,High,,{}", "é".repeat(251));
    let in_column = Some;
    for (region, row, reason, column, marked) in [
        (South, long_record.as_bytes(), RejectReason::RecordTooLong, None, true),
        (
            South,
            b"AA1 1AA,2020-01-01,Cellular,High,6\" pole,",
            RejectReason::QuoteMisplaced,
            in_column(Column::AuxiliaryEquipmentRequired),
            true,
        ),
        (
            South,
            b"AA1 1AA,\"2020-01-01\" ,Cellular,High,,",
            RejectReason::QuoteMisplaced,
            in_column(Column::AvailabilityDate),
            true,
        ),
        (
            South,
            b"\"AA1 1AA,2020-01-01,Cellular,High,,",
            RejectReason::QuoteMisplaced,
            in_column(Column::Postcode),
            false,
        ),
        (South, b"AA1 1AA,2020-01-01,Cellular,High", RejectReason::FieldCount, None, true),
        (South, b"AA1 1AA,2020-01-01,Cellular,High,,,", RejectReason::FieldCount, None, true),
        (South, b"2020-01-01,Cellular,High,,", RejectReason::FieldCount, None, false),
        (
            South,
            b"AA1 1AA,2020-01-01,Cellular,High,,caf\xE9",
            RejectReason::NotUtf8,
            in_column(Column::AdditionalInformation),
            true,
        ),
        (South, b"AA1 1\xFFAA,,,,,", RejectReason::NotUtf8, in_column(Column::Postcode), false),
        (South, b"ZZ99 9ZZ,,,,,", RejectReason::PostcodeMalformed, in_column(Column::Postcode), false),
        (South, b",,,,,", RejectReason::PostcodeMalformed, in_column(Column::Postcode), false),
        (
            South,
            b"AA1 1AA,01/02/2020,Cellular,High,,",
            RejectReason::DateMalformed,
            in_column(Column::AvailabilityDate),
            true,
        ),
        (South, b"AA1 1AA, ,Cellular,High,,", RejectReason::DateMalformed, in_column(Column::AvailabilityDate), true),
        (
            South,
            b"AA1 1AA,2011-12-31,Cellular,High,,",
            RejectReason::DateOutOfRange,
            in_column(Column::AvailabilityDate),
            true,
        ),
        (
            South,
            b"AA1 1AA,2020-01-01,cellular,High,,",
            RejectReason::VariantNotListed,
            in_column(Column::WanVariant),
            true,
        ),
        (
            South,
            b"AA1 1AA,2020-01-01,Cellular ,High,,",
            RejectReason::VariantNotListed,
            in_column(Column::WanVariant),
            true,
        ),
        (South, b"AA1 1AA,,Nonsense,,,", RejectReason::VariantNotListed, in_column(Column::WanVariant), true),
        (North, b"AA1 1AA,2020-01-01, ,High,,", RejectReason::VariantUnconfirmed, in_column(Column::WanVariant), true),
        (North4G, b"AA1 1AA,2020-01-01,,High,,", RejectReason::VariantUnconfirmed, in_column(Column::WanVariant), true),
        (
            South4G,
            b"AA1 1AA,2020-01-01,Unknown,High,,",
            RejectReason::VariantUnconfirmed,
            in_column(Column::WanVariant),
            true,
        ),
        (Central, b"AA1 1AA,,Cellular,,,", RejectReason::VariantWithoutDate, in_column(Column::WanVariant), true),
        (Central, b"AA1 1AA,,Unknown,,,", RejectReason::VariantWithoutDate, in_column(Column::WanVariant), true),
        (
            Central,
            b"AA1 1AA,2020-01-01,Cellular,,,",
            RejectReason::LikelihoodMissing,
            in_column(Column::ConnectivityLikelihood),
            true,
        ),
        (
            Central,
            b"AA1 1AA,2020-01-01,Cellular,high,,",
            RejectReason::LikelihoodMalformed,
            in_column(Column::ConnectivityLikelihood),
            true,
        ),
        (
            Central,
            b"AA1 1AA,,,High,,",
            RejectReason::LikelihoodWithoutDate,
            in_column(Column::ConnectivityLikelihood),
            true,
        ),
        (Central, long.as_bytes(), RejectReason::TextTooLong, in_column(Column::AuxiliaryEquipmentRequired), true),
        (Central, longer.as_bytes(), RejectReason::TextTooLong, in_column(Column::AdditionalInformation), true),
        (
            Central,
            b"AA1 1AA,2020-01-01,Cellular,High,a\x07,",
            RejectReason::TextControlCharacter,
            in_column(Column::AuxiliaryEquipmentRequired),
            true,
        ),
    ] {
        let shown = String::from_utf8_lossy(&row[..row.len().min(60)]).into_owned();
        let ingested = beside_a_good_row(region, &[row, b"\n"].concat());
        let [reject] = ingested.rejects.as_slice() else { panic!("{shown}: {:?}", ingested.rejects) };
        assert_eq!((reject.line, reject.reason, reject.column), (3, reason, column), "{shown}: {}", reject.message);
        assert_eq!(reject.row, row[..row.len().min(4096)], "{shown}");
        assert_eq!(reject.row_truncated, row.len() > 4096);
        assert_eq!(ingested.report.set_aside_locations, u64::from(marked), "{shown}");
        assert_eq!((ingested.report.rows, ingested.report.set_aside), (2, 1));
        assert_eq!(ingested.report.rejects_by_reason.get(&reason), Some(&1));
    }
}

#[test]
fn messages_say_what_is_wrong_and_what_to_send() {
    let rows = "AA1 1AA,2020-01-01,Cellular,High,6\" pole,\n\
        AA1 1AB,2020-01-01,\"Cellular\"x,High,,\n\
        \"AA1\n1AC\",,,,,\n\
        AA1 1AD,2020-01-01,Cellular,High\n\
        ZZ99 9ZZ,,,,,\n\
        AA1 1AE,01/02/2020,Cellular,High,,\n\
        AA1 1AF,2011-12-31,Cellular,High,,\n\
        AA1 1AG,2020-01-01, cellular,High,,\n\
        AA1 1AH,,Cellular,,,\n\
        AA1 1AJ,2020-01-01,Cellular,,,\n\
        AA1 1AL,2020-01-01,Cellular,Certain,,\n\
        AA1 1AN,,,High,,\n\
        AA1 1AP,,,,an aerial whose name is longer than the fifty characters that are carried,\n\
        AA1 1AQ,,,,a\u{7},\n\
        AA1 1AR,,,,,\n\
        AA1 1AR,2020-01-01,Cellular,High,,\n\
        AA1 1AD,2020-01-01,Cellular,High,,\n\
        AA1 1AS,,,,,\"never closed\n";
    let ingested = beside_a_good_row(CspRegion::South, rows.as_bytes());
    let told: Vec<_> = ingested
        .rejects
        .iter()
        .map(|reject| {
            let column = reject.column.map_or("-", Column::name);
            format!("{} {} {column}: {}", reject.line, reject.reason, reject.message)
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
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
fn columns_stand_in_any_order_and_texts_may_be_left_out() {
    let file = b"\xEF\xBB\xBFconnectivity_likelihood,postcode,wan_variant,availability_date\r\nHigh,aa11aa,Unknown,2020-01-01\r\n";
    let ingested = ingest(CspRegion::South, file);
    assert_eq!((ingested.report.accepted, ingested.report.unknown), (1, 1));
    assert_eq!(ingested.rows[0].key(), "AA1 1AA".parse::<Postcode>().unwrap().packed());
}

#[test]
fn a_wrong_header_row_fails_the_file() {
    let told: Vec<_> = [
        "",
        "\n\n",
        "\"postcode\n",
        "AA1 1AA,2020-01-01,Cellular,High\n",
        "Postcode,availability date,wan_variant,connectivity_likelihood\n",
        "postcode;availability_date;wan_variant;connectivity_likelihood\n",
        "postcode,postcode,availability_date,wan_variant,connectivity_likelihood\n",
        "postcode,wan_variant\n",
        "\npostcode,availability_date,wan_variant,connectivity_likelihood,\n",
        "postcode,availability_date,wan_variant,connectivity_likelihood,UPRN,address_identifier\n",
        "change,postcode,availability_date,wan_variant,connectivity_likelihood\n",
    ]
    .iter()
    .map(|file| {
        let error = read_with(CspRegion::South, file.as_bytes(), &limits()).err().unwrap();
        assert!(matches!(error, FileError::Header { .. }));
        format!("{file:?}\n{error}\n")
    })
    .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_file_that_is_no_utf8_or_has_no_line_feeds_is_told_what_it_is() {
    let file = "postcode,availability_date,wan_variant,connectivity_likelihood\nAA1 1AA,2020-01-01,Cellular,High\n";
    let utf16 = |mark: bool, to: fn(u16) -> [u8; 2]| {
        let mark = mark.then_some(0xFEFF);
        mark.into_iter().chain(file.encode_utf16()).flat_map(to).collect::<Vec<u8>>()
    };
    let old_macintosh = file.replace('\n', "\r");
    let long = old_macintosh.repeat(2_000);
    for (what, bytes, told) in [
        ("little-endian, marked", utf16(true, u16::to_le_bytes), ColumnFault::Utf16),
        ("big-endian, marked", utf16(true, u16::to_be_bytes), ColumnFault::Utf16),
        ("little-endian", utf16(false, u16::to_le_bytes), ColumnFault::Utf16),
        ("big-endian", utf16(false, u16::to_be_bytes), ColumnFault::Utf16),
        ("carriage returns", old_macintosh.into_bytes(), ColumnFault::CarriageReturns),
        ("carriage returns in a long file", long.into_bytes(), ColumnFault::CarriageReturns),
    ] {
        let error = read_with(CspRegion::South, &bytes, &limits()).err().unwrap();
        let FileError::Header { line: 1, faults } = &error else { panic!("{what}: {error}") };
        assert_eq!(faults, &[told], "{what}");
    }
    insta::assert_snapshot!(ColumnFault::Utf16, @r#"the file is in UTF-16, as a spreadsheet's "Unicode text" is; save it as CSV in UTF-8"#);
    insta::assert_snapshot!(ColumnFault::CarriageReturns, @"the lines end with carriage returns alone, as those of old Macintosh files do; save the file with LF or CRLF as line ends");
    // One that a line's end has too many is a name misspelt.
    let error = read_with(CspRegion::South, file.replace('\n', "\r\r\n").as_bytes(), &limits()).err().unwrap();
    assert!(error.to_string().contains("connectivity_likelihood\\r"), "{error}");
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
fn a_file_without_an_accepted_row_is_refused_with_its_report() {
    for (rows, told) in
        [("", "no data row"), ("AA1,,,,,\nAA2,,,,,\n", "the first, on line 2: \"AA1\" is not a postcode")]
    {
        let file = format!("{HEADER}{rows}");
        let scanned = read_with(CspRegion::South, file.as_bytes(), &limits()).unwrap();
        let error = scanned.settle(|| Ok(file.as_bytes())).err().unwrap();
        assert!(error.to_string().contains(told), "{error}");
        let FileError::NoAcceptedRow(unaccepted) = error else { panic!("{error}") };
        assert_eq!(unaccepted.report.rows, rows.lines().count() as u64);
        assert_eq!(unaccepted.rejects.len(), rows.lines().count());
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

#[test]
fn the_first_rejects_are_kept_and_all_are_counted() {
    let rows: String = (0..30).map(|_| "no postcode,,,,,\n").collect();
    let file = format!("{HEADER}AA1 1AA,,,,,\n{rows}");
    let limits = Limits { rejects_kept: 20, ..limits() };
    let ingested =
        read_with(CspRegion::South, file.as_bytes(), &limits).unwrap().settle(|| Ok(file.as_bytes())).unwrap();
    assert_eq!(ingested.rejects.iter().map(|reject| reject.line).collect::<Vec<_>>(), (3..23).collect::<Vec<_>>());
    assert_eq!((ingested.report.set_aside, ingested.report.rejects_kept), (30, 20));
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
