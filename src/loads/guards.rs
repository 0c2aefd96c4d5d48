//! What stands between a file and the answers: integrity checks, which nobody may override, and guards.

use crate::store::{GuardRecord, Manifest};

use super::{
    AgainstDamaged, LoadError, LoadHeader, Thresholds, Wanted,
    judge::{self, AgainstActive, GuardInput, Tripped},
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

/// Judges a load by every guard, against the load that answers or else what is known of a damaged one, and notes in its
/// manifest those that stood against it.
///
/// # Errors
/// The guards that refuse it.
pub(super) fn judge(
    manifest: &mut Manifest,
    active: Option<&Manifest>,
    damaged: Option<&Manifest>,
    thresholds: &Thresholds,
    header: &LoadHeader,
) -> Result<(), Vec<Tripped>> {
    let &LoadHeader { wanted, ref overrides, .. } = header;
    let changes = manifest.compared.as_ref().map(|compared| &compared.changes);
    let input = GuardInput {
        delta: manifest.base_load_id.is_some(),
        dry_run: wanted == Wanted::Judged,
        report: &manifest.report,
        issue_time: manifest.issue_time,
        active: active.zip(changes).map(|(active, changes)| AgainstActive {
            load_id: &active.load_id,
            issue_time: active.issue_time,
            changes,
        }),
        damaged: damaged.and_then(|damaged| AgainstDamaged::new(damaged, manifest)),
    };
    let tripped = judge::tripped(&input, thresholds);
    let record = |tripped: &Tripped| GuardRecord {
        guard: tripped.guard.slug().to_owned(),
        measured: tripped.measured.clone(),
        allowed: tripped.allowed.clone(),
        overridden: overrides.contains(&tripped.guard),
    };
    manifest.guards = tripped.iter().map(record).collect();
    let refusing: Vec<_> = tripped.into_iter().filter(|tripped| !overrides.contains(&tripped.guard)).collect();
    if refusing.is_empty() { Ok(()) } else { Err(refusing) }
}
