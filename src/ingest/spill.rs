//! Texts that would take too much memory, on disk.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::FileExt,
    path::Path,
};

use super::texts::{entry, push_entry};

/// How many pairs share one place in the index: an index of 5,000,000 pairs is 625 KB.
const BLOCK: u32 = 64;

/// Pairs of texts in blocks of [`BLOCK`], in a file of which only the places of the blocks are in memory.
pub(super) struct Spill {
    file: File,
    /// Where each whole block begins, and where the next will.
    places: Vec<u64>,
    /// The block that is being filled.
    pending: Vec<u8>,
    pending_pairs: u32,
}

impl Spill {
    /// Makes the file, and unlinks it: its space returns when it is closed, even by a crash.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        // Never one that is there: `check` makes it where others may write, and a link could lead anywhere.
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
        fs::remove_file(path)?;
        Ok(Self { file, places: vec![0], pending: Vec::new(), pending_pairs: 0 })
    }

    fn blocks(&self) -> usize {
        self.places.len() - 1
    }

    /// How many bytes the pairs have.
    pub(super) fn bytes(&self) -> u64 {
        self.places.last().copied().unwrap_or_default() + self.pending.len() as u64
    }

    /// Appends a pair.
    pub(super) fn push(&mut self, auxiliary: &str, additional: &str) -> io::Result<()> {
        push_entry(&mut self.pending, auxiliary, additional)?;
        self.pending_pairs += 1;
        if self.pending_pairs == BLOCK {
            self.file.write_all(&self.pending)?;
            let begins = self.places.last().copied().unwrap_or_default();
            self.places.push(begins + self.pending.len() as u64);
            self.pending.clear();
            self.pending_pairs = 0;
        }
        Ok(())
    }

    /// The bytes of a block, the last of which is still in memory.
    fn block(&self, block: usize) -> io::Result<Vec<u8>> {
        let (Some(&begins), Some(&ends)) = (self.places.get(block), self.places.get(block + 1)) else {
            return Ok(self.pending.clone());
        };
        let mut bytes = vec![0; usize::try_from(ends - begins).map_err(io::Error::other)?];
        self.file.read_exact_at(&mut bytes, begins)?;
        Ok(bytes)
    }

    /// Reads the pair that was pushed after `index` others.
    pub(super) fn get(&self, index: u32) -> io::Result<(String, String)> {
        let bytes = self.block((index / BLOCK) as usize)?;
        let mut rest = bytes.as_slice();
        for _ in 0..index % BLOCK {
            (_, _, rest) = entry(rest)?;
        }
        let (auxiliary, additional, _) = entry(rest)?;
        Ok((auxiliary.to_owned(), additional.to_owned()))
    }

    /// Reads every pair, in the order of pushing.
    pub(super) fn for_each<E: From<io::Error>>(&self, mut f: impl FnMut(&str, &str) -> Result<(), E>) -> Result<(), E> {
        for block in 0..=self.blocks() {
            let bytes = self.block(block)?;
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                let (auxiliary, additional, after) = entry(rest)?;
                f(auxiliary, additional)?;
                rest = after;
            }
        }
        Ok(())
    }
}
