//! `wan-matrix lookup`: the WAN Matrix of locations, few or millions.
//!
//! Locations are asked in batches of 1,000, a few at a time, and answered in the order given; memory does not grow with
//! their number. One day of the visit holds for the whole run.

mod asking;
mod csv;
mod heard;
mod inputs;
mod table;

use std::{io::Write, path::PathBuf};

use clap::Args;

use self::{
    asking::{Asked, By},
    heard::Heard,
};
use super::{
    connect::Server,
    exit::{Exit, Failure},
    json::to_json,
    screen::{RowOutput, Screen},
    words::count,
};
use crate::{
    domain::Day,
    grpc::proto::{WanMatrixResult, wan_matrix_result::Outcome},
};

/// What to look up, and how to show it.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  wan-matrix lookup 'SW1A 1AA'
  wan-matrix lookup sw1a1aa AA11AA --as-of 2027-03-01
  wan-matrix lookup --file visits.txt --output csv > answers.csv
  wan-matrix lookup 'SW1A 1AA, Flat 2'
  wan-matrix lookup --uprn 100023336956
  cut -d, -f2 jobs.csv | wan-matrix lookup --file - --output json

Every location has one of these outcomes, in CSV the second column:
  available, planned         covered on the day of the visit, or from a later day;
                             the variant may be Unknown (South and Central only)
  none_planned               the CSP knows the place and plans no coverage
  postcode_malformed, uprn_malformed, address_identifier_malformed
                             not answered: it names no place
  location_not_in_coverage, uprn_not_in_coverage
                             not answered: in no active load
  location_set_aside         not answered: the CSP's row could not be used
  coverage_incomplete        not answered: an expected region has no load

Exit codes: 0 every location answered, 1 some not, 2 usage, 69 no server,
70 server error, 77 denied.")]
pub struct LookupArgs {
    /// Postcodes, in any case and spacing; for one home, a comma and its house number or name after it
    #[arg(required_unless_present = "file", value_name = "LOCATION")]
    pub locations: Vec<String>,
    /// The locations are UPRNs
    #[arg(long)]
    pub uprn: bool,
    /// The day of the planned visit, YYYY-MM-DD [default: today in Great Britain]
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<Day>,
    /// A file of locations, one a line; - reads standard input
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// How to show the answers
    #[arg(long, value_enum, default_value_t = RowOutput::Table)]
    pub output: RowOutput,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it")]
    pub server: Server,
}

/// Looks every location up and writes the answers.
///
/// # Errors
/// [`Failure`] when the locations cannot be read, the server cannot be asked or fails, or the output is closed. A
/// location without an answer is no failure: it is written, and the exit code tells.
pub async fn run(args: LookupArgs, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    let LookupArgs { locations, uprn, as_of, file, output, server } = args;
    let by = if uprn { By::Uprn } else { By::Place };
    let inputs = inputs::batches(locations, file)?;
    let client = server.url.wan_matrix().await?;
    let as_of = as_of.map(|day| day.to_string()).unwrap_or_default();
    let mut answers = asking::ask(client, server.url, by, as_of, inputs);
    let mut heard = Heard::default();
    if output == RowOutput::Csv {
        csv::write_header(screen.out)?;
    }
    while let Some(asked) = answers.next().await {
        let asked = asked.inspect_err(|_| {
            // Best effort: the failure itself is what must be told.
            let _ = writeln!(screen.notes, "stopped after {} locations", count(heard.locations()));
        })?;
        heard.note(&asked);
        match output {
            RowOutput::Table => table::write(screen, &asked)?,
            RowOutput::Csv => csv::write(screen.out, &asked)?,
            RowOutput::Json => write_json(screen.out, asked)?,
        }
        // Whoever reads along sees every batch when it is answered.
        screen.out.flush()?;
    }
    // Rows for a program stay free of anything else.
    let footer = if output == RowOutput::Table { &mut *screen.out } else { &mut *screen.notes };
    heard.write(footer)?;
    screen.out.flush()?;
    Ok(if heard.all_answered() { Exit::Answered } else { Exit::Unanswered })
}

fn write_json(out: &mut dyn Write, asked: Asked) -> Result<(), Failure> {
    for (input, result) in asked.inputs.into_iter().zip(asked.reply.results) {
        writeln!(out, "{}", to_json(&WanMatrixResult { correlation_id: input, ..result })?)?;
    }
    Ok(())
}

/// The two columns that every row has: what became of the location, and the reason in ErrorInfo's spelling.
fn outcome_of_miss(outcome: Option<&Outcome>) -> (String, String) {
    let reason = match outcome {
        Some(Outcome::Error(error)) => super::words::error_reason(error.reason),
        // An answer of a kind that a later server may add, or with no region in it.
        _ => "NOT_KNOWN".to_owned(),
    };
    (reason.to_ascii_lowercase(), reason)
}

#[cfg(test)]
mod tests;
