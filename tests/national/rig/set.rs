//! The postcodes, and the coverage files that `synth` makes for them.

use std::{
    fmt, fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};
use wan_matrix::{
    domain::{CspRegion, Postcode, Table3},
    synth::{invented, postcodes_from_file, write_files},
};

/// How many postcodes of Great Britain were live in November 2025.
const NATIONAL: u64 = 1_745_849;
/// Where they are, when they are there.
const REAL: &str = "../shared/data/gb-postcodes-2025-11.csv.zst";

/// Which postcodes.
#[derive(Clone, Debug)]
pub enum Postcodes {
    /// Those of a list.
    Listed(PathBuf),
    /// So many invented ones.
    Invented(u64),
}

/// A region's coverage file.
#[derive(Clone, Debug)]
pub struct CoverageFile {
    pub region: CspRegion,
    pub path: PathBuf,
    pub rows: u64,
    /// Of the rows.
    pub premises: u64,
    pub bytes: u64,
    pub sha256: [u8; 32],
}

impl Postcodes {
    /// The real ones if they are at hand, else as many invented ones.
    pub fn national() -> Self {
        let real = Path::new(env!("CARGO_MANIFEST_DIR")).join(REAL);
        if real.is_file() { Self::Listed(real) } else { Self::Invented(NATIONAL) }
    }

    /// Every postcode, in order.
    pub fn iter(&self) -> Box<dyn Iterator<Item = Postcode>> {
        match self {
            Self::Listed(path) => Box::new(postcodes_from_file(path).unwrap().map(Result::unwrap)),
            Self::Invented(count) => Box::new(invented(*count).unwrap()),
        }
    }

    /// Five coverage files for them; another seed gives other coverage.
    pub fn write(&self, directory: &Path, seed: u64) -> Vec<CoverageFile> {
        self.write_premises(directory, seed, 0)
    }

    /// The same with so many premises a postcode.
    pub fn write_premises(&self, directory: &Path, seed: u64, per_postcode: u32) -> Vec<CoverageFile> {
        let table3 = Table3::shipped().unwrap();
        let written = write_files(self.iter().map(Ok), directory, seed, per_postcode, &table3).unwrap();
        let file = |file: wan_matrix::synth::FileSummary| {
            let (bytes, sha256) = digest(&file.path);
            let (rows, premises) = (file.rows, file.premises);
            CoverageFile { region: file.region, path: file.path, rows, premises, bytes, sha256 }
        };
        written.into_iter().map(file).collect()
    }
}

/// A file's length and sha256; it may be larger than memory.
fn digest(path: &Path) -> (u64, [u8; 32]) {
    let (mut file, mut hash, mut bytes) = (fs::File::open(path).unwrap(), Sha256::new(), 0);
    let mut buffer = vec![0; 1 << 20];
    loop {
        let length = file.read(&mut buffer).unwrap();
        if length == 0 {
            return (bytes, hash.finalize().into());
        }
        hash.update(&buffer[..length]);
        bytes += length as u64;
    }
}

impl fmt::Display for Postcodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listed(path) => write!(f, "the postcodes of {}", path.file_name().unwrap().display()),
            Self::Invented(count) => write!(f, "{count} invented postcodes"),
        }
    }
}
