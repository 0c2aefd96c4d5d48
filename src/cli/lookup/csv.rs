//! Answers as rows: one for each input and region, the input first, `outcome` and `reason` always filled.

use std::io::Write;

use tonic::Code;

use super::{asking::Asked, outcome_of_miss};
use crate::{
    cli::{exit::Failure, words},
    grpc::proto::{CoverageSource, RegionalCoverage, WanMatrix, WanMatrixResult, wan_matrix_result::Outcome},
};

const COLUMNS: [&str; 17] = [
    "input",
    "outcome",
    "reason",
    "postcode",
    "csp_region",
    "state",
    "availability_date",
    "wan_variant",
    "wan_variant_status",
    "connectivity_likelihood",
    "auxiliary_equipment_required",
    "additional_information",
    "load_id",
    "as_of_date",
    "resolution",
    "uprn",
    "premises_rows",
];

pub(super) fn write_header(out: &mut dyn Write) -> Result<(), Failure> {
    let mut rows = csv::Writer::from_writer(out);
    rows.write_record(COLUMNS)?;
    Ok(rows.flush()?)
}

pub(super) fn write(out: &mut dyn Write, asked: &Asked) -> Result<(), Failure> {
    let mut rows = csv::Writer::from_writer(out);
    for (input, result) in asked.inputs.iter().zip(&asked.reply.results) {
        for row in rows_of(input, result, &asked.reply.sources, &asked.reply.as_of_date) {
            rows.write_record(row)?;
        }
    }
    Ok(rows.flush()?)
}

fn rows_of(
    input: &str,
    result: &WanMatrixResult,
    sources: &[CoverageSource],
    as_of: &str,
) -> Vec<[String; COLUMNS.len()]> {
    let row = |outcome: String, reason: String| {
        let mut row: [String; COLUMNS.len()] = Default::default();
        [row[0], row[1], row[2], row[13]] = [input.to_owned(), outcome, reason, as_of.to_owned()];
        row
    };
    let load_of = |region: i32| {
        sources
            .iter()
            .find(|source| source.csp_region == region)
            .map(|source| source.load_id.clone())
            .unwrap_or_default()
    };
    let answered = |matrix: &WanMatrix, of: &RegionalCoverage| {
        let state = words::state(of.state);
        let variant = of.wan_variant.as_ref();
        let mut row = row(state.clone(), "OK".to_owned());
        row[3] = if of.postcode.is_empty() { matrix.postcode.clone() } else { of.postcode.clone() };
        row[4] = words::region(of.csp_region);
        row[5] = state;
        row[6] = of.availability_date.clone().unwrap_or_default();
        row[7] = variant.map(|variant| variant.name.clone()).unwrap_or_default();
        row[8] = variant.map(|variant| words::variant_status(variant.status)).unwrap_or_default();
        row[9] = words::likelihood(of.connectivity_likelihood);
        row[10].clone_from(&of.auxiliary_equipment_required);
        row[11].clone_from(&of.additional_information);
        row[12] = load_of(of.csp_region);
        row[14] = words::resolution(of.resolution);
        row[15].clone_from(&of.uprn);
        if of.premises_rows > 0 {
            row[16] = of.premises_rows.to_string();
        }
        row
    };
    // A region whose row could not be used is a row too: its silence must not pass for "not covered there".
    let set_aside = |matrix: &WanMatrix, region: i32| {
        let mut row = row("location_set_aside".to_owned(), "LOCATION_SET_ASIDE".to_owned());
        [row[3], row[4], row[12]] = [matrix.postcode.clone(), words::region(region), load_of(region)];
        row
    };
    match &result.outcome {
        Some(Outcome::WanMatrix(matrix)) if !matrix.coverage.is_empty() => {
            let regions = matrix.coverage.iter().map(|of| answered(matrix, of));
            regions.chain(matrix.set_aside_regions.iter().map(|region| set_aside(matrix, *region))).collect()
        }
        miss => {
            let (outcome, reason) = outcome_of_miss(miss.as_ref());
            let mut row = row(outcome, reason);
            // A miss names the loads that were asked; for what is malformed, none was.
            if !matches!(miss, Some(Outcome::Error(error)) if error.code == i32::from(Code::InvalidArgument)) {
                row[12] = sources.iter().map(|source| source.load_id.as_str()).collect::<Vec<_>>().join(" ");
            }
            vec![row]
        }
    }
}
