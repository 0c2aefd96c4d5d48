//! `wan-matrix load`: one coverage file to one or more servers.

mod progress;
mod upload;

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use super::{
    connect::{ServerUrl, Servers},
    coverage_file::CoverageFile,
    exit::{Exit, Failure},
    json::to_json,
    loads::rejects,
    report,
    screen::{Output, RowOutput, Screen},
    words,
};
use crate::{
    domain::CspRegion,
    grpc::proto::{CoverageLoadHeader, SubmitCoverageLoadResponse},
};

/// How many rejects a refused load shows; `loads rejects` has them all.
const REJECTS_SHOWN: usize = 10;

/// The file, what it is, and where it goes.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  wan-matrix load --region central --issued 2026-02-01T03:00:00Z central.csv
  wan-matrix load --region 4g-north --issued-from-mtime --reference 'week 6' 4g-north.csv.zst
  wan-matrix load --region south --issued-from-mtime south.csv.gz \\
      --server http://one:50051 --server http://two:50051

The file is CSV, plain, gzip or zstd, told by its first bytes. The server checks
every row, and answers from the load from the moment this command says that it
is active. `wan-matrix check` does the file's part of the checks offline.

Exit codes: 0 active on every server, 1 refused, 2 usage, 69 no server,
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
        ..CoverageLoadHeader::default()
    };
    let mut worst = Exit::Answered;
    for server in &args.servers.urls {
        let exit = match upload::submit(server, header.clone(), &file, screen).await {
            Ok(reply) => submitted(&reply, server, args.output, screen).map(|()| Exit::Answered),
            Err(failure @ (Failure::Status { .. } | Failure::Unreachable { .. } | Failure::Answer { .. })) => {
                refused(&failure, server, args.output, screen).await.map(|()| failure.exit())
            }
            Err(failure) => Err(failure),
        };
        worst = worst.max(exit?);
    }
    screen.out.flush()?;
    Ok(worst)
}

fn submitted(
    reply: &SubmitCoverageLoadResponse,
    server: &ServerUrl,
    output: Output,
    screen: &mut Screen<'_>,
) -> Result<(), Failure> {
    if output == Output::Json {
        return Ok(writeln!(screen.out, "{}", to_json(reply)?)?);
    }
    let load = reply.load.as_ref().ok_or_else(|| server.broke_contract("it took the file and names no load"))?;
    let state = words::spaced(&words::load_state(load.state));
    let already = if reply.already_present { " already; nothing changed" } else { "" };
    writeln!(screen.out, "{server}: {} is {state}{already}", super::plain::plain(&load.load_id))?;
    Ok(report::write(screen.out, load.report.as_ref())?)
}

/// Says why, and for a load that a guard refused, what was in it.
async fn refused(
    failure: &Failure,
    server: &ServerUrl,
    output: Output,
    screen: &mut Screen<'_>,
) -> Result<(), Failure> {
    let guarded = failure.reason().is_some_and(|reason| reason.starts_with("LOAD_GUARD_"));
    if let Some(load_id) = failure.metadata("load_id").filter(|_| guarded) {
        // The refusal stands whether or not its report can be had.
        if let Err(lost) = show_refused(&load_id, server, output, screen).await {
            if lost.is_quiet() {
                return Err(lost);
            }
            let _ = writeln!(screen.notes, "the report of the refused load cannot be shown: {lost}");
        }
    }
    screen.out.flush()?;
    // Best effort: the exit code says it too.
    let _ = writeln!(screen.notes, "error: {failure}");
    Ok(())
}

async fn show_refused(
    load_id: &str,
    server: &ServerUrl,
    output: Output,
    screen: &mut Screen<'_>,
) -> Result<(), Failure> {
    let load = super::loads::get(server, load_id).await?;
    if output == Output::Json {
        let reply = SubmitCoverageLoadResponse { load: Some(load), already_present: false };
        return Ok(writeln!(screen.out, "{}", to_json(&reply)?)?);
    }
    writeln!(screen.out, "{server}: {} is refused; nothing changed", super::plain::plain(load_id))?;
    report::write(screen.out, load.report.as_ref())?;
    writeln!(screen.out)?;
    rejects::write(server, load_id, 0, Some(REJECTS_SHOWN), RowOutput::Table, screen).await
}

#[cfg(test)]
mod tests;
