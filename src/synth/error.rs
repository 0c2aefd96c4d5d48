//! Why a synthetic set cannot be made.

use std::{io, path::PathBuf};

use crate::domain::PostcodeError;

/// Why a synthetic set cannot be made.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages are the documentation")]
pub enum SynthError {
    #[error("{} cannot be read: {source}", .path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is not readable as CSV: {source}", .path.display())]
    Csv { path: PathBuf, source: csv::Error },
    #[error("{}, line 1: there is no column named postcode; name one so in the header row", .path.display())]
    NoPostcodeColumn { path: PathBuf },
    #[error("{}, line {line}, column postcode: {source}", .path.display())]
    Postcode { path: PathBuf, line: u64, source: PostcodeError },
    #[error("{asked} postcodes cannot be invented; ask for {most} at most")]
    TooMany { asked: u64, most: u64 },
    #[error("{} cannot be written: {source}", .path.display())]
    Write { path: PathBuf, source: io::Error },
}
