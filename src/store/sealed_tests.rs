use super::*;
use crate::{
    ingest::Premises,
    store::{
        block::{self, Layout},
        database,
        fixture_tests::{TABLES, consecutive, manifest, rows},
        pack,
    },
};

/// What a database that was packed is opened as, after something was done to it.
fn opened_after(spoil: impl FnOnce(&sled::Db)) -> Result<Image, StoreError> {
    let directory = tempfile::tempdir().unwrap();
    let table3 = &TABLES[0];
    let told = ["2027-03-01 Cellular High|by the gate", "none", "aside", "2016-04-01 Unknown Low|in the loft"];
    let (rows, texts) = rows(&consecutive(&told), table3, 0);
    let packed = pack(directory.path(), &rows, &Premises::default(), &texts, table3, &manifest()).unwrap();
    let path = directory.path().join(BLOCKS);
    let opened = database::open(&path).unwrap();
    spoil(&opened);
    check(&opened, &path, &packed, table3, CspRegion::South)
}

/// The one block of the load, under its key.
fn only_block(database: &sled::Db) -> (sled::IVec, Vec<u8>) {
    let mut blocks = database.scan_prefix([block::PREFIX]).map(|item| item.unwrap());
    let (key, value) = blocks.next().unwrap();
    assert!(blocks.next().is_none());
    (key, value.to_vec())
}

fn damage(spoil: impl FnOnce(&sled::Db)) -> String {
    match opened_after(spoil).unwrap_err() {
        StoreError::Damaged { what, .. } => what,
        other => panic!("{other}"),
    }
}

#[test]
fn what_was_packed_is_opened() {
    assert_eq!(opened_after(|_| ()).unwrap().runs().len(), 1);
}

#[test]
fn every_flipped_byte_is_found() {
    let length = {
        let mut length = 0;
        opened_after(|database| length = only_block(database).1.len()).unwrap();
        length
    };
    for at in 0..length {
        damage(|database| {
            let (key, mut value) = only_block(database);
            value[at] ^= 0x10;
            database.insert(key, value).unwrap();
        });
    }
}

/// Blocks that are sound in themselves, and are not those that were sealed: only the digest over all of them can tell.
#[test]
fn sound_blocks_of_another_load_are_found() {
    let not_sealed = "the blocks are not those that were sealed";
    let layout = Layout::for_texts(2);
    let sealed_anew = |database: &sled::Db, change: fn(&mut Vec<u8>)| {
        let (key, value) = only_block(database);
        let mut entries = block::open(&key, layout, &value).unwrap().to_vec();
        change(&mut entries);
        let mut other = Vec::new();
        block::seal(&key, layout, &entries, &mut other);
        database.insert(key, other).unwrap();
    };
    // A row less, and another likelihood in the last one.
    let row = layout.stride();
    assert_eq!(row, 6);
    assert_eq!(damage(|database| sealed_anew(database, |entries| entries.truncate(entries.len() - 6))), not_sealed);
    assert_eq!(
        damage(|database| sealed_anew(database, |entries| {
            let last = entries.len() - 2;
            entries[last] ^= 3;
        })),
        not_sealed
    );
    let gone = |database: &sled::Db| {
        let (key, _) = only_block(database);
        database.remove(key).unwrap();
    };
    assert_eq!(damage(gone), not_sealed);
    let twice = |database: &sled::Db| {
        let (_, value) = only_block(database);
        let entries = block::open(&only_block(database).0, layout, &value).unwrap().to_vec();
        let key = block::key("ZE1 0AA".parse::<crate::domain::Postcode>().unwrap().sector());
        let mut other = Vec::new();
        block::seal(&key, layout, &entries, &mut other);
        database.insert(key, other).unwrap();
    };
    assert_eq!(damage(twice), not_sealed);
}

#[test]
fn a_panic_of_sled_is_damage() {
    let path = Path::new("blocks");
    let error = whatever_sled_does::<()>(path, || panic!("called as_node on non-Node")).unwrap_err();
    assert!(error.is_damage(), "{error}");
    assert!(whatever_sled_does(path, || Ok(())).is_ok());
}
