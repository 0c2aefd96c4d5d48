//! What is left of a refused load: its manifest, the words its sender was told, and its rejects.

use std::{fs, path::Path};

use crate::{domain::CspRegion, ingest::Reject};

use super::{
    DataDir, Manifest, StoreError,
    data_dir::{remove_dir, remove_whole},
    durable,
    rejects::write_rejects,
};

const REASON: &str = "refusal.txt";

/// Refused loads kept, a region.
pub const REFUSED_KEPT: usize = 20;

/// Keeps the record of a refused load in place of an earlier one of the same id.
///
/// # Errors
/// [`StoreError::Io`].
pub fn keep_refused(data: &DataDir, manifest: &Manifest, refusal: &str, rejects: &[Reject]) -> Result<(), StoreError> {
    // Built apart and renamed in, so that a record is whole or absent.
    let directory = data.incoming().join("refused");
    remove_dir(&directory)?;
    fs::create_dir_all(&directory).map_err(StoreError::io("creating", &directory))?;
    write_rejects(&directory, rejects)?;
    let path = directory.join(REASON);
    fs::write(&path, refusal).map_err(StoreError::io("writing", &path))?;
    manifest.write(&directory)?;
    durable::sync_tree(&directory)?;
    forget_refused(data, &manifest.load_id)?;
    durable::rename(&directory, &data.refused(&manifest.load_id))
}

/// Forgets the record of a refused load.
///
/// # Errors
/// [`StoreError::Io`].
pub fn forget_refused(data: &DataDir, load_id: &str) -> Result<(), StoreError> {
    let record = data.refused(load_id);
    if !record.exists() {
        return Ok(());
    }
    remove_whole(data, &record, "forgotten")
}

/// A directory whose manifest cannot be read, and why.
pub type Unreadable = (String, StoreError);

/// The manifests of all sealed loads, and the directories that have none that can be read.
///
/// # Errors
/// [`StoreError::Io`] when `loads/` itself cannot be read.
pub fn sealed_manifests(data: &DataDir) -> Result<(Vec<Manifest>, Vec<Unreadable>), StoreError> {
    manifests(&data.loads())
}

/// The manifests of all refused loads with the words their senders were told, oldest first. A record that cannot be read
/// is left out and left alone: nothing depends on it.
///
/// # Errors
/// [`StoreError::Io`].
pub fn refused_manifests(data: &DataDir) -> Result<Vec<(Manifest, String)>, StoreError> {
    let (readable, unreadable) = manifests(&data.refused_root())?;
    for (load_id, error) in unreadable {
        tracing::warn!(load_id, %error, "the record of a refused load cannot be read; it is left out");
    }
    let mut refused = Vec::new();
    for manifest in readable {
        match fs::read_to_string(data.refused(&manifest.load_id).join(REASON)) {
            Ok(words) => refused.push((manifest, words)),
            Err(error) => {
                tracing::warn!(load_id = manifest.load_id, %error, "the record of a refused load cannot be read");
            }
        }
    }
    refused.sort_by_key(|(manifest, _)| manifest.received);
    Ok(refused)
}

/// The ids of refused loads of a region beyond the newest [`REFUSED_KEPT`]; `refused` is oldest first.
#[must_use]
pub fn surplus<'a>(refused: impl DoubleEndedIterator<Item = &'a Manifest>, region: CspRegion) -> Vec<String> {
    let of_region = refused.rev().filter(|manifest| manifest.region == region);
    of_region.skip(REFUSED_KEPT).map(|manifest| manifest.load_id.clone()).collect()
}

fn manifests(directory: &Path) -> Result<(Vec<Manifest>, Vec<Unreadable>), StoreError> {
    let mut readable = Vec::new();
    let mut unreadable = Vec::new();
    for name in DataDir::names_in(directory)? {
        match Manifest::read(&directory.join(&name)) {
            Ok(manifest) if manifest.load_id == name => readable.push(manifest),
            Ok(_) => unreadable.push((name, StoreError::damaged(directory, "a load lies under another's id"))),
            Err(error) => unreadable.push((name, error)),
        }
    }
    Ok((readable, unreadable))
}
