//! What can go wrong between the service and its disk.

use std::{
    io,
    path::{Path, PathBuf},
};

/// A fault of the store. None of them ever turns into an answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages are the documentation")]
pub enum StoreError {
    #[error("{doing} {}: {source}", .path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("the database in {}: {source}", .path.display())]
    Database { path: PathBuf, source: sled::Error },
    #[error("{} is damaged: {what}", .path.display())]
    Damaged { path: PathBuf, what: String },
    #[error(
        "{} has the format {found}, and this version reads formats up to {readable}; run the version that wrote it, or \
         submit the load again", .path.display()
    )]
    Format { path: PathBuf, found: u32, readable: u32 },
    #[error("the data directory {} is in use by another process; one server owns a data directory", .0.display())]
    Locked(PathBuf),
    #[error("the load needs about {needed} bytes of disk and {free} are free; make room and send it again")]
    DiskFull { needed: u64, free: u64 },
}

impl StoreError {
    /// An I/O fault while doing something to a path, for `map_err`.
    pub fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }

    /// The same of a part of a sealed load, of which each must be there: one that is not is damage.
    pub fn opening_part(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| match source.kind() {
            io::ErrorKind::NotFound => Self::damaged(&path, "it is not there"),
            _ => Self::Io { doing, path, source },
        }
    }

    pub(super) fn database(path: &Path) -> impl Fn(sled::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Database { path: path.clone(), source }
    }

    pub(super) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), what: what.into() }
    }

    /// Whether what is on disk cannot be trusted, as against a disk that does not answer or is full, or a process that may
    /// open no more files: those heal by themselves, and sound blocks must not be thrown away for them.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Damaged { .. } => true,
            // sled tells in many ways of files that are not as it left them; what the system says has a number.
            Self::Database { source: sled::Error::Io(source), .. } => !is_the_systems(source),
            Self::Database { .. } => true,
            _ => false,
        }
    }

    /// Whether the disk is full.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        let full =
            |source: &io::Error| matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        match self {
            Self::DiskFull { .. } => true,
            Self::Io { source, .. } | Self::Database { source: sled::Error::Io(source), .. } => full(source),
            _ => false,
        }
    }
}

/// Whether the system refused, whatever the file holds.
fn is_the_systems(error: &io::Error) -> bool {
    use rustix::io::Errno;
    const REFUSALS: [Errno; 9] = [
        Errno::MFILE,
        Errno::NFILE,
        Errno::NOMEM,
        Errno::ACCESS,
        Errno::PERM,
        Errno::ROFS,
        Errno::NOSPC,
        Errno::DQUOT,
        Errno::IO,
    ];
    error.raw_os_error().is_some_and(|number| REFUSALS.iter().any(|refusal| refusal.raw_os_error() == number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_disk_holds_is_damage_and_not_how_it_answers() {
        let database = |source| StoreError::Database { path: "blocks".into(), source };
        let system = |number| database(sled::Error::Io(io::Error::from_raw_os_error(number)));
        let [no_file, input_output, not_allowed, too_many_files, disk_full] = [2, 5, 13, 24, 28].map(system);
        let cut_short = database(sled::Error::Io(io::ErrorKind::UnexpectedEof.into()));
        for (error, damage, full) in [
            (database(sled::Error::Corruption { at: None, bt: () }), true, false),
            (cut_short, true, false),
            (database(sled::Error::Io(io::Error::other("in sled's own words"))), true, false),
            (no_file, true, false),
            (input_output, false, false),
            (not_allowed, false, false),
            (too_many_files, false, false),
            (disk_full, false, true),
            (StoreError::damaged(Path::new("blocks"), "cut short"), true, false),
            (StoreError::io("reading", "manifest.json")(io::ErrorKind::UnexpectedEof.into()), false, false),
            (StoreError::DiskFull { needed: 2, free: 1 }, false, true),
            (StoreError::Locked("var".into()), false, false),
        ] {
            assert_eq!((error.is_damage(), error.is_disk_full()), (damage, full), "{error}");
        }
    }
}
