//! The deletion of a load: one rename, which is all of it at once, then its line in the audit log, and its files last.
//!
//! A crash before the rename leaves the load as it was. One after it leaves the load's files where the next start finds
//! them, and so the line can be written then, if it was not.

use std::path::PathBuf;

use super::{DataDir, Manifest, StoreError, data_dir::remove_dir, durable};

/// A load that is deleted, and whose files are still to be removed. Dropped, it is left to the next start.
#[derive(Debug)]
#[must_use]
pub struct Deleted {
    directory: PathBuf,
}

/// Deletes a sealed load.
///
/// # Errors
/// [`StoreError::Io`] when the file system refuses.
pub fn delete_load(data: &DataDir, load_id: &str) -> Result<Deleted, StoreError> {
    let directory = data.deleted().join(load_id);
    remove_dir(&directory)?;
    durable::rename(&data.load(load_id), &directory)?;
    durable::sync(&data.loads())?;
    Ok(Deleted { directory })
}

impl Deleted {
    /// Removes its files. May take as long as they are large.
    ///
    /// # Errors
    /// [`StoreError::Io`]; the next start tries again.
    pub fn remove(self) -> Result<(), StoreError> {
        remove_dir(&self.directory)
    }

    /// What its manifest says; `None` once its files are being removed.
    #[must_use]
    pub fn manifest(&self) -> Option<Manifest> {
        Manifest::read(&self.directory).ok()
    }
}

/// Loads whose deletion a crash came into.
///
/// # Errors
/// [`StoreError::Io`].
pub fn left_of_deletions(data: &DataDir) -> Result<Vec<Deleted>, StoreError> {
    let deleted = data.deleted();
    let names = DataDir::names_in(&deleted)?;
    Ok(names.into_iter().map(|name| Deleted { directory: deleted.join(name) }).collect())
}
