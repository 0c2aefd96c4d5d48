//! The one pass over a file.

use std::{io::Read, sync::atomic::AtomicBool};

use super::{
    Breath, ColumnFault, FileError, FileKind, Limits, Reject, Report, Row, TextTable,
    error::SizeLimit,
    header::{Columns, told_by_its_bytes},
    premises::Named,
    refusal::Refusal,
    scan::{Record, ScanFault, Scanner, Step},
    sorter::Sorter,
    validate::{About, Texts, Valid, Validator},
};
use crate::domain::{Facts, RegionVariants};

/// A file read to its end, its rows judged one by one and not yet against each other.
pub struct Scanned {
    pub(super) rows: Vec<Row>,
    /// Rows about premises; `None` while there are none.
    pub(super) premises: Option<Sorter>,
    /// Where a premises row is written down.
    record: Vec<u8>,
    pub(super) texts: TextTable,
    /// Rows, and what was set aside; settling counts the rest.
    pub(super) report: Report,
    pub(super) rejects: Vec<Reject>,
    /// The lines, ascending, of rows that are Unknown because the variant's cell was empty.
    pub(super) from_empty: Vec<u32>,
    pub(super) variants: RegionVariants,
    pub(super) limits: Limits,
    bytes: u64,
}

impl Scanned {
    /// How many bytes the file has, decompressed.
    #[must_use]
    pub const fn bytes_decompressed(&self) -> u64 {
        self.bytes
    }

    /// How many data rows the file has, good and bad.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.report.rows
    }
}

/// Reads one region's coverage file, decoded, to its end. What it was announced as, `kind`, must be what it is.
///
/// `cancelled` is looked at before every read of `input`.
///
/// # Errors
/// [`FileError`] if the file as a whole cannot be taken. A bad row is set aside and never an error.
pub fn read(
    input: impl Read,
    kind: FileKind,
    variants: &RegionVariants,
    limits: &Limits,
    cancelled: &AtomicBool,
) -> Result<Scanned, FileError> {
    let mut scanner = Scanner::new(input, limits, cancelled)?;
    let step = scanner.step()?;
    let header = scanner.record();
    let columns = match told_by_its_bytes(header.raw) {
        Some(fault) if step != Step::End => Err(vec![fault]),
        _ => columns(step, &header, kind),
    };
    let columns = columns.map_err(|faults| FileError::Header { line: header.line, faults })?;
    let validator = Validator::new(columns, variants);
    let mut scanned = Scanned {
        rows: Vec::new(),
        premises: None,
        record: Vec::new(),
        texts: TextTable::new(limits.spill.clone()),
        report: Report::default(),
        rejects: Vec::new(),
        from_empty: Vec::new(),
        variants: variants.clone(),
        limits: limits.clone(),
        bytes: 0,
    };
    let mut breath = Breath::default();
    loop {
        breath.step();
        let step = scanner.step()?;
        if step == Step::End {
            break;
        }
        scanned.report.rows += 1;
        if scanned.report.rows > u64::from(limits.max_rows) {
            return Err(FileError::TooLarge(SizeLimit::Rows(limits.max_rows)));
        }
        let record = scanner.record();
        if let Step::Fault(fault) = step {
            let refusal = match fault {
                ScanFault::TooLong => Refusal::TooLong { max: limits.max_record },
                ScanFault::Quote(fault, place) => Refusal::Quote { fault, column: validator.column_at(place) },
            };
            let reject = scanned.set_aside(&refusal, record.line, validator.readable(&record))?;
            scanned.keep(reject, &record);
            continue;
        }
        match validator.judge(&record, &scanned.texts) {
            Ok(valid) => scanned.accept(valid, record.line)?,
            Err(bad) => {
                let reject = scanned.set_aside(&bad.refusal, record.line, bad.about)?;
                if bad.runs_over {
                    scanner.give_back_after_first_line();
                }
                scanned.keep(reject, &scanner.record());
            }
        }
    }
    scanned.bytes = scanner.read();
    Ok(scanned)
}

fn columns(step: Step, header: &Record<'_>, kind: FileKind) -> Result<Columns, Vec<ColumnFault>> {
    match step {
        Step::Record => Columns::read(header, kind),
        Step::Fault(_) => Err(vec![ColumnFault::Unreadable]),
        Step::End => Err(vec![ColumnFault::NoHeaderRow]),
    }
}

impl Scanned {
    fn accept(&mut self, valid: Valid<'_>, line: u32) -> Result<(), FileError> {
        let texts = match valid.texts {
            Texts::Known(id) => id,
            Texts::New(auxiliary, additional) => self
                .texts
                .intern(auxiliary, additional)
                .map_err(|source| FileError::Disk { doing: "keep the file's texts", source })?,
        };
        match valid.about {
            About::Postcode(postcode) => {
                if valid.from_empty {
                    self.from_empty.push(line);
                }
                self.push(Row::new(postcode, valid.facts, texts, line))
            }
            About::Premises(named) => self.push_premises(&named, valid.facts, texts, line, valid.from_empty),
        }
    }

    fn push(&mut self, row: Row) -> Result<(), FileError> {
        if self.rows.len() >= self.limits.max_postcode_rows as usize {
            return Err(FileError::TooLarge(SizeLimit::PostcodeRows(self.limits.max_postcode_rows)));
        }
        self.rows.push(row);
        Ok(())
    }

    fn push_premises(
        &mut self,
        named: &Named,
        facts: Facts,
        texts: u32,
        line: u32,
        from_empty: bool,
    ) -> Result<(), FileError> {
        named.row(facts, texts, line, from_empty).encode(&mut self.record);
        // Runs are made while the file is read, and so may be the file of its texts.
        let sorter = self.premises.get_or_insert_with(|| Sorter::new(self.limits.spill.with_extension("run")));
        sorter.push(&self.record).map_err(|source| FileError::Disk { doing: "sort the file's premises", source })
    }

    /// Counts a row that is set aside and marks its location. Returns the reject if it is to be kept.
    fn set_aside(
        &mut self,
        refusal: &Refusal<'_>,
        line: u32,
        about: Option<About>,
    ) -> Result<Option<Reject>, FileError> {
        self.report.count_reject(refusal.reason());
        match about {
            Some(About::Postcode(postcode)) => self.push(Row::new(postcode, Facts::SET_ASIDE, 0, line))?,
            Some(About::Premises(named)) => self.push_premises(&named, Facts::SET_ASIDE, 0, line, false)?,
            None => {}
        }
        Ok((self.rejects.len() < self.limits.rejects_kept).then(|| refusal.reject(line)))
    }

    fn keep(&mut self, reject: Option<Reject>, record: &Record<'_>) {
        if let Some(mut reject) = reject {
            reject.keep(record.raw, record.cut);
            self.rejects.push(reject);
        }
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
