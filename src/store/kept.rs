//! The CSP's file, kept beside the load it became, so that the load can always be rebuilt and every dispute settled.

use std::{
    fmt,
    fs::File,
    io::{self, BufReader, Read, Write},
    path::{Path, PathBuf},
};

use zstd::{bulk::Compressor, zstd_safe};

use crate::ingest::{Encoding, decoder};

use super::StoreError;

/// The fastest level: a plain file shrinks about fivefold at hardly any cost.
const ZSTD_LEVEL: i32 = 1;

/// Writes the file as it arrives: what came compressed is kept just as sent, what came plain is compressed with zstd.
pub enum KeptFile {
    /// For a file that came plain.
    Compress(Frames),
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
        Frames::new(file).map(Self::Compress).map_err(creating())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When the last bytes cannot be written.
    pub fn finish(self) -> io::Result<()> {
        match self {
            Self::Compress(frames) => frames.finish(),
            Self::AsSent(_) => Ok(()),
        }
    }
}

impl Write for KeptFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Compress(frames) => frames.write(bytes),
            Self::AsSent(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Compress(frames) => frames.file.flush(),
            Self::AsSent(file) => file.flush(),
        }
    }
}

/// Bytes that are compressed at a time, to a frame of their own: a stream that looks back over a buffer in two parts takes
/// half as long again. Frames of 2 MiB would be a twelfth smaller, and keep a processor from lookups for milliseconds.
const FRAME: usize = 64 << 10;

/// What is compressed, frame after frame, each with its checksum.
pub struct Frames {
    file: File,
    compressor: Compressor<'static>,
    pending: Vec<u8>,
    frame: Vec<u8>,
    written: bool,
}

impl Frames {
    fn new(file: File) -> io::Result<Self> {
        let mut compressor = Compressor::new(ZSTD_LEVEL)?;
        compressor.set_parameter(zstd_safe::CParameter::ChecksumFlag(true))?;
        Ok(Self { file, compressor, pending: Vec::with_capacity(FRAME), frame: Vec::new(), written: false })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(FRAME - self.pending.len().min(FRAME));
        self.pending.extend_from_slice(bytes.get(..taken).unwrap_or_default());
        if self.pending.len() >= FRAME {
            self.write_frame()?;
        }
        Ok(taken)
    }

    fn write_frame(&mut self) -> io::Result<()> {
        self.frame.clear();
        self.frame.reserve(zstd_safe::compress_bound(self.pending.len()));
        self.compressor.compress_to_buffer(&self.pending, &mut self.frame)?;
        self.pending.clear();
        self.written = true;
        self.file.write_all(&self.frame)
    }

    /// A file of nothing has a frame too: no bytes at all would be a file cut short.
    fn finish(mut self) -> io::Result<()> {
        if self.written && self.pending.is_empty() { Ok(()) } else { self.write_frame() }
    }
}

impl fmt::Debug for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frames").field("file", &self.file).field("pending", &self.pending.len()).finish_non_exhaustive()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_file_of_any_length_is_kept_in_frames_that_are_checked() {
        let lengths = [0, 1, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME, 2 * FRAME + 77];
        // In pieces that come to a frame, in pieces that do not, and in one.
        for (length, piece) in
            lengths.into_iter().flat_map(|length| [16 << 10, 7_007, 300_007].map(|piece| (length, piece)))
        {
            let directory = tempfile::tempdir().unwrap();
            let sent: Vec<u8> = (0..length).map(|at| (at / 7 * at) as u8).collect();
            let mut file = KeptFile::create(directory.path(), Encoding::Identity).unwrap();
            sent.chunks(piece).for_each(|chunk| file.write_all(chunk).unwrap());
            file.finish().unwrap();
            let read = || {
                let mut read = Vec::new();
                read_kept(directory.path(), Encoding::Identity)?.read_to_end(&mut read)?;
                io::Result::Ok(read)
            };
            assert_eq!(read().unwrap(), sent, "{length} bytes");
            let path = path(directory.path(), Encoding::Identity);
            let sound = std::fs::read(&path).unwrap();
            for at in [0, sound.len() / 2, sound.len() - 1] {
                let mut bent = sound.clone();
                bent[at] ^= 1;
                std::fs::write(&path, bent).unwrap();
                assert!(read().is_err(), "{length} bytes, the one at {at} bent");
            }
            std::fs::write(&path, &sound[..sound.len() - 1]).unwrap();
            assert!(read().is_err(), "{length} bytes, cut short");
        }
    }
}
