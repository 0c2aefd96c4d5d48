//! Rows that are set aside: why, where, in which words, and how many of them are kept.

use super::*;
use crate::ingest::{Column, RejectReason};

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
fn a_file_without_an_accepted_row_is_refused_with_its_report() {
    for (rows, told) in [
        ("", "no data row"),
        ("AA1,,,,,\nAA2,,,,,\n", "the first, on line 2, column postcode: \"AA1\" is not a postcode"),
    ] {
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
fn the_first_rejects_are_kept_and_all_are_counted() {
    let rows: String = (0..30).map(|_| "no postcode,,,,,\n").collect();
    let file = format!("{HEADER}AA1 1AA,,,,,\n{rows}");
    let limits = Limits { rejects_kept: 20, ..limits() };
    let ingested =
        read_with(CspRegion::South, file.as_bytes(), &limits).unwrap().settle(|| Ok(file.as_bytes())).unwrap();
    assert_eq!(ingested.rejects.iter().map(|reject| reject.line).collect::<Vec<_>>(), (3..23).collect::<Vec<_>>());
    assert_eq!((ingested.report.set_aside, ingested.report.rejects_kept), (30, 20));
}
