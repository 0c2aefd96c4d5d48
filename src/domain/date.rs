//! Calendar days between 2012-01-01 and 2099-12-31, in two bytes.

use std::{fmt, str::FromStr};

use jiff::civil;

use super::ShortText;

const FIRST_YEAR: i16 = 2012;
const LAST_YEAR: i16 = 2099;
/// Days from 2012-01-01 to 2099-12-31.
const LAST: u16 = 32_141;

/// A calendar day from 2012-01-01, before which no smart meter had a WAN, to 2099-12-31.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(u16);

/// The day from which Smart Metering WAN coverage is there; DUIS calls it `AnticipatedCoverageDate`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AvailabilityDate(pub Day);

/// A text that is not a day this service can speak of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DayError {
    /// Not `YYYY-MM-DD`, or no such day in the calendar.
    #[error("a date is written YYYY-MM-DD and must be a day of the calendar")]
    Malformed,
    /// A day of the calendar that cannot be meant.
    #[error("the date must lie between 2012-01-01 and 2099-12-31")]
    OutOfRange,
}

/// Days before each month of a year that does not leap, and before the next year.
const MONTHS: [u16; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];

/// Days of four years, from one that leaps to the next.
const FOUR_YEARS: u16 = 4 * 365 + 1;

/// Days before the year that is so many after 2012. Every fourth year leaps between 2012, which does, and 2099: 2000
/// and 2100 lie outside.
const fn first_of(years: u16) -> u16 {
    years * 365 + years.div_ceil(4)
}

impl Day {
    /// How many low bits of [`Day::number`] are used.
    pub const BITS: u32 = 15;

    /// Reads exactly `YYYY-MM-DD`.
    ///
    /// # Errors
    /// [`DayError::Malformed`] for any other form and for days the calendar does not have,
    /// [`DayError::OutOfRange`] for days before 2012 or after 2099.
    pub fn parse(text: &[u8]) -> Result<Self, DayError> {
        let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else {
            return Err(DayError::Malformed);
        };
        let digits = [y1, y2, y3, y4, m1, m2, d1, d2].map(|c| u16::from(c.wrapping_sub(b'0')));
        if digits.iter().any(|&digit| digit > 9) {
            return Err(DayError::Malformed);
        }
        let [y1, y2, y3, y4, m1, m2, d1, d2] = digits;
        let (year, month, day) = (y1 * 1000 + y2 * 100 + y3 * 10 + y4, m1 * 10 + m2, d1 * 10 + d2);
        Self::from_numbers(year, month, day)
    }

    fn from_numbers(year: u16, month: u16, day: u16) -> Result<Self, DayError> {
        let leaps = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let leap_day = u16::from(leaps && month > 2);
        let (Some(&before), Some(&after)) =
            (MONTHS.get(usize::from(month).wrapping_sub(1)), MONTHS.get(usize::from(month)))
        else {
            return Err(DayError::Malformed);
        };
        let days = after - before + u16::from(leaps && month == 2);
        if !(1..=days).contains(&day) {
            return Err(DayError::Malformed);
        }
        if !(FIRST_YEAR.unsigned_abs()..=LAST_YEAR.unsigned_abs()).contains(&year) {
            return Err(DayError::OutOfRange);
        }
        Ok(Self(first_of(year - FIRST_YEAR.unsigned_abs()) + before + leap_day + day - 1))
    }

    /// The same day of jiff's calendar.
    ///
    /// # Errors
    /// [`DayError::OutOfRange`] for days before 2012 or after 2099.
    pub fn from_civil(date: civil::Date) -> Result<Self, DayError> {
        if !(FIRST_YEAR..=LAST_YEAR).contains(&date.year()) {
            return Err(DayError::OutOfRange);
        }
        Ok(Self(first_of(date.year().abs_diff(FIRST_YEAR)) + date.day_of_year().unsigned_abs() - 1))
    }

    /// The same day in jiff's calendar.
    #[must_use]
    pub fn civil(self) -> civil::Date {
        civil::date(FIRST_YEAR, 1, 1).saturating_add(jiff::Span::new().days(i64::from(self.0)))
    }

    /// Year, month and day of the month.
    fn numbers(self) -> (u16, u16, u16) {
        let (fours, rest) = (self.0 / FOUR_YEARS, self.0 % FOUR_YEARS);
        // The first of the four leaps, and has the day more.
        let (year, day) = if rest < 366 { (0, rest) } else { ((rest - 1) / 365, (rest - 1) % 365) };
        let leaps = u16::from(year == 0);
        let before = |month: u16| MONTHS[usize::from(month)] + if month > 1 { leaps } else { 0 };
        // No month is longer than 31 days, so this is the month or the one before it.
        let guess = (day / 31).min(11);
        let month = if day >= before(guess + 1) { guess + 1 } else { guess };
        (FIRST_YEAR.unsigned_abs() + fours * 4 + year, month + 1, day - before(month) + 1)
    }

    /// ISO 8601: `2027-03-01`. Asked for with every answer, so it is worded without the calendar's help.
    #[must_use]
    pub fn iso(self) -> ShortText<10> {
        let (year, month, day) = self.numbers();
        let mut text = ShortText::new();
        for digit in [year / 1000, year / 100, year / 10, year] {
            text.push(b'0' + (digit % 10) as u8);
        }
        for number in [month, day] {
            text.push(b'-');
            text.push(b'0' + (number / 10) as u8);
            text.push(b'0' + (number % 10) as u8);
        }
        text
    }

    /// Days since 2012-01-01; only the low [`Day::BITS`] bits are used.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The inverse of [`Day::number`]; `None` past 2099.
    #[must_use]
    pub const fn from_number(number: u16) -> Option<Self> {
        if number <= LAST { Some(Self(number)) } else { None }
    }
}

/// ISO 8601: `2027-03-01`.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iso().fmt(f)
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Day({self})")
    }
}

impl fmt::Display for AvailabilityDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        Self::parse(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_the_range_round_trips() {
        let mut date = civil::date(2012, 1, 1);
        for number in 0..=LAST {
            let day = Day::from_number(number).unwrap();
            assert_eq!(day.civil(), date);
            assert_eq!(Day::from_civil(date), Ok(day));
            assert_eq!(Day::parse(day.to_string().as_bytes()), Ok(day));
            date = date.tomorrow().unwrap();
        }
        assert_eq!(date, civil::date(2100, 1, 1));
        assert_eq!(Day::from_number(LAST + 1), None);
    }

    #[test]
    fn only_the_exact_form_and_range_is_read() {
        use DayError::{Malformed, OutOfRange};
        for (text, error) in [
            ("", Malformed),
            (" ", Malformed),
            ("2020-1-01", Malformed),
            ("2020-01-01 ", Malformed),
            ("2020/01/01", Malformed),
            ("01/02/2020", Malformed),
            ("20200101", Malformed),
            ("2020-02-30", Malformed),
            ("2021-02-29", Malformed),
            ("2020-13-01", Malformed),
            ("2020-00-10", Malformed),
            ("+020-01-01", Malformed),
            ("２０２０-01-01", Malformed),
            ("2011-12-31", OutOfRange),
            ("2100-01-01", OutOfRange),
            ("0000-01-01", OutOfRange),
        ] {
            assert_eq!(text.parse::<Day>(), Err(error), "{text:?}");
        }
    }
}
