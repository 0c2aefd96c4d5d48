//! The comparison of two loads as a person reads it.

use std::fmt;

use crate::ingest::{grouped, share};

use super::{compare::Changes, movement::Movement};

/// One figure a line, aligned, each with its share of the whole it is part of; movements that did not occur are left out.
/// A movement's share is of the locations in both loads.
impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = [
            line(0, "locations before", self.before(), None),
            line(1, "removed", self.removed, Some(self.before())),
            line(1, "in both", self.in_both(), Some(self.before())),
            line(0, "locations after", self.after(), None),
            line(1, "new", self.new, Some(self.after())),
            line(1, "in both", self.in_both(), Some(self.after())),
            line(2, "same", self.same, Some(self.in_both())),
            line(2, "changed", self.changed, Some(self.in_both())),
        ];
        let moved = Movement::ALL.map(|movement| (movement, self.count(movement)));
        let occurred = moved.iter().filter(|(_, locations)| *locations > 0);
        let moves = occurred.map(|&(movement, locations)| line(3, movement.words(), locations, Some(self.in_both())));
        let lines: Vec<_> = lines.into_iter().chain(moves).collect();
        let labels = lines.iter().map(|[label, ..]| label.len()).max().unwrap_or_default();
        let figures = lines.iter().map(|[_, figure, _]| figure.len()).max().unwrap_or_default();
        for [label, figure, share] in &lines {
            let text = format!("{label:labels$}  {figure:>figures$}  {share:>8}");
            writeln!(f, "{}", text.trim_end())?;
        }
        if moved.iter().map(|(_, locations)| locations).sum::<u64>() > self.changed {
            writeln!(f, "note: a location that moved in several ways is counted under each of them")?;
        }
        Ok(())
    }
}

/// A label, a figure and a share.
fn line(depth: usize, label: &str, figure: u64, whole: Option<u64>) -> [String; 3] {
    let share = whole.map_or_else(String::new, |whole| share(figure, whole));
    [format!("{:1$}{label}", "", depth * 2), grouped(figure), share]
}
