//! One record's bytes into its fields, strictly as RFC 4180 has it.

use memchr::{memchr, memchr3};

/// Where a field lies in its record, which is cut far below 4 GiB.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    /// In the record's bytes as sent, inside the quotes if it has any.
    start: u32,
    end: u32,
    /// In the scratch buffer, where doubled quotes had to be halved; otherwise empty.
    halved: (u32, u32),
}

impl Field {
    const fn plain(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32, halved: (0, 0) }
    }

    /// Where the field ends in the bytes as sent.
    pub(super) const fn end(self) -> usize {
        self.end as usize
    }

    /// The field's bytes as sent, without outer quotes: what it says, or what is to be sought in the scratch buffer.
    pub(super) fn place(self) -> Result<std::ops::Range<usize>, std::ops::Range<usize>> {
        match self.halved {
            (0, 0) => Ok(self.start as usize..self.end as usize),
            (start, end) => Err(start as usize..end as usize),
        }
    }
}

/// What is wrong with a record's quotes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum QuoteFault {
    /// A quote in a field that does not begin with one.
    InField,
    /// Something between a closing quote and the next comma or line end.
    TextAfter,
    /// The file ends within quotes.
    NeverClosed,
}

/// What came of splitting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Split {
    /// A record of `len` bytes; the next begins at `next`.
    Record { len: usize, next: usize },
    /// The fields before the fault, which is seen `at` this byte, are split.
    Fault { fault: QuoteFault, at: usize },
    /// The record does not end in these bytes.
    Cut,
}

/// What came of splitting a line as one without quotes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Plain {
    /// Its fields are split; it is `len` bytes without its line end, and the next line begins at `next`.
    Line { len: usize, next: usize },
    /// It holds a quote, or does not end in these bytes: [`split`] must look.
    Unclear,
}

/// Splits the line at the front of `bytes`, as long as there is no quote in it. Most lines have none, and fields are
/// short: one look for all three marks is twice as fast as searches for each.
#[inline]
pub(super) fn split_plain(bytes: &[u8], last: bool, fields: &mut Vec<Field>) -> Plain {
    fields.clear();
    let (mut start, mut at) = (0, 0);
    let line = |end: usize, next: usize, start: usize, fields: &mut Vec<Field>| {
        let carriage_return = end > start && bytes.get(end - 1) == Some(&b'\r');
        let end = end - usize::from(carriage_return);
        fields.push(Field::plain(start, end));
        Plain::Line { len: end, next }
    };
    let mut rest = bytes;
    while !rest.is_empty() {
        let mut found = match rest.first_chunk::<CHUNK>() {
            Some(chunk) => marks(chunk),
            None => {
                let mut padded = [0; CHUNK];
                padded.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
                marks(&padded)
            }
        };
        while found != 0 {
            let end = at + found.trailing_zeros() as usize;
            found &= found - 1;
            match bytes.get(end) {
                Some(b',') => fields.push(Field::plain(start, end)),
                Some(b'\n') => return line(end, end + 1, start, fields),
                _ => return Plain::Unclear,
            }
            start = end + 1;
        }
        at += CHUNK;
        rest = bytes.get(at..).unwrap_or_default();
    }
    if last { line(bytes.len(), bytes.len(), start, fields) } else { Plain::Unclear }
}

const CHUNK: usize = 32;

/// One bit for each byte that is a comma, a quote or a line feed. Written so that the compiler makes vectors of it.
fn marks(chunk: &[u8; CHUNK]) -> u32 {
    let hits = chunk.map(|byte| u8::from(byte == b',') | u8::from(byte == b'"') | u8::from(byte == b'\n'));
    let (lanes, _) = hits.as_chunks::<8>();
    lanes.iter().rev().fold(0, |mask, lane| {
        // Brings the lowest bits of eight bytes side by side.
        let bits = u64::from_le_bytes(*lane).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        mask << 8 | bits as u32
    })
}

/// Splits the record at the front of `bytes`; `last` says that nothing comes after them.
pub(super) fn split(bytes: &[u8], last: bool, fields: &mut Vec<Field>, scratch: &mut Vec<u8>) -> Split {
    fields.clear();
    scratch.clear();
    let rest = |at: usize| bytes.get(at..).unwrap_or_default();
    let mut start = 0;
    loop {
        let end = if bytes.get(start) == Some(&b'"') {
            let (close, doubled) = match closing_quote(bytes, start + 1, last) {
                Ok(found) => found,
                Err(split) => return split,
            };
            fields.push(quoted(bytes, start + 1, close, doubled, scratch));
            close + 1
        } else {
            let end = match memchr3(b',', b'"', b'\n', rest(start)) {
                Some(found) => start + found,
                None if last => bytes.len(),
                None => return Split::Cut,
            };
            if bytes.get(end) == Some(&b'"') {
                return Split::Fault { fault: QuoteFault::InField, at: end };
            }
            // The carriage return of a line end belongs to no field.
            let line_ends = bytes.get(end) != Some(&b',');
            let carriage_return = line_ends && end > start && bytes.get(end - 1) == Some(&b'\r');
            let end = end - usize::from(carriage_return);
            fields.push(Field::plain(start, end));
            end
        };
        match (bytes.get(end), bytes.get(end + 1)) {
            (Some(b','), _) => start = end + 1,
            (Some(b'\n'), _) => return Split::Record { len: end, next: end + 1 },
            (Some(b'\r'), Some(b'\n')) => return Split::Record { len: end, next: end + 2 },
            (Some(b'\r'), None) if last => return Split::Record { len: end, next: end + 1 },
            (None, _) if last => return Split::Record { len: end, next: end },
            (Some(b'\r') | None, None) => return Split::Cut,
            _ => return Split::Fault { fault: QuoteFault::TextAfter, at: end },
        }
    }
}

/// Finds the quote that closes the field whose text begins at `from`, and whether quotes in it are doubled.
fn closing_quote(bytes: &[u8], mut from: usize, last: bool) -> Result<(usize, bool), Split> {
    let mut doubled = false;
    loop {
        let Some(found) = memchr(b'"', bytes.get(from..).unwrap_or_default()) else {
            return Err(if last {
                Split::Fault { fault: QuoteFault::NeverClosed, at: bytes.len() }
            } else {
                Split::Cut
            });
        };
        let quote = from + found;
        match bytes.get(quote + 1) {
            Some(b'"') => {
                doubled = true;
                from = quote + 2;
            }
            None if !last => return Err(Split::Cut),
            _ => return Ok((quote, doubled)),
        }
    }
}

fn quoted(bytes: &[u8], start: usize, close: usize, doubled: bool, scratch: &mut Vec<u8>) -> Field {
    let mut field = Field::plain(start, close);
    if doubled {
        let from = scratch.len() as u32;
        let mut text = bytes.get(start..close).unwrap_or_default();
        while let Some(quote) = memchr(b'"', text) {
            let (head, tail) = text.split_at(quote + 1);
            scratch.extend_from_slice(head);
            text = tail.get(1..).unwrap_or_default();
        }
        scratch.extend_from_slice(text);
        field.halved = (from, scratch.len() as u32);
    }
    field
}
