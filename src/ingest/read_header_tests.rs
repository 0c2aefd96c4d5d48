//! What the first row of a file says, and what a file is whose first row says nothing.

use super::*;
use crate::domain::Postcode;

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
