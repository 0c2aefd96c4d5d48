//! Writes that survive a power cut: a file is whole or absent, and a rename is on disk before anyone relies on it.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
};

use serde::Serialize;

use super::StoreError;

/// Replaces a small JSON file: written beside, synced, renamed over, and the directory synced.
pub(super) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), StoreError> {
    let beside = path.with_extension("new");
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|error| StoreError::damaged(path, error.to_string()))?;
    bytes.push(b'\n');
    #[cfg(test)]
    faults::meet("creating", &beside)?;
    let mut file = File::create(&beside).map_err(StoreError::io("creating", &beside))?;
    file.write_all(&bytes).map_err(StoreError::io("writing", &beside))?;
    file.sync_all().map_err(StoreError::io("syncing", &beside))?;
    rename(&beside, path)
}

/// Renames, and syncs the directory that holds the new name.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    #[cfg(test)]
    faults::meet("renaming", to)?;
    fs::rename(from, to).map_err(StoreError::io("renaming", from))?;
    to.parent().map_or(Ok(()), sync)
}

/// Syncs every file below a directory, and every directory, the deepest first.
pub(super) fn sync_tree(directory: &Path) -> Result<(), StoreError> {
    let reading = || StoreError::io("reading", directory);
    for item in fs::read_dir(directory).map_err(reading())? {
        let item = item.map_err(reading())?;
        if item.file_type().map_err(reading())?.is_dir() {
            sync_tree(&item.path())?;
        } else {
            sync(&item.path())?;
        }
    }
    sync(directory)
}

/// Syncs one file or directory.
pub(super) fn sync(path: &Path) -> Result<(), StoreError> {
    #[cfg(test)]
    faults::meet("syncing", path)?;
    File::open(path).and_then(|file| file.sync_all()).map_err(StoreError::io("syncing", path))
}

#[cfg(test)]
pub(crate) mod faults {
    //! A disk that fails when a test wants it to.

    use std::{
        io,
        path::{Path, PathBuf},
        sync::{Mutex, PoisonError},
    };

    use super::StoreError;

    /// What fails, where, after how many times that it does not, and how often then.
    static FAULTS: Mutex<Vec<(&str, PathBuf, u32, u32)>> = Mutex::new(Vec::new());

    /// Lets what is done to a path (`creating`, `syncing`, `renaming` to it, `finding room on` its disk) fail so many times, once
    /// it was done so often without.
    pub(crate) fn fail(doing: &'static str, path: PathBuf, after: u32, times: u32) {
        FAULTS.lock().unwrap_or_else(PoisonError::into_inner).push((doing, path, after, times));
    }

    pub(in crate::store) fn meet(doing: &'static str, path: &Path) -> Result<(), StoreError> {
        let mut faults = FAULTS.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, _, after, times) in faults.iter_mut().filter(|(what, at, ..)| *what == doing && at == path) {
            match (*after, *times) {
                (0, 0) => {}
                (0, _) => {
                    *times -= 1;
                    return Err(StoreError::io(doing, path)(io::Error::other("a fault that the test asked for")));
                }
                _ => *after -= 1,
            }
        }
        Ok(())
    }
}
