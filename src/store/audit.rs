//! `audit.jsonl`: what was done to the coverage, by whom and when; appended to, never rewritten.
//!
//! No line holds a postcode: what a file said is told by counts and reasons, never quoted.

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, mpsc},
};

use jiff::Timestamp;
use serde::Serialize;

use super::{StoreError, audit_thread::Job, durable};

/// When the log is put aside, and how many of those files are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rotation {
    /// A file is put aside as soon as it has so many bytes.
    pub bytes: u64,
    /// Files put aside that are kept, the newest first: `audit.1.jsonl` and on.
    pub kept: u32,
}

impl Default for Rotation {
    fn default() -> Self {
        // Some ten thousand lines a file.
        Self { bytes: 4 << 20, kept: 9 }
    }
}

/// One line of the log.
#[derive(Clone, Debug, Serialize)]
pub struct AuditLine<'a> {
    /// When.
    pub time: Timestamp,
    /// What.
    pub event: AuditEvent,
    /// The region it concerns, by slug; empty where it concerns none.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub region: &'a str,
    /// The load it concerns; empty before a load has an id.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub load_id: &'a str,
    /// Who did it.
    pub by: &'a str,
    /// Why, in a word or several with commas between: `digest-mismatch`, the guards that refused a load.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub reason: &'a str,
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
    /// A caller tried what it may not.
    Denied,
}

/// The log of one data directory.
#[derive(Clone, Debug)]
pub struct AuditLog {
    pub(super) files: Arc<Files>,
    /// Where lines are handed to the thread that writes them.
    pub(super) thread: mpsc::Sender<Job>,
}

/// The files it is in.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) root: PathBuf,
    /// Held by whoever writes or reads them.
    pub(super) held: Mutex<()>,
    pub(super) rotation: Rotation,
}

impl Files {
    pub(super) fn new(root: &Path, rotation: Rotation) -> Self {
        Self { root: root.to_owned(), held: Mutex::default(), rotation }
    }

    /// Appends whole lines, and gives back when they are on disk.
    pub(super) fn append(&self, lines: &[u8]) -> Result<(), StoreError> {
        let path = current(&self.root);
        let mut text = lines.to_vec();
        let _one_at_a_time = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file = File::options()
            .create(true)
            .read(true)
            .append(true)
            .open(&path)
            .map_err(StoreError::io("opening", &path))?;
        let writing = || StoreError::io("writing", &path);
        let before = file.metadata().map_err(writing())?.len();
        if cut_short(&mut file, before).map_err(writing())? {
            // A crash cut the last line short: it stays as it is, and these begin on their own.
            text.insert(0, b'\n');
        }
        // One write: a line is whole or, after a crash, the last one and cut short.
        file.write_all(&text).map_err(writing())?;
        file.sync_data().map_err(writing())?;
        if before == 0 {
            // The file's name must survive a power cut as its lines do.
            durable::sync(&self.root)?;
        }
        if before + text.len() as u64 >= self.rotation.bytes
            && let Err(error) = self.rotate()
        {
            // The lines are written all the same, and the next tries again.
            tracing::error!(%error, "the audit log cannot be put aside, and grows");
        }
        Ok(())
    }

    fn rotate(&self) -> Result<(), StoreError> {
        // More may have been kept before than now.
        for number in self.rotation.kept + 1.. {
            let surplus = put_aside(&self.root, number);
            match fs::remove_file(&surplus) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                Err(error) => return Err(StoreError::io("removing", &surplus)(error)),
            }
        }
        for number in (1..self.rotation.kept).rev() {
            let from = put_aside(&self.root, number);
            if from.exists() {
                fs::rename(&from, put_aside(&self.root, number + 1)).map_err(StoreError::io("renaming", &from))?;
            }
        }
        durable::rename(&current(&self.root), &put_aside(&self.root, 1))
    }
}

/// Whether the last line has no end.
fn cut_short(file: &mut File, length: u64) -> io::Result<bool> {
    let Some(last) = length.checked_sub(1) else { return Ok(false) };
    let mut byte = [0];
    file.seek(SeekFrom::Start(last))?;
    file.read_exact(&mut byte)?;
    Ok(byte != *b"\n")
}

pub(super) fn current(root: &Path) -> PathBuf {
    root.join("audit.jsonl")
}

pub(super) fn put_aside(root: &Path, number: u32) -> PathBuf {
    root.join(format!("audit.{number}.jsonl"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::DataDir;

    fn line(load_id: &str) -> AuditLine<'_> {
        let (region, by) = ("south", "operator");
        let time = Timestamp::UNIX_EPOCH;
        AuditLine { time, event: AuditEvent::Activated, region, load_id, by, reason: "", note: "" }
    }

    /// Every line that is kept, the oldest first.
    fn ids(root: &Path) -> Vec<String> {
        let files = (1..=99).rev().map(|number| put_aside(root, number)).chain([current(root)]);
        let text: String = files.filter_map(|file| fs::read_to_string(file).ok()).collect();
        let id = |line: &str| {
            let line: serde_json::Value = serde_json::from_str(line).ok()?;
            Some(line["load_id"].as_str()?.to_owned())
        };
        text.lines().map(|line| id(line).unwrap_or_else(|| "cut short".to_owned())).collect()
    }

    #[test]
    fn lines_are_appended_and_old_files_put_aside_by_size() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::open(dir.path()).unwrap();
        let log = AuditLog::start(&data, Rotation { bytes: 600, kept: 9 }).unwrap();
        let sent: Vec<_> = (0..40).map(|number| format!("south-{number:02}")).collect();
        sent.iter().for_each(|id| log.append(&[line(id)]));
        assert_eq!(ids(dir.path()), sent, "in order, none lost");
        assert!(put_aside(dir.path(), 4).exists());
        let first = fs::read_to_string(put_aside(dir.path(), 6)).unwrap();
        insta::assert_snapshot!(first.lines().next().unwrap(), @r#"{"time":"1970-01-01T00:00:00Z","event":"activated","region":"south","load_id":"south-00","by":"operator"}"#);
    }

    #[test]
    fn only_the_newest_files_are_kept() {
        for kept in [1, 3] {
            let dir = tempfile::tempdir().unwrap();
            let data = DataDir::open(dir.path()).unwrap();
            // Each line fills a file.
            let log = AuditLog::start(&data, Rotation { bytes: 1, kept }).unwrap();
            (0..10).for_each(|number| log.append(&[line(&format!("south-{number}"))]));
            let newest: Vec<_> = (10 - kept..10).map(|number| format!("south-{number}")).collect();
            assert_eq!(ids(dir.path()), newest);
        }
    }

    #[test]
    fn what_was_kept_before_more_were_than_now_is_thrown_away_with_the_next_file() {
        let dir = tempfile::tempdir().unwrap();
        for (kept, ids) in [(9, 0..6), (2, 6..7)] {
            let data = DataDir::open(dir.path()).unwrap();
            let log = AuditLog::start(&data, Rotation { bytes: 1, kept }).unwrap();
            ids.for_each(|number| log.append(&[line(&format!("south-{number}"))]));
        }
        assert_eq!(ids(dir.path()), ["south-5", "south-6"]);
    }

    #[test]
    fn lines_are_written_where_the_file_cannot_be_put_aside() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::open(dir.path()).unwrap();
        let files = Files::new(dir.path(), Rotation { bytes: 1, kept: 3 });
        drop(data);
        fs::create_dir(put_aside(dir.path(), 2)).unwrap();
        fs::create_dir_all(put_aside(dir.path(), 3).join("not empty")).unwrap();
        files.append(b"{}\n").unwrap();
        assert_eq!(fs::read(current(dir.path())).unwrap(), b"{}\n");
    }

    #[test]
    fn a_line_that_a_crash_cut_short_spoils_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::open(dir.path()).unwrap();
        let log = AuditLog::start(&data, Rotation::default()).unwrap();
        log.append(&[line("south-0")]);
        let mut file = File::options().append(true).open(current(dir.path())).unwrap();
        file.write_all(br#"{"time":"1970-01-01T00:0"#).unwrap();
        log.append(&[line("south-1")]);
        log.append(&[line("south-2")]);
        assert_eq!(ids(dir.path()), ["south-0", "cut short", "south-1", "south-2"]);
    }
}
