//! The sample coverage, compiled in: what `serve --sample` answers from.
//!
//! `data/sample/README.md` tells which postcode gives which outcome.

use crate::domain::CspRegion;

/// A coverage file, and what its CSP would announce it with.
#[derive(Clone, Copy, Debug)]
pub struct SampleFile {
    /// The region it is for.
    pub region: CspRegion,
    /// When its CSP would have extracted the data: RFC 3339. Fixed, so that the load's id is the same everywhere.
    pub issued: &'static str,
    /// The name its CSP would give the load.
    pub reference: &'static str,
    /// The CSV, uncompressed.
    pub bytes: &'static [u8],
}

/// Every sample file, by region. None has a row that is set aside.
pub const FILES: [SampleFile; 4] = [
    SampleFile {
        region: CspRegion::North,
        issued: "2025-12-01T02:00:00Z",
        reference: "sample-north",
        bytes: include_bytes!("../data/sample/north.csv"),
    },
    SampleFile {
        region: CspRegion::Central,
        issued: "2025-12-01T02:10:00Z",
        reference: "sample-central",
        bytes: include_bytes!("../data/sample/central.csv"),
    },
    SampleFile {
        region: CspRegion::South,
        issued: "2025-12-01T02:20:00Z",
        reference: "sample-south",
        bytes: include_bytes!("../data/sample/south.csv"),
    },
    SampleFile {
        region: CspRegion::Central4G,
        issued: "2025-12-01T02:30:00Z",
        reference: "sample-4g-central",
        bytes: include_bytes!("../data/sample/4g-central.csv"),
    },
];
