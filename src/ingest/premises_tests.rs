use proptest::prelude::*;

use super::*;

fn any_row() -> impl Strategy<Value = (u64, u64, String, u32, u32, u32, bool)> {
    (
        prop_oneof![Just(0), 1..50u64, 1..=Uprn::MAX],
        prop_oneof![Just(0), 1..50u64, 0..1u64 << Postcode::BITS],
        "[a-c ŷ]{0,6}",
        0..1u32 << Facts::BITS,
        any::<u32>(),
        any::<u32>(),
        any::<bool>(),
    )
}

fn row(
    (uprn, postcode, identifier, facts, texts, line, from_empty): &(u64, u64, String, u32, u32, u32, bool),
) -> PremisesRow<'_> {
    let (uprn, postcode, texts, line, from_empty) = (*uprn, *postcode, *texts, *line, *from_empty);
    PremisesRow { uprn, postcode, identifier, facts: Facts::from_bits(*facts), texts, line, from_empty }
}

fn encoded(row: PremisesRow<'_>) -> Vec<u8> {
    let mut record = vec![7; 3];
    row.encode(&mut record);
    record
}

proptest! {
    #[test]
    fn a_row_is_read_back_as_it_was_written(parts in any_row()) {
        let record = encoded(row(&parts));
        prop_assert_eq!(PremisesRow::decode(&record), Some(row(&parts)));
        for length in 0..record.len() {
            // Cut anywhere, it is another row or none, and never a panic.
            let cut = PremisesRow::decode(&record[..length]);
            prop_assert!(cut != Some(row(&parts)));
        }
    }

    #[test]
    fn bytes_sort_as_keys_and_then_lines_do(one in any_row(), other in any_row()) {
        let (a, b) = (row(&one), row(&other));
        let by_key = (a.key(), a.line).cmp(&(b.key(), b.line));
        let (one, other) = (encoded(a), encoded(b));
        if by_key.is_ne() {
            prop_assert_eq!(one.cmp(&other), by_key);
        }
        prop_assert_eq!(key_bytes(&one) == key_bytes(&other), a.key() == b.key());
    }
}

#[test]
fn rows_with_a_uprn_come_first_and_by_number() {
    let at = |uprn, postcode, identifier| PremisesRow {
        uprn,
        postcode,
        identifier,
        facts: Facts::SET_ASIDE,
        texts: 0,
        line: 9,
        from_empty: false,
    };
    let rows =
        [at(9, 5, "b"), at(10, 4, "a"), at(256, 0, ""), at(0, 4, "a"), at(0, 4, "a b"), at(0, 4, "ab"), at(0, 5, "a")];
    let records = rows.map(encoded);
    assert!(records.is_sorted_by(|a, b| a < b));
    assert_eq!(key_bytes(&records[3]), b"\x01\0\0\0\0\x04a");
}
