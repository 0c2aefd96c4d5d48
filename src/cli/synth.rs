//! `wan-matrix synth`: a national set of synthetic CSP files.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use crate::{
    domain::{Table3, Table3Error},
    synth::{FileSummary, PER_POSTCODE_MAX, SynthError, invented, postcodes_from_file, write_files},
};

/// Write a national set of synthetic coverage files: north, central, south, 4g-central and 4g-south.
///
/// The coverage is invented. The same postcodes and seed always give the same rows.
#[derive(Debug, clap::Args)]
pub struct SynthArgs {
    #[command(flatten)]
    source: Source,
    /// The folder to write into; made if it is not there, files of the same names overwritten.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Another seed gives other coverage.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// So many premises rows a postcode on the average, in the files of North, Central and South.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=PER_POSTCODE_MAX as i64))]
    premises_per_postcode: u32,
}

/// Where the postcodes come from.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Source {
    /// A CSV file with a column `postcode`, plain or zstd.
    #[arg(long, value_name = "FILE")]
    postcodes: Option<PathBuf>,
    /// Invent so many well-formed postcodes.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

/// Why the set was not written.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages are the documentation")]
pub enum SynthFailure {
    #[error(transparent)]
    Synth(#[from] SynthError),
    #[error("Table 3 as shipped is not valid: {0}")]
    Table3(#[from] Table3Error),
    #[error("the files are written, and the summary could not be: {0}")]
    Summary(#[source] io::Error),
}

/// Writes the files and prints what is in them.
///
/// # Errors
/// [`SynthFailure`] for a list or a folder that cannot be used.
pub fn run(args: SynthArgs) -> Result<(), SynthFailure> {
    let files = write(args)?;
    io::stdout().lock().write_all(summary(&files).as_bytes()).map_err(SynthFailure::Summary)
}

fn write(args: SynthArgs) -> Result<Vec<FileSummary>, SynthFailure> {
    let SynthArgs { source: Source { postcodes, count }, out, seed, premises_per_postcode: premises } = args;
    let table3 = Table3::shipped()?;
    Ok(match postcodes {
        Some(list) => write_files(postcodes_from_file(&list)?, &out, seed, premises, &table3),
        None => write_files(invented(count.unwrap_or_default())?.map(Ok), &out, seed, premises, &table3),
    }?)
}

fn summary(files: &[FileSummary]) -> String {
    let line = |name: &str, cells: [String; 3]| {
        let [rows, none_planned, unknown] = cells;
        format!("{name:<16}{rows:>12}{none_planned:>15}{unknown:>10}\n")
    };
    let mut text = line("file", ["rows", "none planned", "Unknown"].map(str::to_owned));
    for file in files {
        let name = file.path.file_name().unwrap_or_default().to_string_lossy();
        text += &line(&name, [file.rows, file.none_planned, file.unknown].map(|n| n.to_string()));
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, FromArgMatches as _};

    use super::*;

    fn parse(args: &[&str]) -> Result<SynthArgs, clap::Error> {
        let command = SynthArgs::augment_args(clap::Command::new("synth"));
        SynthArgs::from_arg_matches(&command.try_get_matches_from([&["synth"], args].concat())?)
    }

    #[test]
    fn the_postcodes_come_from_one_place() {
        assert!(parse(&["--out", "d"]).is_err());
        assert!(parse(&["--out", "d", "--count", "5", "--postcodes", "f"]).is_err());
        assert!(parse(&["--count", "5"]).is_err());
        assert_eq!(parse(&["--out", "d", "--count", "5"]).unwrap().seed, 1);
        assert_eq!(parse(&["--out", "d", "--postcodes", "f", "--seed", "7"]).unwrap().seed, 7);
    }

    #[test]
    fn the_files_are_written_and_summed_up() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("new/set");
        let files = write(parse(&["--out", out.to_str().unwrap(), "--count", "2000"]).unwrap()).unwrap();
        assert!(files.iter().all(|file| file.path.is_file()));
        insta::assert_snapshot!(summary(&files), @"
        file                    rows   none planned   Unknown
        north.csv                710              3         0
        central.csv              512              2        10
        south.csv                797              5        19
        4g-central.csv           439              3         0
        4g-south.csv             683              2         0
        ");
        let list = out.join("north.csv");
        let args =
            ["--out", out.join("again").to_str().unwrap(), "--postcodes", list.to_str().unwrap()].map(str::to_owned);
        let again = write(parse(&args.each_ref().map(String::as_str)).unwrap()).unwrap();
        assert_eq!(std::fs::read(&again[0].path).unwrap(), std::fs::read(list).unwrap(), "a part gives the same rows");
    }
}
