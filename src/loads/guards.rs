//! What stands between a file and the answers: integrity checks, which nobody may override, and guards.

use crate::store::{GuardRecord, Manifest};

use super::{
    Against, AgainstActive, AgainstDamaged, Guard, LoadError, LoadHeader, Thresholds, Wanted,
    judge::{self, GuardInput, Tripped},
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
    let input = GuardInput {
        delta: manifest.base_load_id.is_some(),
        dry_run: wanted == Wanted::Judged,
        report: &manifest.report,
        issue_time: manifest.issue_time,
        against: against(manifest, active, damaged),
    };
    let tripped = judge::judge(&input, thresholds);
    let record = |tripped: &Tripped| GuardRecord {
        guard: tripped.guard.slug().to_owned(),
        measured: tripped.measured.clone(),
        allowed: tripped.allowed.clone(),
        overridden: overrides.contains(&tripped.guard),
    };
    manifest.guards = tripped.iter().map(record).collect();
    unless_overridden(tripped, overrides)
}

fn against<'a>(manifest: &'a Manifest, active: Option<&'a Manifest>, damaged: Option<&'a Manifest>) -> Against<'a> {
    if let (Some(active), Some(compared)) = (active, &manifest.compared) {
        let (load_id, issue_time, changes) = (&active.load_id, active.issue_time, &compared.changes);
        return Against::Active(AgainstActive { load_id, issue_time, changes });
    }
    damaged.and_then(|damaged| AgainstDamaged::new(damaged, manifest)).map_or(Against::Nothing, Against::Damaged)
}

/// Lets a load pass if each guard that stands against it is overridden.
///
/// # Errors
/// Those that are not, in their order; never none.
pub(super) fn unless_overridden(tripped: Vec<Tripped>, overrides: &[Guard]) -> Result<(), Vec<Tripped>> {
    let refusing: Vec<_> = tripped.into_iter().filter(|tripped| !overrides.contains(&tripped.guard)).collect();
    if refusing.is_empty() { Ok(()) } else { Err(refusing) }
}
