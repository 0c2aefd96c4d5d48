//! The one place that opens sled, with the settings that were measured.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use super::StoreError;

/// sled's page cache. Blocks are read once, in order, into memory of our own, so a large cache would only hold them
/// twice.
const CACHE_BYTES: u64 = 8 << 20;

/// What sled writes at once. A quarter of its own choice: the system copies such a piece without a pause, and beside the
/// first touch of fresh memory that was seen to keep a processor from lookups for two milliseconds.
const SEGMENT_BYTES: usize = 128 << 10;

/// How long a database may take to close; measured in milliseconds.
const CLOSING: Duration = Duration::from_secs(5);

/// Opens or creates the database of one load.
///
/// sled takes a file lock and rewrites its own files as it opens, even to read: integrity lies in the checksums within,
/// never in hashes of its files.
///
/// A database that was closed a moment ago may still be locked, for threads of sled's own let go of it a little later:
/// it is waited for. Blocks.
pub(super) fn open(path: &Path) -> Result<sled::Db, StoreError> {
    let config = sled::Config::new()
        .path(path)
        .cache_capacity(CACHE_BYTES)
        .segment_size(SEGMENT_BYTES)
        // A load is flushed once, when it is whole.
        .flush_every_ms(None)
        .mode(sled::Mode::HighThroughput);
    let begun = Instant::now();
    loop {
        match config.open() {
            // Nobody else can hold it: the data directory has a lock of its own.
            Err(error) if is_lock(&error) && begun.elapsed() < CLOSING => thread::sleep(Duration::from_millis(1)),
            opened => return opened.map_err(StoreError::database(path)),
        }
    }
}

/// sled wraps the lock's error in words of its own.
fn is_lock(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(error) if error.to_string().starts_with("could not acquire lock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_is_still_closing_is_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("blocks");
        let first = open(&path).unwrap();
        let refused = sled::Config::new().path(&path).segment_size(SEGMENT_BYTES).open().unwrap_err();
        assert!(is_lock(&refused), "{refused}");
        let closing = thread::spawn(move || drop(first));
        open(&path).unwrap();
        closing.join().unwrap();
    }
}
