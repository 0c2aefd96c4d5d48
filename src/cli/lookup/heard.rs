//! Who answered: the loads behind the answers, the day they are seen from, and the regions that were not heard.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
};

use super::asking::Asked;
use crate::{
    cli::{plain::plain, words},
    grpc::proto::{CoverageSource, wan_matrix_result::Outcome},
};

/// What was heard over all batches. Two batches may hear different loads: a load may become active between them.
#[derive(Default)]
pub(super) struct Heard {
    answered: i64,
    unanswered: i64,
    as_of: BTreeSet<String>,
    sources: BTreeMap<(i32, String), CoverageSource>,
    missing: BTreeSet<i32>,
    set_aside: BTreeMap<i32, i64>,
}

impl Heard {
    pub(super) fn note(&mut self, asked: &Asked) {
        let reply = &asked.reply;
        for result in &reply.results {
            match &result.outcome {
                Some(Outcome::WanMatrix(matrix)) if !matrix.coverage.is_empty() => {
                    self.answered += 1;
                    for region in &matrix.set_aside_regions {
                        *self.set_aside.entry(*region).or_default() += 1;
                    }
                }
                _ => self.unanswered += 1,
            }
        }
        if !self.as_of.contains(&reply.as_of_date) {
            self.as_of.insert(reply.as_of_date.clone());
        }
        self.missing.extend(&reply.missing_regions);
        for source in &reply.sources {
            self.sources.entry((source.csp_region, source.load_id.clone())).or_insert_with(|| source.clone());
        }
    }

    pub(super) const fn locations(&self) -> i64 {
        self.answered + self.unanswered
    }

    pub(super) const fn all_answered(&self) -> bool {
        self.unanswered == 0
    }

    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.locations() == 0 {
            return writeln!(out, "no locations were given");
        }
        let days = self.as_of.iter().map(|day| plain(day)).collect::<Vec<_>>().join(", ");
        let (answered, all) = (words::count(self.answered), words::count(self.locations()));
        let plural = if self.locations() == 1 { "location" } else { "locations" };
        writeln!(out, "\nas of {days}: {answered} of {all} {plural} answered; asked were")?;
        let widest = self.sources.keys().map(|(_, load_id)| load_id.len()).max().unwrap_or_default();
        for source in self.sources.values() {
            let (region, issued) = (words::region(source.csp_region), words::time(source.issue_time));
            let stale = if source.stale { ", STALE: older than this server allows for" } else { "" };
            writeln!(out, "  {region:<10}  {:<widest$}  issued {issued}{stale}", plain(&source.load_id))?;
        }
        if self.sources.is_empty() {
            writeln!(out, "  no load at all")?;
        }
        for region in &self.missing {
            // A reply does not say which of the two it is.
            let region = words::region(*region);
            writeln!(
                out,
                "not heard: {region} has no active load, or one that is damaged; `wan-matrix active` says which"
            )?;
        }
        for (region, locations) in &self.set_aside {
            let (region, locations) = (words::region(*region), words::count(*locations));
            writeln!(out, "not heard: {region}, for {locations} of the answered: its row was set aside")?;
        }
        Ok(())
    }
}
