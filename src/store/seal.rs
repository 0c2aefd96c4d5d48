//! Sorted rows become a sealed load: packed into blocks, flushed, closed, opened again, verified, synced and named.

use std::{
    fs,
    path::Path,
    thread::{self, ScopedJoinHandle},
    time::{Duration, Instant},
};

use crate::{
    domain::Table3,
    ingest::{Breath, LightBreath, Premises, Row, TextTable},
};

use super::{
    DataDir, Manifest, Reaper, SealedLoad, StoreError,
    block::{self, BLOCK_STEPS, Layout, VALUE_MAX},
    database,
    digest::{BlocksDigest, Fingerprint, RowsDigest, fingerprint},
    durable,
    manifest::{Packed, PackedPremises},
    pack_premises::{ByAddress, pack_addresses, pack_uprns},
    place,
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
/// Rows must be sorted with one row a postcode, premises with one row each. Blocks go in by key order with plain inserts:
/// sled's batches hold a lock of the whole process, and would stall every reader.
///
/// # Errors
/// [`StoreError`]; the directory is then to be removed.
pub fn pack(
    directory: &Path,
    rows: &[Row],
    premises: &Premises,
    texts: &TextTable,
    table3: &Table3,
    manifest: &Manifest,
) -> Result<Packed, StoreError> {
    let path = directory.join(BLOCKS);
    let mut numbers = Numbers::new(texts.len());
    numbers.number_rows(rows).ok_or_else(|| broken(&path))?;
    let (by_address, places) = ByAddress::sort(directory, premises, &mut numbers)?.map(ByAddress::split).unzip();
    let fingerprints = fingerprints(texts, &numbers, &path)?;
    let database = database::open(&path)?;
    let mut inserting =
        Inserting { database: &database, path: &path, digest: BlocksDigest::new(), breath: Breath::default() };
    // Hashing the rows takes a good part of what inserting them does, and premises take as long in the one order as in the
    // other: each has a thread, which has this one's priority.
    let (blocks, hashed, addresses, uprns) = thread::scope(|scope| {
        let (numbers, fingerprints) = (&numbers, &*fingerprints);
        let hashing = scope.spawn(|| hash(rows, numbers, fingerprints, table3, manifest, &path));
        let addresses = by_address.map(|sorted| scope.spawn(move || pack_addresses(directory, sorted, fingerprints)));
        let uprns = places
            .as_ref()
            .map(|places| scope.spawn(move || pack_uprns(directory, premises, places, numbers, fingerprints)));
        let blocks = inserting.rows_and_texts(rows, texts, numbers);
        (blocks, joined(hashing, &path), addresses.map(|it| joined(it, &path)), uprns.map(|it| joined(it, &path)))
    });
    let (blocks, digest) = (blocks?, hashed?);
    let blocks_sha256 = inserting.digest.finish();
    database.flush().map_err(StoreError::database(&path))?;
    let mut packed = Packed {
        rows: rows.len() as u64,
        blocks,
        texts: numbers.count(),
        rows_sha256: String::new(),
        blocks_sha256,
        premises: None,
    };
    let mut premises_digest = None;
    if let (Some(addresses), Some(uprns), Some(places)) = (addresses, uprns, places) {
        let ((by_address, addresses_digest), (by_uprn, uprns, uprns_digest)) = (addresses?, uprns?);
        premises_digest = Some((uprns_digest, addresses_digest));
        packed.premises = Some(PackedPremises {
            rows: premises.rows(),
            uprns,
            postcodes: places.len(),
            blocks: by_uprn.blocks + by_address.blocks,
            by_uprn_sha256: by_uprn.sha256,
            by_address_sha256: by_address.sha256,
        });
    }
    packed.rows_sha256 = digest.finish(premises_digest);
    Ok(packed)
}

fn joined<T>(thread: ScopedJoinHandle<'_, Result<T, StoreError>>, path: &Path) -> Result<T, StoreError> {
    thread.join().unwrap_or_else(|_| Err(StoreError::damaged(path, "a thread that packed it ended unexpectedly")))
}

fn broken(path: &Path) -> StoreError {
    StoreError::damaged(path, "a row names a text that the load does not have")
}

/// A database that is being filled, and the digest over all that went in.
struct Inserting<'a> {
    database: &'a sled::Db,
    path: &'a Path,
    digest: BlocksDigest,
    breath: Breath,
}

impl Inserting<'_> {
    fn insert(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.breath.steps(BLOCK_STEPS);
        self.digest.block(key, value);
        match self.database.insert(key, value) {
            Ok(_) => Ok(()),
            Err(error) => Err(StoreError::database(self.path)(error)),
        }
    }

    /// Inserts the blocks of postcodes, then the texts; gives how many blocks there are.
    fn rows_and_texts(&mut self, rows: &[Row], texts: &TextTable, numbers: &Numbers) -> Result<u64, StoreError> {
        let layout = Layout::for_texts(numbers.count());
        let mut blocks = 0;
        let mut entries = Vec::with_capacity(VALUE_MAX);
        let mut value = Vec::with_capacity(VALUE_MAX);
        for sector_rows in rows.chunk_by(|a, b| a.sector() == b.sector()) {
            let Some(sector) = sector_rows.first().and_then(Row::sector) else { continue };
            entries.clear();
            for row in sector_rows {
                let texts = numbers.of(row.texts).ok_or_else(|| broken(self.path))?;
                layout.push(row.unit_and_facts(), texts, &mut entries);
            }
            let key = block::key(sector);
            block::seal(&key, layout, &entries, &mut value);
            self.insert(&key, &value)?;
            blocks += 1;
        }

        let mut chunks = Chunks::new();
        const { assert!(block::PREFIX < PREFIX, "texts follow the blocks, so that keys go in by order") };
        for &text in &numbers.by_number {
            self.breath.step();
            let (auxiliary, additional) = texts.get(text).map_err(StoreError::io("reading the texts of", self.path))?;
            if let Some((key, value)) = chunks.push(&auxiliary, &additional) {
                self.insert(&key, &value)?;
            }
        }
        if let Some((key, value)) = chunks.close() {
            self.insert(&key, &value)?;
        }
        Ok(blocks)
    }
}

/// The fingerprints of all texts by number.
fn fingerprints(texts: &TextTable, numbers: &Numbers, path: &Path) -> Result<Vec<Fingerprint>, StoreError> {
    let mut fingerprints = vec![Fingerprint::default()];
    let mut breath = Breath::default();
    for &text in &numbers.by_number {
        breath.step();
        let (auxiliary, additional) = texts.get(text).map_err(StoreError::io("reading the texts of", path))?;
        fingerprints.push(fingerprint(&auxiliary, &additional));
    }
    Ok(fingerprints)
}

/// The digest over the rows, which premises may follow.
fn hash(
    rows: &[Row],
    numbers: &Numbers,
    fingerprints: &[Fingerprint],
    table3: &Table3,
    manifest: &Manifest,
    path: &Path,
) -> Result<RowsDigest, StoreError> {
    let mut digest = RowsDigest::new(manifest.region, &table3.sha256());
    let mut breath = Breath::default();
    for row in rows {
        breath.step();
        let number = numbers.of(row.texts).ok_or_else(|| broken(path))? as usize;
        digest.row(row.key(), row.facts(), fingerprints.get(number).ok_or_else(|| broken(path))?);
    }
    Ok(digest)
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
    let mut image = {
        let database = database::open(&directory.join(BLOCKS))?;
        sealed::check(&database, directory, packed, table3, manifest.region)?
    };
    // Whatever it leaves in the database must be closed before it moves.
    let in_memory = image.in_memory();
    if !in_memory {
        image.close();
    }
    let verify = verifying.elapsed();

    let syncing = Instant::now();
    manifest.write(directory)?;
    durable::sync_tree(directory)?;
    place::put_in_place(data, directory, &manifest.load_id)?;
    let sync = syncing.elapsed();

    let home = data.load(&manifest.load_id);
    image.moved(&home);
    if !in_memory {
        let path = home.join(BLOCKS);
        image.reopened(&database::open(&path)?, &path);
    }
    let load = SealedLoad::new(manifest, image, reaper);
    Ok(Sealed { load, verify, sync })
}

/// Texts by the order in which sorted rows first use them, so that the order of the file leaves no trace: postcodes first,
/// then premises.
pub(super) struct Numbers {
    /// By the file's id, the new number; 0 while unused.
    numbers: Vec<u32>,
    /// By new number less one, the file's id.
    by_number: Vec<u32>,
}

impl Numbers {
    fn new(texts: u32) -> Self {
        Self { numbers: vec![0; texts as usize + 1], by_number: Vec::new() }
    }

    pub(super) fn of(&self, id: u32) -> Option<u32> {
        self.numbers.get(id as usize).copied()
    }

    fn count(&self) -> u32 {
        self.by_number.len() as u32
    }

    fn number_rows(&mut self, rows: &[Row]) -> Option<()> {
        let mut breath = LightBreath::default();
        rows.iter().try_for_each(|row| {
            breath.step();
            self.number(row.texts).map(drop)
        })
    }

    /// The number of a text, which is its own from now on; `None` for a text that is not there.
    pub(super) fn number(&mut self, id: u32) -> Option<u32> {
        let number = self.numbers.get_mut(id as usize)?;
        if *number == 0 && id != 0 {
            self.by_number.push(id);
            *number = u32::try_from(self.by_number.len()).ok()?;
        }
        Some(*number)
    }
}
