//! The rule, stated a second time and on nothing but the cells of a row: what the answer must be, field by field.

use wan_matrix::grpc::proto::{
    ConnectivityLikelihood, CoverageResolution, CoverageState, ErrorReason, RegionalCoverage, WanMatrix, WanVariant,
    WanVariantStatus, wan_matrix_result::Outcome,
};

use super::source::{Country, Place, Row};

const CENTRAL: i32 = 2;
const SOUTH: i32 = 3;

/// Whether an outcome is what the files say. An error's words are not compared, only what it is.
pub(super) fn agrees(outcome: Option<&Outcome>, place: Place, country: &Country, as_of: &str) -> bool {
    match (outcome, wan_matrix(place, country, as_of)) {
        (Some(Outcome::WanMatrix(answer)), Some(expected)) => *answer == expected,
        (Some(Outcome::Error(error)), None) => {
            error.code == i32::from(tonic::Code::NotFound)
                && error.reason() == ErrorReason::LocationNotInCoverage
                && !error.message.is_empty()
        }
        _ => false,
    }
}

/// What the files say of a place; nothing for one that is in none.
pub(super) fn wan_matrix(place: Place, country: &Country, as_of: &str) -> Option<WanMatrix> {
    let coverage: Vec<_> = country.rows(place).map(|(region, row)| regional(region, row, as_of)).collect();
    let matrix = WanMatrix { postcode: place.text().to_owned(), coverage, set_aside_regions: Vec::new() };
    (!matrix.coverage.is_empty()).then_some(matrix)
}

fn regional(region: i32, row: Row<'_>, as_of: &str) -> RegionalCoverage {
    let covered = !row.date.is_empty();
    // Both are YYYY-MM-DD, so their texts sort as days do.
    let state = match (covered, row.date <= as_of) {
        (false, _) => CoverageState::NonePlanned,
        (true, true) => CoverageState::Available,
        (true, false) => CoverageState::Planned,
    };
    RegionalCoverage {
        csp_region: region,
        state: state.into(),
        availability_date: covered.then(|| row.date.to_owned()),
        wan_variant: covered.then(|| variant(region, row.variant)),
        connectivity_likelihood: match row.likelihood {
            "" => ConnectivityLikelihood::Unspecified,
            "High" => ConnectivityLikelihood::High,
            "Medium" => ConnectivityLikelihood::Medium,
            "Low" => ConnectivityLikelihood::Low,
            other => panic!("a source file says {other:?}"),
        }
        .into(),
        auxiliary_equipment_required: row.auxiliary.to_owned(),
        additional_information: row.additional.to_owned(),
        resolution: CoverageResolution::Postcode.into(),
        uprn: String::new(),
        postcode: String::new(),
        premises_rows: 0,
    }
}

/// DP106: a space, or several, or nothing, or the word itself; in South and Central, and nowhere else.
fn variant(region: i32, cell: &str) -> WanVariant {
    let unknown = cell == "Unknown" || cell.chars().all(|character| character == ' ');
    assert!(!unknown || [CENTRAL, SOUTH].contains(&region), "a source file leaves a variant of region {region} open");
    let (name, status) =
        if unknown { ("Unknown", WanVariantStatus::Unconfirmed) } else { (cell, WanVariantStatus::Confirmed) };
    WanVariant { name: name.to_owned(), status: status.into() }
}
