//! A sliding window over the file's bytes.

use std::{
    io::{self, Read},
    sync::atomic::{AtomicBool, Ordering},
};

use super::{FileError, error::SizeLimit};

/// Large enough that refilling it costs nothing beside reading it, small enough to stay in a core's cache.
const SIZE: usize = 256 << 10;

/// The bytes that were read and not yet passed. It counts what it reads against the limit, and stops when told to.
pub(super) struct Window<'a, R> {
    input: R,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    ended: bool,
    read: u64,
    limit: u64,
    cancelled: &'a AtomicBool,
}

impl<'a, R: Read> Window<'a, R> {
    /// A window that can hold at least `reach` bytes at once.
    pub(super) fn new(input: R, reach: usize, limit: u64, cancelled: &'a AtomicBool) -> Self {
        let buffer = vec![0; SIZE.max(reach * 2)].into();
        Self { input, buffer, start: 0, end: 0, ended: false, read: 0, limit, cancelled }
    }

    /// What is in view.
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Nothing comes after what is in view.
    pub(super) const fn ended(&self) -> bool {
        self.ended
    }

    /// No more can be in view at once.
    pub(super) const fn full(&self) -> bool {
        self.end - self.start == self.buffer.len()
    }

    /// Bytes read from the input so far.
    pub(super) const fn read(&self) -> u64 {
        self.read
    }

    /// Leaves `count` bytes behind.
    pub(super) fn pass(&mut self, count: usize) {
        self.start = self.end.min(self.start + count);
    }

    /// Brings as much into view as fits, to the end of the input if it is near: a caller that comes back after this
    /// never looks at the same bytes again for nothing, however small the input's own reads are.
    pub(super) fn fill(&mut self) -> Result<(), FileError> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while !self.ended && !self.full() {
            if self.cancelled.load(Ordering::Relaxed) {
                return Err(FileError::Cancelled);
            }
            let room = self.buffer.get_mut(self.end..).unwrap_or_default();
            match self.input.read(room) {
                Ok(0) => self.ended = true,
                Ok(count) => {
                    self.end = self.buffer.len().min(self.end + count);
                    self.read += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Whoever cancels may well break the input, too.
                Err(_) if self.cancelled.load(Ordering::Relaxed) => return Err(FileError::Cancelled),
                Err(source) => return Err(FileError::Unreadable { after: self.read, source }),
            }
            if self.read > self.limit {
                return Err(FileError::TooLarge(SizeLimit::Bytes(self.limit)));
            }
        }
        Ok(())
    }
}
