use super::*;
use crate::store::{database, text_chunks::Chunks, texts::Gathering};

/// Texts that fill several chunks.
fn pairs() -> Vec<(String, String)> {
    (0..100).map(|number| (format!("aerial {number}"), format!("{} {number}", "a mast ".repeat(20)))).collect()
}

#[test]
fn texts_have_the_same_fingerprints_wherever_they_lie() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("blocks");
    let database = database::open(&path).unwrap();
    let mut table = TextTable::new(directory.path().join("texts.spill"));
    let (mut chunks, mut gathering, mut firsts) = (Chunks::new(), Gathering::default(), Vec::new());
    let mut sealed = Vec::new();
    for (auxiliary, additional) in pairs() {
        table.intern(&auxiliary, &additional).unwrap();
        sealed.extend(chunks.push(&auxiliary, &additional));
    }
    sealed.extend(chunks.close());
    for (key, value) in sealed {
        gathering.chunk(&key, &value).unwrap();
        firsts.push(text_chunks::first(&key).unwrap());
        database.insert(key, value).unwrap();
    }
    assert!(firsts.len() > 2);
    let memory = sealed_texts(&gathering.finish(&database, path.clone())).unwrap();
    let disk = Texts::Database { database: Some(database), path, firsts: firsts.into(), count: 100 };
    assert_eq!(sealed_texts(&disk).unwrap(), memory);
    let south = crate::domain::Table3::shipped().unwrap().region(crate::domain::CspRegion::South).clone();
    assert_eq!(Side::unpacked(&south, &table).unwrap().texts, memory);
    assert_eq!(memory.iter().collect::<std::collections::HashSet<_>>().len(), 101);
}

#[test]
fn a_chunk_that_is_gone_is_damage_and_no_comparison() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("blocks");
    let database = database::open(&path).unwrap();
    let texts = Texts::Database { database: Some(database), path, firsts: [1].into(), count: 1 };
    assert!(sealed_texts(&texts).unwrap_err().is_damage());
}
