//! A share of a whole, compared exactly.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A share of a whole, to a ten-thousandth of one per cent: what a guard allows. It may be more than the whole.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Share {
    millionths: u32,
}

/// How many millionths one per cent is.
const PERCENT: u32 = 10_000;
const DECIMALS: usize = 4;

impl Share {
    /// A share in millionths of the whole.
    #[must_use]
    pub const fn millionths(millionths: u32) -> Self {
        Self { millionths }
    }

    /// A share in whole per cent.
    #[must_use]
    pub const fn percent(percent: u32) -> Self {
        Self { millionths: percent.saturating_mul(PERCENT) }
    }

    /// Whether a part of a whole is more than this share of it; nothing is never more.
    #[must_use]
    pub fn is_exceeded_by(self, part: u64, whole: u64) -> bool {
        part > self.of(whole)
    }

    /// The most of a whole that is not more than this share of it.
    #[must_use]
    pub fn of(self, whole: u64) -> u64 {
        let millionths = u128::from(whole) * u128::from(self.millionths);
        u64::try_from(millionths / 1_000_000).unwrap_or(u64::MAX)
    }
}

/// As it is written in a configuration: `0.1 %`.
impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:04}", self.millionths / PERCENT, self.millionths % PERCENT);
        write!(f, "{} %", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// A text that is not a share.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("\"{}\" is not a share; write it in per cent with up to four decimals, as 0.1 % or 25%", .0.escape_debug())]
pub struct ShareMalformed(String);

/// Reads `0.1 %` or `0.1%`. The sign is asked for, lest 0.1 be taken for a tenth.
impl FromStr for Share {
    type Err = ShareMalformed;

    fn from_str(text: &str) -> Result<Self, ShareMalformed> {
        let read = || {
            let number = text.strip_suffix('%')?.trim_end_matches(' ');
            let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
            let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            if !digits(whole) || !digits(decimals) || decimals.len() > DECIMALS {
                return None;
            }
            let millionths = format!("{decimals:0<DECIMALS$}").parse::<u32>().ok()?;
            whole.parse::<u32>().ok()?.checked_mul(PERCENT)?.checked_add(millionths)
        };
        read().map(Self::millionths).ok_or_else(|| ShareMalformed(text.chars().take(40).collect()))
    }
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shares_are_read_and_written_in_per_cent() {
        let cases = [("0.1 %", 1_000), ("0.1000%", 1_000), ("1 %", 10_000), ("25%", 250_000), ("0 %", 0)];
        let longer = [("0.0001 %", 1), ("100 %", 1_000_000), ("400.5 %", 4_005_000), ("007 %", 70_000)];
        for (text, millionths) in cases.into_iter().chain(longer) {
            assert_eq!(text.parse(), Ok(Share::millionths(millionths)), "{text}");
        }
        for text in [
            "",
            "%",
            " %",
            "0.1",
            "1",
            ".5 %",
            "1. %",
            "-1 %",
            "+1 %",
            "1,5 %",
            "0.00001 %",
            "1e2 %",
            "1 % ",
            "999999 %",
        ] {
            assert_eq!(text.parse::<Share>(), Err(ShareMalformed(text.to_owned())), "{text:?}");
        }
        let told = "0.5".parse::<Share>().unwrap_err().to_string();
        insta::assert_snapshot!(told, @r#""0.5" is not a share; write it in per cent with up to four decimals, as 0.1 % or 25%"#);
    }

    proptest! {
        #[test]
        fn every_share_reads_back(millionths: u32) {
            let share = Share::millionths(millionths);
            prop_assert_eq!(share.to_string().parse(), Ok(share));
            let json = serde_json::to_string(&share).unwrap();
            prop_assert_eq!(serde_json::from_str::<Share>(&json).unwrap(), share);
        }

        #[test]
        fn a_share_is_exceeded_exactly_where_the_fraction_is_greater(part: u64, whole: u64, millionths: u32, small in 0u64..300) {
            for (part, whole) in [(part, whole), (small, whole % 300), (whole / 100, whole)] {
                let greater = u128::from(part) * 1_000_000 > u128::from(whole) * u128::from(millionths);
                prop_assert_eq!(Share::millionths(millionths).is_exceeded_by(part, whole), greater);
            }
        }
    }
}
