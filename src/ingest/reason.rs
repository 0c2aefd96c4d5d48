//! Why a row was set aside, as callers see it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a row was set aside. The names and numbers are those of `RejectReason` in the proto.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are the documentation")]
#[repr(u8)]
pub enum RejectReason {
    RecordTooLong = 1,
    QuoteMisplaced,
    FieldCount,
    #[serde(rename = "NOT_UTF8")]
    NotUtf8,
    PostcodeMalformed,
    DateMalformed,
    DateOutOfRange,
    VariantNotListed,
    /// Only South and Central may leave a variant unconfirmed (DP106).
    VariantUnconfirmed,
    VariantWithoutDate,
    LikelihoodMissing,
    LikelihoodMalformed,
    LikelihoodWithoutDate,
    TextTooLong,
    TextControlCharacter,
    /// Another row of the same file says something else of the same location.
    RowsDisagree,
    /// In a delta file, what is to become of the row is neither `upsert` nor `delete`.
    ChangeMalformed,
    /// A delete carries more than what names its location.
    DeleteNotBare,
    /// A delete of a location that the base load does not have.
    DeleteUnknown,
    UprnMalformed,
    AddressIdentifierMalformed,
}

impl RejectReason {
    /// Every reason, in the order of the proto.
    pub const ALL: [Self; 21] = [
        Self::RecordTooLong,
        Self::QuoteMisplaced,
        Self::FieldCount,
        Self::NotUtf8,
        Self::PostcodeMalformed,
        Self::DateMalformed,
        Self::DateOutOfRange,
        Self::VariantNotListed,
        Self::VariantUnconfirmed,
        Self::VariantWithoutDate,
        Self::LikelihoodMissing,
        Self::LikelihoodMalformed,
        Self::LikelihoodWithoutDate,
        Self::TextTooLong,
        Self::TextControlCharacter,
        Self::RowsDisagree,
        Self::ChangeMalformed,
        Self::DeleteNotBare,
        Self::DeleteUnknown,
        Self::UprnMalformed,
        Self::AddressIdentifierMalformed,
    ];

    /// The reason's number in the proto, from 1.
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32
    }

    /// The reason's name in the proto, without its prefix (`ROWS_DISAGREE`).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RecordTooLong => "RECORD_TOO_LONG",
            Self::QuoteMisplaced => "QUOTE_MISPLACED",
            Self::FieldCount => "FIELD_COUNT",
            Self::NotUtf8 => "NOT_UTF8",
            Self::PostcodeMalformed => "POSTCODE_MALFORMED",
            Self::DateMalformed => "DATE_MALFORMED",
            Self::DateOutOfRange => "DATE_OUT_OF_RANGE",
            Self::VariantNotListed => "VARIANT_NOT_LISTED",
            Self::VariantUnconfirmed => "VARIANT_UNCONFIRMED",
            Self::VariantWithoutDate => "VARIANT_WITHOUT_DATE",
            Self::LikelihoodMissing => "LIKELIHOOD_MISSING",
            Self::LikelihoodMalformed => "LIKELIHOOD_MALFORMED",
            Self::LikelihoodWithoutDate => "LIKELIHOOD_WITHOUT_DATE",
            Self::TextTooLong => "TEXT_TOO_LONG",
            Self::TextControlCharacter => "TEXT_CONTROL_CHARACTER",
            Self::RowsDisagree => "ROWS_DISAGREE",
            Self::ChangeMalformed => "CHANGE_MALFORMED",
            Self::DeleteNotBare => "DELETE_NOT_BARE",
            Self::DeleteUnknown => "DELETE_UNKNOWN",
            Self::UprnMalformed => "UPRN_MALFORMED",
            Self::AddressIdentifierMalformed => "ADDRESS_IDENTIFIER_MALFORMED",
        }
    }
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_those_of_the_proto() {
        let proto = include_str!("../../proto/wanmatrix/v1/coverage_load_service.proto");
        let listed: Vec<_> = proto.lines().filter_map(|line| line.trim().strip_prefix("REJECT_REASON_")).collect();
        let mut ours = vec!["UNSPECIFIED = 0;".to_owned()];
        ours.extend(RejectReason::ALL.map(|reason| format!("{} = {};", reason.name(), reason.number())));
        assert_eq!(listed, ours);
    }

    #[test]
    fn json_uses_the_same_names() {
        for reason in RejectReason::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.name());
        }
    }
}
