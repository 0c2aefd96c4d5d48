//! The coverage file to send: opened once, so that what is hashed is what is sent.

use std::{
    fs::File,
    io::{self, Read, Seek},
    path::PathBuf,
    sync::Arc,
    time::SystemTime,
};

use sha2::{Digest, Sha256};

use crate::{cli::exit::Failure, grpc::proto::Encoding};

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
        let opening = path.clone();
        match tokio::task::spawn_blocking(move || Self::read(opening)).await {
            Ok(read) => read.map_err(|source| Failure::File { path, source }),
            Err(stopped) => Err(Failure::Start(stopped.into())),
        }
    }

    fn read(path: PathBuf) -> io::Result<Self> {
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
                encoding = encoding_of(&chunk);
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

/// Told by the magic numbers of RFC 1952 and RFC 8878; anything else is taken for plain text.
fn encoding_of(start: &[u8]) -> Encoding {
    match start {
        [0x1f, 0x8b, ..] => Encoding::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Encoding::Zstd,
        _ => Encoding::Identity,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_encoding_is_told_by_the_first_bytes() {
        let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()).finish().unwrap();
        for (start, encoding) in [
            (gzip.as_slice(), Encoding::Gzip),
            (&zstd::encode_all(&b"postcode"[..], 1).unwrap(), Encoding::Zstd),
            (b"postcode,", Encoding::Identity),
            (b"\xef\xbb\xbfpostcode,", Encoding::Identity),
            (b"\x1f", Encoding::Identity),
            (b"", Encoding::Identity),
        ] {
            assert_eq!(encoding_of(start), encoding, "{start:?}");
        }
    }

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
