//! How slowly a file may come: while it does, others wait for their turn.

use std::time::Duration;

use crate::loads::GivenUp;

/// What a sender must keep to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct PaceLimits {
    /// The longest silence.
    pub(super) silence: Duration,
    /// Bytes a second, over all of the upload, once it has been waited for as long as a silence may last.
    pub(super) least_rate: u64,
}

/// One upload's pace. Only time that its sender is waited for counts, not time that this side takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    limits: PaceLimits,
    waited: Duration,
    bytes: u64,
}

impl Pace {
    pub(super) const fn new(limits: PaceLimits) -> Self {
        Self { limits, waited: Duration::ZERO, bytes: 0 }
    }

    /// How long the next message may be waited for, and what its sender is given up for when it has not come then.
    pub(super) fn patience(&self) -> (Duration, GivenUp) {
        let PaceLimits { silence, least_rate } = self.limits;
        let earned = Duration::from_secs_f64(self.bytes as f64 / least_rate.max(1) as f64);
        let left = (silence + earned).saturating_sub(self.waited);
        if left < silence { (left, GivenUp::TooSlow(least_rate)) } else { (silence, GivenUp::Silent(silence)) }
    }

    /// A message of so many bytes came after so long.
    pub(super) fn came(&mut self, after: Duration, bytes: usize) {
        self.waited += after;
        self.bytes += bytes as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: PaceLimits = PaceLimits { silence: Duration::from_secs(60), least_rate: 1_000 };

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_trickle_is_given_up_when_it_has_been_waited_for_as_long_as_a_silence() {
        let mut pace = Pace::new(LIMITS);
        assert_eq!(pace.patience(), (seconds(60), GivenUp::Silent(seconds(60))));
        for second in 1..=59 {
            // A byte at a time, well within the longest silence.
            pace.came(seconds(1), 1);
            let (left, why) = pace.patience();
            assert_eq!(why, GivenUp::TooSlow(1_000));
            assert!(left <= seconds(60 - second) + Duration::from_millis(60), "{left:?}");
        }
        pace.came(seconds(2), 1);
        assert_eq!(pace.patience().0, Duration::ZERO);
    }

    #[test]
    fn what_came_fast_earns_patience_and_a_steady_rate_is_never_given_up() {
        let mut pace = Pace::new(LIMITS);
        pace.came(seconds(1), 600_000);
        pace.came(seconds(59), 1);
        assert_eq!(pace.patience(), (seconds(60), GivenUp::Silent(seconds(60))));
        let mut steady = Pace::new(LIMITS);
        for _ in 0..10_000 {
            steady.came(seconds(10), 10_000);
            assert_eq!(steady.patience(), (seconds(60), GivenUp::Silent(seconds(60))));
        }
    }
}
