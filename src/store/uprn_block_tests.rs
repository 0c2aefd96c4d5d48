use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn rows_of(words: BTreeMap<u64, (u32, u32, u32)>) -> Vec<UprnRow> {
    let row = |(uprn, (postcode, facts, texts))| UprnRow { uprn, postcode, facts: Facts::from_bits(facts), texts };
    words.into_iter().map(row).collect()
}

fn rows() -> impl Strategy<Value = Vec<UprnRow>> {
    let dense =
        (1..1000u64).prop_flat_map(|from| prop::collection::btree_map(from..from + 300, words(3), 1..=ROWS_MAX));
    let sparse = prop::collection::btree_map(1..=Uprn::MAX, words(u32::MAX), 1..=ROWS_MAX);
    prop_oneof![dense, sparse].prop_map(rows_of)
}

fn words(texts: u32) -> impl Strategy<Value = (u32, u32, u32)> {
    (prop_oneof![0..5u32, any::<u32>()], 0..1u32 << Facts::BITS, 0..=texts)
}

fn sealed(rows: &[UprnRow]) -> (Vec<u8>, Vec<u8>) {
    let (key, mut value) = (key(rows[0].uprn).to_vec(), Vec::new());
    seal(&key, rows, &mut value);
    (key, value)
}

#[test]
fn the_widest_block_stays_on_a_page_and_a_usual_one_is_small() {
    let widest = (0..ROWS_MAX as u64).map(|n| UprnRow {
        uprn: Uprn::MAX - 200 * (1 << 30) + n * (1 << 30),
        postcode: u32::MAX - n as u32,
        facts: Facts::from_bits(u32::MAX - n as u32),
        texts: u32::MAX - n as u32,
    });
    assert!(sealed(&widest.collect::<Vec<_>>()).1.len() <= VALUE_MAX);
    let usual = (0..ROWS_MAX as u64).map(|n| UprnRow {
        uprn: 100_023_336_000 + n * 2,
        postcode: 500_000 + n as u32 / 17,
        facts: Facts::from_bits(0x12_3456 + n as u32 / 17),
        texts: 3,
    });
    let bytes = sealed(&usual.collect::<Vec<_>>()).1.len();
    assert!(bytes < 128 * 4, "{bytes} bytes");
}

proptest! {
    #[test]
    fn every_row_is_found_and_nothing_else(rows in rows(), others in prop::collection::vec(0..=Uprn::MAX, 20)) {
        let (key, value) = sealed(&rows);
        prop_assert!(value.len() <= VALUE_MAX);
        let block = open(&key, &value).unwrap();
        prop_assert_eq!(first(&key), Some(rows[0].uprn));
        let read: Vec<_> = (0..block.len()).map(|row| block.row(row).unwrap()).collect();
        prop_assert_eq!(&read, &rows);
        let near = rows.iter().flat_map(|row| [row.uprn - 1, row.uprn, row.uprn + 1]);
        for uprn in near.chain(others) {
            prop_assert_eq!(block.find(uprn), rows.iter().find(|row| row.uprn == uprn).copied());
        }
    }

    #[test]
    fn any_damage_is_an_error(rows in rows(), at in any::<prop::sample::Index>(), bit in 0..8u32, length in any::<prop::sample::Index>()) {
        let (key, value) = sealed(&rows);
        let mut damaged = value.clone();
        damaged[at.index(value.len())] ^= 1 << bit;
        prop_assert!(open(&key, &damaged).is_err());
        prop_assert!(open(&key, &value[..length.index(value.len())]).is_err());
        let mut elsewhere = key;
        elsewhere[5] ^= 1 << bit;
        prop_assert!(open(&elsewhere, &value).is_err(), "under another key");
    }

    #[test]
    fn no_bytes_make_it_panic(mut body in prop::collection::vec(any::<u8>(), 0..200), uprn in any::<u64>()) {
        if let Some(version) = body.first_mut() {
            *version = VERSION;
        }
        let key = key(77);
        body.extend(checksum(&key, &body).to_be_bytes());
        if let Ok(block) = open(&key, &body) {
            let _ = block.find(uprn);
        }
    }
}
