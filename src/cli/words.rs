//! The words for what generated types carry as numbers. A number this build does not know is said to be just that:
//! regions, states and reasons will grow.

use jiff::Timestamp;

use crate::{
    domain,
    grpc::proto::{
        ConnectivityLikelihood, CoverageChangeKind, CoverageLoadState, CoverageMovement, CoverageResolution,
        CoverageState, CspRegion, Encoding, ErrorReason, LoadGuard, RejectReason, WanVariantStatus,
    },
    ingest,
    loads::Guard,
};

/// Stands where there is nothing to say.
pub(super) const NOTHING: &str = "–";

/// As DUIS spells it.
pub(super) fn region(number: i32) -> String {
    let known = match CspRegion::try_from(number) {
        Ok(CspRegion::North) => domain::CspRegion::North,
        Ok(CspRegion::Central) => domain::CspRegion::Central,
        Ok(CspRegion::South) => domain::CspRegion::South,
        Ok(CspRegion::North4g) => domain::CspRegion::North4G,
        Ok(CspRegion::Central4g) => domain::CspRegion::Central4G,
        Ok(CspRegion::South4g) => domain::CspRegion::South4G,
        Ok(CspRegion::Unspecified) | Err(_) => return not_known(number),
    };
    known.name().to_owned()
}

/// The number the wire carries for a region.
pub(super) fn region_number(region: domain::CspRegion) -> i32 {
    match region {
        domain::CspRegion::North => CspRegion::North,
        domain::CspRegion::Central => CspRegion::Central,
        domain::CspRegion::South => CspRegion::South,
        domain::CspRegion::North4G => CspRegion::North4g,
        domain::CspRegion::Central4G => CspRegion::Central4g,
        domain::CspRegion::South4G => CspRegion::South4g,
    }
    .into()
}

/// `available`, `planned` or `none_planned`.
pub(super) fn state(number: i32) -> String {
    snake(number, CoverageState::try_from(number).ok().map(|state| state.as_str_name()), "COVERAGE_STATE_")
}

/// As DUIS spells it; empty when there is none.
pub(super) fn likelihood(number: i32) -> String {
    match ConnectivityLikelihood::try_from(number) {
        Ok(ConnectivityLikelihood::Unspecified) => String::new(),
        Ok(ConnectivityLikelihood::High) => domain::ConnectivityLikelihood::High.name().to_owned(),
        Ok(ConnectivityLikelihood::Medium) => domain::ConnectivityLikelihood::Medium.name().to_owned(),
        Ok(ConnectivityLikelihood::Low) => domain::ConnectivityLikelihood::Low.name().to_owned(),
        Err(_) => not_known(number),
    }
}

/// `confirmed` or `unconfirmed`.
pub(super) fn variant_status(number: i32) -> String {
    snake(number, WanVariantStatus::try_from(number).ok().map(|status| status.as_str_name()), "WAN_VARIANT_STATUS_")
}

/// `postcode` or `premises`; empty where a server does not say.
pub(super) fn resolution(number: i32) -> String {
    if number == 0 {
        return String::new();
    }
    let name = CoverageResolution::try_from(number).ok().map(|resolution| resolution.as_str_name());
    snake(number, name, "COVERAGE_RESOLUTION_")
}

/// `active`, `refused`, …
pub(super) fn load_state(number: i32) -> String {
    let name = CoverageLoadState::try_from(number).ok().map(|state| state.as_str_name());
    snake(number, name, "COVERAGE_LOAD_STATE_")
}

/// The number the wire carries for a guard.
pub(super) fn guard_number(guard: Guard) -> i32 {
    match guard {
        Guard::Rejects => LoadGuard::Rejects,
        Guard::CoverageLost => LoadGuard::CoverageLost,
        Guard::VariantChanged => LoadGuard::VariantChanged,
        Guard::Unknown => LoadGuard::Unknown,
        Guard::Shrink => LoadGuard::Shrink,
        Guard::Growth => LoadGuard::Growth,
        Guard::IssueOrder => LoadGuard::IssueOrder,
    }
    .into()
}

/// `coverage-lost`, …
pub(super) fn guard(number: i32) -> String {
    let name = LoadGuard::try_from(number).ok().map(|guard| guard.as_str_name());
    snake(number, name, "LOAD_GUARD_").replace('_', "-")
}

/// The number the wire carries for an encoding.
pub(super) fn encoding_number(encoding: ingest::Encoding) -> i32 {
    match encoding {
        ingest::Encoding::Identity => Encoding::Identity,
        ingest::Encoding::Gzip => Encoding::Gzip,
        ingest::Encoding::Zstd => Encoding::Zstd,
    }
    .into()
}

/// `gzip`, …
pub(super) fn encoding(number: i32) -> String {
    snake(number, Encoding::try_from(number).ok().map(|encoding| encoding.as_str_name()), "ENCODING_")
}

/// `postcode_malformed`, …
pub(super) fn reject_reason(number: i32) -> String {
    snake(number, RejectReason::try_from(number).ok().map(|reason| reason.as_str_name()), "REJECT_REASON_")
}

/// `new`, `changed` or `removed`.
pub(super) fn change_kind(number: i32) -> String {
    snake(number, CoverageChangeKind::try_from(number).ok().map(|kind| kind.as_str_name()), "COVERAGE_CHANGE_KIND_")
}

/// `unknown_to_confirmed`, …
pub(super) fn movement(number: i32) -> String {
    snake(number, CoverageMovement::try_from(number).ok().map(|moved| moved.as_str_name()), "COVERAGE_MOVEMENT_")
}

/// As ErrorInfo has it: `POSTCODE_MALFORMED`.
pub(super) fn error_reason(number: i32) -> String {
    snake(number, ErrorReason::try_from(number).ok().map(|reason| reason.as_str_name()), "ERROR_REASON_")
        .to_ascii_uppercase()
}

/// RFC 3339, in UTC.
pub(super) fn time(of: Option<prost_types::Timestamp>) -> String {
    of.map_or_else(String::new, |time| {
        // The service sends milliseconds at the finest; a reader wants seconds.
        Timestamp::new(time.seconds, 0).map_or_else(|_| not_known(0), |time| time.to_string())
    })
}

/// A count with its thousands apart.
pub(super) fn count(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut grouped = String::from(if number < 0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// The text, or a dash where a table would show a hole.
pub(super) fn or_dash(text: &str) -> &str {
    if text.is_empty() { NOTHING } else { text }
}

/// `none planned` for `none_planned`.
pub(super) fn spaced(word: &str) -> String {
    word.replace('_', " ")
}

fn snake(number: i32, name: Option<&'static str>, prefix: &str) -> String {
    match name {
        Some(name) if number != 0 => name.strip_prefix(prefix).unwrap_or(name).to_ascii_lowercase(),
        _ => not_known(number),
    }
}

fn not_known(number: i32) -> String {
    format!("not_known_{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_region_keeps_its_name_over_the_wire() {
        for known in domain::CspRegion::ALL {
            assert_eq!(region(region_number(known)), known.name());
        }
    }

    #[test]
    fn every_guard_keeps_its_name_over_the_wire() {
        for known in Guard::ALL {
            assert_eq!(guard(guard_number(known)), known.slug());
        }
    }

    #[test]
    fn numbers_of_a_later_contract_are_said_to_be_unknown() {
        assert_eq!(region(42), "not_known_42");
        assert_eq!(state(0), "not_known_0");
        assert_eq!(error_reason(4242), "NOT_KNOWN_4242");
        assert_eq!(likelihood(9), "not_known_9");
    }

    #[test]
    fn counts_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_745_849, "1,745,849"), (-1_000, "-1,000")] {
            assert_eq!(count(number), text);
        }
    }

    #[test]
    fn times_are_told_to_the_second() {
        assert_eq!(time(Some(prost_types::Timestamp { seconds: 1_767_225_600, nanos: 5 })), "2026-01-01T00:00:00Z");
        assert_eq!(time(None), "");
    }
}
