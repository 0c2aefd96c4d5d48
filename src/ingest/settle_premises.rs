//! The premises rows against each other, as `settle` does it for postcodes, in memory that does not grow with their number.

use std::io;

use super::{
    Limits, Premises, PremisesRow, PremisesWriter, RejectReason, Report, Sorter, TextTable,
    premises::key_bytes,
    refusal::{Grain, Refusal},
    settle::{Disagreeing, count_outcome},
};
use crate::domain::{Facts, RegionVariants};

/// Leaves one row for each premises.
pub(super) fn settle_premises(
    sorter: Sorter,
    texts: &TextTable,
    variants: &RegionVariants,
    limits: &Limits,
    report: &mut Report,
    disagreeing: &mut Disagreeing,
) -> io::Result<Premises> {
    let mut sorted = sorter.finish()?;
    let mut settled = PremisesWriter::new(limits.spill.clone());
    let mut of_place = OfPlace::default();
    loop {
        let record = sorted.next_record()?;
        if record.is_none_or(|record| !of_place.is_for(record)) {
            if let Some((record, facts, from_empty)) = of_place.undisputed() {
                let accepted = count_outcome(report, facts, variants, || from_empty);
                report.premises += u64::from(accepted);
                settled.push_written(record, facts)?;
            } else if let Some(row) = of_place.settle(report, disagreeing) {
                let accepted = count_outcome(report, row.facts, variants, || row.from_empty);
                report.premises += u64::from(accepted);
                settled.push(row)?;
            }
            of_place.clear();
        }
        let Some(record) = record else { break };
        of_place.add(record, texts, disagreeing.kept())?;
    }
    settled.finish()
}

/// The rows of one premises, which come by line. A file could have millions of them, so only those are kept whose lines
/// can be among the rejects that are.
#[derive(Default)]
struct OfPlace {
    /// The first row, and the first that answers if that is another.
    head: Vec<u8>,
    first: Vec<u8>,
    /// What the first row says, and whether it is Unknown because its cell was empty.
    said: Option<(Facts, bool)>,
    /// The first line that answers and says something else, and the first that was set aside.
    other: Option<u32>,
    mark: Option<u32>,
    rows: u64,
    answers: u64,
    /// The first lines that answer, and whether each says what the first of them says.
    lines: Vec<(u32, bool)>,
}

impl OfPlace {
    fn is_for(&self, record: &[u8]) -> bool {
        self.rows == 0 || key_bytes(&self.head) == key_bytes(record)
    }

    fn clear(&mut self) {
        self.head.clear();
        self.first.clear();
        self.lines.clear();
        (self.said, self.other, self.mark, self.rows, self.answers) = (None, None, None, 0, 0);
    }

    /// The one row of most places, as it was written down, if it is that of this one.
    fn undisputed(&self) -> Option<(&[u8], Facts, bool)> {
        let (facts, from_empty) = self.said.filter(|_| self.rows == 1 && self.answers == 1)?;
        Some((&self.head, facts, from_empty))
    }

    /// The first row that answers.
    fn first(&self) -> &[u8] {
        if self.first.is_empty() && self.answers > 0 { &self.head } else { &self.first }
    }

    fn add(&mut self, record: &[u8], texts: &TextTable, kept: usize) -> io::Result<()> {
        let unreadable = || io::Error::new(io::ErrorKind::InvalidData, "a premises row cannot be read back");
        let row = PremisesRow::decode(record).ok_or_else(unreadable)?;
        self.rows += 1;
        if self.rows == 1 {
            self.head.extend_from_slice(record);
            self.said = Some((row.facts, row.from_empty));
        }
        if row.facts.is_set_aside() {
            self.mark = self.mark.or(Some(row.line));
            return Ok(());
        }
        self.answers += 1;
        let same = if self.answers == 1 {
            if self.rows > 1 {
                self.first.extend_from_slice(record);
            }
            true
        } else {
            says_same(PremisesRow::decode(self.first()).ok_or_else(unreadable)?, row, texts)?
        };
        if !same {
            self.other = self.other.or(Some(row.line));
        }
        if self.lines.len() < kept {
            self.lines.push((row.line, same));
        }
        Ok(())
    }

    /// What stands for the premises: the answer its rows agree on, or the mark that they do not.
    fn settle(&self, report: &mut Report, disagreeing: &mut Disagreeing) -> Option<PremisesRow<'_>> {
        let head = PremisesRow::decode(&self.head)?;
        let grain = Grain::Premises;
        let Some(first) = PremisesRow::decode(self.first()) else { return Some(head.mark()) };
        // The two lines that differ first name each other, and every further line one that it differs from.
        let refusal = |same| match (self.other, self.mark) {
            (Some(other), _) => Some(Refusal::Disagrees { line: if same { other } else { first.line }, grain }),
            (None, Some(mark)) => Some(Refusal::BesideSetAside { line: mark, grain }),
            (None, None) => None,
        };
        if refusal(true).is_none() {
            report.repeats += self.rows - 1;
            return Some(first);
        }
        report.count_rejects(RejectReason::RowsDisagree, self.answers);
        for &(line, same) in &self.lines {
            if let Some(refusal) = refusal(same) {
                disagreeing.add(line, refusal);
            }
        }
        Some(head.mark())
    }
}

/// Where a UPRN lies is part of what is said of it; but for a delete, which says nothing: it names its key and may name the
/// rest.
fn says_same(a: PremisesRow<'_>, b: PremisesRow<'_>, texts: &TextTable) -> io::Result<bool> {
    if a.facts.is_delete() && b.facts.is_delete() {
        return Ok(true);
    }
    Ok(a.postcode == b.postcode
        && a.identifier == b.identifier
        && a.facts == b.facts
        && texts.same(a.texts, b.texts)?)
}

#[cfg(test)]
#[path = "settle_premises_tests.rs"]
mod tests;
