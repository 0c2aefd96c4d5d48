//! What one region's CSP says of a place.

use super::{AvailabilityDate, Day, WanVariant};

/// How likely a hub is to connect there (DUIS 5.4, `ConnectivityLikelihood`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum ConnectivityLikelihood {
    High,
    Medium,
    Low,
}

/// A text that is not one of the three likelihoods.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the likelihood must be High, Medium or Low, spelled just so")]
pub struct LikelihoodMalformed;

impl ConnectivityLikelihood {
    /// Every likelihood, in DUIS's order.
    pub const ALL: [Self; 3] = [Self::High, Self::Medium, Self::Low];

    /// Reads the exact spelling.
    ///
    /// # Errors
    /// [`LikelihoodMalformed`] for anything else, an empty text included.
    pub fn parse(text: &[u8]) -> Result<Self, LikelihoodMalformed> {
        match text {
            b"High" => Ok(Self::High),
            b"Medium" => Ok(Self::Medium),
            b"Low" => Ok(Self::Low),
            _ => Err(LikelihoodMalformed),
        }
    }

    /// As DUIS spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::High => "High",
            Self::Medium => "Medium",
            Self::Low => "Low",
        }
    }
}

/// Known coverage of a place: none planned, or everything a visit needs to know. A variant or a likelihood without a
/// date cannot be said.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Coverage {
    /// The CSP knows the place and plans no coverage.
    NonePlanned,
    /// There is, or will be, coverage.
    From(From),
}

/// Coverage from a date on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct From {
    /// The Availability Date.
    pub date: AvailabilityDate,
    /// The WAN Variant, Unknown where the CSP cannot confirm it.
    pub variant: WanVariant,
    /// The likelihood of a connection.
    pub likelihood: ConnectivityLikelihood,
}

/// Coverage seen from the day of the planned visit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CoverageState {
    /// The Availability Date is that day or earlier.
    Available,
    /// The Availability Date is later.
    Planned,
    /// None is planned.
    NonePlanned,
}

impl Coverage {
    /// The state on the day of the visit.
    #[must_use]
    pub fn state(&self, as_of: Day) -> CoverageState {
        match self {
            Self::NonePlanned => CoverageState::NonePlanned,
            Self::From(from) if from.date.0 <= as_of => CoverageState::Available,
            Self::From(_) => CoverageState::Planned,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::CspRegion;

    #[test]
    fn the_day_of_the_visit_decides_between_available_and_planned() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        let coverage = Coverage::From(From {
            date: AvailabilityDate(day("2027-03-01")),
            variant: WanVariant::unknown(CspRegion::South).unwrap(),
            likelihood: ConnectivityLikelihood::High,
        });
        for (as_of, state) in [
            ("2027-02-28", CoverageState::Planned),
            ("2027-03-01", CoverageState::Available),
            ("2027-03-02", CoverageState::Available),
        ] {
            assert_eq!(coverage.state(day(as_of)), state, "{as_of}");
            assert_eq!(Coverage::NonePlanned.state(day(as_of)), CoverageState::NonePlanned);
        }
    }

    #[test]
    fn likelihoods_are_read_just_as_spelled() {
        for likelihood in ConnectivityLikelihood::ALL {
            assert_eq!(ConnectivityLikelihood::parse(likelihood.name().as_bytes()), Ok(likelihood));
        }
        for text in ["", " ", "high", "HIGH", "High ", "Certain"] {
            assert_eq!(ConnectivityLikelihood::parse(text.as_bytes()), Err(LikelihoodMalformed), "{text:?}");
        }
    }
}
