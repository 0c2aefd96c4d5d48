//! A sealed load, opened to be answered from.

use std::{
    fs, io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    thread,
};

use crate::domain::{CspRegion, Table3};

use super::{Manifest, Reaper, StoreError, block::Layout, database, image::Image, manifest::Packed, premises_read};

/// The load's copy of the Table 3 it was judged against.
pub(super) const TABLE3_FILE: &str = "annex-e.csv";
/// The load's database.
pub(super) const BLOCKS: &str = "blocks";

/// A load in memory, every block of it checked.
#[derive(Debug)]
pub struct SealedLoad {
    manifest: Manifest,
    /// Taken only when dropped.
    image: Option<Image>,
    reaper: Reaper,
}

impl SealedLoad {
    /// Opens a sealed load and checks all of it: manifest, Table 3, every block, and the digest over all of them.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when anything differs from what was sealed.
    pub fn open(directory: &Path, reaper: &Reaper) -> Result<Self, StoreError> {
        let manifest = Manifest::read(directory)?;
        let table3 = read_table3(directory, &manifest)?;
        let path = directory.join(BLOCKS);
        let packed = packed(&manifest, directory)?;
        let image = whatever_sled_does(&path, || {
            let database = database::open(&path)?;
            let image = check(&database, directory, packed, &table3, manifest.region);
            reaper.drop_later(database);
            image
        })?;
        Ok(Self::new(manifest, image, reaper))
    }

    pub(super) fn new(manifest: Manifest, image: Image, reaper: &Reaper) -> Self {
        Self { manifest, image: Some(image), reaper: reaper.clone() }
    }

    /// Where it came from and what was in it.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    pub(super) const fn image(&self) -> Option<&Image> {
        self.image.as_ref()
    }

    /// Bytes of memory its rows take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.image().map_or(0, Image::bytes)
    }
}

impl Drop for SealedLoad {
    fn drop(&mut self) {
        if let Some(image) = self.image.take() {
            self.reaper.drop_later(image);
        }
    }
}

/// sled panics at some damage to its files where it gives an error at other damage: it is damage all the same.
fn whatever_sled_does<T>(path: &Path, read: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    // What was being read is lost with the panic: nobody sees it half done.
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(read) => read,
        Err(_panic) => Err(StoreError::damaged(path, "sled gave up on it; what it said is on standard error")),
    }
}

fn packed<'a>(manifest: &'a Manifest, directory: &Path) -> Result<&'a Packed, StoreError> {
    let missing = || StoreError::damaged(directory, "the manifest is that of a refused load");
    manifest.packed.as_ref().ok_or_else(missing)
}

/// Reads the database and the premises of a load into memory, and holds them against what was packed.
pub(super) fn check(
    database: &sled::Db,
    load: &Path,
    packed: &Packed,
    table3: &Table3,
    region: CspRegion,
) -> Result<Image, StoreError> {
    let (path, variants) = (load.join(BLOCKS), table3.region(region));
    let (premises, read) = thread::scope(|scope| {
        let premises = packed.premises.as_ref();
        let premises =
            premises.map(|premises| scope.spawn(move || premises_read::read(load, premises, variants, packed.texts)));
        let read = Image::read(database, &path, Layout::for_texts(packed.texts), variants.clone());
        let gone = |_| Err(StoreError::damaged(load, "the thread that read its premises ended unexpectedly"));
        (premises.map(|premises| premises.join().unwrap_or_else(gone)), read)
    });
    let (image, blocks_sha256) = read?;
    if blocks_sha256 != packed.blocks_sha256 || image.texts().count() != packed.texts {
        return Err(StoreError::damaged(&path, "the blocks are not those that were sealed"));
    }
    Ok(image.with(premises.transpose()?))
}

/// The Table 3 a load was judged against, from the load's own copy.
pub(super) fn read_table3(directory: &Path, manifest: &Manifest) -> Result<Table3, StoreError> {
    let path = directory.join(TABLE3_FILE);
    let csv = fs::read(&path).map_err(|error| match error.kind() {
        // A sealed load has one: without it, it is damaged, and can be rebuilt.
        io::ErrorKind::NotFound => StoreError::damaged(&path, "it is not there"),
        _ => StoreError::io("reading", &path)(error),
    })?;
    let table3 = Table3::from_csv(&csv).map_err(|error| StoreError::damaged(&path, error.to_string()))?;
    if hex::encode(table3.sha256()) != manifest.table3_sha256 {
        return Err(StoreError::damaged(&path, "its sha256 is not the manifest's"));
    }
    Ok(table3)
}

#[cfg(test)]
#[path = "sealed_tests.rs"]
mod tests;
