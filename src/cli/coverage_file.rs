//! A coverage file on this machine: opened once, so that what is hashed is what is sent or checked.

use std::{
    fs::File,
    io::{self, Read, Seek},
    path::PathBuf,
    sync::Arc,
    time::SystemTime,
};

use sha2::{Digest, Sha256};

use super::exit::Failure;
use crate::ingest::Encoding;

/// What one message carries; a chunk may be 1 MiB at most.
pub(super) const CHUNK: usize = 512 * 1024;

/// A file that was read once, to the end.
#[derive(Debug)]
pub(super) struct CoverageFile {
    path: PathBuf,
    file: Arc<File>,
    length: u64,
    sha256: [u8; 32],
    encoding: Encoding,
}

impl CoverageFile {
    /// Opens and hashes the file, off the async threads.
    ///
    /// # Errors
    /// [`Failure::File`], also for what is no plain file: it is read twice, which a pipe cannot be.
    pub(super) async fn open(path: PathBuf) -> Result<Self, Failure> {
        tokio::task::spawn_blocking(move || Self::read(path))
            .await
            .map_err(|stopped| Failure::Machine(stopped.into()))?
    }

    /// Opens and hashes the file, on this thread.
    ///
    /// # Errors
    /// As [`CoverageFile::open`].
    pub(super) fn read(path: PathBuf) -> Result<Self, Failure> {
        match Self::hashed(path.clone()) {
            Ok(file) => Ok(file),
            Err(source) => Err(Failure::File { path, source }),
        }
    }

    fn hashed(path: PathBuf) -> io::Result<Self> {
        let file = File::open(&path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a plain file; it is read twice, so save it to disk first",
            ));
        }
        let mut sha256 = Sha256::new();
        let mut length = 0;
        let mut encoding = Encoding::Identity;
        read_chunks(&file, |chunk| {
            if length == 0 {
                encoding = Encoding::detect(&chunk);
            }
            length += chunk.len() as u64;
            sha256.update(&chunk);
            true
        })?;
        Ok(Self { path, file: Arc::new(file), length, sha256: sha256.finalize().into(), encoding })
    }

    pub(super) const fn length(&self) -> u64 {
        self.length
    }

    pub(super) const fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }

    pub(super) const fn encoding(&self) -> Encoding {
        self.encoding
    }

    pub(super) fn handle(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// When the file was last written.
    pub(super) fn modified(&self) -> Result<SystemTime, Failure> {
        self.file.metadata().and_then(|metadata| metadata.modified()).map_err(|source| self.failed(source))
    }

    pub(super) fn failed(&self, source: io::Error) -> Failure {
        Failure::File { path: self.path.clone(), source }
    }
}

/// Hands the file from its start to `take`, in chunks that are full but for the last, until `take` wants no more.
pub(super) fn read_chunks(mut file: &File, mut take: impl FnMut(Vec<u8>) -> bool) -> io::Result<()> {
    file.rewind()?;
    loop {
        let mut chunk = Vec::with_capacity(CHUNK);
        file.take(CHUNK as u64).read_to_end(&mut chunk)?;
        if chunk.is_empty() || !take(chunk) {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_file_is_read_twice_from_its_start_in_full_chunks() {
        let mut file = tempfile::tempfile().unwrap();
        let bytes: Vec<u8> = (0..CHUNK * 2 + 7).map(|n| (n % 251) as u8).collect();
        file.write_all(&bytes).unwrap();
        for _ in 0..2 {
            let mut sizes = Vec::new();
            let mut read = Vec::new();
            read_chunks(&file, |chunk| {
                sizes.push(chunk.len());
                read.extend(chunk);
                true
            })
            .unwrap();
            assert_eq!(sizes, [CHUNK, CHUNK, 7]);
            assert_eq!(read, bytes);
        }
    }
}
