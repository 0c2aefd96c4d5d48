//! Sorted rows become a sealed load: packed into blocks, flushed, closed, opened again, verified, synced and named.

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use crate::{
    domain::Table3,
    ingest::{Row, TextTable},
};

use super::{
    DataDir, Manifest, Reaper, SealedLoad, StoreError,
    block::{self, Layout, VALUE_MAX},
    data_dir::remove_dir,
    database,
    digest::{BlocksDigest, Fingerprint, RowsDigest, fingerprint},
    durable,
    manifest::Packed,
    sealed::{self, BLOCKS, TABLE3_FILE},
    text_chunks::{Chunks, PREFIX},
};

/// A load that has just been sealed.
#[derive(Debug)]
pub struct Sealed {
    /// The load, open.
    pub load: SealedLoad,
    /// How long it took to open the database again and check every block.
    pub verify: Duration,
    /// How long the disk was waited for.
    pub sync: Duration,
}

/// Packs rows into a new database below `directory`.
///
/// Rows must be sorted with one row a postcode. Blocks go in by key order with plain inserts: sled's batches hold a lock
/// of the whole process, and would stall every reader.
///
/// # Errors
/// [`StoreError`]; the directory is then to be removed.
pub fn pack(
    directory: &Path,
    rows: &[Row],
    texts: &TextTable,
    table3: &Table3,
    manifest: &Manifest,
) -> Result<Packed, StoreError> {
    let path = directory.join(BLOCKS);
    let numbers = number_texts(rows, texts.len()).ok_or_else(|| broken(&path))?;
    let database = database::open(&path)?;
    // Hashing the rows takes a good part of what inserting them does: each has a thread, which has this one's priority.
    let (inserted, rows_sha256) = thread::scope(|scope| {
        let hashing = scope.spawn(|| rows_digest(rows, texts, &numbers, table3, manifest, &path));
        let inserted = insert(&database, &path, rows, texts, &numbers);
        (inserted, hashing.join().unwrap_or_else(|_| Err(StoreError::damaged(&path, "its rows could not be hashed"))))
    });
    let (blocks, blocks_sha256) = inserted?;
    database.flush().map_err(StoreError::database(&path))?;
    let (rows, texts) = (rows.len() as u64, numbers.count);
    Ok(Packed { rows, blocks, texts, rows_sha256: rows_sha256?, blocks_sha256 })
}

fn broken(path: &Path) -> StoreError {
    StoreError::damaged(path, "a row names a text that the load does not have")
}

/// Inserts the blocks, then the texts; gives how many blocks there are, and the digest over all that was inserted.
fn insert(
    database: &sled::Db,
    path: &Path,
    rows: &[Row],
    texts: &TextTable,
    numbers: &Numbers,
) -> Result<(u64, String), StoreError> {
    let mut digest = BlocksDigest::new();
    let mut insert = |key: &[u8], value: &[u8]| {
        digest.block(key, value);
        match database.insert(key, value) {
            Ok(_) => Ok(()),
            Err(error) => Err(StoreError::database(path)(error)),
        }
    };

    let layout = Layout::for_texts(numbers.count);
    let mut blocks = 0;
    let mut entries = Vec::with_capacity(VALUE_MAX);
    let mut value = Vec::with_capacity(VALUE_MAX);
    for sector_rows in rows.chunk_by(|a, b| a.sector() == b.sector()) {
        let Some(sector) = sector_rows.first().and_then(Row::sector) else { continue };
        entries.clear();
        for row in sector_rows {
            layout.push(row.unit_and_facts(), numbers.of(row.texts).ok_or_else(|| broken(path))?, &mut entries);
        }
        let key = block::key(sector);
        block::seal(&key, layout, &entries, &mut value);
        insert(&key, &value)?;
        blocks += 1;
    }

    let mut chunks = Chunks::new();
    const { assert!(block::PREFIX < PREFIX, "texts follow the blocks, so that keys go in by order") };
    for &text in &numbers.by_number {
        let (auxiliary, additional) = texts.get(text).map_err(StoreError::io("reading the texts of", path))?;
        if let Some((key, value)) = chunks.push(&auxiliary, &additional) {
            insert(&key, &value)?;
        }
    }
    if let Some((key, value)) = chunks.close() {
        insert(&key, &value)?;
    }
    Ok((blocks, digest.finish()))
}

fn rows_digest(
    rows: &[Row],
    texts: &TextTable,
    numbers: &Numbers,
    table3: &Table3,
    manifest: &Manifest,
    path: &Path,
) -> Result<String, StoreError> {
    let mut fingerprints = vec![Fingerprint::default()];
    for &text in &numbers.by_number {
        let (auxiliary, additional) = texts.get(text).map_err(StoreError::io("reading the texts of", path))?;
        fingerprints.push(fingerprint(&auxiliary, &additional));
    }
    let mut digest = RowsDigest::new(manifest.region, &table3.sha256());
    for row in rows {
        let number = numbers.of(row.texts).ok_or_else(|| broken(path))? as usize;
        digest.row(row.key(), row.facts(), fingerprints.get(number).ok_or_else(|| broken(path))?);
    }
    Ok(digest.finish())
}

/// Makes a packed directory a sealed load under its own id, and opens it. When this returns the load survives a power
/// cut; it answers nothing until the active set names it.
///
/// # Errors
/// [`StoreError`]; the directory is then to be removed.
pub fn seal(
    data: &DataDir,
    directory: &Path,
    manifest: Manifest,
    table3: &Table3,
    reaper: &Reaper,
) -> Result<Sealed, StoreError> {
    let verifying = Instant::now();
    let copy = directory.join(TABLE3_FILE);
    fs::write(&copy, table3.csv()).map_err(StoreError::io("writing", &copy))?;
    let packed = manifest.packed.as_ref().ok_or_else(|| StoreError::damaged(directory, "nothing was packed"))?;
    let path = directory.join(BLOCKS);
    let image = {
        let database = database::open(&path)?;
        sealed::check(&database, &path, packed, table3, manifest.region)?
    };
    let image = Some(image).filter(|image| image.texts().in_memory());
    let verify = verifying.elapsed();

    let syncing = Instant::now();
    manifest.write(directory)?;
    durable::sync_tree(directory)?;
    let home = data.load(&manifest.load_id);
    // A damaged load that is sent again takes its own place; no other sealed load ever has this id.
    remove_dir(&home)?;
    durable::rename(directory, &home)?;
    let sync = syncing.elapsed();

    let load = match image {
        Some(image) => SealedLoad::new(manifest, image, reaper),
        // Its texts stay in the database, which has just moved: open it where it now is.
        None => SealedLoad::open(&home, reaper)?,
    };
    Ok(Sealed { load, verify, sync })
}

/// Texts by the order in which sorted rows first use them, so that the order of the file leaves no trace.
struct Numbers {
    /// By the file's id, the new number; 0 while unused.
    numbers: Vec<u32>,
    /// By new number less one, the file's id.
    by_number: Vec<u32>,
    count: u32,
}

impl Numbers {
    fn of(&self, id: u32) -> Option<u32> {
        self.numbers.get(id as usize).copied()
    }
}

fn number_texts(rows: &[Row], texts: u32) -> Option<Numbers> {
    let mut numbers = vec![0; texts as usize + 1];
    let mut by_number = Vec::new();
    for row in rows.iter().filter(|row| row.texts != 0) {
        let number = numbers.get_mut(row.texts as usize)?;
        if *number == 0 {
            by_number.push(row.texts);
            *number = u32::try_from(by_number.len()).ok()?;
        }
    }
    let count = u32::try_from(by_number.len()).ok()?;
    Some(Numbers { numbers, by_number, count })
}
