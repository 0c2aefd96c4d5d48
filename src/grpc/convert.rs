//! Domain values to and from the generated ones.

use jiff::Timestamp;

use crate::{
    domain::{ConnectivityLikelihood, CoverageState, CspRegion, UNKNOWN},
    ingest::{Encoding, RejectReason},
    loads::{Guard, LoadState},
};

use super::proto;

pub(super) const fn region(region: CspRegion) -> proto::CspRegion {
    match region {
        CspRegion::North => proto::CspRegion::North,
        CspRegion::Central => proto::CspRegion::Central,
        CspRegion::South => proto::CspRegion::South,
        CspRegion::North4G => proto::CspRegion::North4g,
        CspRegion::Central4G => proto::CspRegion::Central4g,
        CspRegion::South4G => proto::CspRegion::South4g,
    }
}

/// A number that stands for nothing in this version of the proto.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct NotKnown(pub(super) i32);

/// The region a request names; `None` when it leaves the field unspecified.
pub(super) fn requested_region(number: i32) -> Result<Option<CspRegion>, NotKnown> {
    match proto::CspRegion::try_from(number) {
        Ok(proto::CspRegion::Unspecified) => Ok(None),
        Ok(named) => Ok(CspRegion::ALL.into_iter().find(|&candidate| region(candidate) == named)),
        Err(_) => Err(NotKnown(number)),
    }
}

/// The state a request names; `None` when it leaves the field unspecified.
pub(super) fn requested_state(number: i32) -> Result<Option<LoadState>, NotKnown> {
    Ok(Some(match proto::CoverageLoadState::try_from(number).map_err(|_| NotKnown(number))? {
        proto::CoverageLoadState::Unspecified => return Ok(None),
        proto::CoverageLoadState::Staged => LoadState::Staged,
        proto::CoverageLoadState::Active => LoadState::Active,
        proto::CoverageLoadState::Superseded => LoadState::Superseded,
        proto::CoverageLoadState::Refused => LoadState::Refused,
        proto::CoverageLoadState::Damaged => LoadState::Damaged,
    }))
}

/// The encoding a header announces; unspecified means identity.
pub(super) fn requested_encoding(number: i32) -> Result<Encoding, NotKnown> {
    match proto::Encoding::try_from(number) {
        Ok(proto::Encoding::Unspecified | proto::Encoding::Identity) => Ok(Encoding::Identity),
        Ok(proto::Encoding::Gzip) => Ok(Encoding::Gzip),
        Ok(proto::Encoding::Zstd) => Ok(Encoding::Zstd),
        Err(_) => Err(NotKnown(number)),
    }
}

pub(super) const fn encoding(encoding: Encoding) -> proto::Encoding {
    match encoding {
        Encoding::Identity => proto::Encoding::Identity,
        Encoding::Gzip => proto::Encoding::Gzip,
        Encoding::Zstd => proto::Encoding::Zstd,
    }
}

pub(super) const fn load_state(state: LoadState) -> proto::CoverageLoadState {
    match state {
        LoadState::Staged => proto::CoverageLoadState::Staged,
        LoadState::Active => proto::CoverageLoadState::Active,
        LoadState::Superseded => proto::CoverageLoadState::Superseded,
        LoadState::Refused => proto::CoverageLoadState::Refused,
        LoadState::Damaged => proto::CoverageLoadState::Damaged,
        LoadState::DryRun => proto::CoverageLoadState::Unspecified,
    }
}

/// The guard a request names; `None` for the number that names none.
pub(super) fn requested_guard(number: i32) -> Result<Option<Guard>, NotKnown> {
    match proto::LoadGuard::try_from(number) {
        Ok(proto::LoadGuard::Unspecified) => Ok(None),
        Ok(named) => Ok(Guard::ALL.into_iter().find(|&candidate| guard(candidate) == named)),
        Err(_) => Err(NotKnown(number)),
    }
}

pub(super) const fn guard(guard: Guard) -> proto::LoadGuard {
    match guard {
        Guard::Rejects => proto::LoadGuard::Rejects,
        Guard::CoverageLost => proto::LoadGuard::CoverageLost,
        Guard::VariantChanged => proto::LoadGuard::VariantChanged,
        Guard::Unknown => proto::LoadGuard::Unknown,
        Guard::Shrink => proto::LoadGuard::Shrink,
        Guard::Growth => proto::LoadGuard::Growth,
        Guard::IssueOrder => proto::LoadGuard::IssueOrder,
    }
}

pub(super) const fn reject_reason(reason: RejectReason) -> proto::RejectReason {
    match reason {
        RejectReason::RecordTooLong => proto::RejectReason::RecordTooLong,
        RejectReason::QuoteMisplaced => proto::RejectReason::QuoteMisplaced,
        RejectReason::FieldCount => proto::RejectReason::FieldCount,
        RejectReason::NotUtf8 => proto::RejectReason::NotUtf8,
        RejectReason::PostcodeMalformed => proto::RejectReason::PostcodeMalformed,
        RejectReason::DateMalformed => proto::RejectReason::DateMalformed,
        RejectReason::DateOutOfRange => proto::RejectReason::DateOutOfRange,
        RejectReason::VariantNotListed => proto::RejectReason::VariantNotListed,
        RejectReason::VariantUnconfirmed => proto::RejectReason::VariantUnconfirmed,
        RejectReason::VariantWithoutDate => proto::RejectReason::VariantWithoutDate,
        RejectReason::LikelihoodMissing => proto::RejectReason::LikelihoodMissing,
        RejectReason::LikelihoodMalformed => proto::RejectReason::LikelihoodMalformed,
        RejectReason::LikelihoodWithoutDate => proto::RejectReason::LikelihoodWithoutDate,
        RejectReason::TextTooLong => proto::RejectReason::TextTooLong,
        RejectReason::TextControlCharacter => proto::RejectReason::TextControlCharacter,
        RejectReason::RowsDisagree => proto::RejectReason::RowsDisagree,
        RejectReason::ChangeMalformed => proto::RejectReason::ChangeMalformed,
        RejectReason::DeleteNotBare => proto::RejectReason::DeleteNotBare,
        RejectReason::DeleteUnknown => proto::RejectReason::DeleteUnknown,
        RejectReason::UprnMalformed => proto::RejectReason::UprnMalformed,
        RejectReason::AddressIdentifierMalformed => proto::RejectReason::AddressIdentifierMalformed,
    }
}

pub(super) const fn coverage_state(state: CoverageState) -> proto::CoverageState {
    match state {
        CoverageState::Available => proto::CoverageState::Available,
        CoverageState::Planned => proto::CoverageState::Planned,
        CoverageState::NonePlanned => proto::CoverageState::NonePlanned,
    }
}

pub(super) const fn likelihood(likelihood: ConnectivityLikelihood) -> proto::ConnectivityLikelihood {
    match likelihood {
        ConnectivityLikelihood::High => proto::ConnectivityLikelihood::High,
        ConnectivityLikelihood::Medium => proto::ConnectivityLikelihood::Medium,
        ConnectivityLikelihood::Low => proto::ConnectivityLikelihood::Low,
    }
}

/// A variant by its name in Table 3.
pub(super) fn wan_variant(name: &str) -> proto::WanVariant {
    proto::WanVariant { name: name.to_owned(), status: wan_variant_status(name).into() }
}

/// Unknown is the one variant that is not confirmed.
pub(super) fn wan_variant_status(name: &str) -> proto::WanVariantStatus {
    if name == UNKNOWN { proto::WanVariantStatus::Unconfirmed } else { proto::WanVariantStatus::Confirmed }
}

pub(super) fn timestamp(at: Timestamp) -> prost_types::Timestamp {
    let (seconds, nanos) = (at.as_second(), at.subsec_nanosecond());
    // jiff counts the fraction away from zero, the proto always upwards.
    if nanos < 0 {
        return prost_types::Timestamp { seconds: seconds - 1, nanos: nanos + 1_000_000_000 };
    }
    prost_types::Timestamp { seconds, nanos }
}

/// Counts are far below 2^63.
pub(super) fn count(of: u64) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_region_is_asked_for_by_the_number_it_answers_with() {
        for each in CspRegion::ALL {
            assert_eq!(requested_region(region(each).into()), Ok(Some(each)));
            // The proto names a 4G region the other way round, and the same otherwise.
            let name = region(each).as_str_name().trim_start_matches("CSP_REGION_").to_owned();
            let ours = each.slug().to_uppercase();
            let ours = ours.strip_prefix("4G-").map_or(ours.clone(), |rest| format!("{rest}_4G"));
            assert_eq!(name, ours);
        }
        assert_eq!(requested_region(0), Ok(None));
        assert_eq!(requested_region(7), Err(NotKnown(7)));
    }

    #[test]
    fn every_guard_is_asked_for_by_the_number_it_is_shown_with() {
        for each in Guard::ALL {
            assert_eq!(requested_guard(guard(each).into()), Ok(Some(each)));
            let name = format!("LOAD_GUARD_{}", each.slug().to_uppercase().replace('-', "_"));
            assert_eq!(guard(each).as_str_name(), name);
        }
        assert_eq!(requested_guard(0), Ok(None));
        assert_eq!(requested_guard(8), Err(NotKnown(8)));
    }

    #[test]
    fn reject_reasons_keep_their_names_and_numbers() {
        for reason in RejectReason::ALL {
            assert_eq!(i32::from(reject_reason(reason)), reason.number());
            assert_eq!(reject_reason(reason).as_str_name(), format!("REJECT_REASON_{}", reason.name()));
        }
    }

    #[test]
    fn a_moment_keeps_its_nanoseconds_before_1970_too() {
        for (text, seconds, nanos) in [
            ("2026-01-02T03:04:05.678Z", 1_767_323_045, 678_000_000),
            ("1969-12-31T23:59:59.25Z", -1, 250_000_000),
            ("1970-01-01T00:00:00Z", 0, 0),
        ] {
            let at = timestamp(text.parse().unwrap());
            assert_eq!((at.seconds, at.nanos), (seconds, nanos), "{text}");
        }
    }
}
