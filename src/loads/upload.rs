//! The bytes of a file on their way from the network to the two threads that work on it.

use std::{
    io::{self, BufRead, Read},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::{Buf as _, Bytes};
use tokio::sync::mpsc;

/// Chunks that may wait for a thread: enough to keep it busy, few enough to bound memory.
pub(super) const WAITING: usize = 4;

/// What a thread receives.
#[derive(Debug)]
pub(super) enum Part {
    /// The next bytes.
    Bytes(Bytes),
    /// The sender half-closed: the file is whole.
    End,
    /// The file is not wanted any more.
    Stop,
}

/// The upload as a reader. A sender who goes away before the end is an error, never a short file.
#[derive(Debug)]
pub(super) struct UploadReader {
    parts: mpsc::Receiver<Part>,
    bytes: Bytes,
    whole: bool,
    abandoned: Arc<AtomicBool>,
}

impl UploadReader {
    /// `abandoned` is set when the sender goes away, whatever the decoders in between make of the error.
    pub(super) fn new(parts: mpsc::Receiver<Part>, abandoned: Arc<AtomicBool>) -> Self {
        Self { parts, bytes: Bytes::new(), whole: false, abandoned }
    }
}

impl BufRead for UploadReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.bytes.is_empty() && !self.whole {
            match self.parts.blocking_recv() {
                Some(Part::Bytes(bytes)) => self.bytes = bytes,
                Some(Part::End) => self.whole = true,
                Some(Part::Stop) | None => {
                    self.abandoned.store(true, Ordering::Relaxed);
                    return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the upload was broken off"));
                }
            }
        }
        Ok(&self.bytes)
    }

    fn consume(&mut self, amount: usize) {
        self.bytes.advance(amount.min(self.bytes.len()));
    }
}

impl Read for UploadReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let from = self.fill_buf()?;
        let amount = from.len().min(into.len());
        let (Some(from), Some(into)) = (from.get(..amount), into.get_mut(..amount)) else { return Ok(0) };
        into.copy_from_slice(from);
        self.consume(amount);
        Ok(amount)
    }
}
