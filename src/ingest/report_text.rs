//! The report as a person reads it.

use std::fmt;

use super::Report;

/// One figure a line, aligned, with its share of the whole it is part of.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = vec![line(0, "rows", self.rows, None), line(1, "accepted", self.accepted, Some(self.rows))];
        if self.accepted > 0 {
            let others = self.unknown.saturating_add(self.none_planned).saturating_add(self.deletes);
            let confirmed = self.accepted.saturating_sub(others);
            lines.push(line(2, "variant confirmed", confirmed, Some(self.accepted)));
            lines.push(line(2, "variant Unknown", self.unknown, Some(self.accepted)));
            lines.push(line(2, "no coverage planned", self.none_planned, Some(self.accepted)));
            if self.premises > 0 {
                lines.push(line(2, "about one premises", self.premises, Some(self.accepted)));
            }
            if self.deletes > 0 {
                lines.push(line(2, "deletes", self.deletes, Some(self.accepted)));
            }
        }
        lines.push(line(1, "repeats", self.repeats, Some(self.rows)));
        lines.push(line(1, "set aside", self.set_aside, Some(self.rows)));
        for (reason, &rows) in &self.rejects_by_reason {
            lines.push(line(2, &reason.name().to_ascii_lowercase().replace('_', " "), rows, Some(self.set_aside)));
        }
        let labels = lines.iter().map(|line| line.label.len()).max().unwrap_or_default();
        let figures = lines.iter().map(|line| line.figure.len()).max().unwrap_or_default();
        for Line { label, figure, share } in &lines {
            let text = format!("{label:labels$}  {figure:>figures$}  {share:>8}");
            writeln!(f, "{}", text.trim_end())?;
        }
        self.notes(f)
    }
}

impl Report {
    /// What a figure alone would not tell.
    fn notes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.unknown_from_empty {
            0 => {}
            rows => writeln!(
                f,
                "note: {} of the Unknown rows {} an empty wan_variant cell instead of a space; if the CSP did not mean \
                 \"not confirmed\", its export is broken",
                grouped(rows),
                if rows == 1 { "has" } else { "have" }
            )?,
        }
        match self.set_aside_locations {
            0 => {}
            locations => writeln!(
                f,
                "note: {} {} marked as set aside: asked for one, the service says so instead of \"not found\"",
                grouped(locations),
                if locations == 1 { "location is" } else { "locations are" }
            )?,
        }
        if self.rejects_kept < self.set_aside {
            let (kept, all) = (grouped(self.rejects_kept), grouped(self.set_aside));
            writeln!(f, "note: the first {kept} of {all} rejects are kept")?;
        }
        Ok(())
    }
}

struct Line {
    label: String,
    figure: String,
    share: String,
}

fn line(depth: usize, label: &str, figure: u64, of: Option<u64>) -> Line {
    let share = of.map_or_else(String::new, |whole| share(figure, whole));
    Line { label: format!("{:1$}{label}", "", depth * 2), figure: grouped(figure), share }
}

/// A percentage with two decimals. What is not nothing is never shown as nothing, nor what is not all as all.
pub(crate) fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return String::new();
    }
    let hundredths = (u128::from(part) * 10_000 + u128::from(whole) / 2) / u128::from(whole);
    match hundredths {
        0 if part > 0 => "<0.01 %".to_owned(),
        10_000 if part < whole => ">99.99 %".to_owned(),
        _ => format!("{}.{:02} %", hundredths / 100, hundredths % 100),
    }
}

/// `1745849` as `1,745,849`.
pub(crate) fn grouped(figure: u64) -> String {
    let digits = figure.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
