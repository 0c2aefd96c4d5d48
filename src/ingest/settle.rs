//! The rows against each other: sorted, exact repeats counted once, rows that disagree set aside.

use std::{
    collections::BTreeMap,
    io::{self, Read},
    sync::atomic::AtomicBool,
};

use super::{
    FileError, LightBreath, Limits, Premises, Reject, RejectReason, Report, Row, Scanned, TextTable, Unaccepted,
    UnknownDeletes,
    refusal::{Grain, Refusal},
    scan::{Scanner, Step},
    settle_premises::settle_premises,
};
use crate::domain::{Coverage, Facts, RegionVariants, Said};

/// What became of a file.
pub struct Ingested {
    /// One row for each postcode, sorted by [`Row::key`], marks of set-aside postcodes among them.
    pub rows: Vec<Row>,
    /// One row for each premises.
    pub premises: Premises,
    /// The texts of the rows. It may also hold texts that no row has any more, of rows that disagreed.
    pub texts: TextTable,
    /// The counts.
    pub report: Report,
    /// The first rejects, by line.
    pub rejects: Vec<Reject>,
}

impl Ingested {
    /// Sets aside deletes whose locations the base load does not have, once that is known: the rows about postcodes on these
    /// lines, ascending, and those about premises, which were merged already and stay among the file's. They leave no mark, for
    /// nothing is changed.
    ///
    /// `limits` are those of the read. `reread` opens the same file again, decoded: it is called only if there are rows
    /// whose bytes must be kept.
    ///
    /// # Errors
    /// [`FileError::NoAcceptedRow`] if nothing is left, and what reading again may meet.
    pub fn set_aside_unknown_deletes<R: Read>(
        &mut self,
        lines: &[u32],
        premises: &UnknownDeletes,
        limits: &Limits,
        reread: impl FnOnce() -> io::Result<R>,
    ) -> Result<(), FileError> {
        let before = self.rows.len();
        self.rows.retain(|row| !row.facts().is_delete() || lines.binary_search(&row.line).is_err());
        let refused = (before - self.rows.len()) as u64 + premises.rows();
        if refused == 0 {
            return Ok(());
        }
        let report = &mut self.report;
        report.accepted -= refused.min(report.accepted);
        report.deletes -= refused.min(report.deletes);
        report.premises -= premises.rows().min(report.premises);
        report.set_aside += refused;
        *report.rejects_by_reason.entry(RejectReason::DeleteUnknown).or_default() += refused;
        let postcodes = lines.iter().take(limits.rejects_kept).map(|&line| (line, Grain::Postcode));
        let first = postcodes.chain(premises.lines().map(|line| (line, Grain::Premises)));
        let first = first.map(|(line, grain)| (line, Refusal::DeleteUnknown(grain))).collect();
        merge(&mut self.rejects, &first, limits, reread)?;
        self.report.rejects_kept = self.rejects.len() as u64;
        if self.report.accepted > 0 {
            return Ok(());
        }
        let (report, rejects) = (self.report.clone(), std::mem::take(&mut self.rejects));
        Err(FileError::NoAcceptedRow(Box::new(Unaccepted { report, rejects })))
    }
}

impl Scanned {
    /// Sorts the rows, counts exact repeats once, and sets aside all rows that disagree on a location.
    ///
    /// `reread` opens the same file again, decoded: it is called only if there are disagreeing rows whose bytes must be
    /// kept.
    ///
    /// # Errors
    /// [`FileError::NoAcceptedRow`] if nothing is left, and what reading again may meet.
    pub fn settle<R: Read>(mut self, reread: impl FnOnce() -> io::Result<R>) -> Result<Ingested, FileError> {
        let mut breath = LightBreath::default();
        let mut compare = |a: &Row, b: &Row| {
            breath.step();
            a.cmp(b)
        };
        if !self.rows.is_sorted_by(|a, b| compare(a, b).is_le()) {
            self.rows.sort_unstable_by(compare);
        }
        let mut disagreeing = Disagreeing { first: BTreeMap::new(), kept: self.limits.rejects_kept };
        settle_places(&mut self.rows, &self.texts, &mut self.report, &mut disagreeing)
            .map_err(|source| FileError::Disk { doing: "compare the file's texts", source })?;
        count_outcomes(&mut self);
        let premises = match self.premises.take() {
            Some(sorter) => {
                settle_premises(sorter, &self.texts, &self.variants, &self.limits, &mut self.report, &mut disagreeing)
                    .map_err(|source| FileError::Disk { doing: "sort the file's premises", source })?
            }
            None => Premises::default(),
        };
        merge(&mut self.rejects, &disagreeing.first, &self.limits, reread)?;
        self.report.rejects_kept = self.rejects.len() as u64;

        let Self { rows, texts, report, rejects, .. } = self;
        if report.accepted == 0 {
            return Err(FileError::NoAcceptedRow(Box::new(Unaccepted { report, rejects })));
        }
        Ok(Ingested { rows, premises, texts, report, rejects })
    }
}

/// Leaves one row for each place.
fn settle_places(
    rows: &mut Vec<Row>,
    texts: &TextTable,
    report: &mut Report,
    disagreeing: &mut Disagreeing,
) -> io::Result<()> {
    let (mut at, mut settled) = (0, 0);
    let mut breath = LightBreath::default();
    while let Some(&head) = rows.get(at) {
        breath.step();
        let rest = &rows[at..];
        let of_place = rest.iter().take_while(|row| row.key() == head.key()).count();
        let row = match of_place {
            1 => head,
            _ => settle_place(head, &rest[..of_place], texts, report, disagreeing)?,
        };
        at += of_place;
        // Never ahead of `at`: every place has a row at least.
        rows[settled] = row;
        settled += 1;
    }
    rows.truncate(settled);
    Ok(())
}

/// What stands for a place that several rows speak of: the answer they agree on, or the mark that they do not.
fn settle_place(
    head: Row,
    rows: &[Row],
    texts: &TextTable,
    report: &mut Report,
    disagreeing: &mut Disagreeing,
) -> io::Result<Row> {
    let says_same = |a: &Row, b: &Row| Ok::<_, io::Error>(a.facts() == b.facts() && texts.same(a.texts, b.texts)?);
    let answers = || rows.iter().filter(|row| !row.facts().is_set_aside());
    let earliest = |a: Option<Row>, b: &Row| Some(a.filter(|a| a.line < b.line).unwrap_or(*b));

    let mark = rows.iter().filter(|row| row.facts().is_set_aside()).fold(None, earliest);
    let first = answers().fold(None, earliest);
    let mut other = None;
    if let Some(first) = first {
        for row in answers() {
            if !says_same(&first, row)? {
                other = earliest(other, row);
            }
        }
    }
    for row in answers() {
        let refusal = match (first, other, mark) {
            // The two lines that differ first name each other, and every further line one that it differs from.
            (Some(first), Some(other), _) if says_same(row, &first)? => {
                Refusal::Disagrees { line: other.line, grain: Grain::Postcode }
            }
            (Some(first), Some(_), _) => Refusal::Disagrees { line: first.line, grain: Grain::Postcode },
            (_, _, Some(mark)) => Refusal::BesideSetAside { line: mark.line, grain: Grain::Postcode },
            (_, None, None) | (None, ..) => {
                report.repeats += rows.len() as u64 - 1;
                return Ok(first.unwrap_or(head));
            }
        };
        report.count_reject(RejectReason::RowsDisagree);
        disagreeing.add(row.line, refusal);
    }
    Ok(rows.iter().fold(None, earliest).unwrap_or(head).mark())
}

/// Rows that disagree with others of their place: the first of them by line.
pub(super) struct Disagreeing {
    first: BTreeMap<u32, Refusal<'static>>,
    kept: usize,
}

impl Disagreeing {
    /// How many are kept at most.
    pub(super) const fn kept(&self) -> usize {
        self.kept
    }

    pub(super) fn add(&mut self, line: u32, refusal: Refusal<'static>) {
        let full = self.first.len() >= self.kept;
        if full && self.first.last_key_value().is_none_or(|(&last, _)| last < line) {
            return;
        }
        if full {
            self.first.pop_last();
        }
        self.first.insert(line, refusal);
    }
}

/// Counts what the settled rows say.
fn count_outcomes(scanned: &mut Scanned) {
    let Scanned { rows, report, variants, from_empty, .. } = scanned;
    let mut breath = LightBreath::default();
    for row in rows {
        breath.step();
        count_outcome(report, row.facts(), variants, || from_empty.binary_search(&row.line).is_ok());
    }
}

/// Counts what stands for one place. Says whether it was accepted.
pub(super) fn count_outcome(
    report: &mut Report,
    facts: Facts,
    variants: &RegionVariants,
    from_empty: impl FnOnce() -> bool,
) -> bool {
    if facts.is_delete() {
        report.deletes += 1;
        report.accepted += 1;
        return true;
    }
    match facts.unpack(variants) {
        Ok(Said::Coverage(Coverage::NonePlanned)) => report.none_planned += 1,
        Ok(Said::Coverage(Coverage::From(from))) if from.variant.is_unknown() => {
            report.unknown += 1;
            report.unknown_from_empty += u64::from(from_empty());
        }
        Ok(Said::Coverage(Coverage::From(_))) => {}
        Ok(Said::SetAside) | Err(_) => {
            report.set_aside_locations += 1;
            return false;
        }
    }
    report.accepted += 1;
    true
}

/// Puts rows that were set aside after the scan among the rejects, by line, their bytes read from the file again.
fn merge<R: Read>(
    rejects: &mut Vec<Reject>,
    late: &BTreeMap<u32, Refusal<'_>>,
    limits: &Limits,
    reread: impl FnOnce() -> io::Result<R>,
) -> Result<(), FileError> {
    // The rejects kept so far are the first, so only earlier lines than its last can still come in when it kept its fill.
    let last = rejects.last().filter(|_| rejects.len() >= limits.rejects_kept).map(|reject| reject.line);
    rejects.extend(
        late.iter()
            .filter(|&(&line, _)| last.is_none_or(|last| line < last))
            .map(|(&line, refusal)| refusal.reject(line)),
    );
    rejects.sort_by_key(|reject| reject.line);
    rejects.truncate(limits.rejects_kept);

    let mut unread = rejects.iter_mut().filter(|reject| late.contains_key(&reject.line)).peekable();
    if unread.peek().is_none() {
        return Ok(());
    }
    let again = |source| FileError::Disk { doing: "read the file a second time", source };
    let changed = || again(io::Error::other("it is not the same file any more"));
    let cancelled = AtomicBool::new(false);
    let mut scanner = Scanner::new(reread().map_err(again)?, limits, &cancelled)?;
    for reject in unread {
        if !scanner.skip_to_line(reject.line)? || scanner.step()? != Step::Record {
            return Err(changed());
        }
        let record = scanner.record();
        reject.keep(record.raw, record.cut);
    }
    Ok(())
}

#[cfg(test)]
#[path = "settle_tests.rs"]
mod tests;
