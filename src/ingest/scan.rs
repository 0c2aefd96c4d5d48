//! The records of a CSP file, one after the other: RFC 4180, LF or CRLF, a BOM tolerated, blank lines passed over.
//!
//! The `csv` crate has no bound on a record, so one stray quote would swallow the rest of a file. Here a fault costs one
//! line: the line it begins on is set aside, and the next line is read as the beginning of a record.
//!
//! Reading lines again cannot become quadratic. A record that runs over lines and fails leaves an odd number of quotes
//! on its first line and an even number on each further line that it ran over in full, so each of those, read again,
//! ends where it ends: no byte is read more than a few times.

use std::{io::Read, sync::atomic::AtomicBool};

use memchr::{memchr, memchr_iter};

use super::{
    FileError, Limits,
    error::SizeLimit,
    split::{Field, Plain, QuoteFault, Split, split, split_plain},
    window::Window,
};

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// What the next record is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// A whole record.
    Record,
    /// A line to be set aside; [`Scanner::record`] has the fields before the fault.
    Fault(ScanFault),
    /// The file is at its end.
    End,
}

/// Why a line cannot be read as a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ScanFault {
    /// The record passes the limit.
    TooLong,
    /// Its quotes are wrong, in the field of this place.
    Quote(QuoteFault, usize),
}

/// Yields records as ranges of its window: nothing is allocated for one.
pub(super) struct Scanner<'a, R> {
    window: Window<'a, R>,
    max_record: usize,
    /// The record at the window's front: its bytes without line end, and whether they are not all of it.
    len: usize,
    cut: bool,
    fields: Vec<Field>,
    scratch: Vec<u8>,
    line: u32,
    lines: u32,
    /// Blank lines that may still come.
    blank_lines: u32,
    max_blank_lines: u32,
    /// What the next step must pass first: so many bytes, and then perhaps the rest of a line that is out of view.
    next: usize,
    within_line: bool,
    #[cfg(test)]
    looked_at: usize,
}

/// The record that was found.
#[derive(Clone, Copy)]
pub(super) struct Record<'a> {
    /// The bytes as sent, without line end.
    pub(super) raw: &'a [u8],
    /// `raw` is not the whole record.
    pub(super) cut: bool,
    /// The line it begins on, from 1.
    pub(super) line: u32,
    /// How many lines it runs over.
    pub(super) lines: u32,
    fields: &'a [Field],
    scratch: &'a [u8],
}

impl<'a> Record<'a> {
    /// How many fields it has.
    pub(super) const fn len(&self) -> usize {
        self.fields.len()
    }

    /// What a field says.
    pub(super) fn field(&self, place: usize) -> Option<&'a [u8]> {
        match self.fields.get(place)?.place() {
            Ok(sent) => self.raw.get(sent),
            Err(halved) => self.scratch.get(halved),
        }
    }
}

impl<'a, R: Read> Scanner<'a, R> {
    /// Begins at the file's first byte.
    pub(super) fn new(input: R, limits: &Limits, cancelled: &'a AtomicBool) -> Result<Self, FileError> {
        let max_record = limits.max_record;
        let mut window = Window::new(input, max_record + LINE_END, limits.max_decompressed, cancelled);
        window.fill()?;
        if window.bytes().starts_with(BOM) {
            window.pass(BOM.len());
        }
        Ok(Self {
            window,
            max_record,
            len: 0,
            cut: false,
            fields: Vec::new(),
            scratch: Vec::new(),
            line: 1,
            lines: 0,
            blank_lines: limits.max_blank_lines,
            max_blank_lines: limits.max_blank_lines,
            next: 0,
            within_line: false,
            #[cfg(test)]
            looked_at: 0,
        })
    }

    /// Decompressed bytes read so far.
    pub(super) const fn read(&self) -> u64 {
        self.window.read()
    }

    /// The record that the last step found.
    pub(super) fn record(&self) -> Record<'_> {
        Record {
            raw: self.window.bytes().get(..self.len).unwrap_or_default(),
            cut: self.cut,
            line: self.line,
            lines: self.lines,
            fields: &self.fields,
            scratch: &self.scratch,
        }
    }

    /// Finds the next record.
    ///
    /// # Errors
    /// The window's: unreadable, too large, cancelled.
    pub(super) fn step(&mut self) -> Result<Step, FileError> {
        self.leave()?;
        loop {
            let bytes = self.window.bytes();
            // A record that does not end within this reach is too long, whatever follows.
            let reach = bytes.len().min(self.max_record + LINE_END);
            let last = self.window.ended() && reach == bytes.len();
            let bytes = bytes.get(..reach).unwrap_or_default();

            let split = match split_plain(bytes, last, &mut self.fields) {
                Plain::Line { len: 0, next: 0 } => {
                    (self.len, self.next, self.lines) = (0, 0, 0);
                    return Ok(Step::End);
                }
                Plain::Line { len: 0, next } => {
                    // Those that follow are passed with it: a file may have millions, and nothing else.
                    let (more, also) = blank_lines(bytes.get(next..).unwrap_or_default());
                    (self.next, self.lines) = (next + more, also.saturating_add(1));
                    self.blank_lines = self
                        .blank_lines
                        .checked_sub(self.lines)
                        .ok_or(FileError::TooLarge(SizeLimit::BlankLines(self.max_blank_lines)))?;
                    self.leave()?;
                    continue;
                }
                Plain::Line { len, next } if len <= self.max_record => {
                    self.scratch.clear();
                    (self.len, self.next, self.lines, self.cut) = (len, next, 1, false);
                    #[cfg(test)]
                    {
                        self.looked_at += next;
                    }
                    return Ok(Step::Record);
                }
                Plain::Line { .. } | Plain::Unclear => split(bytes, last, &mut self.fields, &mut self.scratch),
            };

            #[cfg(test)]
            {
                self.looked_at += match split {
                    Split::Record { next, .. } => next,
                    Split::Fault { at, .. } => at,
                    Split::Cut => reach,
                };
            }

            let fault = match split {
                Split::Record { len, next } if len <= self.max_record => {
                    let raw = bytes.get(..len).unwrap_or_default();
                    let breaks = memchr_iter(b'\n', raw).count();
                    (self.len, self.next, self.cut) = (len, next, false);
                    self.lines = 1 + u32::try_from(breaks).unwrap_or(u32::MAX - 1);
                    return Ok(Step::Record);
                }
                Split::Cut if reach < self.max_record + LINE_END => {
                    self.window.fill()?;
                    continue;
                }
                Split::Record { .. } | Split::Cut => ScanFault::TooLong,
                Split::Fault { fault, .. } => ScanFault::Quote(fault, self.at_fault(fault)),
            };
            if self.cut_to_first_line() {
                return Ok(Step::Fault(fault));
            }
            self.window.fill()?;
        }
    }

    /// Sets aside only the first line of the record last found, and reads the rest of it again as records of its own.
    pub(super) fn give_back_after_first_line(&mut self) {
        self.cut_to_first_line();
    }

    /// Passes to the line of this number, so that [`Scanner::step`] finds the record that begins there. Says whether the
    /// file has it.
    pub(super) fn skip_to_line(&mut self, line: u32) -> Result<bool, FileError> {
        self.leave()?;
        while self.line < line && !(self.window.ended() && self.window.bytes().is_empty()) {
            (self.next, self.lines, self.within_line) = (0, 1, true);
            self.leave()?;
        }
        Ok(self.line == line)
    }

    /// Makes the first line in view the record. `false` if its end is not in view and could be.
    fn cut_to_first_line(&mut self) -> bool {
        let bytes = self.window.bytes();
        let (line, next) = match memchr(b'\n', bytes) {
            Some(end) => (bytes.get(..end).unwrap_or_default(), end + 1),
            None if self.window.ended() || self.window.full() => (bytes, bytes.len()),
            None => return false,
        };
        self.within_line = next == line.len() && !self.window.ended();
        self.cut = self.within_line;
        let len = line.strip_suffix(b"\r").unwrap_or(line).len();
        self.fields.retain(|field| field.end() <= len);
        (self.len, self.next, self.lines) = (len, next, 1);
        true
    }

    /// The place of the field that a fault lies in: one that was closed too early counts among the fields already.
    fn at_fault(&self, fault: QuoteFault) -> usize {
        match fault {
            QuoteFault::TextAfter => self.fields.len().saturating_sub(1),
            QuoteFault::InField | QuoteFault::NeverClosed => self.fields.len(),
        }
    }

    /// Leaves the last record behind.
    fn leave(&mut self) -> Result<(), FileError> {
        self.window.pass(self.next);
        while self.within_line {
            if let Some(end) = memchr(b'\n', self.window.bytes()) {
                self.window.pass(end + 1);
                self.within_line = false;
            } else {
                self.window.pass(self.window.bytes().len());
                self.within_line = !self.window.ended();
                self.window.fill()?;
            }
        }
        self.line = self.line.checked_add(self.lines).ok_or(FileError::TooLarge(SizeLimit::Lines))?;
        (self.len, self.next, self.lines) = (0, 0, 0);
        Ok(())
    }
}

/// How many bytes at the front are whole blank lines, and how many lines those are.
fn blank_lines(bytes: &[u8]) -> (usize, u32) {
    let (mut at, mut lines) = (0, 0);
    loop {
        at += match bytes.get(at..) {
            Some([b'\n', ..]) => 1,
            Some([b'\r', b'\n', ..]) => 2,
            _ => return (at, lines),
        };
        lines += 1;
    }
}

/// The longest line end.
const LINE_END: usize = 2;

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
