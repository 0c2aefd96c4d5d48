//! The data directory: what lies where, and who owns it.
//!
//! ```text
//! lock               held while a server runs
//! active.json        which loads are active, since when and by whom
//! audit.jsonl        what was done, by whom and when
//! loads/<load-id>/   sealed loads: manifest.json, annex-e.csv, file.csv.zst, rejects.jsonl, blocks/
//!                    and, with premises, premises/; of a delta, rows.zst
//! refused/<load-id>/ refused loads: manifest.json, refusal.txt, rejects.jsonl
//! deleted/<load-id>/ a load on its way out, until its files are removed; emptied at start
//! incoming/          the load in progress; emptied at start, but for what was being replaced and has no successor
//! ```

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use super::{StoreError, durable, place};

/// A data directory that this process owns for as long as the value lives.
#[derive(Debug)]
pub struct DataDir {
    root: PathBuf,
    /// Held, never read: the lock goes with it.
    _lock: File,
}

impl DataDir {
    /// Takes a directory over, creates what is missing and removes what an interrupted load left.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process owns it.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        fs::create_dir_all(root).map_err(StoreError::io("creating", root))?;
        let path = root.join("lock");
        let lock = File::options().create(true).truncate(false).write(true).open(&path);
        let lock = lock.map_err(StoreError::io("opening", &path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::Locked(root.to_owned())),
            Err(TryLockError::Error(source)) => return Err(StoreError::io("locking", path)(source)),
        }
        let data = Self { root: root.to_owned(), _lock: lock };
        place::put_back(&data)?;
        remove_dir(&data.incoming())?;
        for directory in [data.incoming(), data.loads(), data.refused_root(), data.deleted()] {
            fs::create_dir_all(&directory).map_err(StoreError::io("creating", &directory))?;
        }
        durable::sync(root)?;
        // The directory's own name must survive a power cut too.
        if let Some(parent) = root.canonicalize().map_err(StoreError::io("reading", root))?.parent() {
            durable::sync(parent)?;
        }
        Ok(data)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Where the load in progress is built.
    #[must_use]
    pub fn incoming(&self) -> PathBuf {
        self.root.join("incoming")
    }

    /// Where a load waits while another of its id takes its place.
    pub(super) fn replaced(&self) -> PathBuf {
        self.incoming().join("replaced")
    }

    /// Where a load lies that is deleted, until its files are removed.
    pub(super) fn deleted(&self) -> PathBuf {
        self.root.join("deleted")
    }

    pub(super) fn loads(&self) -> PathBuf {
        self.root.join("loads")
    }

    /// The directory of a sealed load.
    #[must_use]
    pub fn load(&self, load_id: &str) -> PathBuf {
        self.loads().join(load_id)
    }

    pub(super) fn refused_root(&self) -> PathBuf {
        self.root.join("refused")
    }

    /// The directory of a refused load.
    #[must_use]
    pub fn refused(&self, load_id: &str) -> PathBuf {
        self.refused_root().join(load_id)
    }

    pub(super) fn active_file(&self) -> PathBuf {
        self.root.join("active.json")
    }

    /// Bytes that are free to this process on the directory's file system.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the file system does not say.
    pub fn free_bytes(&self) -> Result<u64, StoreError> {
        #[cfg(test)]
        if durable::faults::meet("finding room on", &self.root).is_err() {
            return Ok(0);
        }
        let stat = rustix::fs::statvfs(&self.root).map_err(io::Error::from);
        let stat = stat.map_err(StoreError::io("asking for the free space of", &self.root))?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    /// The names of the directories in `loads/` or `refused/`.
    pub(super) fn names_in(directory: &Path) -> Result<Vec<String>, StoreError> {
        let reading = || StoreError::io("reading", directory);
        let mut names = Vec::new();
        for item in fs::read_dir(directory).map_err(reading())? {
            let item = item.map_err(reading())?;
            if item.file_type().map_err(reading())?.is_dir() {
                names.extend(item.file_name().into_string());
            }
        }
        names.sort_unstable();
        Ok(names)
    }
}

/// Removes a directory whole: moved away first, to this name in `incoming/`, so that a crash never leaves half of it where it
/// was.
pub(super) fn remove_whole(data: &DataDir, directory: &Path, name: &str) -> Result<(), StoreError> {
    let doomed = data.incoming().join(name);
    remove_dir(&doomed)?;
    durable::rename(directory, &doomed)?;
    directory.parent().map_or(Ok(()), durable::sync)?;
    remove_dir(&doomed)
}

/// Removes a directory and what is in it; one that is not there is removed already.
///
/// # Errors
/// [`StoreError::Io`] when the file system refuses.
pub fn remove_dir(directory: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::io("removing", directory)(error)),
        _ => Ok(()),
    }
}
