//! `active.json`: which load each region answers from. Renamed over as a whole, so that a flip is atomic and survives
//! `kill -9`.

use std::{collections::BTreeMap, fs, io};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::CspRegion;

use super::{Activated, DataDir, StoreError, durable};

const FORMAT: u32 = 1;

/// When a load was last activated, and by whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activation {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
}

/// The active loads, and when every retained load was last activated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActiveFile {
    format: u32,
    /// By region slug, the id of the load that answers.
    active: BTreeMap<String, String>,
    /// By load id.
    activated: BTreeMap<String, Activation>,
}

impl Default for ActiveFile {
    fn default() -> Self {
        Self { format: FORMAT, active: BTreeMap::new(), activated: BTreeMap::new() }
    }
}

impl ActiveFile {
    /// Reads the file; a directory without one has no active load.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] or [`StoreError::Format`] when it cannot be understood: it is never guessed at.
    pub fn read(data: &DataDir) -> Result<Self, StoreError> {
        let path = data.active_file();
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(StoreError::io("reading", path)(error)),
        };
        let file: Self =
            serde_json::from_slice(&bytes).map_err(|error| StoreError::damaged(&path, error.to_string()))?;
        if file.format != FORMAT {
            return Err(StoreError::Format { path, found: file.format, readable: FORMAT });
        }
        Ok(file)
    }

    /// Puts the file on disk; when this returns, a restart finds it.
    ///
    /// # Errors
    /// [`StoreError::Io`]; the file is then as it was before.
    pub fn write(&self, data: &DataDir) -> Result<(), StoreError> {
        durable::write_json(&data.active_file(), self)
    }

    /// Names the load that a region answers from.
    pub fn activate(&mut self, region: CspRegion, load_id: &str, activation: Activation) {
        self.active.insert(region.slug().to_owned(), load_id.to_owned());
        self.activated.insert(load_id.to_owned(), activation);
    }

    /// The load that a region answers from.
    #[must_use]
    pub fn active(&self, region: CspRegion) -> Option<&str> {
        self.active.get(region.slug()).map(String::as_str)
    }

    /// The loads that answer, and since when.
    #[must_use]
    pub fn answering(&self) -> Vec<Activated> {
        let activated = |region| {
            let load_id = self.active(region)?.to_owned();
            let activation = self.activated(&load_id)?.clone();
            Some(Activated { region, load_id, activation })
        };
        CspRegion::ALL.into_iter().filter_map(activated).collect()
    }

    /// When a load was last activated, and by whom.
    #[must_use]
    pub fn activated(&self, load_id: &str) -> Option<&Activation> {
        self.activated.get(load_id)
    }

    /// Forgets a load that is no longer retained.
    pub fn forget(&mut self, load_id: &str) {
        self.activated.remove(load_id);
    }
}
