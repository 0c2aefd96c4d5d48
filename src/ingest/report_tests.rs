use super::*;
use crate::ingest::RejectReason;

fn national() -> Report {
    Report {
        rows: 1_745_849,
        accepted: 1_745_310,
        set_aside: 527,
        rejects_by_reason: [
            (RejectReason::PostcodeMalformed, 500),
            (RejectReason::NotUtf8, 1),
            (RejectReason::RowsDisagree, 26),
        ]
        .into(),
        repeats: 12,
        unknown: 34_906,
        unknown_from_empty: 3,
        none_planned: 12_217,
        deletes: 0,
        premises: 0,
        rejects_kept: 500,
        set_aside_locations: 14,
    }
}

#[test]
fn a_report_reads_well() {
    insta::assert_snapshot!("national", national().to_string());
    let one = Report { unknown_from_empty: 1, set_aside_locations: 1, ..Report::default() }.to_string();
    assert!(one.contains("note: 1 of the Unknown rows has") && one.contains("note: 1 location is marked"), "{one}");
    let clean = Report { rows: 3, accepted: 3, none_planned: 1, ..Report::default() };
    insta::assert_snapshot!("clean", clean.to_string());
    insta::assert_snapshot!("empty", Report::default().to_string());
}

#[test]
fn json_round_trips_and_names_the_reasons() {
    let json = serde_json::to_string(&national()).unwrap();
    assert!(
        json.contains(r#""rejects_by_reason":{"NOT_UTF8":1,"POSTCODE_MALFORMED":500,"ROWS_DISAGREE":26}"#),
        "{json}"
    );
    assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), national());
}

#[test]
fn shares_round_but_never_to_nothing_or_to_all() {
    for (part, whole, text) in [
        (0, 0, ""),
        (0, 5, "0.00 %"),
        (5, 5, "100.00 %"),
        (1, 3, "33.33 %"),
        (2, 3, "66.67 %"),
        (1, 1_000_000, "<0.01 %"),
        (999_999, 1_000_000, ">99.99 %"),
        (u64::MAX, u64::MAX, "100.00 %"),
    ] {
        assert_eq!(share(part, whole), text);
    }
    for (figure, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_745_849, "1,745,849")] {
        assert_eq!(grouped(figure), text);
    }
}
