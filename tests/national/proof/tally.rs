//! What all replies come to.

use std::{collections::BTreeMap, time::Duration};

use super::judge::{Loaded, Verdict};

/// The sum of all verdicts.
#[derive(Default)]
pub(super) struct Tally {
    /// Postcodes of the list.
    pub(super) listed: usize,
    pub(super) answers: usize,
    /// Batches that are wholly from each country, in order.
    pub(super) whole: [usize; 2],
    pub(super) mixed: usize,
    /// Loads that answered instead of one that was active at the beginning, and the country their batches were from.
    pub(super) others: BTreeMap<String, (Loaded, Option<usize>)>,
    pub(super) differences: Vec<String>,
    pub(super) differing: usize,
}

const KEPT: usize = 10;

impl Tally {
    pub(super) fn add(&mut self, verdict: Verdict, loaded: &[Loaded]) {
        let Verdict { sources, against, telling, differences, differing } = verdict;
        self.answers += against.len();
        self.differing += differing;
        self.differences.extend(differences);
        self.differences.truncate(KEPT);

        let side = against.iter().position(|&against| against == 0);
        match side {
            Some(side) => self.whole[side] += 1,
            None if differing == 0 => self.mixed += 1,
            None => {}
        }
        if against.len() > 1 && telling == 0 {
            self.differ("a batch had nothing to tell the loads apart by".to_owned());
        }
        let regions: Vec<i32> = sources.iter().map(|source| source.region).collect();
        if regions != loaded.iter().map(|load| load.region).collect::<Vec<_>>() {
            self.differ(format!("a reply names the loads of regions {regions:?}"));
        }
        for source in sources.into_iter().filter(|source| !loaded.contains(source)) {
            if against.len() == 1 {
                self.differ(format!("a reply names a load that was not submitted: {source:?}"));
            }
            let (known, known_side) = self.others.entry(source.load_id.clone()).or_insert((source.clone(), side));
            if (&*known, *known_side) != (&source, side) {
                let words = format!("one load, two answers: {known:?} from {known_side:?}, {source:?} from {side:?}");
                self.differ(words);
            }
        }
    }

    pub(super) fn fail(&mut self, status: &str) {
        self.differ(format!("a call failed: {status}"));
    }

    pub(super) fn differ(&mut self, words: String) {
        self.differing += 1;
        if self.differences.len() < KEPT {
            self.differences.push(words);
        }
    }

    /// The first differences, and the line that sums up.
    pub(super) fn print(&self, took: Duration) {
        for difference in &self.differences {
            println!("{difference}");
        }
        println!("every field of every answer compared, in {:.1} s", took.as_secs_f64());
        println!("{} postcodes, {} differences", self.listed, self.differing);
    }

    pub(super) fn assert_no_differences(&self) {
        assert_eq!(self.differing, 0, "the first differences are above");
    }
}
