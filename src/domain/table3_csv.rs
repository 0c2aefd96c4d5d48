//! Reads Table 3 from its CSV, and refuses one that would let a wrong variant leave the service.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use super::{
    CspRegion, RegionMap, RegionVariants, Table3, Table3Row, UNKNOWN, UnknownRegion, VariantName, table3::NAME_MAX,
};

const HEADER: [&str; 4] = ["csp_region", "wan_variant", "description", "provenance"];

/// The table this project ships: `data/chism-annex-e.csv`.
const DEFAULT: &[u8] = include_bytes!("../../data/chism-annex-e.csv");

/// Why a file is not a valid Table 3. `line` counts from 1, the header row included.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages are the documentation")]
pub enum Table3Error {
    #[error("not readable as CSV: {0}")]
    Csv(#[from] csv::Error),
    #[error("line 1: the header row must be exactly {}", HEADER.join(","))]
    Header,
    #[error("line {line}, column csp_region: {source}")]
    Region { line: u64, source: UnknownRegion },
    #[error(
        "line {line}, column wan_variant: \"{}\" cannot be a variant's name: 1 to {NAME_MAX} printable ASCII \
         characters without outer spaces are wanted", .value.escape_debug()
    )]
    Name { line: u64, value: String },
    #[error("line {line}, column wan_variant: {region} has \"{name}\" already (names are unique ignoring case)")]
    Repeated { line: u64, region: CspRegion, name: VariantName },
    #[error(
        "line {line}, column wan_variant: Unknown stands for Central and South only (DP106), and this row gives it \
         to {region}; remove the row"
    )]
    UnknownElsewhere { line: u64, region: CspRegion },
    #[error("line {line}, column wan_variant: the variant is spelled \"{UNKNOWN}\", not \"{name}\"")]
    UnknownMisspelled { line: u64, name: VariantName },
    #[error("{0} has no row for the variant Unknown, which DP106 adds for Central and South; add one")]
    UnknownMissing(CspRegion),
    #[error("{0} has more than {max} variants", max = RegionVariants::MAX)]
    TooMany(CspRegion),
}

impl Table3 {
    /// The table that this project ships.
    ///
    /// # Errors
    /// None in a released build: a test reads it.
    pub fn shipped() -> Result<Self, Table3Error> {
        Self::from_csv(DEFAULT)
    }

    /// Reads `csp_region,wan_variant,description,provenance`, one row for each region and variant.
    ///
    /// # Errors
    /// [`Table3Error`] names the line and column at fault. Names are 1 to 30 printable ASCII characters without outer
    /// spaces, unique in their region ignoring case; `Unknown` stands for Central and South and for no other region.
    pub fn from_csv(csv: &[u8]) -> Result<Self, Table3Error> {
        let mut reader = csv::ReaderBuilder::new().from_reader(csv);
        if reader.headers()?.iter().ne(HEADER) {
            return Err(Table3Error::Header);
        }
        let mut rows = Vec::new();
        let mut seen = HashSet::new();
        for record in reader.records() {
            let record = record?;
            let line = record.position().map_or(0, csv::Position::line);
            let row = row(line, &record)?;
            if !seen.insert((row.region, row.name.as_str().to_ascii_lowercase())) {
                return Err(Table3Error::Repeated { line, region: row.region, name: row.name });
            }
            rows.push(row);
        }
        let regions = RegionMap::from_fn(|region| {
            let names = rows.iter().filter(|row| row.region == region).map(|row| &row.name);
            RegionVariants::new(region, names.filter(|name| name.as_str() != UNKNOWN).cloned().collect())
        });
        for (region, variants) in regions.iter() {
            if variants.confirmed().len() > RegionVariants::MAX {
                return Err(Table3Error::TooMany(region));
            }
            let listed = |row: &Table3Row| row.region == region && row.name.as_str() == UNKNOWN;
            if region.may_leave_variant_unconfirmed() && !rows.iter().any(listed) {
                return Err(Table3Error::UnknownMissing(region));
            }
        }
        Ok(Self { rows, regions, sha256: Sha256::digest(csv).into(), csv: csv.to_vec() })
    }
}

fn row(line: u64, record: &csv::StringRecord) -> Result<Table3Row, Table3Error> {
    let cell = |column: usize| record.get(column).unwrap_or_default();
    let region: CspRegion = cell(0).parse().map_err(|source| Table3Error::Region { line, source })?;
    let name = VariantName::new(cell(1))
        .ok_or_else(|| Table3Error::Name { line, value: cell(1).chars().take(60).collect() })?;
    if name.as_str().eq_ignore_ascii_case(UNKNOWN) {
        if !region.may_leave_variant_unconfirmed() {
            return Err(Table3Error::UnknownElsewhere { line, region });
        }
        if name.as_str() != UNKNOWN {
            return Err(Table3Error::UnknownMisspelled { line, name });
        }
    }
    Ok(Table3Row { region, name, description: cell(2).to_owned(), provenance: cell(3).to_owned() })
}

#[cfg(test)]
#[path = "table3_tests.rs"]
mod tests;
