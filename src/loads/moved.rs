//! A part of a whole, measured against the share that may move.

use crate::ingest::{grouped, share};

use super::{guard::Guard, judge::Tripped, share::Share};

/// A part of what was before that moved further than is allowed.
pub(super) struct Moved {
    part: u64,
    whole: u64,
    /// What they are: `locations`.
    what: &'static str,
    allowed: Share,
}

impl Moved {
    /// Nothing, unless the part is more than the share that is allowed. A whole of nothing cannot be judged.
    pub(super) fn of(part: u64, whole: u64, what: &'static str, allowed: Share) -> Option<Self> {
        (whole > 0 && allowed.is_exceeded_by(part, whole)).then_some(Self { part, whole, what, allowed })
    }

    /// `of` is how the part stands to the whole.
    pub(super) fn told(&self, guard: Guard, of: &str, words: impl FnOnce(&str, &str) -> String) -> Tripped {
        let measured = measured(self.part, of, self.whole, self.what);
        let allowed = format!("at most {} ({})", grouped(self.allowed.of(self.whole)), self.allowed);
        let words = words(&measured, &allowed);
        Tripped::new(guard, measured, allowed, &words)
    }
}

/// `11 of 10,000 rows (0.11 %)`.
pub(super) fn measured(part: u64, of: &str, whole: u64, what: &str) -> String {
    format!("{} {of} {} {what} ({})", grouped(part), grouped(whole), share(part, whole))
}
