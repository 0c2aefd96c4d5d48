//! Which response code stands for which outcome: one table, and what it must hold.

use std::fmt;

/// The table this project ships. What `E120101` to `E120103` mean is not public: its `provenance` column says which
/// rows are assumed, and configuration replaces the file.
const DEFAULT: &[u8] = include_bytes!("../../data/duis-response-codes.csv");

const HEADER: [&str; 4] = ["outcome", "code", "description", "provenance"];

/// A response code as DUIS writes them: a capital letter and one to six digits (`I0`, `E120101`).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ResponseCode(String);

impl ResponseCode {
    /// `None` for a text of another shape.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let (letter, digits) = text.split_at_checked(1)?;
        let good = letter.bytes().all(|letter| letter.is_ascii_uppercase())
            && (1..=6).contains(&digits.len())
            && digits.bytes().all(|digit| digit.is_ascii_digit());
        good.then(|| Self(text.to_owned()))
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ResponseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a response code stands for: the first four in a document's header, the rest beside a region.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Outcome {
    /// There is a WAN Matrix.
    Answered,
    /// The location is in no active load.
    NotInCoverage,
    /// The location cannot be one.
    Malformed,
    /// The location's only rows had to be set aside.
    SetAside,
    /// The region has, or will have, coverage.
    RegionCovered,
    /// The region plans none.
    RegionNonePlanned,
    /// The region's row had to be set aside, and another region answers.
    RegionSetAside,
}

impl Outcome {
    /// Every outcome, in the table's order.
    pub const ALL: [Self; 7] = [
        Self::Answered,
        Self::NotInCoverage,
        Self::Malformed,
        Self::SetAside,
        Self::RegionCovered,
        Self::RegionNonePlanned,
        Self::RegionSetAside,
    ];

    /// As the table's first column has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::NotInCoverage => "location_not_in_coverage",
            Self::Malformed => "location_malformed",
            Self::SetAside => "location_set_aside",
            Self::RegionCovered => "region_covered",
            Self::RegionNonePlanned => "region_none_planned",
            Self::RegionSetAside => "region_set_aside",
        }
    }
}

/// Outcomes that a reader of the document tells apart by their codes alone.
const TOLD_BY_CODE: [&[Outcome]; 2] = [
    &[Outcome::Answered, Outcome::NotInCoverage, Outcome::Malformed, Outcome::SetAside],
    // Neither has a block.
    &[Outcome::RegionNonePlanned, Outcome::RegionSetAside],
];

/// The code of every outcome, in the order of [`Outcome::ALL`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResponseCodes(Vec<ResponseCode>);

/// Why a file is no such table. `line` counts from 1, the header row included.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages are the documentation")]
pub enum ResponseCodesError {
    #[error("not readable as CSV: {0}")]
    Csv(#[from] csv::Error),
    #[error("line 1: the header row must be exactly {}", HEADER.join(","))]
    Header,
    #[error("line {line}, column outcome: \"{}\" is no outcome; the outcomes are {}", .value.escape_debug(), Outcomes)]
    Outcome { line: u64, value: String },
    #[error("line {line}, column outcome: {outcome} stands in the table already")]
    Repeated { line: u64, outcome: &'static str },
    #[error(
        "line {line}, column code: \"{}\" cannot be a response code: a capital letter and one to six digits are wanted",
        .value.escape_debug()
    )]
    Code { line: u64, value: String },
    #[error("the outcome {0} is missing; add a row for it")]
    Missing(&'static str),
    #[error("{0} and {1} have one code, and nothing else in a document would tell them apart")]
    Confused(&'static str, &'static str),
}

struct Outcomes;

impl fmt::Display for Outcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Outcome::ALL.map(Outcome::name).join(", "))
    }
}

impl ResponseCodes {
    /// The table that this project ships.
    ///
    /// # Errors
    /// None in a released build: a test reads it.
    pub fn shipped() -> Result<Self, ResponseCodesError> {
        Self::from_csv(DEFAULT)
    }

    /// Reads `outcome,code,description,provenance`, one row for each outcome.
    ///
    /// # Errors
    /// [`ResponseCodesError`] names the line and column at fault. Outcomes that nothing but their code tells apart must
    /// have different ones.
    pub fn from_csv(csv: &[u8]) -> Result<Self, ResponseCodesError> {
        let mut reader = csv::ReaderBuilder::new().from_reader(csv);
        if reader.headers()?.iter().ne(HEADER) {
            return Err(ResponseCodesError::Header);
        }
        let mut codes: [Option<ResponseCode>; 7] = Default::default();
        for record in reader.records() {
            let record = record?;
            let line = record.position().map_or(0, csv::Position::line);
            let cell = |column: usize| record.get(column).unwrap_or_default();
            let quoted = |value: &str| value.chars().take(40).collect();
            let Some(outcome) = Outcome::ALL.into_iter().find(|outcome| outcome.name() == cell(0)) else {
                return Err(ResponseCodesError::Outcome { line, value: quoted(cell(0)) });
            };
            let code = &mut codes[outcome as usize];
            if code.is_some() {
                return Err(ResponseCodesError::Repeated { line, outcome: outcome.name() });
            }
            let read = ResponseCode::new(cell(1));
            *code = Some(read.ok_or_else(|| ResponseCodesError::Code { line, value: quoted(cell(1)) })?);
        }
        let found = codes.into_iter().zip(Outcome::ALL);
        let codes = found.map(|(code, outcome)| code.ok_or(ResponseCodesError::Missing(outcome.name())));
        Self(codes.collect::<Result<_, _>>()?).told_apart()
    }

    fn told_apart(self) -> Result<Self, ResponseCodesError> {
        for group in TOLD_BY_CODE {
            for (place, &one) in group.iter().enumerate() {
                if let Some(&other) = group[..place].iter().find(|&&other| self.of(other) == self.of(one)) {
                    return Err(ResponseCodesError::Confused(other.name(), one.name()));
                }
            }
        }
        Ok(self)
    }

    /// The code of an outcome.
    #[must_use]
    pub fn of(&self, outcome: Outcome) -> &ResponseCode {
        &self.0[outcome as usize]
    }
}

#[cfg(test)]
#[path = "codes_tests.rs"]
mod tests;
