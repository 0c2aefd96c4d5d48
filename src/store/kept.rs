//! The CSP's file, kept beside the load it became, so that the load can always be rebuilt and every dispute settled.

use std::{
    fs::File,
    io::{self, BufReader, Read, Write},
    path::{Path, PathBuf},
};

use crate::ingest::{Encoding, decoder};

use super::StoreError;

/// The fastest level: a plain file shrinks about fivefold at hardly any cost.
const ZSTD_LEVEL: i32 = 1;

/// Writes the file as it arrives: what came compressed is kept just as sent, what came plain is compressed with zstd.
pub enum KeptFile {
    /// For a file that came plain.
    Compress(Box<zstd::Encoder<'static, File>>),
    /// For a file that came compressed.
    AsSent(File),
}

impl KeptFile {
    /// Begins the file in a load's directory.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn create(directory: &Path, encoding: Encoding) -> Result<Self, StoreError> {
        let path = path(directory, encoding);
        let creating = || StoreError::io("creating", &path);
        let file = File::create(&path).map_err(creating())?;
        if encoding != Encoding::Identity {
            return Ok(Self::AsSent(file));
        }
        let mut encoder = zstd::Encoder::new(file, ZSTD_LEVEL).map_err(creating())?;
        encoder.include_checksum(true).map_err(creating())?;
        Ok(Self::Compress(Box::new(encoder)))
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When the last bytes cannot be written.
    pub fn finish(self) -> io::Result<()> {
        match self {
            Self::Compress(encoder) => encoder.finish().map(drop),
            Self::AsSent(_) => Ok(()),
        }
    }
}

impl Write for KeptFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Compress(encoder) => encoder.write(bytes),
            Self::AsSent(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Compress(encoder) => encoder.flush(),
            Self::AsSent(file) => file.flush(),
        }
    }
}

/// Reads a kept file again from its start, decompressed.
///
/// # Errors
/// When the file is not there or is not what its name says.
pub fn read_kept(directory: &Path, encoding: Encoding) -> io::Result<Box<dyn Read + Send>> {
    let file = BufReader::new(File::open(path(directory, encoding))?);
    decoder(if encoding == Encoding::Gzip { Encoding::Gzip } else { Encoding::Zstd }, file)
}

fn path(directory: &Path, encoding: Encoding) -> PathBuf {
    directory.join(if encoding == Encoding::Gzip { "file.csv.gz" } else { "file.csv.zst" })
}
