//! Any number of records sorted in bounded memory: runs that fit are sorted there and written down, then merged. A run is
//! sorted and written on a thread of its own while the next one is filled.

use std::{cmp::Ordering, io, mem, path::PathBuf, thread};

use super::{
    Breath, LightBreath,
    tape::{Reader, Recording, Tape},
};

/// Bytes of records held before a run is written down; their index takes nearly as much again, and while one run is
/// written another is filled. Both are taken whole: so much memory goes back to the system as soon as it is let go of, where
/// what grows little by little stays with the allocator.
const HELD: usize = 32 << 20;
/// Hardly a record about premises is shorter.
const USUAL: usize = 20;
/// The length before each record held, little-endian.
const LENGTH: usize = 2;

/// Takes records in any order. They are compared byte by byte.
pub struct Sorter {
    path: PathBuf,
    bound: usize,
    filling: Batch,
    writing: Writing,
    runs: Vec<Recording>,
}

/// Records that are held.
#[derive(Debug)]
struct Batch {
    arena: Vec<u8>,
    index: Vec<Held>,
    sorted: bool,
}

/// A record in the arena. Nearly all comparisons end with its first bytes, which lie here.
#[derive(Clone, Copy, Debug)]
struct Held {
    front: Front,
    at: u32,
}

/// The first sixteen bytes of a record.
type Front = [u64; 2];

/// The thread that writes a run, and gives back what it was held in. It has ended when this is dropped: nothing is made in
/// a directory that may be removed then.
#[derive(Default)]
struct Writing(Option<thread::JoinHandle<io::Result<(Recording, Batch)>>>);

impl Sorter {
    /// Runs go to files made at `path` one after the other, each unlinked at once.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self::bounded(path, HELD)
    }

    pub(super) fn bounded(path: PathBuf, bound: usize) -> Self {
        Self { path, bound, filling: Batch::of(bound), writing: Writing::default(), runs: Vec::new() }
    }

    /// Takes a record in.
    ///
    /// # Errors
    /// Of the disk; of a record over 65,535 bytes.
    pub fn push(&mut self, record: &[u8]) -> io::Result<()> {
        let length = u16::try_from(record.len()).map_err(io::Error::other)?;
        if !self.filling.index.is_empty() && self.filling.arena.len() + LENGTH + record.len() > self.bound {
            self.write_run()?;
        }
        let Batch { arena, index, sorted } = &mut self.filling;
        let held = Held { front: front(record), at: u32::try_from(arena.len()).map_err(io::Error::other)? };
        // Files come in order more often than not.
        *sorted &= index.last().is_none_or(|last| last.front < held.front);
        index.push(held);
        arena.extend_from_slice(&length.to_le_bytes());
        arena.extend_from_slice(record);
        Ok(())
    }

    fn write_run(&mut self) -> io::Result<()> {
        let emptied = self.written()?.unwrap_or_else(|| Batch::of(self.bound));
        let (mut batch, mut run) = (mem::replace(&mut self.filling, emptied), Tape::new(self.path.clone(), 0));
        let write = move || {
            batch.sort();
            let mut breath = Breath::default();
            batch.index.iter().try_for_each(|place| {
                breath.step();
                run.push(record(&batch.arena, place))
            })?;
            batch.clear();
            Ok((run.finish()?, batch))
        };
        self.writing.0 = Some(thread::Builder::new().name("load-sort".to_owned()).spawn(write)?);
        Ok(())
    }

    /// Waits for the run that is being written; gives what it was held in, empty.
    fn written(&mut self) -> io::Result<Option<Batch>> {
        let Some(writing) = self.writing.0.take() else { return Ok(None) };
        let ended = |_| io::Error::other("the thread that sorts ended unexpectedly");
        let (run, batch) = writing.join().map_err(ended)??;
        self.runs.push(run);
        Ok(Some(batch))
    }

    /// Everything that was taken in, in order.
    ///
    /// # Errors
    /// Of the disk.
    pub fn finish(mut self) -> io::Result<Sorted> {
        let mut last = mem::replace(&mut self.filling, Batch::of(0));
        last.sort();
        drop(self.written()?);
        let mut runs = vec![Run::Held { batch: last, next: 0 }];
        runs.extend(self.runs.iter().map(|run| Run::Tape(run.reader())));
        Sorted::merge(runs)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if let Some(writing) = self.0.take() {
            // What it wrote is wanted no more.
            let _unread = writing.join();
        }
    }
}

impl Batch {
    fn of(bound: usize) -> Self {
        Self { arena: Vec::with_capacity(bound), index: Vec::with_capacity(bound / USUAL), sorted: true }
    }

    fn sort(&mut self) {
        if !self.sorted {
            let (arena, mut breath) = (&self.arena, LightBreath::default());
            self.index.sort_unstable_by(|a, b| {
                breath.step();
                a.front.cmp(&b.front).then_with(|| record(arena, a).cmp(record(arena, b)))
            });
        }
        self.sorted = true;
    }

    fn clear(&mut self) {
        self.arena.clear();
        self.index.clear();
        self.sorted = true;
    }
}

/// Records in order.
pub struct Sorted {
    runs: Vec<Run>,
    /// A heap of the runs that have a record left, the least of these first.
    heap: Vec<Head>,
    /// The record of the first run was given out.
    given: bool,
    breath: Breath,
}

struct Head {
    front: Front,
    run: usize,
}

/// Records in order, of which one is looked at.
enum Run {
    Tape(Reader),
    /// The last run need not be written. `next` is one past the record that is looked at.
    Held {
        batch: Batch,
        next: usize,
    },
}

impl Run {
    fn advance(&mut self) -> io::Result<bool> {
        match self {
            Self::Tape(reader) => reader.advance(),
            Self::Held { batch, next } => {
                *next += 1;
                Ok(*next <= batch.index.len())
            }
        }
    }

    fn current(&self) -> &[u8] {
        match self {
            Self::Tape(reader) => reader.current(),
            Self::Held { batch, next } => {
                let place = next.checked_sub(1).and_then(|at| batch.index.get(at));
                place.map(|place| record(&batch.arena, place)).unwrap_or_default()
            }
        }
    }
}

impl Sorted {
    fn merge(mut runs: Vec<Run>) -> io::Result<Self> {
        let mut heap = Vec::with_capacity(runs.len());
        for (number, run) in runs.iter_mut().enumerate() {
            if run.advance()? {
                heap.push(Head { front: front(run.current()), run: number });
            }
        }
        let mut sorted = Self { runs, heap, given: false, breath: Breath::default() };
        (0..sorted.heap.len() / 2).rev().for_each(|place| sorted.sift_down(place));
        Ok(sorted)
    }

    /// The next record; `None` after the last.
    ///
    /// # Errors
    /// Of the disk.
    pub fn next_record(&mut self) -> io::Result<Option<&[u8]>> {
        self.breath.step();
        // Its run moves on only now, for the record was still looked at.
        if mem::replace(&mut self.given, true)
            && let Some(head) = self.heap.first_mut()
            && let Some(run) = self.runs.get_mut(head.run)
        {
            if run.advance()? {
                head.front = front(run.current());
            } else {
                self.heap.swap_remove(0);
            }
            self.sift_down(0);
        }
        Ok(self.heap.first().and_then(|head| self.runs.get(head.run)).map(Run::current))
    }

    fn sift_down(&mut self, mut place: usize) {
        loop {
            let [left, right] = [2 * place + 1, 2 * place + 2];
            let least = if self.order(right, left).is_lt() { right } else { left };
            if !self.order(least, place).is_lt() {
                return;
            }
            self.heap.swap(least, place);
            place = least;
        }
    }

    /// The order of two places of the heap; what is not there comes last.
    fn order(&self, a: usize, b: usize) -> Ordering {
        match (self.heap.get(a), self.heap.get(b)) {
            (Some(a), Some(b)) => {
                let current = |head: &Head| self.runs.get(head.run).map(Run::current);
                a.front.cmp(&b.front).then_with(|| current(a).cmp(&current(b)))
            }
            (a, b) => a.is_none().cmp(&b.is_none()),
        }
    }
}

fn front(record: &[u8]) -> Front {
    let mut bytes = [0; 16];
    match record.first_chunk() {
        Some(first) => bytes = *first,
        None => bytes.iter_mut().zip(record).for_each(|(to, from)| *to = *from),
    }
    let [a, b] = *bytes.as_chunks::<8>().0 else { return [0; 2] };
    [u64::from_be_bytes(a), u64::from_be_bytes(b)]
}

fn record<'a>(arena: &'a [u8], place: &Held) -> &'a [u8] {
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
