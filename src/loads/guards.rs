//! What stands between a file and the answers: integrity checks, which nobody may override, and guards.

use crate::store::{DataDir, Manifest, StoreError};

use super::{
    LoadError, LoadHeader, Settings,
    judge::{self, GuardInput},
};

/// Bytes of disk a row may take while its load is built, sled's rewriting included; measured at a good half of it.
const DISK_BYTES_A_ROW: u64 = 6 * 9;
/// Bytes of disk a premises may take: its row in the runs that sort it and in its two blocks.
const DISK_BYTES_A_PREMISES: u64 = 6 * 24;

/// Holds the bytes that came against what was announced.
pub(super) fn as_announced(header: &LoadHeader, sha256: &[u8; 32], rows: u64) -> Result<(), LoadError> {
    if header.sha256 != *sha256 {
        return Err(LoadError::DigestMismatch { announced: hex::encode(header.sha256), received: hex::encode(sha256) });
    }
    match header.row_count {
        Some(announced) if announced != rows => Err(LoadError::RowCountMismatch { announced, found: rows }),
        _ => Ok(()),
    }
}

/// Judges a file by its report alone, as for a region that has no active load.
pub(super) fn judge(manifest: &Manifest, settings: &Settings) -> Result<(), LoadError> {
    let Manifest { report, issue_time, load_id, .. } = manifest;
    let input = GuardInput { delta: false, report, issue_time: *issue_time, active: None };
    match judge::judge(&input, &settings.thresholds, &[]) {
        Ok(_) => Ok(()),
        Err(tripped) => Err(LoadError::Guards { load_id: load_id.clone(), tripped }),
    }
}

/// Refuses a load that the disk cannot hold, before anything is packed.
pub(super) fn disk(data: &DataDir, rows: usize, premises: u64) -> Result<(), LoadError> {
    /// What sled takes for an empty database.
    const FLOOR: u64 = 4 << 20;
    let needed = FLOOR + rows as u64 * DISK_BYTES_A_ROW + premises * DISK_BYTES_A_PREMISES;
    let free = data.free_bytes()?;
    if free < needed { Err(StoreError::DiskFull { needed, free }.into()) } else { Ok(()) }
}
