//! `rows.zst`: all rows of a delta load as they were merged. Its CSP's file tells only what changed, and the load it changed
//! may be gone by the time its blocks must be made again.
//!
//! | the file | bytes |
//! |---|---|
//! | `WMR`, version: 1, or 2 with premises | 4 |
//! | texts, rows, big-endian | 4, 4 |
//! | one zstd frame: each pair of texts, each row, and in version 2 the premises | |
//! | CRC-32 of all of the above, big-endian | 4 |
//!
//! A pair is the length of the first text, the length of the second, both texts: 2, 2, … bytes. Pairs are numbered from 1;
//! 0 is "both empty" and is not there. A row is its word and its texts' number: 8 and 4 bytes.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Seek as _, Write},
    path::{Path, PathBuf},
};

use crate::ingest::{Premises, Row, TextTable};

use super::{StoreError, rows_file_premises as premises_of};

const FILE: &str = "rows.zst";
const MAGIC: [u8; 4] = *b"WMR\x01";
const MAGIC_PREMISES: [u8; 4] = *b"WMR\x02";
const HEADER: usize = MAGIC.len() + 8;
const CHECKSUM: usize = 4;
const ROW: usize = 12;
/// The fastest level.
const ZSTD_LEVEL: i32 = 1;
/// Rows for which room is made before the first is read: a count alone must not take memory.
const ROOM: usize = 1 << 16;

/// Writes the rows of a load into its directory. They must be sorted with one row a location.
///
/// # Errors
/// [`StoreError::Io`].
pub fn write_rows(directory: &Path, rows: &[Row], premises: &Premises, texts: &TextTable) -> Result<(), StoreError> {
    let path = directory.join(FILE);
    let write = || {
        let mut file = Summed::new(BufWriter::new(File::create(&path)?));
        let counts = [texts.len() - 1, u32::try_from(rows.len()).map_err(io::Error::other)?];
        file.write_all(if premises.rows() > 0 { &MAGIC_PREMISES } else { &MAGIC })?;
        file.write_all(counts.map(u32::to_be_bytes).as_flattened())?;
        let mut frame = zstd::Encoder::new(&mut file, ZSTD_LEVEL)?;
        // The encoder is slow to take a few bytes at a time.
        let mut content = BufWriter::with_capacity(64 << 10, &mut frame);
        texts.for_each(
            |id, auxiliary, additional| if id == 0 { Ok(()) } else { push(&mut content, auxiliary, additional) },
        )?;
        for row in rows {
            content.write_all(&row.word().to_be_bytes())?;
            content.write_all(&row.texts.to_be_bytes())?;
        }
        if premises.rows() > 0 {
            premises_of::write(&mut content, premises)?;
        }
        content.flush()?;
        drop(content);
        frame.finish()?;
        let Summed { mut inner, sum } = file;
        inner.write_all(&sum.finalize().to_be_bytes())?;
        inner.flush()
    };
    write().map_err(StoreError::io("writing", &path))
}

fn push(content: &mut impl Write, auxiliary: &str, additional: &str) -> io::Result<()> {
    for text in [auxiliary, additional] {
        content.write_all(&u16::try_from(text.len()).map_err(io::Error::other)?.to_be_bytes())?;
    }
    content.write_all(auxiliary.as_bytes())?;
    content.write_all(additional.as_bytes())
}

/// Reads the rows of a load back from its directory. Texts and premises that need too much memory go to files at `spill`,
/// unlinked at once.
///
/// # Errors
/// [`StoreError::Damaged`] for a file that is not whole, byte for byte, what was written; [`StoreError::Io`].
pub fn read_rows(directory: &Path, spill: PathBuf) -> Result<(Vec<Row>, Premises, TextTable), StoreError> {
    let path = directory.join(FILE);
    let file = File::open(&path).map_err(StoreError::opening_part("opening", &path))?;
    read(&file, spill).map_err(|source| match source.raw_os_error() {
        Some(_) => StoreError::io("reading", &path)(source),
        // No fault of the disk: what was read makes no sense.
        None => StoreError::damaged(&path, source.to_string()),
    })
}

fn read(mut file: &File, spill: PathBuf) -> io::Result<(Vec<Row>, Premises, TextTable)> {
    let length = file.metadata()?.len();
    let body = length.checked_sub(CHECKSUM as u64).ok_or_else(|| wrong("it is cut short"))?;
    // The sum first: what is decoded then is what was written.
    let mut summed = Summed::new(io::sink());
    io::copy(&mut file.take(body), &mut summed)?;
    if read_array(&mut file)? != summed.sum.finalize().to_be_bytes() {
        return Err(wrong("its checksum does not match"));
    }
    file.rewind()?;
    let mut body = BufReader::new(file.take(body));
    let [m, a, g, version, pairs @ .., r1, r2, r3, r4] = read_array::<HEADER>(&mut body)?;
    let has_premises = match [m, a, g, version] {
        MAGIC => false,
        MAGIC_PREMISES => true,
        _ => return Err(wrong("it is no file of rows, or one of a version that is not known")),
    };
    let (pairs, rows) = (u32::from_be_bytes(pairs), u32::from_be_bytes([r1, r2, r3, r4]));
    let mut content = BufReader::with_capacity(64 << 10, zstd::Decoder::with_buffer(body)?.single_frame());

    let mut texts = TextTable::new(spill.clone());
    // Two pairs of a table that was too large for memory may be equal, so that numbers need not be ids.
    let mut ids = vec![0];
    for _ in 0..pairs {
        ids.push(read_pair(&mut content, &mut texts)?);
    }
    let rows = read_rows_of(&mut content, rows, &ids)?;
    let premises = if has_premises { premises_of::read(&mut content, &ids, spill)? } else { Premises::default() };
    if content.read(&mut [0])? != 0 || content.into_inner().finish().read(&mut [0])? != 0 {
        return Err(wrong("something comes after its last row"));
    }
    Ok((rows, premises, texts))
}

fn read_pair(content: &mut impl Read, texts: &mut TextTable) -> io::Result<u32> {
    let [a, b, c, d] = read_array(content)?;
    let lengths = [[a, b], [c, d]].map(|length| usize::from(u16::from_be_bytes(length)));
    let mut bytes = vec![0; lengths[0] + lengths[1]];
    content.read_exact(&mut bytes)?;
    let (auxiliary, additional) = bytes.split_at(lengths[0]);
    match (str::from_utf8(auxiliary), str::from_utf8(additional)) {
        (Ok(auxiliary), Ok(additional)) => texts.intern(auxiliary, additional),
        _ => Err(wrong("a text is not UTF-8")),
    }
}

fn read_rows_of(content: &mut impl Read, count: u32, ids: &[u32]) -> io::Result<Vec<Row>> {
    let mut rows: Vec<Row> = Vec::with_capacity(ROOM.min(count as usize));
    for _ in 0..count {
        let [word @ .., a, b, c, d] = read_array::<ROW>(content)?;
        let number = u32::from_be_bytes([a, b, c, d]);
        let texts = *ids.get(number as usize).ok_or_else(|| wrong("a row names a text that is not there"))?;
        let row = Row::from_word(u64::from_be_bytes(word), texts);
        if rows.last().is_some_and(|last| last.key() >= row.key()) {
            return Err(wrong("its rows are out of order"));
        }
        if row.facts().is_delete() {
            return Err(wrong("a row is a delete, which is never kept"));
        }
        rows.push(row);
    }
    Ok(rows)
}

pub(super) fn read_array<const N: usize>(from: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

pub(super) fn wrong(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Sums what is written through it.
struct Summed<W> {
    inner: W,
    sum: crc32fast::Hasher,
}

impl<W> Summed<W> {
    fn new(inner: W) -> Self {
        Self { inner, sum: crc32fast::Hasher::new() }
    }
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.sum.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
#[path = "rows_file_tests.rs"]
mod tests;
