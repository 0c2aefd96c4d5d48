//! How long calls took, in buckets that are the same for all.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Upper bounds in nanoseconds: a lookup takes some tens of microseconds, a national load minutes.
const BOUNDS: [u64; 18] = [
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    10_000_000_000,
    60_000_000_000,
    300_000_000_000,
];

/// Observed durations.
#[derive(Debug, Default)]
pub(super) struct Histogram {
    /// The last is of what is longer than every bound.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    nanos: AtomicU64,
}

impl Histogram {
    pub(super) fn observe(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.iter().position(|&bound| nanos <= bound).unwrap_or(BOUNDS.len());
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// The sum in seconds, the count, and each bucket's bound in seconds and count.
    pub(super) fn read(&self) -> (f64, u64, Vec<(f64, u64)>) {
        let bounds = BOUNDS.iter().map(|&bound| bound as f64 / 1e9).chain([f64::INFINITY]);
        let buckets: Vec<_> =
            bounds.zip(&self.buckets).map(|(bound, count)| (bound, count.load(Ordering::Relaxed))).collect();
        // Counted from the buckets, so that they agree while calls go on.
        let count = buckets.iter().map(|(_, count)| count).sum();
        (self.nanos.load(Ordering::Relaxed) as f64 / 1e9, count, buckets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_counted_in_the_first_bucket_that_holds_it() {
        let histogram = Histogram::default();
        for (nanos, bound) in [(0, 0.000_05), (50_000, 0.000_05), (50_001, 0.000_1), (2_000_000_000, 2.5)] {
            let before = histogram.read();
            histogram.observe(Duration::from_nanos(nanos));
            let after = histogram.read();
            let grown = before.2.iter().zip(&after.2).find(|(before, after)| before.1 != after.1).unwrap().1;
            assert_eq!((grown.0, after.1), (bound, before.1 + 1), "{nanos}");
            assert!((after.0 - before.0 - nanos as f64 / 1e9).abs() < 1e-9);
        }
        histogram.observe(Duration::from_secs(3600));
        assert_eq!(histogram.read().2.last(), Some(&(f64::INFINITY, 1)));
    }
}
