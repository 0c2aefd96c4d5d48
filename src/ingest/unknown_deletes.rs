//! Deletes of what is not there.

use std::collections::BTreeSet;

/// Deletes whose locations the base load does not have: how many there are, and the first of their lines. A file may have
/// millions, and no more of them are looked at than are kept as rejects.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UnknownDeletes {
    rows: u64,
    first: BTreeSet<u32>,
    kept: usize,
}

impl UnknownDeletes {
    /// None yet, of which so many lines are kept.
    #[must_use]
    pub const fn new(kept: usize) -> Self {
        Self { rows: 0, first: BTreeSet::new(), kept }
    }

    /// Adds the row on a line.
    pub fn add(&mut self, line: u32) {
        self.rows += 1;
        self.first.insert(line);
        if self.first.len() > self.kept {
            self.first.pop_last();
        }
    }

    /// How many there are.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// The first lines, ascending.
    pub fn lines(&self) -> impl Iterator<Item = u32> {
        self.first.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_counted_and_the_first_lines_kept() {
        let mut unknown = UnknownDeletes::new(3);
        for line in [9, 4, 7, 2, 8] {
            unknown.add(line);
        }
        assert_eq!((unknown.rows(), unknown.lines().collect::<Vec<_>>()), (5, vec![2, 4, 7]));
        let mut none_kept = UnknownDeletes::new(0);
        none_kept.add(2);
        assert_eq!((none_kept.rows(), none_kept.lines().count()), (1, 0));
    }
}
