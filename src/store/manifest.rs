//! `manifest.json`: where a load came from, what was in it, and what its rows must come to.

use std::{fs, path::Path};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    domain::CspRegion,
    ingest::{Encoding, Report},
};

use super::{Changes, StoreError, durable};

/// The version of everything in a load's directory. A new one comes with code that still reads the old.
pub const FORMAT: u32 = 1;
/// The version of a load with premises, which a server that does not know them must not answer from.
pub const FORMAT_PREMISES: u32 = 2;

const FILE: &str = "manifest.json";

/// A load's provenance, counts and digests. Digests are in hex.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The format of the load's directory: [`FORMAT`], or [`FORMAT_PREMISES`].
    pub format: u32,
    /// `<region>-<yyyymmddThhmmssZ>-<12 hex of the identity>`.
    pub load_id: String,
    /// The region the load speaks for.
    #[serde(with = "region")]
    pub region: CspRegion,
    /// When the CSP extracted the data.
    pub issue_time: Timestamp,
    /// The CSP's own name for the load.
    pub reference: String,
    /// When the first byte arrived.
    pub received: Timestamp,
    /// Who sent it.
    pub submitter: String,
    /// The load that a delta changes; absent for a full load.
    #[serde(default)]
    pub base_load_id: Option<String>,
    /// How the bytes were sent.
    #[serde(with = "encoding")]
    pub encoding: Encoding,
    /// The sha256 of the bytes as sent.
    pub sha256: String,
    /// The sha256 of the file itself, decompressed.
    pub content_sha256: String,
    /// The sha256 over region, kind, base, issue time, content and Table 3.
    pub identity: String,
    /// The sha256 of the Table 3 the load was judged against, kept beside this file.
    pub table3_sha256: String,
    /// How many bytes were sent.
    pub bytes_sent: u64,
    /// How many bytes the file has, decompressed.
    pub bytes_decompressed: u64,
    /// What was in the file.
    pub report: Report,
    /// What it would change or changed; absent where the region had no active load to compare it with.
    #[serde(default)]
    pub compared: Option<Compared>,
    /// The guards that stood against it, those that were overridden included.
    #[serde(default)]
    pub guards: Vec<GuardRecord>,
    /// Why an operator overrode guards; empty when none was overridden.
    #[serde(default)]
    pub override_note: String,
    /// It was to be kept ready, and not to be activated at once.
    #[serde(default)]
    pub staged: bool,
    /// What was packed; absent for a load that was refused.
    pub packed: Option<Packed>,
}

/// What the blocks of a sealed load hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packed {
    /// Rows about postcodes, the marks of set-aside ones included.
    pub rows: u64,
    /// Their blocks, one a sector.
    pub blocks: u64,
    /// Distinct pairs of texts.
    pub texts: u32,
    /// The sha256 over the logical rows: equal for two files that say the same in another order.
    pub rows_sha256: String,
    /// The sha256 over every key of the database and its value: what a database that is opened again is held against.
    pub blocks_sha256: String,
    /// Premises; absent where the load has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub premises: Option<PackedPremises>,
}

/// The premises of a sealed load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackedPremises {
    /// Rows, the marks of set-aside ones included.
    pub rows: u64,
    /// Of these, those that have a UPRN.
    pub uprns: u64,
    /// Postcodes that have premises.
    pub postcodes: u64,
    /// Blocks, by UPRN and by address.
    pub blocks: u64,
    /// The sha256 of the file of the blocks by UPRN.
    pub by_uprn_sha256: String,
    /// The sha256 of the file of the blocks by address.
    pub by_address_sha256: String,
}

impl Packed {
    /// The version of the directory that holds it.
    #[must_use]
    pub const fn format(&self) -> u32 {
        if self.premises.is_some() { FORMAT_PREMISES } else { FORMAT }
    }
}

/// What a load differs in from the one that was active when it was judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// The load that was active.
    pub with: String,
    /// The figures.
    pub changes: Changes,
}

/// A guard that stood against a load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardRecord {
    /// Its name.
    pub guard: String,
    /// What it measured.
    pub measured: String,
    /// What it allows.
    pub allowed: String,
    /// An operator let the load pass it.
    pub overridden: bool,
}

impl Manifest {
    /// What a load's id says of it, and nothing else: a load that came when it was issued, and brought nothing.
    #[must_use]
    pub fn of_id(load_id: String, region: CspRegion, issue_time: Timestamp) -> Self {
        Self {
            format: FORMAT,
            load_id,
            region,
            issue_time,
            reference: String::new(),
            received: issue_time,
            submitter: String::new(),
            base_load_id: None,
            encoding: Encoding::Identity,
            sha256: String::new(),
            content_sha256: String::new(),
            identity: String::new(),
            table3_sha256: String::new(),
            bytes_sent: 0,
            bytes_decompressed: 0,
            report: Report::default(),
            compared: None,
            guards: Vec::new(),
            override_note: String::new(),
            staged: false,
            packed: None,
        }
    }

    /// Locations that the load answers for. The report of a delta counts the rows of its file, and says nothing of what it
    /// and its base came to.
    #[must_use]
    pub fn answers(&self) -> u64 {
        self.merged().map_or(self.report.accepted, |changes| changes.answers_after)
    }

    /// Locations whose row had to be set aside, by this file or by what a delta was merged with.
    #[must_use]
    pub fn marks(&self) -> u64 {
        self.merged()
            .map_or(self.report.set_aside_locations, |changes| changes.after().saturating_sub(changes.answers_after))
    }

    /// Of these locations: premises.
    #[must_use]
    pub fn premises(&self) -> u64 {
        self.merged().map_or(self.report.premises, |changes| changes.premises_after)
    }

    /// Rows about premises that its blocks hold, marks included.
    #[must_use]
    pub fn premises_rows(&self) -> u64 {
        self.packed.as_ref().and_then(|packed| packed.premises.as_ref()).map_or(0, |premises| premises.rows)
    }

    /// What a delta made of its base.
    fn merged(&self) -> Option<&Changes> {
        self.base_load_id.as_ref()?;
        Some(&self.compared.as_ref()?.changes)
    }

    /// Writes it into a load's directory.
    pub(super) fn write(&self, directory: &Path) -> Result<(), StoreError> {
        durable::write_json(&directory.join(FILE), self)
    }

    /// Reads it from a load's directory.
    pub(super) fn read(directory: &Path) -> Result<Self, StoreError> {
        /// Read before the rest, which another format may have otherwise.
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        let path = directory.join(FILE);
        let bytes = fs::read(&path).map_err(StoreError::io("reading", &path))?;
        let damaged = |error: serde_json::Error| StoreError::damaged(&path, error.to_string());
        let Version { format } = serde_json::from_slice(&bytes).map_err(damaged)?;
        if !(FORMAT..=FORMAT_PREMISES).contains(&format) {
            return Err(StoreError::Format { path, found: format, readable: FORMAT_PREMISES });
        }
        serde_json::from_slice(&bytes).map_err(damaged)
    }
}

pub(super) mod region {
    //! A region by its slug.
    use serde::{Deserialize, Deserializer, Serializer, de};

    use crate::domain::CspRegion;

    pub(in crate::store) fn serialize<S: Serializer>(region: &CspRegion, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(region.slug())
    }

    pub(in crate::store) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<CspRegion, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

mod encoding {
    //! An encoding by its name.
    use serde::{Deserialize, Deserializer, Serializer, de};

    use crate::ingest::Encoding;

    pub(super) fn serialize<S: Serializer>(encoding: &Encoding, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(encoding.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Encoding, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}
