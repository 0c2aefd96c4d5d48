use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// By postcode, identifier and UPRN: facts and texts, of which a row with a UPRN keeps only whether it is a mark.
type Words = BTreeMap<(u64, String, u64), (u32, u32)>;

fn words() -> impl Strategy<Value = Words> {
    let uprn = prop_oneof![Just(0), 1..300u64, 1..=999_999_999_999u64];
    let key = (1..6u64, "[a-c1-3 ŷ]{0,12}", uprn);
    let facts = prop_oneof![Just(Facts::SET_ASIDE.bits()), 0..1u32 << Facts::BITS];
    prop::collection::btree_map(key, (facts, any::<u32>()), 1..400)
}

fn row<'a>((key, &(facts, texts)): (&'a (u64, String, u64), &(u32, u32))) -> AddressRow<'a> {
    let (postcode, identifier, uprn) = key;
    let facts = Some(Facts::from_bits(facts)).filter(|facts| *uprn == 0 || facts.is_set_aside());
    let texts = if *uprn == 0 { texts } else { 0 };
    AddressRow { postcode: *postcode, identifier: identifier.as_bytes(), uprn: *uprn, facts, texts }
}

fn filled(words: &Words) -> Vec<Filled> {
    let mut filling = Filling::new();
    let mut blocks: Vec<_> = words.iter().filter_map(|word| filling.push(row(word))).collect();
    blocks.extend(filling.close());
    assert_eq!(filling.close(), None);
    blocks
}

#[test]
fn long_identifiers_close_a_block_early_and_usual_rows_are_small() {
    let long: Words = (0..200u64).map(|n| ((n, format!("{n:03}{}", "é".repeat(126)), 0), (0, u32::MAX))).collect();
    let blocks = filled(&long);
    assert!(blocks.len() > 10 && blocks.iter().all(|(_, value)| value.len() <= VALUE_MAX));
    let usual: Words =
        (0..1280).map(|n| ((n / 17, format!("{}", n % 17 + 1), 100_023_336_000 + n * 2), (0, 0))).collect();
    let bytes: usize = filled(&usual).iter().map(|(_, value)| value.len()).sum();
    assert!(bytes < 1280 * 7, "{bytes} bytes");
}

proptest! {
    #[test]
    fn the_rows_are_read_back_and_each_block_knows_its_first(words in words()) {
        let blocks = filled(&words);
        let mut wanted = words.iter().map(row);
        let mut number = 0;
        for (key, value) in &blocks {
            prop_assert!(value.len() <= VALUE_MAX);
            prop_assert_eq!(first(key), Some(number));
            let mut block = open(key, value).unwrap();
            while let Some(read) = block.next().unwrap() {
                prop_assert_eq!(Some(read), wanted.next());
                number += 1;
            }
        }
        prop_assert_eq!(wanted.next(), None);
    }

    #[test]
    fn any_damage_is_an_error(words in words(), at in any::<prop::sample::Index>(), bit in 0..8u32) {
        let (key, value) = filled(&words).swap_remove(0);
        let mut damaged = value.clone();
        damaged[at.index(value.len())] ^= 1 << bit;
        prop_assert!(open(&key, &damaged).is_err());
        prop_assert!(open(&key, &value[..at.index(value.len())]).is_err());
        prop_assert!(open(&super::key(9), &value).is_err(), "under another key");
    }

    #[test]
    fn no_bytes_make_it_panic(mut body in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Some(version) = body.first_mut() {
            *version = VERSION;
        }
        let key = key(0);
        body.extend(checksum(&key, &body).to_be_bytes());
        if let Ok(mut block) = open(&key, &body) {
            while let Ok(Some(_)) = block.next() {}
        }
    }
}
