//! The thread that hashes the bytes as sent and keeps the file, while another reads its rows.

use std::{io::Write as _, path::PathBuf};

use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::{
    ingest::Encoding,
    store::{KeptFile, StoreError},
};

use super::{LoadError, upload::Part};

/// What was kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    /// Of the bytes as sent.
    pub(super) sha256: [u8; 32],
    /// Bytes as sent.
    pub(super) bytes: u64,
}

/// Runs to the end of the upload; `None` when it was broken off.
pub(super) fn keep(
    mut parts: mpsc::Receiver<Part>,
    directory: &PathBuf,
    encoding: Encoding,
) -> Result<Option<Kept>, LoadError> {
    let mut file = KeptFile::create(directory, encoding)?;
    let mut hash = Sha256::new();
    let mut length = 0;
    let writing = || StoreError::io("keeping the file in", directory);
    loop {
        match parts.blocking_recv() {
            Some(Part::Bytes(bytes)) => {
                hash.update(&bytes);
                length += bytes.len() as u64;
                file.write_all(&bytes).map_err(writing())?;
            }
            Some(Part::End) => break,
            Some(Part::Stop) | None => return Ok(None),
        }
    }
    file.finish().map_err(writing())?;
    Ok(Some(Kept { sha256: hash.finalize().into(), bytes: length }))
}
