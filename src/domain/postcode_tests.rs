use std::{collections::HashSet, path::Path, sync::LazyLock};

use proptest::prelude::*;
use regex::Regex;

use super::*;

/// The pattern that every live postcode of November 2025 matches, upper-cased and unspaced.
const LIVE: &str = "(GIR0AA|[A-PR-UWYZ]([0-9]{1,2}|([A-HK-Y][0-9]([0-9ABEHMNPRV-Y])?)|[0-9][A-HJKPS-UW])\
                    [0-9][ABD-HJLNP-UW-Z]{2})";

static ORACLE: LazyLock<Regex> = LazyLock::new(|| Regex::new(&format!("^{LIVE}$")).unwrap());

/// The canonical text by the pattern and by nothing else.
fn canonical(text: &str) -> Option<String> {
    let mut code: String = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
    ORACLE.is_match(&code).then(|| {
        code.insert(code.len() - 3, ' ');
        code
    })
}

fn check_round_trips(postcode: Postcode) {
    let text = postcode.to_string();
    assert_eq!(text.parse(), Ok(postcode));
    assert_eq!(Postcode::from_packed(postcode.packed()), Some(postcode));
    assert_eq!(postcode.packed() >> Postcode::BITS, 0);
    assert_eq!(postcode.sector().postcode(postcode.unit()), Some(postcode));
    assert_eq!(Sector::from_packed(postcode.sector().packed()), Some(postcode.sector()));
    assert_eq!(Unit::from_packed(postcode.unit().packed()), Some(postcode.unit()));
    assert!(text.starts_with(&postcode.sector().to_string()), "{text}");
}

#[test]
fn any_case_and_spacing_is_read_as_the_one_canonical_text() {
    for (text, canonical) in [
        ("SW1A 1AA", "SW1A 1AA"),
        ("sw1a1aa", "SW1A 1AA"),
        ("  sW 1a\t1 A\u{a0}a\n", "SW1A 1AA"),
        ("\u{3000}SW1A1AA\u{2028}", "SW1A 1AA"),
        ("M11AE", "M1 1AE"),
        ("M11 1AE", "M11 1AE"),
        ("B33 8TH", "B33 8TH"),
        ("cr2 6xh", "CR2 6XH"),
        ("DN55 1PT", "DN55 1PT"),
        ("W1A 0AX", "W1A 0AX"),
        ("EC1A 1BB", "EC1A 1BB"),
        ("AA1 1AA", "AA1 1AA"),
        ("gir0aa", "GIR 0AA"),
    ] {
        let postcode: Postcode = text.parse().unwrap();
        assert_eq!(postcode.to_string(), canonical, "{text:?}");
        check_round_trips(postcode);
    }
}

#[test]
fn every_other_text_is_told_what_is_wrong_with_it() {
    let messages: Vec<String> = [
        "",
        " \t ",
        "SW1",
        "SW1A 1AA 1",
        "SW1A-1AA",
        "ＳＷ1A 1AA",
        "ſW1A 1AA",
        "S\u{200b}W1A 1AA",
        "SW1A 1A\u{7}",
        "ZZ99 3WZ",
        "W1X 1AA",
        "NPT 1AA",
        "QA1 1AA",
        "AI1 1AA",
        "M1 1AC",
        "1M1 1AE",
        "GIR 0AB",
        "A very long text that nobody would take for a postcode",
    ]
    .map(|text| Postcode::parse(text).unwrap_err().to_string())
    .into();
    insta::assert_snapshot!(messages.join("\n"), @r#"
    the postcode is empty; send one such as SW1A 1AA
    the postcode is empty; send one such as SW1A 1AA
    "SW1" is not a postcode: it has 3 characters without its spaces, and a postcode has 5 to 7
    "SW1A 1AA 1" is not a postcode: it has 8 characters without its spaces, and a postcode has 5 to 7
    "SW1A-1AA" is not a postcode: it holds the character '-'; letters A to Z and digits only
    "ＳＷ1A 1AA" is not a postcode: it holds the character 'Ｓ'; letters A to Z and digits only
    "ſW1A 1AA" is not a postcode: it holds the character 'ſ'; letters A to Z and digits only
    "S\u{200b}W1A 1AA" is not a postcode: it holds the character '\u{200b}'; letters A to Z and digits only
    "SW1A 1A\u{7}" is not a postcode: it holds the character '\u{7}'; letters A to Z and digits only
    "ZZ99 3WZ" is not a postcode: no live one has this shape; it should look like SW1A 1AA or M1 1AE
    "W1X 1AA" is not a postcode: no live one has this shape; it should look like SW1A 1AA or M1 1AE
    "NPT 1AA" is not a postcode: no live one has this shape; it should look like SW1A 1AA or M1 1AE
    "QA1 1AA" is not a postcode: no live one has this shape; it should look like SW1A 1AA or M1 1AE
    "AI1 1AA" is not a postcode: no live one has this shape; it should look like SW1A 1AA or M1 1AE
    "M1 1AC" is not a postcode: no live one has this shape; it should look like SW1A 1AA or M1 1AE
    "1M1 1AE" is not a postcode: no live one has this shape; it should look like SW1A 1AA or M1 1AE
    "GIR 0AB" is not a postcode: no live one has this shape; it should look like SW1A 1AA or M1 1AE
    "A very long text…" is not a postcode: it has 44 characters without its spaces, and a postcode has 5 to 7
    "#);
}

#[test]
fn numbers_that_no_postcode_has_are_refused() {
    let good = "SW1A 1AA".parse::<Postcode>().unwrap().packed();
    for bad in [0, 1, u64::MAX, good | 1 << Postcode::BITS, good | 31, good | 15 << Unit::BITS, good & !(63 << 32)] {
        assert_eq!(Postcode::from_packed(bad), None, "{bad:#x}");
    }
    assert_eq!(Sector::from_packed(1 << Sector::BITS), None);
    assert_eq!(Unit::from_packed(1 << Unit::BITS), None);
    // A sector is not checked until a postcode is built on it.
    let unit = Unit::from_packed(0).unwrap();
    assert_eq!(Sector::from_packed(0).unwrap().postcode(unit), None);
}

#[test]
fn a_sector_has_exactly_its_four_hundred_units() {
    let sector = "SW1A 1AA".parse::<Postcode>().unwrap().sector();
    let units = (0..1 << Unit::BITS).filter_map(|number| sector.postcode(Unit::from_packed(number).unwrap()));
    let texts: HashSet<String> = units.map(|postcode| postcode.to_string()).collect();
    assert_eq!(texts.len(), 400);
    assert!(texts.iter().all(|text| text.starts_with("SW1A 1") && canonical(text).is_some()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text_fails_or_round_trips_as_the_pattern_says(text in any::<String>()) {
        prop_assert_eq!(Postcode::parse(&text).ok().map(|p| p.to_string()), canonical(&text));
    }

    #[test]
    fn texts_near_a_postcode_too(text in "[A-Za-z]{1,2}[0-9][0-9A-Za-z]?[ \u{a0}]{0,2}[0-9A-Za-z][A-Za-z]{2}") {
        prop_assert_eq!(Postcode::parse(&text).ok().map(|p| p.to_string()), canonical(&text));
    }

    #[test]
    fn every_text_of_the_pattern_is_read(code in LIVE, lower in any::<u8>(), space in 0usize..5) {
        let mut text: String = code.chars().enumerate()
            .map(|(i, c)| if lower >> i & 1 == 1 { c.to_ascii_lowercase() } else { c })
            .collect();
        text.insert(space, ' ');
        let postcode = Postcode::parse(&text).unwrap();
        prop_assert_eq!(Some(postcode.to_string()), canonical(&code));
        check_round_trips(postcode);
    }

    #[test]
    fn the_packed_order_is_the_order_of_the_canonical_text(a in LIVE, b in LIVE) {
        let (a, b) = (Postcode::parse(&a).unwrap(), Postcode::parse(&b).unwrap());
        prop_assert_eq!(a.packed().cmp(&b.packed()), a.to_string().cmp(&b.to_string()));
        prop_assert_eq!(a.cmp(&b), a.packed().cmp(&b.packed()));
        prop_assert_eq!((a.sector(), a.unit()).cmp(&(b.sector(), b.unit())), a.cmp(&b));
    }

    #[test]
    fn any_number_fails_or_round_trips(number in 0u64..1 << (Postcode::BITS + 1)) {
        if let Some(postcode) = Postcode::from_packed(number) {
            prop_assert_eq!(postcode.packed(), number);
            check_round_trips(postcode);
        }
    }
}

#[test]
fn every_live_postcode_of_great_britain_is_read_in_order() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/gb-postcodes-2025-11.csv.zst");
    let Ok(file) = std::fs::File::open(&path) else {
        println!("skipped: the real postcodes are not beside the project");
        return;
    };
    let mut reader = csv::Reader::from_reader(zstd::Decoder::new(file).unwrap());
    let mut record = csv::StringRecord::new();
    let (mut count, mut last) = (0, None);
    while reader.read_record(&mut record).unwrap() {
        let postcode = Postcode::parse(&record[0]).unwrap();
        assert_eq!(postcode.to_string(), record[0]);
        assert_eq!(Postcode::from_packed(postcode.packed()), Some(postcode));
        assert!(last < Some(postcode), "{postcode}");
        last = Some(postcode);
        count += 1;
    }
    assert_eq!(count, 1_745_849);
}
