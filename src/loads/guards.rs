//! What stands between a file and the answers: integrity checks, which nobody may override, and guards.

use crate::store::Manifest;

use super::{
    LoadError, LoadHeader, Settings,
    judge::{self, GuardInput},
};

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
