//! A load's texts, within reach of an answer.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

use super::{StoreError, text_chunks};

/// Texts up to this many bytes a load are held in memory. A file whose texts are all distinct may have more: they stay in
/// the database, and an answer that carries one reads it from there.
const IN_MEMORY: usize = 32 << 20;

/// The two texts of a row: auxiliary equipment required, additional information.
pub(super) type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Every pair of texts of a load, by number from 1; 0 is "both empty".
#[derive(Debug)]
pub(super) enum Texts {
    /// All of them, side by side; for each pair its end and where its second text begins.
    Memory { text: Box<str>, ends: Box<[(u32, u32)]> },
    /// The first number in each chunk, in order. The database is closed only while the load moves to its own directory.
    Database { database: Option<sled::Db>, path: PathBuf, firsts: Box<[u32]>, count: u32 },
}

/// Gathers [`Texts`] from chunks in the database's order.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    text: String,
    ends: Vec<(u32, u32)>,
    firsts: Vec<u32>,
    bytes: usize,
    count: u32,
}

impl Gathering {
    /// Checks a chunk and takes it in.
    pub(super) fn chunk(&mut self, key: &[u8], value: &[u8]) -> Result<(), &'static str> {
        let first = text_chunks::first(key).ok_or("a key of the texts cannot be read")?;
        if first != self.count + 1 {
            return Err("a chunk of texts is missing");
        }
        self.firsts.push(first);
        for pair in text_chunks::open(key, value)? {
            let (auxiliary, additional) = pair?;
            self.count = self.count.checked_add(1).ok_or("there are too many texts")?;
            self.bytes += auxiliary.len() + additional.len() + size_of::<(u32, u32)>();
            if self.bytes <= IN_MEMORY {
                self.text.push_str(auxiliary);
                let middle = self.text.len() as u32;
                self.text.push_str(additional);
                self.ends.push((middle, self.text.len() as u32));
            }
        }
        Ok(())
    }

    /// How many pairs there are.
    pub(super) const fn count(&self) -> u32 {
        self.count
    }

    /// The texts, and whether they need the database to stay open.
    pub(super) fn finish(self, database: &sled::Db, path: PathBuf) -> Texts {
        if self.bytes <= IN_MEMORY {
            return Texts::Memory { text: self.text.into_boxed_str(), ends: self.ends.into_boxed_slice() };
        }
        let firsts = self.firsts.into_boxed_slice();
        Texts::Database { database: Some(database.clone()), path, firsts, count: self.count }
    }
}

impl Texts {
    /// The texts of a pair's number.
    pub(super) fn get(&self, id: u32) -> Result<Pair<'_>, StoreError> {
        let Some(place) = id.checked_sub(1) else {
            return Ok((Cow::Borrowed(""), Cow::Borrowed("")));
        };
        match self {
            Self::Memory { text, ends } => Ok(in_memory(text, ends, place as usize).unwrap_or_default()),
            Self::Database { database, path, firsts, .. } => {
                let chunk = firsts.partition_point(|&first| first <= id).checked_sub(1);
                let first = chunk.and_then(|chunk| firsts.get(chunk)).copied().unwrap_or_default();
                let key = text_chunks::key(first);
                let value = chunk_of(database.as_ref(), path, &key)?;
                let nth = || text_chunks::open(&key, &value)?.nth((id - first) as usize).ok_or("a text is gone")?;
                let (auxiliary, additional) = nth().map_err(|what| StoreError::damaged(path, what))?;
                Ok((Cow::Owned(auxiliary.to_owned()), Cow::Owned(additional.to_owned())))
            }
        }
    }

    /// How many pairs there are: the greatest number.
    pub(super) fn count(&self) -> u32 {
        match self {
            Self::Memory { ends, .. } => ends.len() as u32,
            Self::Database { count, .. } => *count,
        }
    }

    /// Lets go of the database, which is about to move.
    pub(super) fn close(&mut self) {
        if let Self::Database { database, .. } = self {
            *database = None;
        }
    }

    /// The database is open where it now is.
    pub(super) fn moved(&mut self, to: &sled::Db, at: &Path) {
        if let Self::Database { database, path, .. } = self {
            (*database, *path) = (Some(to.clone()), at.to_owned());
        }
    }

    /// Whether every text is in memory, so that the database may be closed.
    pub(super) const fn in_memory(&self) -> bool {
        matches!(self, Self::Memory { .. })
    }
}

/// A chunk of texts as the database has it.
pub(super) fn chunk_of(database: Option<&sled::Db>, path: &Path, key: &[u8]) -> Result<sled::IVec, StoreError> {
    let damaged = |what: &str| StoreError::damaged(path, what);
    let database = database.ok_or_else(|| damaged("its database is closed"))?;
    let value = database.get(key).map_err(StoreError::database(path))?;
    value.ok_or_else(|| damaged("a chunk of texts is gone"))
}

fn in_memory<'a>(text: &'a str, ends: &[(u32, u32)], place: usize) -> Option<Pair<'a>> {
    let &(middle, end) = ends.get(place)?;
    let start = place.checked_sub(1).and_then(|before| ends.get(before)).map_or(0, |&(_, end)| end);
    let auxiliary = text.get(start as usize..middle as usize)?;
    Some((Cow::Borrowed(auxiliary), Cow::Borrowed(text.get(middle as usize..end as usize)?)))
}
