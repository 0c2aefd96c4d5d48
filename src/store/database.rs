//! The one place that opens sled, with the settings that were measured.

use std::path::Path;

use super::StoreError;

/// sled's page cache. Blocks are read once, in order, into memory of our own, so a large cache would only hold them
/// twice.
const CACHE_BYTES: u64 = 8 << 20;

/// Opens or creates the database of one load.
///
/// sled takes a file lock and rewrites its own files as it opens, even to read: integrity lies in the checksums within,
/// never in hashes of its files.
pub(super) fn open(path: &Path) -> Result<sled::Db, StoreError> {
    sled::Config::new()
        .path(path)
        .cache_capacity(CACHE_BYTES)
        // A load is flushed once, when it is whole.
        .flush_every_ms(None)
        .mode(sled::Mode::HighThroughput)
        .open()
        .map_err(StoreError::database(path))
}
