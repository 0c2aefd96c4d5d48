//! `wan-matrix check`: the file's part of a load's checks, without a server.

use std::{
    fs, io,
    io::{BufReader, Read, Seek},
    path::PathBuf,
    sync::atomic::AtomicBool,
};

use clap::Args;

use super::{
    coverage_file::CoverageFile,
    exit::{Exit, Failure},
    json::to_json,
    plain::plain,
    report,
    screen::{Output, Screen},
    words,
};
use crate::{
    domain::{CspRegion, Table3},
    grpc::proto::CoverageLoad,
    ingest::{self, ColumnFault, FileError, FileKind, Limits, Reject, Report},
    loads::{Against, GuardInput, Settings, judge as judge_by_guards},
};

/// How much of the file is read at once.
const READ: usize = 256 * 1024;

/// The file, and what to hold it against.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  wan-matrix check --region south south.csv
  wan-matrix check --region north --table3 annex-e.csv north.csv.gz --output json

It judges every row as a server with default limits does and prints the same
report. A file with a column `change` is judged as a delta. JSON is a wanmatrix.v1.CoverageLoad, as `loads show` prints it.

Exit codes: 0 the file would pass, 1 a server would refuse it, 2 usage,
78 the Table 3 cannot be used.")]
pub struct CheckArgs {
    /// The region the file speaks for: north, central, south, 4g-north, 4g-central or 4g-south
    #[arg(long, value_name = "REGION")]
    pub region: CspRegion,
    /// A Table 3 to hold the file against [default: the one this program ships]
    #[arg(long, value_name = "FILE")]
    pub table3: Option<PathBuf>,
    /// How many of the rows that are set aside to show
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub rejects: usize,
    /// How to show the report
    #[arg(long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
    /// The coverage file: CSV, plain, gzip or zstd
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// What reading the file came to.
struct Judged {
    kind: FileKind,
    report: Option<Report>,
    rejects: Vec<Reject>,
    decompressed: Option<u64>,
    refusal: Option<String>,
}

/// Checks and writes the report.
///
/// # Errors
/// [`Failure`] when the file or the Table 3 cannot be read, or the output is closed. A file that a server would refuse
/// is no failure: the exit code tells.
pub fn run(args: CheckArgs, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    let table3 = table3(args.table3)?;
    let file = CoverageFile::read(args.file)?;
    let settings = Settings::default();
    let judged = judge(&file, args.region, &table3, &settings)?;
    let exit = if judged.refusal.is_some() { Exit::Unanswered } else { Exit::Answered };
    match args.output {
        Output::Json => writeln!(screen.out, "{}", to_json(&as_load(&judged, &file, args.region, &table3))?)?,
        Output::Table => write(screen, &judged, args.rejects, &table3)?,
    }
    screen.out.flush()?;
    Ok(exit)
}

fn table3(path: Option<PathBuf>) -> Result<Table3, Failure> {
    let Some(path) = path else {
        return Table3::shipped().map_err(|error| Failure::Configuration(format!("Table 3 as shipped: {error}")));
    };
    let named = |error: &dyn std::fmt::Display| Failure::Configuration(format!("{}: {error}", path.display()));
    let csv = fs::read(&path).map_err(|error| named(&error))?;
    Table3::from_csv(&csv).map_err(|error| named(&error))
}

fn judge(file: &CoverageFile, region: CspRegion, table3: &Table3, settings: &Settings) -> Result<Judged, Failure> {
    let limits = Limits {
        max_decompressed: settings.max_decompressed,
        max_rows: settings.max_rows,
        ..Limits::new(std::env::temp_dir().join(format!("wan-matrix-check-{}.spill", std::process::id())))
    };
    let handle = file.handle();
    let decoded = || -> io::Result<Box<dyn Read + Send>> {
        let mut bytes = &*handle;
        bytes.rewind()?;
        ingest::decoder(file.encoding(), BufReader::with_capacity(READ, handle.try_clone()?))
    };
    let read = |kind| {
        let input = decoded().map_err(|source| FileError::Unreadable { after: 0, source })?;
        ingest::read(input, kind, table3.region(region), &limits, &AtomicBool::new(false))
    };
    let (kind, scanned) = match read(FileKind::Full) {
        Err(FileError::Header { faults, .. }) if faults.contains(&ColumnFault::ChangeWithoutBase) => {
            (FileKind::Delta, read(FileKind::Delta))
        }
        scanned => (FileKind::Full, scanned),
    };
    let mut decompressed = None;
    let ingested = scanned.and_then(|scanned| {
        decompressed = Some(scanned.bytes_decompressed());
        scanned.settle(decoded)
    });
    let (report, rejects, refusal) = match ingested {
        Ok(ingested) => {
            let refusal = refusal(file, kind, &ingested.report, settings);
            (Some(ingested.report), ingested.rejects, refusal)
        }
        Err(FileError::Disk { source, .. }) => return Err(Failure::Machine(source)),
        Err(error) => {
            let refusal = Some(error.to_string());
            match error {
                FileError::NoAcceptedRow(unaccepted) => (Some(unaccepted.report), unaccepted.rejects, refusal),
                _ => (None, Vec::new(), refusal),
            }
        }
    };
    Ok(Judged { kind, report, rejects, decompressed, refusal })
}

/// What a server with default settings refuses a readable file for.
fn refusal(file: &CoverageFile, kind: FileKind, report: &Report, settings: &Settings) -> Option<String> {
    if file.length() > settings.max_bytes_sent {
        return Some(format!("it is larger than the {} bytes a server takes", settings.max_bytes_sent));
    }
    // Without an active load the time of issue counts for nothing.
    let issue_time = jiff::Timestamp::UNIX_EPOCH;
    let delta = kind == FileKind::Delta;
    let input = GuardInput { delta, dry_run: false, report, issue_time, against: Against::Nothing };
    judge_by_guards(&input, &settings.thresholds).first().map(ToString::to_string)
}

fn as_load(judged: &Judged, file: &CoverageFile, region: CspRegion, table3: &Table3) -> CoverageLoad {
    let number = |own: u64| i64::try_from(own).unwrap_or(i64::MAX);
    CoverageLoad {
        csp_region: words::region_number(region),
        sha256: hex::encode(file.sha256()),
        encoding: words::encoding_number(file.encoding()),
        bytes_sent: number(file.length()),
        bytes_decompressed: number(judged.decompressed.unwrap_or_default()),
        wan_variants_sha256: hex::encode(table3.sha256()),
        report: judged.report.as_ref().map(report::to_proto),
        refusal: judged.refusal.clone().unwrap_or_default(),
        ..CoverageLoad::default()
    }
}

fn write(screen: &mut Screen<'_>, judged: &Judged, shown: usize, table3: &Table3) -> Result<(), Failure> {
    if let Some(report) = &judged.report {
        writeln!(screen.out, "{report}")?;
    }
    let rejects = judged.rejects.get(..shown).unwrap_or(&judged.rejects);
    if !rejects.is_empty() {
        let mut table = screen.table(["LINE", "COLUMN", "REASON", "MESSAGE"]);
        for reject in rejects {
            let column = reject.column.map_or_else(String::new, |column| column.to_string());
            let reason = words::spaced(&reject.reason.name().to_ascii_lowercase());
            let cells = [reject.line.to_string(), column, reason, reject.message.clone()];
            table.add_row(cells.map(|cell| plain(words::or_dash(&cell))));
        }
        screen.show(&table)?;
        let more = judged.rejects.len() - rejects.len();
        if more > 0 {
            writeln!(
                screen.out,
                "… and {} more; --rejects {} shows them",
                words::count(more as i64),
                judged.rejects.len()
            )?;
        }
        writeln!(screen.out)?;
    }
    match &judged.refusal {
        Some(refusal) => writeln!(screen.out, "a server would refuse this file: {}", plain(refusal))?,
        None => writeln!(screen.out, "the file passes all that can be checked without a server")?,
    }
    writeln!(
        screen.out,
        "\nonly a server can say\n  \
         - whether it serves the same Table 3: here {}\n  \
         - whether its limits are other than the defaults used here\n  \
         - whether it knows this load already, and was issued a later one\n  \
         - how the load compares with the one it answers from now (its other guards)",
        hex::encode(table3.sha256())
    )?;
    if judged.kind == FileKind::Delta {
        writeln!(screen.out, "  - whether the load that this delta changes is active, and has all that it deletes")?;
    }
    writeln!(screen.out, "`wan-matrix load --dry-run` asks one, and keeps nothing")?;
    Ok(())
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
