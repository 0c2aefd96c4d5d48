//! `wan-matrix load`: one coverage file to one or more servers.

mod progress;
mod told;
mod upload;

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use super::{
    connect::Servers,
    coverage_file::CoverageFile,
    exit::{Exit, Failure},
    screen::{Output, Screen},
    words,
};
use crate::{domain::CspRegion, grpc::proto::CoverageLoadHeader, loads::Guard};

/// The file, what it is, and where it goes.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  wan-matrix load --region central --issued 2026-02-01T03:00:00Z central.csv
  wan-matrix load --region 4g-north --issued-from-mtime --reference 'week 6' 4g-north.csv.zst
  wan-matrix load --region south --issued-from-mtime south.csv.gz \\
      --server http://one:50051 --server http://two:50051
  wan-matrix load --region south --issued-from-mtime --dry-run south.csv
  wan-matrix load --region south --issued-from-mtime --base south-20260201T030000Z-0123456789ab changes.csv
  wan-matrix load --region south --issued-from-mtime --override growth --note 'two areas taken over' south.csv

The file is CSV, plain, gzip or zstd, told by its first bytes. The server checks
every row, and answers from the load from the moment this command says that it
is active. `wan-matrix check` does the file's part of the checks offline.

With --base the file is a delta: it has a column `change`, upsert or delete, and
holds only the locations that differ from the load that answers now. A delete names
its key alone: the UPRN, else the postcode and identifier, else the postcode.

Exit codes: 0 done on every server, 1 refused, 2 usage, 69 no server,
70 server error, 77 denied; with several servers the highest of theirs.")]
pub struct LoadArgs {
    /// The region the file speaks for: north, central, south, 4g-north, 4g-central or 4g-south
    #[arg(long, value_name = "REGION")]
    pub region: CspRegion,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it")]
    pub issued: Issued,
    /// Your own name for this load, kept and shown as given
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub reference: String,
    /// How many data rows the file holds, if you know: the server then refuses a file that was cut short
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..))]
    pub rows: Option<i64>,
    /// The load that the file changes, if it is a delta: the one its region answers from now
    #[arg(long, value_name = "ID")]
    pub base: Option<String>,
    /// Check, compare and judge the file, and keep nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Keep the load ready, for `loads activate`, and answer on from the one before
    #[arg(long, conflicts_with = "dry_run")]
    pub stage: bool,
    /// A guard that must not refuse this load; repeat it for several
    #[arg(long = "override", value_name = "GUARD", requires = "note", value_delimiter = ',')]
    pub overrides: Vec<Guard>,
    /// Why the guards may be overridden; kept with the load that they would have refused
    #[arg(long, value_name = "TEXT", requires = "overrides")]
    pub note: Option<String>,
    /// The coverage file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it")]
    pub servers: Servers,
    /// How to show the report
    #[arg(long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
}

/// When the CSP extracted the data: said, or taken from the file.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub struct Issued {
    /// When the CSP extracted the data, RFC 3339 (2026-02-01T03:00:00Z)
    #[arg(long = "issued", value_name = "TIME")]
    pub at: Option<Timestamp>,
    /// Take that time from the file's modification time
    #[arg(long = "issued-from-mtime")]
    pub from_mtime: bool,
}

/// Loads the file to each server in turn and writes each report. A server that fails does not keep the file from the
/// next.
///
/// # Errors
/// [`Failure`] when the file cannot be read or the output is closed. What the servers say is told on the way, and by
/// the exit code.
pub async fn run(args: LoadArgs, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    let file = CoverageFile::open(args.file).await?;
    let issue_time = match args.issued.at {
        Some(at) if at.subsec_nanosecond() != 0 => {
            return Err(Failure::Usage("--issued must be a whole second: 2026-02-01T03:00:00Z".to_owned()));
        }
        Some(at) => prost_types::Timestamp { seconds: at.as_second(), nanos: 0 },
        // A time of issue is a whole second, and part of the load's identity.
        None => prost_types::Timestamp { nanos: 0, ..file.modified()?.into() },
    };
    let header = CoverageLoadHeader {
        csp_region: words::region_number(args.region),
        issue_time: Some(issue_time),
        reference: args.reference,
        sha256: file.sha256().to_vec(),
        row_count: args.rows,
        encoding: words::encoding_number(file.encoding()),
        base_load_id: args.base.unwrap_or_default(),
        overrides: args.overrides.into_iter().map(words::guard_number).collect(),
        override_note: args.note.unwrap_or_default(),
        validate_only: args.dry_run,
        activate: args.stage.then_some(false),
    };
    let mut worst = Exit::Answered;
    for server in &args.servers.urls {
        let told = match upload::submit(server, header.clone(), &file, screen).await {
            Ok(reply) => told::submitted(&reply, &header, server, args.output, screen),
            Err(failure) => Err(failure),
        };
        let exit = match told {
            Ok(()) => Ok(Exit::Answered),
            Err(failure @ (Failure::Status { .. } | Failure::Unreachable { .. } | Failure::Answer { .. })) => {
                told::refused(&failure, server, args.output, screen).await.map(|()| failure.exit())
            }
            Err(failure) => Err(failure),
        };
        worst = worst.max(exit?);
    }
    screen.out.flush()?;
    Ok(worst)
}

#[cfg(test)]
mod tests;
