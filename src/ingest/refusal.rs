//! Why a row is set aside, with what its sender must know to put it right.

use std::fmt;

use super::{Column, Reject, RejectReason, split::QuoteFault};
use crate::domain::{
    AddressIdentifierError, DayError, LikelihoodMalformed, PostcodeError, RuleBreach, TextError, UprnError,
};

/// Why a row is set aside. Its text is built only for the rejects that are kept.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum Refusal<'a> {
    #[error(
        "the row is longer than {max} bytes; is a quote missing? Only this line is set aside, and the next is read as \
         a row of its own"
    )]
    TooLong { max: usize },
    #[error("{}", quote_message(*.fault))]
    Quote { fault: QuoteFault, column: Option<Column> },
    #[error(
        "a line break inside the field, which only the two free texts may hold; is a quote missing? Only this line is \
         set aside, and the next is read as a row of its own"
    )]
    LineBreak(Column),
    #[error(
        "{found} fields, and the header row has {wanted}; send every column, empty where nothing is said, and put a \
         text that holds a comma in quotes"
    )]
    FieldCount { found: usize, wanted: usize },
    #[error("bytes that are not UTF-8; save the file as UTF-8")]
    NotUtf8(Column),
    #[error("{0}")]
    Postcode(PostcodeError),
    #[error("{0}")]
    Uprn(UprnError),
    #[error("\"{}\": {error}", Quoted(.value))]
    AddressIdentifier { value: &'a str, error: AddressIdentifierError },
    #[error("\"{}\": {error}", Quoted(.value))]
    Date { value: &'a str, error: DayError },
    #[error("{0}")]
    Rule(RuleBreach),
    #[error("a likelihood must stand beside an Availability Date; send High, Medium or Low")]
    LikelihoodMissing,
    #[error("\"{}\": {LikelihoodMalformed}", Quoted(.0))]
    LikelihoodMalformed(&'a str),
    #[error(
        "a likelihood without an Availability Date; send the date, or leave both empty where no coverage is planned"
    )]
    LikelihoodWithoutDate,
    #[error("{error}; {}", text_advice(.error))]
    Text { column: Column, error: TextError },
    #[error("line {line} says something else of the same {grain}; send one row for it")]
    Disagrees { line: u32, grain: Grain },
    #[error("line {line} speaks of the same {grain} and was set aside; correct that line, and send one row for it")]
    BesideSetAside { line: u32, grain: Grain },
    #[error("\"{}\": the change must be upsert or delete, spelled just so", Quoted(.0))]
    ChangeMalformed(&'a str),
    #[error("a delete names its location and says nothing else; leave this field empty, or send upsert")]
    DeleteNotBare(Column),
    #[error(
        "the base load has no such location, so there is nothing to delete; correct {}, or leave the row out",
        key_of(*.0)
    )]
    DeleteUnknown(Grain),
}

/// What two rows speak of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Grain {
    Postcode,
    Premises,
}

impl fmt::Display for Grain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postcode => "postcode",
            Self::Premises => "premises",
        })
    }
}

impl Refusal<'_> {
    /// The reject, its row still to be kept.
    pub(super) fn reject(&self, line: u32) -> Reject {
        Reject {
            line,
            column: self.column(),
            reason: self.reason(),
            message: self.to_string(),
            row: Vec::new(),
            row_truncated: false,
        }
    }

    /// The reason, as callers see it.
    pub(super) const fn reason(&self) -> RejectReason {
        match self {
            Self::TooLong { .. } => RejectReason::RecordTooLong,
            Self::Quote { .. } | Self::LineBreak(_) => RejectReason::QuoteMisplaced,
            Self::FieldCount { .. } => RejectReason::FieldCount,
            Self::NotUtf8(_) => RejectReason::NotUtf8,
            Self::Postcode(_) => RejectReason::PostcodeMalformed,
            Self::Uprn(_) => RejectReason::UprnMalformed,
            Self::AddressIdentifier { .. } => RejectReason::AddressIdentifierMalformed,
            Self::Date { error: DayError::Malformed, .. } => RejectReason::DateMalformed,
            Self::Date { error: DayError::OutOfRange, .. } => RejectReason::DateOutOfRange,
            Self::Rule(RuleBreach::NotListed(_)) => RejectReason::VariantNotListed,
            Self::Rule(RuleBreach::Unconfirmed(_)) => RejectReason::VariantUnconfirmed,
            Self::Rule(RuleBreach::WithoutDate) => RejectReason::VariantWithoutDate,
            Self::LikelihoodMissing => RejectReason::LikelihoodMissing,
            Self::LikelihoodMalformed(_) => RejectReason::LikelihoodMalformed,
            Self::LikelihoodWithoutDate => RejectReason::LikelihoodWithoutDate,
            Self::Text { error: TextError::TooLong { .. }, .. } => RejectReason::TextTooLong,
            Self::Text { error: TextError::ControlCharacter(_), .. } => RejectReason::TextControlCharacter,
            Self::Disagrees { .. } | Self::BesideSetAside { .. } => RejectReason::RowsDisagree,
            Self::ChangeMalformed(_) => RejectReason::ChangeMalformed,
            Self::DeleteNotBare(_) => RejectReason::DeleteNotBare,
            Self::DeleteUnknown(_) => RejectReason::DeleteUnknown,
        }
    }

    /// The column at fault, if it is one column's.
    pub(super) const fn column(&self) -> Option<Column> {
        match self {
            // Several columns name a premises.
            Self::DeleteUnknown(Grain::Premises) => None,
            Self::TooLong { .. } | Self::FieldCount { .. } | Self::Disagrees { .. } | Self::BesideSetAside { .. } => {
                None
            }
            Self::Quote { column, .. } => *column,
            Self::LineBreak(column)
            | Self::NotUtf8(column)
            | Self::Text { column, .. }
            | Self::DeleteNotBare(column) => Some(*column),
            Self::Postcode(_) | Self::DeleteUnknown(Grain::Postcode) => Some(Column::Postcode),
            Self::Uprn(_) => Some(Column::Uprn),
            Self::AddressIdentifier { .. } => Some(Column::AddressIdentifier),
            Self::ChangeMalformed(_) => Some(Column::Change),
            Self::Date { .. } => Some(Column::AvailabilityDate),
            Self::Rule(_) => Some(Column::WanVariant),
            Self::LikelihoodMissing | Self::LikelihoodMalformed(_) | Self::LikelihoodWithoutDate => {
                Some(Column::ConnectivityLikelihood)
            }
        }
    }
}

const fn quote_message(fault: QuoteFault) -> &'static str {
    match fault {
        QuoteFault::InField => {
            "a quote in a field that does not begin with one; put the whole field in quotes and double each quote in it"
        }
        QuoteFault::TextAfter => {
            "something stands between a closing quote and the next comma; double each quote that is part of a field"
        }
        QuoteFault::NeverClosed => "a quote that is never closed; close it, or double it if it is part of the field",
    }
}

/// What the row's sender got wrong, when there is no such location.
const fn key_of(grain: Grain) -> &'static str {
    match grain {
        Grain::Postcode => "the postcode",
        Grain::Premises => "the UPRN, or without one the postcode and the address identifier",
    }
}

const fn text_advice(error: &TextError) -> &'static str {
    match error {
        TextError::TooLong { .. } => "shorten it",
        TextError::ControlCharacter(_) => "remove it",
    }
}

/// A value as sent, with nothing in it that could upset a terminal, and cut short.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 40;
        self.0.chars().take(SHOWN).try_for_each(|c| write!(f, "{}", c.escape_debug()))?;
        if self.0.chars().nth(SHOWN).is_some() { f.write_str("…") } else { Ok(()) }
    }
}
