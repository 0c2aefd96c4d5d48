//! A load judged by the guards: each measures one thing, and says what it measured, what is allowed, what may have
//! happened and what to do.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ingest::{RejectReason, Report, grouped};

use super::{
    against::{Against, AgainstActive},
    guard::Guard,
    moved::{Moved, measured},
    settings::Thresholds,
};

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
    /// What the region answers from.
    pub against: Against<'a>,
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

impl Tripped {
    /// `words` are what this guard has to say; what may be done about it is the same for all.
    pub(super) fn new(guard: Guard, measured: String, allowed: String, words: &str) -> Self {
        let words = format!(
            "{guard}: {words} Send the right file, or, if this one is right, have an operator override the guard {guard} \
             for it with a note."
        );
        Self { guard, measured, allowed, words }
    }
}

impl fmt::Display for Tripped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

/// Every guard that stands against a load, in the order of [`Guard::ALL`]. That one is overridden makes it stand no less:
/// it lets the load pass all the same.
#[must_use]
pub fn judge(input: &GuardInput<'_>, thresholds: &Thresholds) -> Vec<Tripped> {
    let active = input.against.active();
    let turnover = input.against.turnover();
    let guards = [
        rejects(input, thresholds),
        active.and_then(|active| coverage_lost(active, thresholds)),
        active.and_then(|active| variant_changed(active, thresholds)),
        active.and_then(|active| unknown(active, thresholds)),
        turnover.as_ref().and_then(|turnover| turnover.shrink(thresholds)),
        turnover.as_ref().and_then(|turnover| turnover.growth(thresholds)),
        issue_order(input, thresholds),
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
    Some(Tripped::new(Guard::Rejects, measured, allowed, &words))
}

fn coverage_lost(active: &AgainstActive<'_>, thresholds: &Thresholds) -> Option<Tripped> {
    let changes = active.changes;
    let lost = Moved::of(changes.coverage_lost, changes.covered_before, "locations", thresholds.coverage_lost)?;
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
    let changed =
        Moved::of(changes.variant_changed, changes.confirmed_before, "locations", thresholds.variant_changed)?;
    Some(changed.told(Guard::VariantChanged, "of", |measured, allowed| {
        format!(
            "{measured} with a confirmed variant would have another one, and {allowed} may change. Was the \
             column wan_variant sorted apart from its postcodes, or is it another region's file?"
        )
    }))
}

fn unknown(active: &AgainstActive<'_>, thresholds: &Thresholds) -> Option<Tripped> {
    let changes = active.changes;
    let lost = Moved::of(changes.confirmed_to_unknown, changes.confirmed_before, "locations", thresholds.unknown)?;
    Some(lost.told(Guard::Unknown, "of", |measured, allowed| {
        format!(
            "{measured} with a confirmed variant would be Unknown, and {allowed} may be. Was the column \
             wan_variant blanked?"
        )
    }))
}

fn issue_order(input: &GuardInput<'_>, thresholds: &Thresholds) -> Option<Tripped> {
    let issued = input.issue_time;
    let (in_order, allowed, load) = match input.against {
        Against::Nothing => return None,
        Against::Active(active) => (
            issued > active.issue_time,
            format!("later than {}", active.issue_time),
            format!("the active load {}", active.load_id),
        ),
        // What was issued at the same time may stand in for it: a full file for the result of a delta.
        Against::Damaged(damaged) => {
            (issued >= damaged.issue_time, format!("no earlier than {}", damaged.issue_time), damaged.named())
        }
    };
    if in_order || !thresholds.newer_only {
        return None;
    }
    let measured = format!("issued {issued}");
    let words = format!(
        "the file was {measured}, and must be {allowed}, when {load} was issued. Is it yesterday's file? To go back to an \
         earlier load, activate that one."
    );
    Some(Tripped::new(Guard::IssueOrder, measured, allowed, &words))
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
