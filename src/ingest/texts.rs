//! The free texts of a load, each pair once.

use std::{borrow::Cow, collections::HashMap, hash::BuildHasher, io, path::PathBuf};

use foldhash::quality::FixedState;

use super::spill::Spill;

/// The pairs of texts that rows carry, interned: a row holds an id.
///
/// Pairs are held in memory and found again until 65,536 distinct ones or 16 MiB of text are held. From then on a new
/// pair is appended to a file and not sought there, so two ids past that point may hold equal texts: whoever asks
/// whether two rows say the same must compare the texts (see [`TextTable::same`]).
pub struct TextTable {
    /// The hash of each held pair and its id. Two pairs of one hash are rare, and the second is appended unsought.
    ids: HashMap<u64, u32, foldhash::fast::FixedState>,
    held: Vec<u8>,
    /// Where each held pair begins.
    places: Vec<u32>,
    bounds: Bounds,
    path: PathBuf,
    spill: Option<Spill>,
    len: u32,
}

#[derive(Clone, Copy)]
struct Bounds {
    pairs: usize,
    bytes: usize,
}

const BOUNDS: Bounds = Bounds { pairs: 65_536, bytes: 16 << 20 };
/// Ids are stable within one table only, and a hash that collides costs a duplicate: no need for a random seed.
const HASH: FixedState = FixedState::with_seed(0x57414E);

impl TextTable {
    /// A table that holds the empty pair as id 0, and whose file, if it needs one, is made at `spill`.
    #[must_use]
    pub fn new(spill: PathBuf) -> Self {
        Self::bounded(spill, BOUNDS)
    }

    fn bounded(path: PathBuf, bounds: Bounds) -> Self {
        // An entry of two empty texts is its two lengths.
        let (held, places) = (vec![0; 4], vec![0]);
        Self { ids: HashMap::default(), held, places, bounds, path, spill: None, len: 1 }
    }

    /// How many ids there are: every id below this one is valid.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "the empty pair is always there")]
    pub const fn len(&self) -> u32 {
        self.len
    }

    /// How many bytes all the texts have, near enough: their lengths are counted with them.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.held.len() as u64 + self.spill.as_ref().map_or(0, Spill::bytes)
    }

    /// The id of a pair that is held already; 0 for two empty texts. Whoever finds it need not check the texts again.
    pub(super) fn find(&self, auxiliary: &[u8], additional: &[u8]) -> Option<u32> {
        if auxiliary.is_empty() && additional.is_empty() {
            return Some(0);
        }
        let id = *self.ids.get(&HASH.hash_one((auxiliary, additional)))?;
        let (a, b, _) = parts(self.held_entry(id)?)?;
        (a == auxiliary && b == additional).then_some(id)
    }

    /// The id of a pair; 0 for two empty texts.
    ///
    /// # Errors
    /// Of the disk, once the table is too large for memory; of texts over 65,535 bytes.
    pub fn intern(&mut self, auxiliary: &str, additional: &str) -> io::Result<u32> {
        if let Some(id) = self.find(auxiliary.as_bytes(), additional.as_bytes()) {
            return Ok(id);
        }
        let id = self.len;
        if self.spill.is_none() && self.places.len() <= self.bounds.pairs && self.held.len() < self.bounds.bytes {
            self.places.push(u32::try_from(self.held.len()).map_err(io::Error::other)?);
            push_entry(&mut self.held, auxiliary, additional)?;
            self.ids.entry(HASH.hash_one((auxiliary.as_bytes(), additional.as_bytes()))).or_insert(id);
        } else {
            let spill = match &mut self.spill {
                Some(spill) => spill,
                none => none.insert(Spill::create(&self.path)?),
            };
            spill.push(auxiliary, additional)?;
        }
        self.len = id.checked_add(1).ok_or_else(|| io::Error::other("more pairs of texts than ids"))?;
        Ok(id)
    }

    fn held_entry(&self, id: u32) -> Option<&[u8]> {
        self.held.get(*self.places.get(id as usize)? as usize..)
    }

    /// The pair of an id: the auxiliary equipment, and the additional information.
    ///
    /// # Errors
    /// Of the disk, for a pair that lies there; [`io::ErrorKind::NotFound`] for an id that is not in the table.
    pub fn get(&self, id: u32) -> io::Result<(Cow<'_, str>, Cow<'_, str>)> {
        if let Some(bytes) = self.held_entry(id) {
            let (auxiliary, additional, _) = entry(bytes)?;
            return Ok((auxiliary.into(), additional.into()));
        }
        match &self.spill {
            Some(spill) if id < self.len => {
                let (auxiliary, additional) = spill.get(id - self.held_len())?;
                Ok((auxiliary.into(), additional.into()))
            }
            _ => Err(io::Error::new(io::ErrorKind::NotFound, format!("no pair of texts has the id {id}"))),
        }
    }

    const fn held_len(&self) -> u32 {
        self.places.len() as u32
    }

    /// Whether two ids hold the same texts.
    ///
    /// # Errors
    /// As [`TextTable::get`].
    pub fn same(&self, a: u32, b: u32) -> io::Result<bool> {
        Ok(a == b || self.get(a)? == self.get(b)?)
    }

    /// Calls `f` with every id and its pair, in the order of the ids, the empty pair first.
    ///
    /// # Errors
    /// Of the disk, and what `f` returns.
    pub fn for_each<E: From<io::Error>>(&self, mut f: impl FnMut(u32, &str, &str) -> Result<(), E>) -> Result<(), E> {
        for id in 0..self.held_len() {
            let (auxiliary, additional, _) = entry(self.held_entry(id).unwrap_or_default())?;
            f(id, auxiliary, additional)?;
        }
        let mut id = self.held_len();
        let Some(spill) = &self.spill else { return Ok(()) };
        spill.for_each(|auxiliary, additional| {
            f(id, auxiliary, additional)?;
            id += 1;
            Ok(())
        })
    }
}

/// A pair as it is held: the two lengths, little-endian, and the two texts.
pub(super) fn push_entry(to: &mut Vec<u8>, auxiliary: &str, additional: &str) -> io::Result<()> {
    let too_long = |_| io::Error::new(io::ErrorKind::InvalidInput, "a text over 65,535 bytes");
    let lengths =
        [u16::try_from(auxiliary.len()).map_err(too_long)?, u16::try_from(additional.len()).map_err(too_long)?];
    to.extend(lengths.iter().flat_map(|length| length.to_le_bytes()));
    to.extend_from_slice(auxiliary.as_bytes());
    to.extend_from_slice(additional.as_bytes());
    Ok(())
}

/// Splits the bytes at the front that hold a pair: the two texts, and what follows.
fn parts(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let &[a, b, c, d, ref rest @ ..] = bytes else { return None };
    let (auxiliary, rest) = rest.split_at_checked(u16::from_le_bytes([a, b]).into())?;
    let (additional, rest) = rest.split_at_checked(u16::from_le_bytes([c, d]).into())?;
    Some((auxiliary, additional, rest))
}

/// The pair at the front, and what follows.
pub(super) fn entry(bytes: &[u8]) -> io::Result<(&str, &str, &[u8])> {
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, "a pair of texts cannot be read back");
    let (auxiliary, additional, rest) = parts(bytes).ok_or_else(damaged)?;
    match (str::from_utf8(auxiliary), str::from_utf8(additional)) {
        (Ok(auxiliary), Ok(additional)) => Ok((auxiliary, additional, rest)),
        _ => Err(damaged()),
    }
}

#[cfg(test)]
#[path = "texts_tests.rs"]
mod tests;
