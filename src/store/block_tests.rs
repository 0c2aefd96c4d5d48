use proptest::{collection::btree_map, prelude::*};

use super::*;

fn any_sector() -> impl Strategy<Value = Sector> {
    (0u32..1 << Sector::BITS).prop_map(|packed| Sector::from_packed(packed).unwrap())
}

/// Units in order, each with facts and a text id no greater than the last.
fn any_rows(max: usize, last_text: u32) -> impl Strategy<Value = Vec<(u16, (u32, u32))>> {
    btree_map(0u16..1 << Unit::BITS, (0u32..1 << Facts::BITS, 0..=last_text), 1..=max)
        .prop_map(|rows| rows.into_iter().collect())
}

fn seal_rows(sector: Sector, layout: Layout, rows: &[(u16, (u32, u32))]) -> ([u8; 5], Vec<u8>) {
    let mut entries = Vec::new();
    for &(unit, (facts, texts)) in rows {
        layout.push(u64::from(unit) << Facts::BITS | u64::from(facts), texts, &mut entries);
    }
    let key = key(sector);
    let mut value = Vec::new();
    seal(&key, layout, &entries, &mut value);
    (key, value)
}

fn assert_round_trip(sector: Sector, last_text: u32, rows: &[(u16, (u32, u32))]) {
    let layout = Layout::for_texts(last_text);
    let (key, value) = seal_rows(sector, layout, rows);
    assert!(value.len() <= VALUE_MAX, "{} bytes", value.len());
    assert_eq!(super::sector(&key), Some(sector));
    let entries = open(&key, layout, &value).unwrap();
    let mut read = entries.chunks_exact(layout.stride()).map(|row| layout.read(row));
    for &(unit, (facts, texts)) in rows {
        let unit = Unit::from_packed(unit).unwrap();
        let wanted = Entry { unit, facts: Facts::from_bits(facts), texts };
        assert_eq!(read.next(), Some(Some(wanted)));
    }
    assert_eq!(read.next(), None);
}

#[test]
fn text_ids_take_no_more_bytes_than_they_need() {
    for (last, width) in [(0, 0), (1, 1), (255, 1), (256, 2), (65_535, 2), (65_536, 3), (1 << 24, 4), (u32::MAX, 4)] {
        assert_eq!(Layout::for_texts(last).stride(), WORD + width, "{last}");
    }
}

#[test]
fn the_fullest_sector_with_every_text_distinct_is_one_block() {
    let letters = (0..26u16).filter(|letter| !b"CIKMOV".contains(&(b'A' + *letter as u8)));
    let units = letters.clone().flat_map(|a| letters.clone().map(move |b| a << 5 | b));
    let first = u32::MAX - 400;
    let rows: Vec<_> = units.enumerate().map(|(i, unit)| (unit, (0, first + i as u32))).collect();
    assert_eq!(rows.len(), UNITS_MAX);
    assert_round_trip(Sector::from_packed(77).unwrap(), u32::MAX, &rows);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn blocks_round_trip(
        sector in any_sector(),
        (last, rows) in prop_oneof![Just(0), Just(200), Just(60_000), Just(1 << 20), Just(u32::MAX)]
            .prop_flat_map(|last| (Just(last), any_rows(60, last))),
    ) {
        assert_round_trip(sector, last, &rows);
    }

    #[test]
    fn one_changed_bit_is_always_found(sector in any_sector(), rows in any_rows(20, 300), at: prop::sample::Index, bit in 0u8..8) {
        let layout = Layout::for_texts(300);
        let (mut key, mut value) = seal_rows(sector, layout, &rows);
        let at = at.index(key.len() + value.len());
        match at.checked_sub(key.len()) {
            Some(at) => value[at] ^= 1 << bit,
            None => key[at] ^= 1 << bit,
        }
        prop_assert!(open(&key, layout, &value).is_err());
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(key in any::<[u8; 5]>(), value in any::<Vec<u8>>(), last: u32) {
        prop_assert!(open(&key, Layout::for_texts(last), &value).is_err());
    }

    #[test]
    fn bytes_with_a_right_checksum_and_wrong_sense_are_refused_without_a_panic(
        sector in any_sector(), body in any::<Vec<u8>>(), last: u32,
    ) {
        let key = key(sector);
        let mut value = body;
        value.extend_from_slice(&checksum(&key, &value).to_be_bytes());
        if let Ok(entries) = open(&key, Layout::for_texts(last), &value) {
            // By rare chance it is a block; then its rows can be read.
            prop_assert!(!entries.is_empty());
        }
    }
}
