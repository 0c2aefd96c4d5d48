//! Canned answers about locations, by postcode: `AA1` is covered in some way, the rest of `AA` is in no active load, and
//! anything else is no postcode.

use tonic::Code;

use super::{CENTRAL_LOAD, at};
use crate::grpc::proto::{
    ConnectivityLikelihood, CoverageResolution, CoverageSource, CoverageState, CspRegion, ErrorReason,
    RegionalCoverage, WanMatrix, WanMatrixError, WanVariant, WanVariantStatus, wan_matrix_result::Outcome,
};

fn source(csp_region: CspRegion, load_id: &str, stale: bool) -> CoverageSource {
    CoverageSource {
        csp_region: csp_region.into(),
        load_id: load_id.to_owned(),
        issue_time: at(1_769_914_800),
        activation_time: at(1_769_918_400),
        reference: "week 6".to_owned(),
        stale,
    }
}

/// The loads that were asked.
pub(super) fn sources() -> Vec<CoverageSource> {
    vec![
        source(CspRegion::Central, CENTRAL_LOAD, false),
        source(CspRegion::South, "south-20260201T030000Z-00112233aabb", true),
        source(CspRegion::Central4g, "4g-central-20260201T030000Z-445566778899", false),
    ]
}

pub(super) fn covered(region: CspRegion, state: CoverageState, date: &str, variant: &str) -> RegionalCoverage {
    let unconfirmed = variant == "Unknown";
    let status = if unconfirmed { WanVariantStatus::Unconfirmed } else { WanVariantStatus::Confirmed };
    RegionalCoverage {
        csp_region: region.into(),
        state: state.into(),
        availability_date: Some(date.to_owned()),
        wan_variant: Some(WanVariant { name: variant.to_owned(), status: status.into() }),
        connectivity_likelihood: ConnectivityLikelihood::High.into(),
        resolution: CoverageResolution::Postcode.into(),
        ..RegionalCoverage::default()
    }
}

/// What is answered for one postcode.
pub(super) fn answer(text: &str) -> Outcome {
    let matrix = |postcode: &str, coverage: Vec<RegionalCoverage>, set_aside: &[CspRegion]| {
        let set_aside_regions = set_aside.iter().map(|region| (*region).into()).collect();
        Outcome::WanMatrix(WanMatrix { postcode: postcode.to_owned(), coverage, set_aside_regions })
    };
    let error = |code: Code, reason: ErrorReason, message: &str| {
        Outcome::Error(WanMatrixError { code: code.into(), reason: reason.into(), message: message.to_owned() })
    };
    let key = text.replace(' ', "").to_uppercase();
    let (available, planned) = (CoverageState::Available, CoverageState::Planned);
    match key.as_str() {
        "AA11AA" => {
            let central = RegionalCoverage {
                auxiliary_equipment_required: "Outdoor aerial".to_owned(),
                additional_information: "Meter cupboard, \"steel\" door".to_owned(),
                ..covered(CspRegion::Central, available, "2019-06-01", "Cellular and Mesh")
            };
            let central_4g = covered(CspRegion::Central4g, planned, "2027-01-15", "4G Cellular");
            matrix("AA1 1AA", vec![central, central_4g], &[])
        }
        "AA11AB" => matrix("AA1 1AB", vec![covered(CspRegion::South, available, "2020-01-01", "Unknown")], &[]),
        "AA11AD" => {
            let none = RegionalCoverage {
                csp_region: CspRegion::Central.into(),
                state: CoverageState::NonePlanned.into(),
                ..RegionalCoverage::default()
            };
            matrix("AA1 1AD", vec![none], &[CspRegion::South])
        }
        "AA11AE" => {
            let later = RegionalCoverage { csp_region: 42, state: 9, ..RegionalCoverage::default() };
            matrix("AA1 1AE", vec![later], &[])
        }
        _ if key.starts_with("AA1") => {
            matrix(text, vec![covered(CspRegion::South, planned, "2030-01-01", "Cellular")], &[])
        }
        _ if key.starts_with("AA") => {
            error(Code::NotFound, ErrorReason::LocationNotInCoverage, "AA9 9ZZ is in no active load")
        }
        _ => error(Code::InvalidArgument, ErrorReason::PostcodeMalformed, "not a postcode: \u{1b}[31mred"),
    }
}
