//! Records one after the other: in memory while they are few, in a file of which nothing is in memory when they are many.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write as _},
    ops::Range,
    os::unix::fs::FileExt as _,
    path::PathBuf,
    sync::Arc,
};

use super::Breath;

/// The length before each record, little-endian.
const LENGTH: usize = 2;
/// What a reader brings into memory at once; more than the longest record.
const WINDOW: usize = 128 << 10;

/// Takes records in.
pub(super) struct Tape {
    path: PathBuf,
    in_memory: usize,
    memory: Vec<u8>,
    file: Option<BufWriter<File>>,
    bytes: u64,
}

/// Records that can be read, as often as one likes.
#[derive(Clone, Debug)]
pub(super) enum Recording {
    Memory(Arc<[u8]>),
    File(Arc<File>, u64),
}

/// Reads records in the order they were taken in.
#[derive(Debug)]
pub(super) struct Reader {
    from: Recording,
    /// Where what comes next begins: in the recording, or behind what is in the window.
    at: u64,
    window: Vec<u8>,
    start: usize,
    /// The record that was read last: in memory, or in the window.
    current: Range<usize>,
    breath: Breath,
}

impl Tape {
    /// An empty tape. Beyond so many bytes it goes to a file made at `path` and unlinked at once, so that its space returns
    /// however the load ends.
    pub(super) const fn new(path: PathBuf, in_memory: usize) -> Self {
        Self { path, in_memory, memory: Vec::new(), file: None, bytes: 0 }
    }

    /// Appends a record.
    ///
    /// # Errors
    /// Of the disk; of a record over 65,535 bytes.
    pub(super) fn push(&mut self, record: &[u8]) -> io::Result<()> {
        let length = u16::try_from(record.len()).map_err(io::Error::other)?.to_le_bytes();
        self.bytes += (LENGTH + record.len()) as u64;
        if self.file.is_none() && self.bytes > self.in_memory as u64 {
            // Never one that is there, as for the texts: a link could lead anywhere.
            let file = OpenOptions::new().read(true).write(true).create_new(true).open(&self.path)?;
            fs::remove_file(&self.path)?;
            let mut file = BufWriter::with_capacity(WINDOW, file);
            file.write_all(&self.memory)?;
            self.memory = Vec::new();
            self.file = Some(file);
        }
        match &mut self.file {
            Some(file) => {
                file.write_all(&length)?;
                file.write_all(record)
            }
            None => {
                self.memory.extend_from_slice(&length);
                self.memory.extend_from_slice(record);
                Ok(())
            }
        }
    }

    /// Ends the tape.
    ///
    /// # Errors
    /// When the last bytes cannot be written.
    pub(super) fn finish(self) -> io::Result<Recording> {
        match self.file {
            Some(file) => {
                let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                Ok(Recording::File(Arc::new(file), self.bytes))
            }
            None => Ok(Recording::Memory(self.memory.into())),
        }
    }
}

impl Default for Recording {
    fn default() -> Self {
        Self::Memory(Arc::default())
    }
}

impl Recording {
    /// A reader at the first record.
    pub(super) fn reader(&self) -> Reader {
        Reader { from: self.clone(), at: 0, window: Vec::new(), start: 0, current: 0..0, breath: Breath::default() }
    }
}

impl Reader {
    /// The next record; `None` after the last.
    ///
    /// # Errors
    /// Of the disk.
    pub(super) fn next(&mut self) -> io::Result<Option<&[u8]>> {
        Ok(if self.advance()? { Some(self.current()) } else { None })
    }

    /// The record that was read last.
    pub(super) fn current(&self) -> &[u8] {
        let bytes = match &self.from {
            Recording::Memory(bytes) => bytes,
            Recording::File(..) => &*self.window,
        };
        bytes.get(self.current.clone()).unwrap_or_default()
    }

    /// Reads the next record; says whether there is one.
    ///
    /// # Errors
    /// Of the disk.
    pub(super) fn advance(&mut self) -> io::Result<bool> {
        self.breath.step();
        if let Recording::Memory(bytes) = &self.from {
            let at = usize::try_from(self.at).map_err(io::Error::other)?;
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(length) = first(rest) else { return ended(rest) };
            self.current = at + LENGTH..at + LENGTH + length;
            self.at += (LENGTH + length) as u64;
            return Ok(true);
        }
        let mut found = first(self.window.get(self.start..).unwrap_or_default());
        if found.is_none() {
            self.fill()?;
            found = first(&self.window);
        }
        let Some(length) = found else { return ended(self.window.get(self.start..).unwrap_or_default()) };
        self.current = self.start + LENGTH..self.start + LENGTH + length;
        self.start = self.current.end;
        Ok(true)
    }

    fn fill(&mut self) -> io::Result<()> {
        let Recording::File(file, bytes) = &self.from else { return Ok(()) };
        self.window.drain(..self.start);
        self.start = 0;
        let more = usize::try_from((bytes - self.at).min((WINDOW - self.window.len().min(WINDOW)) as u64));
        let kept = self.window.len();
        self.window.resize(kept + more.unwrap_or(WINDOW), 0);
        let room = self.window.get_mut(kept..).unwrap_or_default();
        file.read_exact_at(room, self.at)?;
        self.at += room.len() as u64;
        Ok(())
    }
}

/// The length of the record at the front, if all of it is there.
fn first(bytes: &[u8]) -> Option<usize> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH>()?;
    let length = usize::from(u16::from_le_bytes(*length));
    (length <= rest.len()).then_some(length)
}

fn ended(rest: &[u8]) -> io::Result<bool> {
    if rest.is_empty() {
        return Ok(false);
    }
    Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a record that was put aside is cut short"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(recording: &Recording) -> Vec<Vec<u8>> {
        let (mut reader, mut read) = (recording.reader(), Vec::new());
        while let Some(record) = reader.next().unwrap() {
            read.push(record.to_vec());
        }
        read
    }

    #[test]
    fn the_longest_records_pass_the_window_and_longer_ones_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut tape = Tape::new(folder.path().join("tape"), 0);
        let records: Vec<_> = (0..9).map(|n| vec![n; usize::from(u16::MAX)]).collect();
        records.iter().for_each(|record| tape.push(record).unwrap());
        assert!(tape.push(&vec![0; 65_536]).is_err());
        assert_eq!(all(&tape.finish().unwrap()), records);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
    }

    proptest! {
        #[test]
        fn what_is_taken_in_is_read_back_from_memory_and_from_disk(
            records in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..60),
            in_memory in 0..600usize,
        ) {
            let folder = tempfile::tempdir().unwrap();
            let mut tape = Tape::new(folder.path().join("tape"), in_memory);
            for record in &records {
                tape.push(record).unwrap();
            }
            let recording = tape.finish().unwrap();
            prop_assert_eq!(&all(&recording), &records);
            prop_assert_eq!(&all(&recording), &records, "a second time");
        }
    }
}
