//! What day it is where the installations are.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::domain::{Day, DayError};

use super::{error, failure::Failure};

/// Compiled in, so that an image without zone data does not answer for another day.
static LONDON: TimeZone = jiff::tz::get!("Europe/London");

/// Days as London has them: the latest one that was asked for is kept with its bounds, and the zone's rules are only
/// consulted when it is over.
///
/// One word holds it all: the second the day began, whether it has 23, 24 or 25 hours, and its number.
#[derive(Debug, Default)]
pub(super) struct London(AtomicU64);

const LENGTH_BITS: u32 = 2;
const SHORTEST_HOURS: u64 = 23;

impl London {
    /// The date in London.
    ///
    /// # Errors
    /// [`DayError::OutOfRange`] when the server's clock is not between 2012 and 2099.
    pub(super) fn day(&self, now: Timestamp) -> Result<Day, DayError> {
        let kept = self.0.load(Ordering::Relaxed);
        if let Some(day) = within(kept, now) {
            return Ok(day);
        }
        let date = LONDON.to_datetime(now).date();
        let day = Day::from_civil(date)?;
        if let Some(word) = word(date, day) {
            self.0.store(word, Ordering::Relaxed);
        }
        Ok(day)
    }

    /// The day a request is to be seen from: the one it names, or today.
    pub(super) fn as_of(&self, requested: &str, now: Timestamp) -> Result<Day, Failure> {
        if requested.is_empty() {
            return self.day(now).map_err(|_| error::clock(now));
        }
        Day::parse(requested.as_bytes()).map_err(error::as_of_date)
    }
}

fn within(word: u64, now: Timestamp) -> Option<Day> {
    let length = (word >> Day::BITS & ((1 << LENGTH_BITS) - 1)) + SHORTEST_HOURS;
    let start = word >> (Day::BITS + LENGTH_BITS);
    let since = u64::try_from(now.as_second()).ok()?.checked_sub(start)?;
    let number = u16::try_from(word & ((1 << Day::BITS) - 1)).ok()?;
    // A word of all zeros is the empty cache, and 1970 is no day of ours.
    if start > 0 && since < length * 3600 { Day::from_number(number) } else { None }
}

fn word(date: Date, day: Day) -> Option<u64> {
    // London's clocks change after one in the morning: every day has its midnight.
    let midnight = |date: Date| Some(LONDON.to_timestamp(date.at(0, 0, 0, 0)).ok()?.as_second());
    let start = midnight(date)?;
    let hours = u64::try_from((midnight(date.tomorrow().ok()?)? - start) / 3600).ok()?;
    let length = hours.checked_sub(SHORTEST_HOURS).filter(|&length| length >> LENGTH_BITS == 0)?;
    Some((u64::try_from(start).ok()? << LENGTH_BITS | length) << Day::BITS | u64::from(day.number()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_turns_at_londons_midnight() {
        let cases = [
            ("2026-01-15T00:00:00Z", "2026-01-15"),
            ("2026-01-15T23:59:59.999Z", "2026-01-15"),
            ("2026-01-16T00:00:00Z", "2026-01-16"),
            // Summer time: London is an hour ahead.
            ("2026-07-01T22:59:59Z", "2026-07-01"),
            ("2026-07-01T23:00:00Z", "2026-07-02"),
            // The clocks go forward at 01:00 on 29 March: that day has 23 hours.
            ("2026-03-28T23:59:59Z", "2026-03-28"),
            ("2026-03-29T00:00:00Z", "2026-03-29"),
            ("2026-03-29T22:59:59Z", "2026-03-29"),
            ("2026-03-29T23:00:00Z", "2026-03-30"),
            // They go back at 01:00 UTC on 25 October: 25 hours.
            ("2026-10-24T22:59:59Z", "2026-10-24"),
            ("2026-10-24T23:00:00Z", "2026-10-25"),
            ("2026-10-25T23:59:59Z", "2026-10-25"),
            ("2026-10-26T00:00:00Z", "2026-10-26"),
        ];
        // Kept across calls, and in both directions: a clock may be set back.
        let kept = London::default();
        for (now, day) in cases.iter().chain(cases.iter().rev()) {
            let now = now.parse().unwrap();
            assert_eq!(kept.day(now).unwrap().to_string(), *day, "{now}");
            assert_eq!(London::default().day(now).unwrap().to_string(), *day, "{now}, asked first");
        }
    }

    #[test]
    fn every_hour_of_a_year_has_the_day_the_zone_gives_it() {
        let kept = London::default();
        let start: Timestamp = "2027-12-31T22:30:00Z".parse().unwrap();
        for hour in 0..8800 {
            let now = start + jiff::SignedDuration::from_hours(hour);
            let date = LONDON.to_datetime(now).date();
            assert_eq!(kept.day(now).unwrap().civil(), date, "{now}");
            assert_eq!(within(kept.0.load(Ordering::Relaxed), now).unwrap().civil(), date, "{now}, kept");
        }
    }

    #[test]
    fn a_clock_that_is_far_off_is_not_believed() {
        for now in ["1970-01-01T00:00:00Z", "1969-01-01T00:00:00Z", "2200-01-01T00:00:00Z"] {
            assert_eq!(London::default().day(now.parse().unwrap()), Err(DayError::OutOfRange), "{now}");
        }
    }
}
