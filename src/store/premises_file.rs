//! The blocks of premises in one order, one after the other in a plain file of the load's directory.
//!
//! | an entry | bytes |
//! |---|---|
//! | length of the value, big-endian | 2 |
//! | key: of a block by UPRN 6 bytes, of one by address 5 | |
//! | value, which ends with its checksum over both | |
//!
//! They are written once and in order, checked whole whenever the load is opened, and from then on read one at a time, by
//! place. A database could do no more for them, and holds memory for each of its pages: ARCHITECTURE.md has the figures.

use std::{
    fs::{self, File},
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::{
    StoreError, address_block,
    block::{BLOCK_STEPS, VALUE_MAX},
    uprn_block,
};
use crate::ingest::Breath;

/// The directory of both files within a load's.
pub(super) const PREMISES: &str = "premises";

/// The length before each entry.
const LENGTH: usize = 2;
/// What is written, and read, at a time.
const WINDOW: usize = 256 << 10;

/// What blocks are in order of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Order {
    Uprn,
    Address,
}

impl Order {
    /// The file of a load in this directory.
    pub(super) fn path(self, load: &Path) -> PathBuf {
        load.join(PREMISES).join(match self {
            Self::Uprn => "by-uprn",
            Self::Address => "by-address",
        })
    }

    const fn key_bytes(self) -> usize {
        match self {
            Self::Uprn => uprn_block::KEY,
            Self::Address => address_block::KEY,
        }
    }
}

/// A file that is being written.
#[derive(Debug)]
pub(super) struct Writing {
    file: File,
    path: PathBuf,
    pending: Vec<u8>,
    hash: Sha256,
    blocks: u64,
}

/// What was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Written {
    pub(super) blocks: u64,
    /// Of the whole file, in hex.
    pub(super) sha256: String,
}

impl Writing {
    /// Makes the file in a load's directory.
    pub(super) fn create(load: &Path, order: Order) -> Result<Self, StoreError> {
        let (directory, path) = (load.join(PREMISES), order.path(load));
        fs::create_dir_all(&directory).map_err(StoreError::io("creating", &directory))?;
        let file = File::create_new(&path).map_err(StoreError::io("creating", &path))?;
        Ok(Self { file, path, pending: Vec::with_capacity(WINDOW + VALUE_MAX), hash: Sha256::new(), blocks: 0 })
    }

    /// Appends a block.
    pub(super) fn block(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let length = u16::try_from(value.len()).map_err(|_| StoreError::damaged(&self.path, "a block is too long"))?;
        self.pending.extend_from_slice(&length.to_be_bytes());
        self.pending.extend_from_slice(key);
        self.pending.extend_from_slice(value);
        self.blocks += 1;
        if self.pending.len() >= WINDOW { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), StoreError> {
        self.hash.update(&self.pending);
        self.file.write_all(&self.pending).map_err(StoreError::io("writing", &self.path))?;
        self.pending.clear();
        Ok(())
    }

    /// Ends the file, which is still to be synced.
    pub(super) fn finish(mut self) -> Result<Written, StoreError> {
        self.write()?;
        Ok(Written { blocks: self.blocks, sha256: hex::encode(self.hash.finalize()) })
    }
}

/// A file that was read and checked, to be read from again.
#[derive(Debug)]
pub(super) struct BlockFile {
    order: Order,
    path: PathBuf,
    file: File,
    /// Where each entry begins, and where the last one ends.
    places: Box<[u64]>,
    /// All of it, where that is wanted.
    memory: Option<Box<[u8]>>,
}

/// The value of a block.
#[derive(Debug)]
pub(super) enum Value<'a> {
    InMemory(&'a [u8]),
    Read(Vec<u8>, usize),
}

impl std::ops::Deref for Value<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::InMemory(value) => value,
            Self::Read(entry, at) => entry.get(*at..).unwrap_or_default(),
        }
    }
}

impl BlockFile {
    /// Reads the file from its start and shows each block; what is no more than `in_memory` bytes is kept there. Gives its
    /// sha256 too.
    pub(super) fn read(
        load: &Path,
        order: Order,
        in_memory: u64,
        mut each: impl FnMut(&[u8], &[u8]) -> Result<(), &'static str>,
    ) -> Result<(Self, String), StoreError> {
        let path = order.path(load);
        let damaged = |what: &str| StoreError::damaged(&path, what);
        let reading = |error: io::Error| match error.kind() {
            // What was sealed has one: without it, or with less of it, it is damaged, and can be rebuilt.
            io::ErrorKind::NotFound => damaged("it is not there"),
            io::ErrorKind::UnexpectedEof => damaged("it is cut short"),
            _ => StoreError::io("reading", &path)(error),
        };
        let file = File::open(&path).map_err(reading)?;
        let length = file.metadata().map_err(reading)?.len();
        let mut memory = (length <= in_memory).then(|| Vec::with_capacity(length as usize));
        let (mut hash, mut places, mut at) = (Sha256::new(), Vec::new(), 0);
        let mut input = BufReader::with_capacity(WINDOW, &file);
        let mut entry = Vec::with_capacity(LENGTH + order.key_bytes() + VALUE_MAX);
        let mut breath = Breath::default();
        while !input.fill_buf().map_err(reading)?.is_empty() {
            breath.steps(BLOCK_STEPS);
            entry.resize(LENGTH, 0);
            input.read_exact(&mut entry).map_err(reading)?;
            let value = length_of(&entry).filter(|&value| value <= VALUE_MAX);
            let value = value.ok_or_else(|| damaged("a block is longer than any"))?;
            entry.resize(LENGTH + order.key_bytes() + value, 0);
            input.read_exact(entry.get_mut(LENGTH..).unwrap_or_default()).map_err(reading)?;
            let (key, value) = key_and_value(&entry, order).ok_or_else(|| damaged("a block cannot be read"))?;
            each(key, value).map_err(damaged)?;
            hash.update(&entry);
            if let Some(memory) = &mut memory {
                memory.extend_from_slice(&entry);
            }
            places.push(at);
            at += entry.len() as u64;
        }
        places.push(at);
        let memory = memory.map(Vec::into_boxed_slice);
        Ok((Self { order, path, file, places: places.into(), memory }, hex::encode(hash.finalize())))
    }

    /// The value of the block of this number, which has this key. One that is read from the disk is still to be checked.
    pub(super) fn value(&self, number: usize, key: &[u8]) -> Result<Value<'_>, StoreError> {
        let damaged = |what| StoreError::damaged(&self.path, what);
        let (Some(&at), Some(&end)) = (self.places.get(number), self.places.get(number + 1)) else {
            return Err(damaged("a block of premises is gone"));
        };
        let its = |entry: &[u8]| key_and_value(entry, self.order).is_some_and(|(its, _)| its == key);
        if let Some(memory) = &self.memory {
            let entry = memory.get(at as usize..end as usize).filter(|entry| its(entry));
            let entry = entry.ok_or_else(|| damaged("a block of premises is another"))?;
            return Ok(Value::InMemory(entry.get(LENGTH + key.len()..).unwrap_or_default()));
        }
        let mut entry = vec![0; (end - at) as usize];
        self.file.read_exact_at(&mut entry, at).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => damaged("it is cut short"),
            _ => StoreError::io("reading", &self.path)(error),
        })?;
        if its(&entry) {
            Ok(Value::Read(entry, LENGTH + key.len()))
        } else {
            Err(damaged("a block of premises is another"))
        }
    }

    /// Whether no block is read from the disk.
    pub(super) const fn is_in_memory(&self) -> bool {
        self.memory.is_some()
    }

    /// The load moved to this directory, its files with it.
    pub(super) fn moved(&mut self, load: &Path) {
        self.path = self.order.path(load);
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of memory it takes.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.places) + self.memory.as_ref().map_or(0, |memory| memory.len())
    }
}

fn length_of(entry: &[u8]) -> Option<usize> {
    entry.first_chunk().map(|length| u16::from_be_bytes(*length).into())
}

fn key_and_value(entry: &[u8], order: Order) -> Option<(&[u8], &[u8])> {
    let (key, value) = entry.get(LENGTH..)?.split_at_checked(order.key_bytes())?;
    (length_of(entry)? == value.len()).then_some((key, value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn each_block_is_read_back_by_place_from_memory_and_from_disk(
            blocks in prop::collection::vec((any::<u32>(), prop::collection::vec(any::<u8>(), 0..VALUE_MAX)), 0..90),
        ) {
            let load = tempfile::tempdir().unwrap();
            let mut writing = Writing::create(load.path(), Order::Address).unwrap();
            let blocks: Vec<_> = blocks.into_iter().map(|(first, value)| (address_block::key(first), value)).collect();
            for (key, value) in &blocks {
                writing.block(key, value).unwrap();
            }
            let written = writing.finish().unwrap();
            prop_assert_eq!(written.blocks, blocks.len() as u64);
            for in_memory in [0, u64::MAX] {
                let mut shown = Vec::new();
                let each = |key: &[u8], value: &[u8]| {
                    shown.push((<[u8; 5]>::try_from(key).unwrap(), value.to_vec()));
                    Ok(())
                };
                let (mut file, sha256) = BlockFile::read(load.path(), Order::Address, in_memory, each).unwrap();
                prop_assert_eq!(&shown, &blocks);
                prop_assert_eq!(&sha256, &written.sha256);
                let elsewhere = load.path().join("elsewhere");
                file.moved(&elsewhere);
                for (number, (key, value)) in blocks.iter().enumerate() {
                    prop_assert_eq!(&*file.value(number, key).unwrap(), value.as_slice());
                    let another = file.value(number, &[0; 5]).err().map(|error| error.to_string());
                    prop_assert!(*key == [0; 5] || another.is_some_and(|told| told.contains("elsewhere")));
                }
                prop_assert!(file.value(blocks.len(), &[0; 5]).is_err_and(|error| error.is_damage()));
            }
        }
    }
}
