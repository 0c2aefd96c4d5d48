//! `audit.jsonl`: what was done to the coverage, by whom and when; appended to, never rewritten.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;
use serde::Serialize;

use super::{DataDir, StoreError, durable};

/// The log is put aside when it has grown to this many bytes: some ten thousand lines.
const ROTATE_AT: u64 = 4 << 20;
/// Files put aside that are kept, the newest first: `audit.1.jsonl` and on.
const KEPT: u32 = 9;

/// One line of the log.
#[derive(Clone, Debug, Serialize)]
pub struct AuditLine<'a> {
    /// When.
    pub time: Timestamp,
    /// What.
    pub event: AuditEvent,
    /// The region it concerns, by slug.
    pub region: &'a str,
    /// The load it concerns; empty before a load has an id.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub load_id: &'a str,
    /// Who did it.
    pub by: &'a str,
    /// Why, in words: a refusal's, or an operator's note.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub note: &'a str,
}

/// What can be done to the coverage.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuditEvent {
    /// A load was sealed.
    Loaded,
    /// A load became the one its region answers from.
    Activated,
    /// A load was refused, and left a record.
    Refused,
    /// An upload ended without a load: broken off, or not as announced.
    Failed,
    /// A load was judged and, as was asked, nothing of it kept.
    DryRun,
    /// An operator overrode a guard for one load.
    Overridden,
    /// A load's directory was removed.
    Deleted,
}

/// The log of one data directory.
#[derive(Debug)]
pub struct AuditLog {
    root: PathBuf,
    file: Mutex<()>,
    rotate_at: u64,
}

impl AuditLog {
    /// The log of a data directory.
    #[must_use]
    pub fn new(data: &DataDir) -> Self {
        Self { root: data.root().to_owned(), file: Mutex::new(()), rotate_at: ROTATE_AT }
    }

    /// Appends a line and waits until it is on disk.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn append(&self, line: &AuditLine<'_>) -> Result<(), StoreError> {
        let path = current(&self.root);
        let mut text = serde_json::to_vec(line).map_err(|error| StoreError::damaged(&path, error.to_string()))?;
        text.push(b'\n');
        let _one_at_a_time = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file =
            File::options().create(true).append(true).open(&path).map_err(StoreError::io("opening", &path))?;
        let writing = || StoreError::io("writing", &path);
        // One write a line: a line is whole or, after a crash, the last one and cut short.
        file.write_all(&text).map_err(writing())?;
        file.sync_data().map_err(writing())?;
        if file.metadata().map_err(writing())?.len() >= self.rotate_at { self.rotate() } else { Ok(()) }
    }

    fn rotate(&self) -> Result<(), StoreError> {
        for number in (1..KEPT).rev() {
            let from = put_aside(&self.root, number);
            if from.exists() {
                fs::rename(&from, put_aside(&self.root, number + 1)).map_err(StoreError::io("renaming", &from))?;
            }
        }
        durable::rename(&current(&self.root), &put_aside(&self.root, 1))
    }
}

fn current(root: &Path) -> PathBuf {
    root.join("audit.jsonl")
}

fn put_aside(root: &Path, number: u32) -> PathBuf {
    root.join(format!("audit.{number}.jsonl"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_appended_and_old_files_put_aside_by_size() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::open(dir.path()).unwrap();
        let mut log = AuditLog::new(&data);
        log.rotate_at = 600;
        for number in 0..40 {
            let load_id = format!("south-{number:02}");
            let time = Timestamp::from_second(number).unwrap();
            let (region, by) = ("south", "operator");
            let line = AuditLine { time, event: AuditEvent::Activated, region, load_id: &load_id, by, note: "" };
            log.append(&line).unwrap();
        }
        let mut files: Vec<_> = (1..=KEPT).rev().map(|number| put_aside(dir.path(), number)).collect();
        files.push(current(dir.path()));
        let text: String = files.iter().filter_map(|file| fs::read_to_string(file).ok()).collect();
        let ids: Vec<_> = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["load_id"].clone())
            .collect();
        assert_eq!(ids, (0..40).map(|number| format!("south-{number:02}")).collect::<Vec<_>>(), "in order, none lost");
        assert!(files.iter().filter(|file| file.exists()).count() > 3);
        insta::assert_snapshot!(text.lines().next().unwrap(), @r#"{"time":"1970-01-01T00:00:00Z","event":"activated","region":"south","load_id":"south-00","by":"operator"}"#);
    }
}
