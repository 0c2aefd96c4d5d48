//! The five files of a national set.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use super::{Synth, SynthError, SynthRow};
use crate::domain::{CspRegion, Postcode, Table3, UNKNOWN};

/// The regions that get a file; there is no 4G beside the North's network.
const REGIONS: [CspRegion; 5] =
    [CspRegion::North, CspRegion::Central, CspRegion::South, CspRegion::Central4G, CspRegion::South4G];

/// The columns of the contract, in the order written.
const COLUMNS: [&str; 6] = [
    "postcode",
    "availability_date",
    "wan_variant",
    "connectivity_likelihood",
    "auxiliary_equipment_required",
    "additional_information",
];

/// The columns of premises rows, after the others in the files that have some.
const PREMISES: [&str; 2] = ["uprn", "address_identifier"];

/// What was written for a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSummary {
    /// The region the file is for.
    pub region: CspRegion,
    /// The file.
    pub path: PathBuf,
    /// Data rows.
    pub rows: u64,
    /// Of these: about one premises.
    pub premises: u64,
    /// Of these: no coverage planned.
    pub none_planned: u64,
    /// Of these: a date, and a variant that is left unconfirmed, in whichever way.
    pub unknown: u64,
}

/// Writes `north.csv central.csv south.csv 4g-central.csv 4g-south.csv` into a folder, which is made if it is not there;
/// files of these names are overwritten. Rows come in the order of the postcodes, in bounded memory.
///
/// With `premises_per_postcode`, the rows of a postcode in the first three files are followed by those of its premises, so
/// many on the average, at most [`PER_POSTCODE_MAX`](super::PER_POSTCODE_MAX).
///
/// # Errors
/// The first error of `postcodes`, or [`SynthError::Write`]; what has been written until then stays.
pub fn write_files(
    postcodes: impl IntoIterator<Item = Result<Postcode, SynthError>>,
    out_dir: &Path,
    seed: u64,
    premises_per_postcode: u32,
    table3: &Table3,
) -> Result<Vec<FileSummary>, SynthError> {
    fs::create_dir_all(out_dir).map_err(|source| SynthError::Write { path: out_dir.to_owned(), source })?;
    let mut files = Vec::with_capacity(REGIONS.len());
    for region in REGIONS {
        files.push(CoverageFile::create(region, out_dir, premises_per_postcode > 0 && synth_has_premises(region))?);
    }
    let synth = Synth::new(seed);
    for postcode in postcodes {
        let postcode = postcode?;
        let text = postcode.to_string();
        for (region, row) in synth.rows(postcode, table3) {
            if let Some(file) = files.iter_mut().find(|file| file.summary.region == region) {
                file.write(&text, &row)?;
                if file.has_premises {
                    for premises in synth.premises(&row, region, premises_per_postcode, table3) {
                        file.write(&text, &premises)?;
                    }
                }
            }
        }
    }
    files.into_iter().map(CoverageFile::finish).collect()
}

struct CoverageFile {
    writer: csv::Writer<File>,
    summary: FileSummary,
    has_premises: bool,
}

/// Premises are of the older networks: whoever has a row for one has it there.
const fn synth_has_premises(region: CspRegion) -> bool {
    matches!(region, CspRegion::North | CspRegion::Central | CspRegion::South)
}

impl CoverageFile {
    fn create(region: CspRegion, out_dir: &Path, has_premises: bool) -> Result<Self, SynthError> {
        let path = out_dir.join(format!("{}.csv", region.slug()));
        let file = File::create(&path).map_err(|source| SynthError::Write { path: path.clone(), source })?;
        let writer = csv::WriterBuilder::new().buffer_capacity(1 << 16).from_writer(file);
        let summary = FileSummary { region, path, rows: 0, premises: 0, none_planned: 0, unknown: 0 };
        let mut file = Self { writer, summary, has_premises };
        file.record(COLUMNS, PREMISES)?;
        Ok(file)
    }

    fn write(&mut self, postcode: &str, row: &SynthRow<'_>) -> Result<(), SynthError> {
        self.summary.rows += 1;
        match row.availability_date {
            None => self.summary.none_planned += 1,
            Some(_) if row.wan_variant == UNKNOWN || row.wan_variant.trim().is_empty() => self.summary.unknown += 1,
            Some(_) => {}
        }
        let uprn = row.uprn.map(|uprn| uprn.to_string()).unwrap_or_default();
        let premises = [uprn.as_str(), row.address_identifier.as_str()];
        self.summary.premises += u64::from(premises != ["", ""]);
        let cells = [
            postcode,
            &row.availability_date.map(|date| date.to_string()).unwrap_or_default(),
            row.wan_variant,
            row.connectivity_likelihood.map_or("", |likelihood| likelihood.name()),
            row.auxiliary_equipment_required,
            &row.additional_information,
        ];
        self.record(cells, premises)
    }

    fn record(&mut self, cells: [&str; COLUMNS.len()], premises: [&str; 2]) -> Result<(), SynthError> {
        let premises = premises.into_iter().take(if self.has_premises { 2 } else { 0 });
        let written = self.writer.write_record(cells.into_iter().chain(premises));
        written.map_err(|error| SynthError::Write { path: self.summary.path.clone(), source: io::Error::from(error) })
    }

    fn finish(mut self) -> Result<FileSummary, SynthError> {
        match self.writer.flush() {
            Ok(()) => Ok(self.summary),
            Err(source) => Err(SynthError::Write { path: self.summary.path, source }),
        }
    }
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
