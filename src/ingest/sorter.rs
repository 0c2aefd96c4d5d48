//! Any number of records sorted in bounded memory: runs that fit are sorted there and written down, then merged.

use std::{cmp::Reverse, collections::BinaryHeap, io, path::PathBuf};

use super::tape::{Reader, Recording, Tape};

/// Bytes of records held before a run is written down; their index takes about half as much again.
const HELD: usize = 48 << 20;
/// The length before each record held, little-endian.
const LENGTH: usize = 2;

/// Takes records in any order. They are compared byte by byte.
pub struct Sorter {
    path: PathBuf,
    bound: usize,
    arena: Vec<u8>,
    index: Vec<Held>,
    sorted: bool,
    runs: Vec<Recording>,
}

/// A record in the arena. Most comparisons end with its first eight bytes, which lie here.
#[derive(Clone, Copy)]
struct Held {
    front: u64,
    at: u32,
}

/// Records in order.
pub struct Sorted(Source);

enum Source {
    /// All of them fitted.
    Memory { arena: Vec<u8>, index: Vec<Held>, next: usize },
    /// The first record that is left of each run; the one given out last, and the run it came from.
    Runs { heap: BinaryHeap<Reverse<(Vec<u8>, usize)>>, readers: Vec<Reader>, out: Option<(Vec<u8>, usize)> },
}

impl Sorter {
    /// Runs go to files made at `path` one after the other, each unlinked at once.
    #[must_use]
    pub const fn new(path: PathBuf) -> Self {
        Self::bounded(path, HELD)
    }

    pub(super) const fn bounded(path: PathBuf, bound: usize) -> Self {
        Self { path, bound, arena: Vec::new(), index: Vec::new(), sorted: true, runs: Vec::new() }
    }

    /// Takes a record in.
    ///
    /// # Errors
    /// Of the disk; of a record over 65,535 bytes.
    pub fn push(&mut self, record: &[u8]) -> io::Result<()> {
        let length = u16::try_from(record.len()).map_err(io::Error::other)?;
        let bytes = LENGTH + record.len();
        if !self.index.is_empty() && self.arena.len() + bytes > self.bound {
            self.write_run()?;
        }
        let held = Held { front: front(record), at: u32::try_from(self.arena.len()).map_err(io::Error::other)? };
        // Files come in order more often than not.
        self.sorted &= self.index.last().is_none_or(|last| last.front < held.front);
        self.index.push(held);
        self.arena.extend_from_slice(&length.to_le_bytes());
        self.arena.extend_from_slice(record);
        Ok(())
    }

    fn sort(&mut self) {
        if !self.sorted {
            let arena = &self.arena;
            let by_bytes = |a: &Held, b: &Held| a.front.cmp(&b.front).then_with(|| held(arena, a).cmp(held(arena, b)));
            self.index.sort_unstable_by(by_bytes);
        }
        self.sorted = true;
    }

    fn write_run(&mut self) -> io::Result<()> {
        self.sort();
        let mut run = Tape::new(self.path.clone(), 0);
        for place in &self.index {
            run.push(held(&self.arena, place))?;
        }
        self.runs.push(run.finish()?);
        self.arena.clear();
        self.index.clear();
        Ok(())
    }

    /// Everything that was taken in, in order.
    ///
    /// # Errors
    /// Of the disk.
    pub fn finish(mut self) -> io::Result<Sorted> {
        if self.runs.is_empty() {
            self.sort();
            return Ok(Sorted(Source::Memory { arena: self.arena, index: self.index, next: 0 }));
        }
        self.write_run()?;
        (self.arena, self.index) = (Vec::new(), Vec::new());
        let mut readers: Vec<_> = self.runs.iter().map(Recording::reader).collect();
        let mut heap = BinaryHeap::with_capacity(readers.len());
        for (run, reader) in readers.iter_mut().enumerate() {
            if let Some(record) = reader.next()? {
                heap.push(Reverse((record.to_vec(), run)));
            }
        }
        Ok(Sorted(Source::Runs { heap, readers, out: None }))
    }
}

impl Sorted {
    /// The next record; `None` after the last.
    ///
    /// # Errors
    /// Of the disk.
    pub fn next_record(&mut self) -> io::Result<Option<&[u8]>> {
        match &mut self.0 {
            Source::Memory { arena, index, next } => {
                let place = index.get(*next);
                *next += 1;
                Ok(place.map(|place| held(arena, place)))
            }
            Source::Runs { heap, readers, out } => {
                if let Some((mut buffer, run)) = out.take()
                    && let Some(reader) = readers.get_mut(run)
                    && let Some(record) = reader.next()?
                {
                    buffer.clear();
                    buffer.extend_from_slice(record);
                    heap.push(Reverse((buffer, run)));
                }
                *out = heap.pop().map(|Reverse(first)| first);
                Ok(out.as_ref().map(|(record, _)| record.as_slice()))
            }
        }
    }
}

fn front(record: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    bytes.iter_mut().zip(record).for_each(|(to, from)| *to = *from);
    u64::from_be_bytes(bytes)
}

fn held<'a>(arena: &'a [u8], place: &Held) -> &'a [u8] {
    let rest = arena.get(place.at as usize..).unwrap_or_default();
    let length = rest.first_chunk::<LENGTH>().map_or(0, |length| usize::from(u16::from_le_bytes(*length)));
    rest.get(LENGTH..LENGTH + length).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn records_come_back_in_order_however_few_fit_in_memory(
            records in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..200),
            bound in 1..400usize,
        ) {
            let folder = tempfile::tempdir().unwrap();
            for bound in [bound, HELD] {
                let mut sorter = Sorter::bounded(folder.path().join("run"), bound);
                for record in &records {
                    sorter.push(record).unwrap();
                }
                let (mut sorted, mut read) = (sorter.finish().unwrap(), Vec::new());
                while let Some(record) = sorted.next_record().unwrap() {
                    read.push(record.to_vec());
                }
                let mut wanted = records.clone();
                wanted.sort();
                prop_assert_eq!(read, wanted);
            }
            prop_assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
        }
    }
}
