//! A load judged by the guards: each measures one thing, and says what it measured, what is allowed, what may have
//! happened and what to do.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    ingest::{RejectReason, Report, grouped, share},
    store::Changes,
};

use super::{damaged::AgainstDamaged, guard::Guard, settings::Thresholds, share::Share};

/// What the guards judge a load by.
#[derive(Clone, Copy, Debug)]
pub struct GuardInput<'a> {
    /// The file is a delta, which has few rows.
    pub delta: bool,
    /// It is only asked whether it would be taken, and its rejects are not kept.
    pub dry_run: bool,
    /// What was in the file.
    pub report: &'a Report,
    /// When the CSP extracted the data.
    pub issue_time: Timestamp,
    /// The load that the region answers from, if any. Without one `rejects` judges, and what `damaged` allows.
    pub active: Option<AgainstActive<'a>>,
    /// The load that the region would answer from if it were not damaged.
    pub damaged: Option<AgainstDamaged<'a>>,
}

/// The load that is active, and what the new one would change.
#[derive(Clone, Copy, Debug)]
pub struct AgainstActive<'a> {
    /// The active load.
    pub load_id: &'a str,
    /// When its data were extracted.
    pub issue_time: Timestamp,
    /// From the active load to the new one; for a delta, to what the two make together.
    pub changes: &'a Changes,
}

/// A guard that stands against a load.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Tripped {
    /// Which.
    pub guard: Guard,
    /// What was measured: `11 of 10,000 rows (0.11 %)`.
    pub measured: String,
    /// What is allowed: `at most 10 (0.1 %)`.
    pub allowed: String,
    /// The whole of it for a person, in sentences: measured, allowed, likely causes, and what to do.
    pub words: String,
}

impl fmt::Display for Tripped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

/// Judges a load by every guard. Gives those that stand against it and are overridden, for its manifest.
///
/// # Errors
/// Every guard that refuses the load, in the order of [`Guard::ALL`]; never none.
pub fn judge(
    input: &GuardInput<'_>,
    thresholds: &Thresholds,
    overrides: &[Guard],
) -> Result<Vec<Tripped>, Vec<Tripped>> {
    let overridden = |tripped: &Tripped| overrides.contains(&tripped.guard);
    let (overridden, refusing): (Vec<_>, Vec<_>) = tripped(input, thresholds).into_iter().partition(overridden);
    if refusing.is_empty() { Ok(overridden) } else { Err(refusing) }
}

/// Every guard that stands against a load, overridden or not, in the order of [`Guard::ALL`].
pub(super) fn tripped(input: &GuardInput<'_>, thresholds: &Thresholds) -> Vec<Tripped> {
    let against = |guard: fn(&AgainstActive<'_>, &Thresholds) -> Option<Tripped>| {
        input.active.as_ref().and_then(|active| guard(active, thresholds))
    };
    let damaged = input.damaged.as_ref();
    let guards = [
        rejects(input, thresholds),
        against(coverage_lost),
        against(variant_changed),
        against(unknown),
        against(shrink).or_else(|| damaged?.shrink(thresholds)),
        against(growth).or_else(|| damaged?.growth(thresholds)),
        issue_order(input, thresholds).or_else(|| damaged?.issue_order(input, thresholds)),
    ];
    guards.into_iter().flatten().collect()
}

fn rejects(input: &GuardInput<'_>, thresholds: &Thresholds) -> Option<Tripped> {
    let Report { set_aside, rows, .. } = *input.report;
    let of_rows = if input.delta { thresholds.delta_rejects } else { thresholds.rejects };
    // A delta may be so large that its share alone would let many rows through.
    let rows_at_most = if input.delta { thresholds.delta_rejects_rows } else { u64::MAX };
    let limit = of_rows.of(rows).min(rows_at_most);
    if set_aside <= limit {
        return None;
    }
    let rule = match input.delta {
        true => format!("the less of {} rows and {of_rows}", grouped(rows_at_most)),
        false => of_rows.to_string(),
    };
    let measured = measured(set_aside, "of", rows, "rows");
    let allowed = format!("at most {} ({rule})", grouped(limit));
    let only_the_base_can_tell = input.report.rejects_by_reason.contains_key(&RejectReason::DeleteUnknown);
    let lines = match (input.dry_run, only_the_base_can_tell) {
        (false, _) => "the rejects name the lines",
        (true, false) => "`wan-matrix check` names the lines",
        (true, true) => {
            "`wan-matrix check` names the lines; those that delete what the base does not have are named by the rejects \
             when the file is sent in earnest"
        }
    };
    let words = format!(
        "{measured} were set aside, and {allowed} may be. Has a column changed its form, or does a stray quote join \
         rows? The report counts the reasons, and {lines}."
    );
    Some(worded(Guard::Rejects, measured, allowed, &words))
}

fn coverage_lost(active: &AgainstActive<'_>, thresholds: &Thresholds) -> Option<Tripped> {
    let changes = active.changes;
    let lost = Moved::of(changes.coverage_lost, changes.covered_before, thresholds.coverage_lost)?;
    Some(lost.told(Guard::CoverageLost, "of", |measured, allowed| {
        format!(
            "{measured} that have coverage in the active load would have none planned, and {allowed} may lose \
             it. Were the columns availability_date, wan_variant and connectivity_likelihood blanked, or is it another \
             region's file?"
        )
    }))
}

fn variant_changed(active: &AgainstActive<'_>, thresholds: &Thresholds) -> Option<Tripped> {
    let changes = active.changes;
    let changed = Moved::of(changes.variant_changed, changes.confirmed_before, thresholds.variant_changed)?;
    Some(changed.told(Guard::VariantChanged, "of", |measured, allowed| {
        format!(
            "{measured} with a confirmed variant would have another one, and {allowed} may change. Was the \
             column wan_variant sorted apart from its postcodes, or is it another region's file?"
        )
    }))
}

fn unknown(active: &AgainstActive<'_>, thresholds: &Thresholds) -> Option<Tripped> {
    let changes = active.changes;
    let lost = Moved::of(changes.confirmed_to_unknown, changes.confirmed_before, thresholds.unknown)?;
    Some(lost.told(Guard::Unknown, "of", |measured, allowed| {
        format!(
            "{measured} with a confirmed variant would be Unknown, and {allowed} may be. Was the column \
             wan_variant blanked?"
        )
    }))
}

fn shrink(active: &AgainstActive<'_>, thresholds: &Thresholds) -> Option<Tripped> {
    let of =
        |grain: Grain| Moved::of(grain.gone, grain.before, thresholds.shrink).map(|gone| gone.in_words(grain.what));
    let gone = Grain::of(active.changes).find_map(of)?;
    Some(gone.told(Guard::Shrink, "of", |measured, allowed| {
        format!(
            "{measured} that answer in the active load would answer no more, and {allowed} may go. Was the file cut \
             short, is it only a part of the region, or another region's file?"
        )
    }))
}

fn growth(active: &AgainstActive<'_>, thresholds: &Thresholds) -> Option<Tripped> {
    let of =
        |grain: Grain| Moved::of(grain.come, grain.before, thresholds.growth).map(|come| come.in_words(grain.what));
    let come = Grain::of(active.changes).find_map(of)?;
    Some(come.told(Guard::Growth, "new beside", |measured, allowed| {
        format!(
            "it would bring {measured} that answer in the active load, and {allowed} may come. Were the files of several \
             regions joined, or is it another region's file?"
        )
    }))
}

/// Postcodes and premises are judged apart: there are so many of the one that all of the other could go unseen.
pub(super) struct Grain {
    pub(super) what: &'static str,
    pub(super) before: u64,
    pub(super) gone: u64,
    pub(super) come: u64,
}

/// How many answer before, after, and in both.
pub(super) type Answering = [u64; 3];

impl Grain {
    const fn new(what: &'static str, [before, after, both]: Answering) -> Self {
        Self { what, before, gone: before.saturating_sub(both), come: after.saturating_sub(both) }
    }

    fn of(changes: &Changes) -> impl Iterator<Item = Self> + use<> {
        let &Changes { answers_before, answers_after, answers_in_both, .. } = changes;
        let &Changes { premises_before, premises_after, premises_in_both, .. } = changes;
        let postcodes = [
            answers_before.saturating_sub(premises_before),
            answers_after.saturating_sub(premises_after),
            answers_in_both.saturating_sub(premises_in_both),
        ];
        Self::apart(postcodes, [premises_before, premises_after, premises_in_both])
    }

    /// Of postcodes, and of premises if there are any.
    pub(super) fn apart(postcodes: Answering, premises: Answering) -> impl Iterator<Item = Self> + use<> {
        let some = premises.iter().any(|&premises| premises > 0);
        let postcodes = Self::new(if some { "postcodes" } else { "locations" }, postcodes);
        std::iter::once(postcodes).chain(some.then(|| Self::new("premises", premises)))
    }
}

fn issue_order(input: &GuardInput<'_>, thresholds: &Thresholds) -> Option<Tripped> {
    let active = input.active.as_ref()?;
    if !thresholds.newer_only || input.issue_time > active.issue_time {
        return None;
    }
    let measured = format!("issued {}", input.issue_time);
    let allowed = format!("later than {}", active.issue_time);
    let words = format!(
        "the file was {measured}, and must be {allowed}, when the active load {} was issued. Is it yesterday's file? To \
         go back to an earlier load, activate that one.",
        active.load_id
    );
    Some(worded(Guard::IssueOrder, measured, allowed, &words))
}

/// A part of the active load that moved further than is allowed.
pub(super) struct Moved {
    part: u64,
    whole: u64,
    allowed: Share,
    /// What they are.
    what: &'static str,
}

impl Moved {
    /// Nothing, unless the part is more than the share that is allowed. A whole of nothing cannot be judged.
    pub(super) fn of(part: u64, whole: u64, allowed: Share) -> Option<Self> {
        (whole > 0 && allowed.is_exceeded_by(part, whole)).then_some(Self { part, whole, allowed, what: "locations" })
    }

    pub(super) const fn in_words(self, what: &'static str) -> Self {
        Self { what, ..self }
    }

    /// `of` is how the part stands to the whole.
    pub(super) fn told(&self, guard: Guard, of: &str, words: impl FnOnce(&str, &str) -> String) -> Tripped {
        let measured = measured(self.part, of, self.whole, self.what);
        let allowed = format!("at most {} ({})", grouped(self.allowed.of(self.whole)), self.allowed);
        let words = words(&measured, &allowed);
        worded(guard, measured, allowed, &words)
    }
}

fn measured(part: u64, of: &str, whole: u64, what: &str) -> String {
    format!("{} {of} {} {what} ({})", grouped(part), grouped(whole), share(part, whole))
}

pub(super) fn worded(guard: Guard, measured: String, allowed: String, words: &str) -> Tripped {
    let words = format!(
        "{guard}: {words} Send the right file, or, if this one is right, have an operator override the guard {guard} for \
         it with a note."
    );
    Tripped { guard, measured, allowed, words }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
