//! What callers tried and may not: counted, and noted in the audit log, but never so often that the notes push out what was
//! really done.

use std::{
    collections::HashSet,
    sync::{
        Mutex, TryLockError,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp};

use crate::store::AuditEvent;

use super::Loads;

/// The same caller and method are noted once in this time.
const AGAIN_AFTER: SignedDuration = SignedDuration::from_mins(10);
/// Notes in that time, of all callers: at most some 4 MiB of the log in five weeks.
const NOTES: usize = 16;
/// Who, with what: kept no longer than an identity can be.
const WORDS_MAX: usize = 300;

/// A call that went no further.
#[derive(Clone, Copy, Debug)]
pub struct Denied<'a> {
    /// The caller, by name.
    pub by: &'a str,
    /// The method's own name.
    pub method: &'a str,
    /// It is not known who that is; otherwise it is known, and may not.
    pub unauthenticated: bool,
    /// In words.
    pub why: &'a str,
}

/// Every denial so far.
#[derive(Debug, Default)]
pub(super) struct Denials {
    unauthenticated: AtomicU64,
    not_allowed: AtomicU64,
    noted: Noted,
    /// Attempts that were turned away, noted as sparingly.
    pub(super) turned_away: Noted,
}

#[derive(Debug, Default)]
pub(super) struct Noted {
    stretch: Mutex<Stretch>,
    /// Since the last note, those that were not noted.
    unnoted: AtomicU64,
}

/// When it began, and who was noted in it.
#[derive(Debug, Default)]
struct Stretch {
    since: Timestamp,
    callers: HashSet<(String, String)>,
}

impl Noted {
    /// How many went unnoted before this one, if this one is to be noted.
    pub(super) fn take(&self, by: &str, method: &str, now: Timestamp) -> Option<u64> {
        if self.is_new(by, method, now) {
            return Some(self.unnoted.swap(0, Ordering::Relaxed));
        }
        self.unnoted.fetch_add(1, Ordering::Relaxed);
        None
    }

    /// Not while another is looked at: that may be on a thread that waits for an idle processor, and this on one that serves
    /// the network.
    fn is_new(&self, by: &str, method: &str, now: Timestamp) -> bool {
        let mut stretch = match self.stretch.try_lock() {
            Ok(stretch) => stretch,
            Err(TryLockError::Poisoned(stretch)) => stretch.into_inner(),
            Err(TryLockError::WouldBlock) => return false,
        };
        if now.duration_since(stretch.since).abs() >= AGAIN_AFTER {
            stretch.since = now;
            stretch.callers.clear();
        }
        stretch.callers.len() < NOTES && stretch.callers.insert((by.to_owned(), method.to_owned()))
    }
}

impl Loads {
    /// Counts a denial, and notes it in the audit log unless the like was noted just now. Does not wait for the disk.
    pub fn denied(&self, denied: Denied<'_>) {
        let Denied { by, method, unauthenticated, why } = denied;
        let count = if unauthenticated { &self.denials.unauthenticated } else { &self.denials.not_allowed };
        count.fetch_add(1, Ordering::Relaxed);
        let now = self.now();
        let Some(unnoted) = self.denials.noted.take(by, method, now) else { return };
        tracing::warn!(by, method, why, "a caller was denied");
        let bounded = |words: &str| words.chars().take(WORDS_MAX).collect::<String>();
        let (by, method, mut note) = (bounded(by), bounded(method), bounded(why));
        if unnoted > 0 {
            note = format!("{note}; {unnoted} denials before it were not noted");
        }
        self.note_later(AuditEvent::Denied, "", &by, &method, &note);
    }

    /// Denials since the start: of callers who are not known, and of those who are and may not.
    #[must_use]
    pub fn denials(&self) -> (u64, u64) {
        let Denials { unauthenticated, not_allowed, .. } = &self.denials;
        (unauthenticated.load(Ordering::Relaxed), not_allowed.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_noted_once_in_a_while_and_a_flood_does_not_fill_the_log() {
        let noted = Noted::default();
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let at = |minutes| start + SignedDuration::from_mins(minutes);
        assert_eq!(noted.take("a", "Submit", at(0)), Some(0));
        assert_eq!(noted.take("a", "Submit", at(1)), None);
        assert_eq!(noted.take("a", "Activate", at(2)), Some(1));
        assert_eq!(noted.take("b", "Submit", at(3)), Some(0));
        let many = (0..1000).filter(|caller| noted.take(&caller.to_string(), "Submit", at(4)).is_some()).count();
        assert_eq!(many, NOTES - 3);
        assert_eq!(noted.take("a", "Submit", at(10)), Some(1000 - 13));
        // A clock that is set back does not silence the log for good.
        assert_eq!(noted.take("a", "Submit", at(-60)), Some(0));
    }
}
