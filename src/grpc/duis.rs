//! An answer as a DUIS document has it. The answer itself is the one of every other call.

use jiff::Timestamp;

use crate::{
    domain::{Coverage, CoverageState, CspRegion, Day, TextError, VariantName},
    duis::{
        Ask, BoundedText, Covered, DspWanMatrix, Outcome, RegionResponse, Request, Response, ResponseCodes, Unsayable,
    },
    store::Answer,
};

use super::{
    answer::Miss,
    error,
    failure::Failure,
    matrix::Matrix,
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
    answered: Result<Matrix<'_>, Miss>,
    codes: &ResponseCodes,
    now: Timestamp,
) -> Result<(Response, Option<WanMatrixError>), Failure> {
    match answered {
        Ok(matrix) => {
            let matrix = matrix_of(request, &matrix, codes).map_err(|misfit| error::misfit(&misfit))?;
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
#[derive(Debug, thiserror::Error)]
enum Misfit {
    #[error(transparent)]
    Unsayable(#[from] Unsayable),
    #[error("{region}: the WAN Variant {name:?}")]
    Variant { region: CspRegion, name: Option<String> },
    #[error("{region}: {source}")]
    Text { region: CspRegion, source: TextError },
}

fn matrix_of(request: &Request, matrix: &Matrix<'_>, codes: &ResponseCodes) -> Result<DspWanMatrix, Misfit> {
    let mut regions = Vec::with_capacity(matrix.coverage.len() + matrix.set_aside.len());
    for (coverage, answer) in &matrix.coverage {
        regions.push(region_of(*coverage, answer, matrix.as_of, codes)?);
    }
    for &region in &matrix.set_aside {
        regions.push(RegionResponse::without_block(region, codes.of(Outcome::RegionSetAside).clone()));
    }
    // Stable: several answers of a region stay in their order.
    regions.sort_by_key(RegionResponse::region);
    Ok(DspWanMatrix::new(request.ask.clone(), regions)?)
}

fn region_of(
    coverage: Coverage,
    answer: &Answer<'_>,
    as_of: Day,
    codes: &ResponseCodes,
) -> Result<RegionResponse, Misfit> {
    let region = answer.region;
    let Coverage::From(from) = coverage else {
        // Texts beside it are of the block, which is not there.
        return Ok(RegionResponse::without_block(region, codes.of(Outcome::RegionNonePlanned).clone()));
    };
    let name = answer.variant_name;
    let technology = name.and_then(VariantName::new);
    let text = |source| Misfit::Text { region, source };
    let covered = Covered {
        available: coverage.state(as_of) == CoverageState::Available,
        date: from.date,
        technology: technology.ok_or_else(|| Misfit::Variant { region, name: name.map(str::to_owned) })?,
        likelihood: from.likelihood,
        auxiliary_equipment: BoundedText::new(&*answer.auxiliary_equipment).map_err(text)?,
        additional_information: BoundedText::new(&*answer.additional_information).map_err(text)?,
    };
    Ok(RegionResponse::covered(region, codes.of(Outcome::RegionCovered).clone(), covered)?)
}

#[cfg(test)]
#[path = "duis_tests.rs"]
mod tests;
