//! An answer as a DUIS document has it. The answer itself is the one of every other call.

use std::fmt;

use jiff::Timestamp;

use crate::{
    domain::{AvailabilityDate, ConnectivityLikelihood, CspRegion, Day, VariantName},
    duis::{Ask, BoundedText, Covered, DspWanMatrix, Outcome, RegionResponse, Request, Response, ResponseCodes},
};

use super::{
    answer::Miss,
    convert, error,
    failure::Failure,
    proto::{self, ErrorReason, PartialAddress, WanMatrixError, location::Kind},
};

/// What a document asks for, as any other call would ask for it.
pub(super) fn location_of(ask: &Ask) -> proto::Location {
    let kind = match ask {
        Ask::Uprn(uprn) => Kind::Uprn(uprn.to_string()),
        Ask::PartialAddress(address) => Kind::PartialAddress(PartialAddress {
            postcode: address.post_code().to_owned(),
            address_identifier: address.address_identifier().to_owned(),
        }),
    };
    proto::Location { kind: Some(kind) }
}

/// The response to a request, and beside one without a WAN Matrix the reason in words.
///
/// # Errors
/// A miss that says nothing of the location, but only that it cannot be told now, is no document.
pub(super) fn respond(
    request: &Request,
    answered: Result<proto::WanMatrix, Miss>,
    codes: &ResponseCodes,
    now: Timestamp,
) -> Result<(Response, Option<WanMatrixError>), Failure> {
    match answered {
        Ok(matrix) => {
            let matrix = matrix_of(request, matrix, codes).map_err(|unsayable| error::unsayable(&unsayable))?;
            Ok((Response::answered(request, matrix, codes, now), None))
        }
        Err(miss) => {
            let failure = error::miss(miss, "document");
            match outcome_of(failure.reason()) {
                Some(outcome) => Ok((Response::unanswered(request, outcome, codes, now), Some(failure.in_batch()))),
                None => Err(failure),
            }
        }
    }
}

/// The outcome that a document tells; `None` for what must not look like an answer about the location.
const fn outcome_of(reason: ErrorReason) -> Option<Outcome> {
    match reason {
        ErrorReason::LocationNotInCoverage | ErrorReason::UprnNotInCoverage => Some(Outcome::NotInCoverage),
        ErrorReason::PostcodeMalformed | ErrorReason::UprnMalformed | ErrorReason::AddressIdentifierMalformed => {
            Some(Outcome::Malformed)
        }
        ErrorReason::LocationSetAside => Some(Outcome::SetAside),
        _ => None,
    }
}

/// What an answer holds and a document does not take. It is this program's fault.
#[derive(Debug)]
struct Unsayable(String);

impl fmt::Display for Unsayable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Unsayable {
    fn because(error: impl fmt::Display) -> Self {
        Self(error.to_string())
    }
}

fn matrix_of(request: &Request, matrix: proto::WanMatrix, codes: &ResponseCodes) -> Result<DspWanMatrix, Unsayable> {
    let mut regions = Vec::with_capacity(matrix.coverage.len() + matrix.set_aside_regions.len());
    for said in matrix.coverage {
        regions.push(region_of(said, codes)?);
    }
    for number in matrix.set_aside_regions {
        regions.push(RegionResponse::without_block(region(number)?, codes.of(Outcome::RegionSetAside).clone()));
    }
    // Stable: several answers of a region stay in their order.
    regions.sort_by_key(RegionResponse::region);
    DspWanMatrix::new(request.ask.clone(), regions).map_err(Unsayable::because)
}

fn region_of(said: proto::RegionalCoverage, codes: &ResponseCodes) -> Result<RegionResponse, Unsayable> {
    let region = region(said.csp_region)?;
    let available = match said.state() {
        proto::CoverageState::Available => true,
        proto::CoverageState::Planned => false,
        proto::CoverageState::NonePlanned => {
            // Texts beside it are of the block, which is not there.
            return Ok(RegionResponse::without_block(region, codes.of(Outcome::RegionNonePlanned).clone()));
        }
        proto::CoverageState::Unspecified => return Err(Unsayable(format!("the state {}", said.state))),
    };
    let date = Day::parse(said.availability_date.unwrap_or_default().as_bytes()).map_err(Unsayable::because)?;
    let name = said.wan_variant.map(|variant| variant.name).unwrap_or_default();
    let covered = Covered {
        available,
        date: AvailabilityDate(date),
        technology: VariantName::new(&name).ok_or_else(|| Unsayable(format!("the variant {name:?}")))?,
        likelihood: likelihood(said.connectivity_likelihood)?,
        auxiliary_equipment: BoundedText::new(said.auxiliary_equipment_required).map_err(Unsayable::because)?,
        additional_information: BoundedText::new(said.additional_information).map_err(Unsayable::because)?,
    };
    RegionResponse::covered(region, codes.of(Outcome::RegionCovered).clone(), covered).map_err(Unsayable::because)
}

fn region(number: i32) -> Result<CspRegion, Unsayable> {
    convert::requested_region(number).ok().flatten().ok_or_else(|| Unsayable(format!("the region {number}")))
}

fn likelihood(number: i32) -> Result<ConnectivityLikelihood, Unsayable> {
    let named = |&likelihood: &ConnectivityLikelihood| i32::from(convert::likelihood(likelihood)) == number;
    ConnectivityLikelihood::ALL.into_iter().find(named).ok_or_else(|| Unsayable(format!("the likelihood {number}")))
}

#[cfg(test)]
#[path = "duis_tests.rs"]
mod tests;
