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

    pub(super) fn database(path: &Path) -> impl Fn(sled::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Database { path: path.clone(), source }
    }

    pub(super) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), what: what.into() }
    }

    /// Whether what is on disk cannot be trusted, as against a disk that does not answer or is full.
    #[must_use]
    pub const fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged { .. } | Self::Database { .. })
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
