use std::{collections::BTreeMap, fs, io::Write as _};

use proptest::prelude::*;

use super::*;
use crate::domain::Facts;

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

/// A written file of a few rows.
fn written(directory: &tempfile::TempDir) -> (PathBuf, Vec<(u64, String, String)>) {
    let pairs = [("aerial", ""), ("", ""), ("pole", "é")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    let (texts, ids) = table_of(directory, &pairs);
    let rows: Vec<_> = (0..50u64).map(|n| Row::from_word((n * 7) << Facts::BITS, ids[n as usize % 3])).collect();
    write_rows(directory.path(), &rows, &texts).unwrap();
    (directory.path().join(FILE), said(&rows, &texts))
}

fn read_again(directory: &tempfile::TempDir) -> Result<Vec<(u64, String, String)>, StoreError> {
    let (rows, texts) = read_rows(directory.path(), directory.path().join("spill"))?;
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
    assert!(matches!(read_again(&directory), Err(StoreError::Io { .. })), "no file is no damage");
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
        ("it is no file of rows", forged(b"WMR\x02\0\0\0\0\0\0\0\x01", &one)),
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn rows_and_texts_round_trip((pairs, rows) in any_rows()) {
        let directory = tempfile::tempdir().unwrap();
        let (texts, ids) = table_of(&directory, &pairs);
        let rows: Vec<_> = rows
            .iter()
            .map(|(key, &(facts, at))| Row::from_word(key << Facts::BITS | u64::from(facts), ids[at]))
            .collect();
        write_rows(directory.path(), &rows, &texts).unwrap();
        prop_assert_eq!(read_again(&directory).unwrap(), said(&rows, &texts));
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes: Vec<u8>, content: Vec<u8>, texts in 0u32..4, rows in 0u32..4) {
        let directory = tempfile::tempdir().unwrap();
        for bytes in [bytes.clone(), forged(&bytes, &content), forged(&header(texts, rows), &content)] {
            fs::write(directory.path().join(FILE), bytes).unwrap();
            match read_again(&directory) {
                Err(error) => prop_assert!(error.is_damage()),
                // By rare chance it is a file of so many rows.
                Ok(said) => prop_assert_eq!(said.len(), rows as usize),
            }
        }
    }
}
