//! What differs between two loads, compared as fast as the caller takes it.

use std::sync::Arc;

use crate::{
    domain::{AddressIdentifier, Coverage, Location, Postcode, Said, Uprn},
    loads::Loads,
    store::{Change, ChangedLocation, Movement, Told},
};

use super::{
    comparing::{Comparing, PATIENCE},
    convert, error,
    failure::Failure,
    paced::{self, Paced},
    proto::{
        CoverageChange, CoverageChangeKind, CoverageFacts, CoverageMovement, StreamCoverageChangesRequest,
        StreamCoverageChangesResponse,
    },
};

/// What the RPC streams.
pub(super) type ChangeStream = Paced<StreamCoverageChangesResponse>;

/// The locations that differ between two loads, after one of them. The turn is let go when the last was taken; how long
/// that may take the gate bounds, as it does for every stream.
///
/// # Errors
/// Loads that cannot be compared are told at once; what goes wrong later ends the stream.
pub(super) async fn changes(
    loads: Arc<Loads>,
    request: StreamCoverageChangesRequest,
    comparing: &Comparing,
    caller: &str,
) -> Result<ChangeStream, Failure> {
    let resume = resume(&request)?;
    let StreamCoverageChangesRequest { before_load_id, after_load_id, .. } = request;
    let turn = comparing.turn(caller, PATIENCE).await?;
    let open = move || loads.changes(&before_load_id, &after_load_id, resume.as_ref());
    paced::stream(open, |location| StreamCoverageChangesResponse { change: Some(change(location)) }, turn).await
}

/// The location to resume behind, named by its key as a change names it.
fn resume(request: &StreamCoverageChangesRequest) -> Result<Option<Location>, Failure> {
    let StreamCoverageChangesRequest { after_postcode, after_uprn, after_address_identifier: identifier, .. } = request;
    if !after_uprn.is_empty() {
        let uprn = Uprn::parse(after_uprn).map_err(|malformed| error::after_uprn(&malformed))?;
        return Ok(Some(Location::Uprn(uprn)));
    }
    if after_postcode.is_empty() && identifier.is_empty() {
        return Ok(None);
    }
    let postcode = after_postcode.parse::<Postcode>().map_err(|malformed| error::after_postcode(&malformed))?;
    if identifier.is_empty() {
        return Ok(Some(Location::Postcode(postcode)));
    }
    let identifier = AddressIdentifier::parse_told(identifier);
    let identifier = identifier.map_err(|malformed| error::after_address_identifier(&malformed))?;
    Ok(Some(Location::Address(postcode, identifier)))
}

/// A location of which two loads do not say the same.
fn change(location: ChangedLocation) -> CoverageChange {
    let movements = location.movements().iter().map(|each| movement(each).into()).collect();
    let postcode = |postcode: Option<Postcode>| postcode.map(|postcode| postcode.to_string()).unwrap_or_default();
    let (postcode, postcode_before) = (postcode(location.postcode), postcode(location.postcode_before));
    let (uprn, address_identifier) = match location.location {
        Location::Postcode(_) => Default::default(),
        Location::Uprn(uprn) => (uprn.to_string(), String::new()),
        Location::Address(_, identifier) => (String::new(), identifier.as_str().to_owned()),
    };
    let (kind, before, after) = match location.change {
        Change::New { after } => (CoverageChangeKind::New, None, Some(after)),
        Change::Removed { before } => (CoverageChangeKind::Removed, Some(before), None),
        Change::Changed { before, after, .. } => (CoverageChangeKind::Changed, Some(before), Some(after)),
    };
    CoverageChange {
        postcode,
        kind: kind.into(),
        movements,
        before: before.map(facts),
        after: after.map(facts),
        uprn,
        address_identifier,
        postcode_before,
    }
}

fn facts(told: Told) -> CoverageFacts {
    let (availability_date, connectivity_likelihood) = match told.said {
        Said::Coverage(Coverage::From(from)) => {
            (Some(from.date.to_string()), convert::likelihood(from.likelihood).into())
        }
        Said::Coverage(Coverage::NonePlanned) | Said::SetAside => (None, 0),
    };
    CoverageFacts {
        availability_date,
        wan_variant: told.variant_name.as_deref().map(convert::wan_variant),
        connectivity_likelihood,
        auxiliary_equipment_required: told.auxiliary_equipment,
        additional_information: told.additional_information,
        set_aside: told.said == Said::SetAside,
    }
}

const fn movement(movement: Movement) -> CoverageMovement {
    match movement {
        Movement::CoverageGained => CoverageMovement::CoverageGained,
        Movement::CoverageLost => CoverageMovement::CoverageLost,
        Movement::UnknownToConfirmed => CoverageMovement::UnknownToConfirmed,
        Movement::ConfirmedToUnknown => CoverageMovement::ConfirmedToUnknown,
        Movement::VariantChanged => CoverageMovement::VariantChanged,
        Movement::DateEarlier => CoverageMovement::DateEarlier,
        Movement::DateLater => CoverageMovement::DateLater,
        Movement::LikelihoodChanged => CoverageMovement::LikelihoodChanged,
        Movement::TextsChanged => CoverageMovement::TextsChanged,
        Movement::PostcodeChanged => CoverageMovement::PostcodeChanged,
        Movement::NewlySetAside => CoverageMovement::NewlySetAside,
        Movement::NoLongerSetAside => CoverageMovement::NoLongerSetAside,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_movement_has_its_word_as_its_name() {
        for each in Movement::ALL {
            let name = movement(each).as_str_name().strip_prefix("COVERAGE_MOVEMENT_").unwrap();
            assert_eq!(name, each.words().to_uppercase().replace(' ', "_"));
        }
    }
}
