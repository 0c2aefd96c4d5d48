use std::{collections::BTreeMap, fs, io::Write as _};

use proptest::prelude::*;

use super::*;
use crate::{
    domain::Facts,
    ingest::{PremisesRow, PremisesWriter},
};

/// Pairs of texts; by key, facts and the place of a pair.
type Written = (Vec<(String, String)>, BTreeMap<u64, (u32, usize)>);

/// Facts that are no delete's.
fn any_rows() -> impl Strategy<Value = Written> {
    let text = || "[a-zé,\n]{0,6}";
    let facts = (0u32..1 << Facts::BITS).prop_filter("a delete", |&bits| !Facts::from_bits(bits).is_delete());
    (
        prop::collection::vec((text(), text()), 1..20),
        prop::collection::btree_map(0u64..1 << 38, (facts, any::<prop::sample::Index>()), 0..200),
    )
        .prop_map(|(texts, rows)| {
            let count = texts.len();
            (texts, rows.into_iter().map(|(key, (facts, at))| (key, (facts, at.index(count)))).collect())
        })
}

fn table_of(directory: &tempfile::TempDir, pairs: &[(String, String)]) -> (TextTable, Vec<u32>) {
    let mut table = TextTable::new(directory.path().join("spill"));
    let ids = pairs.iter().map(|(auxiliary, additional)| table.intern(auxiliary, additional).unwrap()).collect();
    (table, ids)
}

/// Rows as they say: word and texts.
fn said(rows: &[Row], texts: &TextTable) -> Vec<(u64, String, String)> {
    let said = rows.iter().map(|row| {
        let (auxiliary, additional) = texts.get(row.texts).unwrap();
        (row.word(), auxiliary.into_owned(), additional.into_owned())
    });
    said.collect()
}

/// Every premises as it says: UPRN, postcode, identifier, facts and texts.
type SaidOfPremises = Vec<(u64, u64, String, u32, String, String)>;

fn said_of(premises: &Premises, texts: &TextTable) -> SaidOfPremises {
    let (mut reader, mut said) = (premises.reader(), Vec::new());
    while let Some(row) = reader.next_row().unwrap() {
        let (auxiliary, additional) = texts.get(row.texts).unwrap();
        let texts = (auxiliary.into_owned(), additional.into_owned());
        said.push((row.uprn, row.postcode, row.identifier.to_owned(), row.facts.bits(), texts.0, texts.1));
    }
    said
}

/// Any premises in the order of their keys, each with the place of a pair of texts.
fn any_premises() -> impl Strategy<Value = Vec<(u64, u64, String, u32, prop::sample::Index)>> {
    let postcode = prop::sample::select(vec!["AA1 1AA", "AB10 1AB", "ZE3 9ZZ"])
        .prop_map(|text| text.parse::<crate::domain::Postcode>().unwrap().packed());
    let facts = (0u32..1 << Facts::BITS).prop_filter("a delete", |&bits| !Facts::from_bits(bits).is_delete());
    let uprn = prop_oneof![1 => Just(0), 2 => 1..=crate::domain::Uprn::MAX];
    let row = (uprn, prop::option::weighted(0.9, postcode), "[a-zŷ ]{0,9}", facts, any::<prop::sample::Index>());
    prop::collection::vec(row, 0..60).prop_map(|rows| {
        let named = rows.into_iter().filter_map(|(uprn, postcode, identifier, facts, at)| match postcode {
            None => (uprn != 0).then_some((uprn, 0, String::new(), facts, at)),
            Some(_) if uprn == 0 && identifier.is_empty() => None,
            Some(postcode) => Some((uprn, postcode, identifier, facts, at)),
        });
        let key = |row: &(u64, u64, String, u32, prop::sample::Index)| match row.0 {
            0 => (true, row.1, row.2.clone()),
            uprn => (false, uprn, String::new()),
        };
        let by_key: BTreeMap<_, _> = named.map(|row| (key(&row), row)).collect();
        by_key.into_values().collect()
    })
}

/// A written file of a few rows.
fn written(directory: &tempfile::TempDir) -> (PathBuf, Vec<(u64, String, String)>) {
    let pairs = [("aerial", ""), ("", ""), ("pole", "é")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    let (texts, ids) = table_of(directory, &pairs);
    let rows: Vec<_> = (0..50u64).map(|n| Row::from_word((n * 7) << Facts::BITS, ids[n as usize % 3])).collect();
    write_rows(directory.path(), &rows, &Premises::default(), &texts).unwrap();
    (directory.path().join(FILE), said(&rows, &texts))
}

fn read_again(directory: &tempfile::TempDir) -> Result<Vec<(u64, String, String)>, StoreError> {
    let (rows, _, texts) = read_rows(directory.path(), directory.path().join("spill"))?;
    Ok(said(&rows, &texts))
}

/// A file with a right checksum around any content.
fn forged(header: &[u8], content: &[u8]) -> Vec<u8> {
    let mut bytes = [header, &zstd::encode_all(content, 1).unwrap()].concat();
    let sum = crc32fast::hash(&bytes);
    bytes.extend(sum.to_be_bytes());
    bytes
}

fn header(texts: u32, rows: u32) -> Vec<u8> {
    [&MAGIC[..], &texts.to_be_bytes(), &rows.to_be_bytes()].concat()
}

#[test]
fn no_file_cut_short_or_drawn_out_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let (path, _) = written(&directory);
    let whole = fs::read(&path).unwrap();
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(read_again(&directory).is_err_and(|error| error.is_damage()), "{length}");
    }
    fs::File::options().append(true).open(&path).unwrap().write_all(&whole).unwrap();
    assert!(read_again(&directory).is_err_and(|error| error.is_damage()));
    fs::remove_file(&path).unwrap();
    assert!(read_again(&directory).is_err_and(|error| error.is_damage()), "each part of a load must be there");
}

#[test]
fn one_changed_bit_is_always_found() {
    let directory = tempfile::tempdir().unwrap();
    let (path, said) = written(&directory);
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[at / 8] ^= 1 << (at % 8);
        fs::write(&path, &bytes).unwrap();
        assert!(read_again(&directory).is_err_and(|error| error.is_damage()), "bit {at}");
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(read_again(&directory).unwrap(), said);
}

#[test]
fn what_makes_no_sense_is_told_whatever_its_checksum() {
    let directory = tempfile::tempdir().unwrap();
    let row = |word: u64, texts: u32| [&word.to_be_bytes()[..], &texts.to_be_bytes()].concat();
    let (one, two) = (row(1 << Facts::BITS, 0), row(2 << Facts::BITS, 0));
    let delete = row(1 << Facts::BITS | u64::from(Facts::DELETE.bits()), 0);
    for (what, bytes) in [
        ("its checksum does not match", b"WMR\x01 and no more".to_vec()),
        ("it is no file of rows", forged(b"WMR\x03\0\0\0\0\0\0\0\x01", &one)),
        ("its rows are out of order", forged(&header(0, 2), &[two.clone(), one.clone()].concat())),
        ("its rows are out of order", forged(&header(0, 2), &[one.clone(), one.clone()].concat())),
        ("a row names a text that is not there", forged(&header(0, 1), &row(1 << Facts::BITS, 1))),
        ("a row is a delete", forged(&header(0, 1), &delete)),
        ("a text is not UTF-8", forged(&header(1, 0), b"\0\x01\0\0\xFF")),
        ("something comes after", forged(&header(0, 1), &[one.clone(), two].concat())),
        // Counts beyond the file take no memory.
        ("fill whole buffer", forged(&header(0, u32::MAX), &one)),
        ("fill whole buffer", forged(&header(u32::MAX, 0), &one)),
        ("", forged(&[&header(0, 1)[..], b"no frame"].concat(), &one)),
    ] {
        fs::write(directory.path().join(FILE), bytes).unwrap();
        let error = read_again(&directory).unwrap_err();
        assert!(error.is_damage() && error.to_string().contains(what), "{error}");
    }
}

#[test]
fn premises_that_make_no_sense_are_told_whatever_their_checksum() {
    let directory = tempfile::tempdir().unwrap();
    let postcode = "AA1 1AA".parse::<crate::domain::Postcode>().unwrap().packed();
    let row = |uprn: u64, postcode: u64, facts: u32, texts: u32, identifier: &[u8]| {
        let numbers = [uprn, postcode].map(|number| number.to_be_bytes()[3..].to_vec()).concat();
        let said = [facts.to_be_bytes(), texts.to_be_bytes()].concat();
        [&numbers[..], &said, &[identifier.len() as u8], identifier].concat()
    };
    let file = |count: u64, rows: &[&[u8]]| {
        let header = [&MAGIC_PREMISES[..], &[0; 8]].concat();
        forged(&header, &[&count.to_be_bytes()[..], &rows.concat()].concat())
    };
    let (first, second) = (row(7, postcode, 0, 0, b"1"), row(8, 0, Facts::SET_ASIDE.bits(), 0, b""));
    let by_address = row(0, postcode, 0, 0, b"flat 1");
    fs::write(directory.path().join(FILE), file(3, &[&first, &second, &by_address])).unwrap();
    let (_, premises, _) = read_rows(directory.path(), directory.path().join("spill")).unwrap();
    assert_eq!((premises.rows(), premises.answers()), (3, 2));
    for (what, bytes) in [
        ("its premises are out of order", file(2, &[&second, &first])),
        ("its premises are out of order", file(2, &[&first, &first])),
        ("its premises are out of order", file(2, &[&by_address, &first])),
        ("a premises names a text", file(1, &[&row(7, postcode, 0, 1, b"1")])),
        ("a premises is a delete", file(1, &[&row(7, postcode, Facts::DELETE.bits(), 0, b"1")])),
        ("an address identifier is not UTF-8", file(1, &[&row(7, postcode, 0, 0, b"\xFF")])),
        ("a premises has no key", file(1, &[&row(7, postcode, 0, 0, b"1\0")])),
        ("a premises has no key", file(1, &[&row(0, postcode, 0, 0, b"")])),
        ("a premises has no key", file(1, &[&row(0, 0, 0, 0, b"1")])),
        ("a premises has no key", file(1, &[&row(7, 0, 0, 0, b"1")])),
        ("a premises has no key", file(1, &[&row(7, 1, 0, 0, b"1")])),
        ("a premises has no key", file(1, &[&row(crate::domain::Uprn::MAX + 1, postcode, 0, 0, b"1")])),
        ("something comes after", file(1, &[&first, &second])),
        ("fill whole buffer", file(2, &[&first])),
        ("fill whole buffer", file(u64::MAX, &[&first])),
        ("fill whole buffer", forged(&[&MAGIC_PREMISES[..], &[0; 8]].concat(), b"count")),
    ] {
        fs::write(directory.path().join(FILE), bytes).unwrap();
        let error = read_again(&directory).unwrap_err();
        assert!(error.is_damage() && error.to_string().contains(what), "{what}: {error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn rows_premises_and_texts_round_trip((pairs, rows) in any_rows(), premises in any_premises()) {
        let directory = tempfile::tempdir().unwrap();
        let (texts, ids) = table_of(&directory, &pairs);
        let rows: Vec<_> = rows
            .iter()
            .map(|(key, &(facts, at))| Row::from_word(key << Facts::BITS | u64::from(facts), ids[at]))
            .collect();
        let mut writer = PremisesWriter::new(directory.path().join("spill"));
        for (uprn, postcode, identifier, facts, at) in &premises {
            let (facts, texts) = (Facts::from_bits(*facts), ids[at.index(ids.len())]);
            let (uprn, postcode) = (*uprn, *postcode);
            writer.push(PremisesRow { uprn, postcode, identifier, facts, texts, line: 9, from_empty: true }).unwrap();
        }
        let premises = writer.finish().unwrap();
        write_rows(directory.path(), &rows, &premises, &texts).unwrap();
        let (rows_read, premises_read, texts_read) =
            read_rows(directory.path(), directory.path().join("spill")).unwrap();
        prop_assert_eq!(said(&rows_read, &texts_read), said(&rows, &texts));
        prop_assert_eq!(said_of(&premises_read, &texts_read), said_of(&premises, &texts));
        prop_assert_eq!(premises_read.answers(), premises.answers());
        // Older servers read what has no premises.
        let version = fs::read(directory.path().join(FILE)).unwrap()[3];
        prop_assert_eq!(version, if premises.rows() > 0 { 2 } else { 1 });
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes: Vec<u8>, content: Vec<u8>, texts in 0u32..4, rows in 0u32..4) {
        let directory = tempfile::tempdir().unwrap();
        let mut with_premises = header(texts, rows);
        with_premises[3] = 2;
        let forgeries = [header(texts, rows), with_premises, bytes.clone()].map(|header| forged(&header, &content));
        for bytes in forgeries.into_iter().chain([bytes]) {
            fs::write(directory.path().join(FILE), bytes).unwrap();
            match read_again(&directory) {
                Err(error) => prop_assert!(error.is_damage()),
                // By rare chance it is a file of so many rows.
                Ok(said) => prop_assert_eq!(said.len(), rows as usize),
            }
        }
    }
}
