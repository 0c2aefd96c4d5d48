use proptest::prelude::*;

use super::*;

fn folded(text: &str) -> String {
    AddressIdentifier::parse(text).unwrap().to_string()
}

#[test]
fn identifiers_fold_to_their_words() {
    for (text, words) in [
        ("12", "12"),
        ("12A", "12a"),
        ("  Flat\t1,\u{a0}12 ", "flat 1 12"),
        ("FLAT 1/12", "flat 1 12"),
        ("Flat 11 2", "flat 11 2"),
        ("St. John's", "st john s"),
        ("St John\u{2019}s", "st john s"),
        ("The Old Mill (rear)", "the old mill rear"),
        ("12\u{2013}14", "12 14"),
        ("-12-", "12"),
        ("Tŷ Coch", "tŷ coch"),
        ("TY\u{302} COCH", "tŷ coch"),
        ("Cafe\u{301} 9", "café 9"),
        ("Straße", "straße"),
        ("Flat\u{ad} 1\u{200d}2", "flat 12"),
        // Nor does it part a letter from its mark.
        ("Cafe\u{200d}\u{301} 9", "café 9"),
        ("e\u{ad}\u{302}", "ê"),
        ("a\0b", "a b"),
        ("½", "½"),
        ("1+2", "1 2"),
    ] {
        assert_eq!(folded(text), words, "{text:?}");
    }
}

#[test]
fn word_boundaries_stay() {
    for (one, other) in [("Flat 1, 12", "Flat 11 2"), ("1 2", "12"), ("1A", "1 A"), ("1", "1A"), ("Ty Coch", "Tŷ Coch")]
    {
        assert_ne!(folded(one), folded(other), "{one:?} {other:?}");
    }
}

#[test]
fn what_cannot_be_an_identifier_says_why() {
    use AddressIdentifierError::{Nothing, TooLong};
    for (text, error) in [
        ("", Nothing),
        (" ", Nothing),
        ("-,.'", Nothing),
        ("\u{200d}", Nothing),
        ("£", Nothing),
        (&"1".repeat(31), TooLong(31)),
        // Length is of what was sent, not of what is left.
        (&format!("1{}", " ".repeat(30)), TooLong(31)),
        (&"ŷ".repeat(31), TooLong(31)),
    ] {
        assert_eq!(AddressIdentifier::parse(text), Err(error), "{text:?}");
    }
    assert_eq!(folded(&"Ŷ".repeat(30)), "ŷ".repeat(30));
}

#[test]
fn one_that_grew_when_it_was_folded_is_read_back() {
    let grown = AddressIdentifier::parse(&"İ1".repeat(15)).unwrap();
    assert!(grown.as_str().chars().count() > ADDRESS_IDENTIFIER_MAX, "{grown}");
    assert_eq!(AddressIdentifier::parse_told(grown.as_str()), Ok(grown));
    for (text, error) in
        [("--", AddressIdentifierError::Nothing), (&"1".repeat(300), AddressIdentifierError::TooLong(300))]
    {
        assert_eq!(AddressIdentifier::parse_told(text), Err(error));
    }
}

proptest! {
    #[test]
    fn folding_twice_is_folding_once_and_says_only_words(text in "\\PC{0,30}|[eİŷΣ1\u{ad}\u{200d}\u{301}\u{302}\u{307}\u{345} ,-]{0,30}") {
        if let Ok(once) = AddressIdentifier::parse(&text) {
            let spaced = once.as_str();
            prop_assert!(!spaced.starts_with(' ') && !spaced.ends_with(' ') && !spaced.contains("  "));
            prop_assert!(!spaced.chars().any(char::is_control));
            prop_assert_eq!(AddressIdentifier::from_folded(spaced), Some(once.clone()));
            prop_assert_eq!(AddressIdentifier::parse_told(spaced), Ok(once.clone()));
            if spaced.chars().count() <= ADDRESS_IDENTIFIER_MAX {
                prop_assert_eq!(AddressIdentifier::parse(spaced), Ok(once));
            }
        }
    }

    #[test]
    fn the_quick_way_of_folding_comes_to_the_same(text in "[ -~\t\n\x00]{0,30}") {
        let told = AddressIdentifier::parse(&text).map_or(String::new(), |identifier| identifier.as_str().to_owned());
        prop_assert_eq!(told, fold(text.chars().map(|c| c.to_ascii_lowercase())));
    }

    #[test]
    fn case_spacing_and_punctuation_make_no_difference_and_words_do(
        words in prop::collection::vec("[a-z0-9]{1,4}", 1..5),
        gaps in prop::collection::vec("[ ,./'()-]{1,2}", 6),
    ) {
        let told = words.join(" ");
        let mut sent = gaps[0].clone();
        for (word, gap) in words.iter().zip(&gaps[1..]) {
            sent.push_str(&word.to_uppercase());
            sent.push_str(gap);
        }
        prop_assert_eq!(folded(&sent), told);
    }
}
