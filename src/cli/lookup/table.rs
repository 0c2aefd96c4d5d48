//! Answers for people.

use super::{asking::Asked, outcome_of_miss};
use crate::{
    cli::{exit::Failure, plain::plain, screen::Screen, words},
    grpc::proto::{CoverageResolution, RegionalCoverage, WanMatrixResult, wan_matrix_result::Outcome},
};

pub(super) fn write(screen: &mut Screen<'_>, asked: &Asked) -> Result<(), Failure> {
    let header = ["LOCATION", "REGION", "STATE", "FROM", "WAN VARIANT", "LIKELIHOOD", "NOTES"];
    let mut table = screen.table(header);
    for (input, result) in asked.inputs.iter().zip(&asked.reply.results) {
        for row in rows_of(input, result) {
            table.add_row(row.iter().map(|cell| plain(words::or_dash(cell))));
        }
    }
    Ok(screen.show(&table)?)
}

fn rows_of(input: &str, result: &WanMatrixResult) -> Vec<[String; 7]> {
    match &result.outcome {
        Some(Outcome::WanMatrix(matrix)) if !matrix.coverage.is_empty() => {
            let regions = matrix.coverage.iter().map(|of| answered(&matrix.postcode, of));
            let set_aside = matrix.set_aside_regions.iter().map(|region| {
                let note = "the CSP's row for it could not be used: `wan-matrix loads rejects` tells why";
                miss(&matrix.postcode, words::region(*region), "location set aside", note)
            });
            regions.chain(set_aside).collect()
        }
        none => {
            let message = match none {
                Some(Outcome::Error(error)) => error.message.as_str(),
                _ => "the server sent an answer this program does not know; a newer wan-matrix may",
            };
            let (outcome, _) = outcome_of_miss(none.as_ref());
            vec![miss(input, String::new(), &words::spaced(&outcome), message)]
        }
    }
}

fn answered(postcode: &str, of: &RegionalCoverage) -> [String; 7] {
    let mut notes = Vec::new();
    match of.premises_rows {
        0 => {}
        1 => notes.push("1 premises here has an answer of its own".to_owned()),
        premises => notes.push(format!("{} premises here have an answer of their own", words::count(premises.into()))),
    }
    if !of.auxiliary_equipment_required.is_empty() {
        notes.push(format!("bring: {}", of.auxiliary_equipment_required));
    }
    if !of.additional_information.is_empty() {
        notes.push(of.additional_information.clone());
    }
    let place = if of.postcode.is_empty() { postcode } else { &of.postcode };
    let premises = of.resolution() == CoverageResolution::Premises;
    [
        match (premises, of.uprn.as_str()) {
            (false, _) => place.to_owned(),
            (true, "") => format!("{place}, one premises"),
            (true, uprn) => format!("{place}, UPRN {uprn}"),
        },
        words::region(of.csp_region),
        words::spaced(&words::state(of.state)),
        of.availability_date.clone().unwrap_or_default(),
        of.wan_variant.as_ref().map(|variant| variant.name.clone()).unwrap_or_default(),
        words::likelihood(of.connectivity_likelihood),
        notes.join("; "),
    ]
}

fn miss(location: &str, region: String, state: &str, note: &str) -> [String; 7] {
    let none = String::new;
    [location.to_owned(), region, state.to_owned(), none(), none(), none(), note.to_owned()]
}
