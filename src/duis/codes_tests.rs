use super::*;

fn shipped() -> &'static str {
    str::from_utf8(DEFAULT).unwrap()
}

#[test]
fn the_shipped_table_is_valid_and_says_what_it_assumes() {
    let codes = ResponseCodes::shipped().unwrap();
    // The facts of DUIS: I0 is success, and three errors belong to SR12.1.
    let of_sr12_1 = ["I0", "E120101", "E120102", "E120103"];
    for outcome in Outcome::ALL {
        assert!(of_sr12_1.contains(&codes.of(outcome).as_str()), "{outcome:?}");
    }
    let mut rows = csv::Reader::from_reader(DEFAULT);
    for row in rows.records().map(Result::unwrap) {
        let fact = &row[3] == "DUIS";
        assert!(fact || &row[3] == "assumed", "{row:?}");
        // Only success is a fact, and only where there is an answer.
        assert_eq!(fact, matches!(&row[0], "answered" | "region_covered"), "{row:?}");
        assert!(!fact || &row[1] == "I0", "{row:?}");
    }
}

#[test]
fn a_table_that_could_mislead_is_refused_by_line_and_column() {
    for (from, to, said) in [
        ("outcome,code", "code,outcome", "line 1: the header row must be exactly outcome,code,description,provenance"),
        ("answered,I0", "answred,I0", "line 2, column outcome: \"answred\" is no outcome; the outcomes are answered, "),
        ("location_malformed,", "answered,", "line 4, column outcome: answered stands in the table already"),
        ("E120101", "e120101", "line 3, column code: \"e120101\" cannot be a response code"),
        ("E120101", "", "line 3, column code: \"\" cannot be"),
        ("E120101", "E", "line 3, column code: \"E\" cannot be"),
        ("E120101", "E1201011", "line 3, column code: \"E1201011\" cannot be"),
        ("E120101", "I0", "answered and location_not_in_coverage have one code"),
        (
            "region_none_planned,I0",
            "region_none_planned,E120103",
            "region_none_planned and region_set_aside have one code",
        ),
        (",assumed\nregion_set_aside", "\nregion_set_aside", "not readable as CSV"),
    ] {
        let table = shipped().replacen(from, to, 1);
        assert_ne!(table, shipped(), "{from}");
        let error = ResponseCodes::from_csv(table.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with(said), "{from} -> {to}: {error}");
    }
    let (short, _) = shipped().split_once("region_set_aside").unwrap();
    let error = ResponseCodes::from_csv(short.as_bytes()).unwrap_err().to_string();
    assert_eq!(error, "the outcome region_set_aside is missing; add a row for it");
}
