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
            serde_json::from_slice(&bytes).map_err(|error| StoreError::damaged(&path, what_to_do(&error)))?;
        if file.format != FORMAT {
            return Err(StoreError::Format { path, found: file.format, readable: FORMAT });
        }
        Ok(file)
    }

    /// Puts the file on disk; when this returns, a restart finds it.
    ///
    /// # Errors
    /// [`StoreError::Io`]; the file is then as it was before, or says this and is not known to be on disk.
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
/// It is written whole or not at all, so a crash does not leave it so.
fn what_to_do(error: &serde_json::Error) -> String {
    format!(
        "{error}; it names the load that each region answers from. Restore it from a backup of the directory, or move it away, \
         and submit each region's file again"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_file_is_never_guessed_at_and_its_reader_is_told_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::open(dir.path()).unwrap();
        assert_eq!(ActiveFile::read(&data).unwrap(), ActiveFile::default(), "no file, no active load");
        let mut file = ActiveFile::default();
        file.activate(CspRegion::South, "south-1", Activation { at: Timestamp::UNIX_EPOCH, by: "x".to_owned() });
        file.write(&data).unwrap();
        assert_eq!(ActiveFile::read(&data).unwrap(), file);
        let whole = fs::read(data.active_file()).unwrap();
        fs::write(data.active_file(), &whole[..whole.len() / 2]).unwrap();
        let error = ActiveFile::read(&data).unwrap_err();
        assert!(error.is_damage());
        let words = error.to_string();
        assert!(words.contains("active.json") && words.contains("Restore it from a backup"), "{words}");
    }
}
