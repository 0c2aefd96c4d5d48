//! Reading the audit log: which activations, which loads and which deletions it tells of.
//!
//! Each is on disk before its line is, so that nothing is noted which did not happen; a crash between the two leaves one
//! without a line. The log is read from its newest file back, and no further than it takes to know.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{self, BufRead as _, BufReader},
    path::{Path, PathBuf},
    sync::PoisonError,
};

use jiff::Timestamp;
use memchr::memmem;
use serde::Deserialize;

use crate::domain::CspRegion;

use super::{
    Activation, AuditLog, StoreError,
    audit::{Files, current, put_aside},
};

/// The reason of a line that was written at a start, in the place of one that a crash took away.
pub const RECOVERED: &str = "recovered-at-start";

/// The events of the lines that are looked for.
const ACTIVATED: &str = "activated";
const LOADED: &str = "loaded";
const DELETED: &str = "deleted";

/// A load that became the one its region answers from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Activated {
    /// The region.
    pub region: CspRegion,
    /// The load.
    pub load_id: String,
    /// When, and by whom.
    pub activation: Activation,
}

impl AuditLog {
    /// Of these activations, each the last of its region, those that the log has no line of. Blocks.
    ///
    /// One from before the oldest line that is kept is not among them, unless nothing was ever thrown away: its line may
    /// have been.
    ///
    /// # Errors
    /// [`StoreError::Io`] when a file that has to be read cannot be.
    pub fn untold(&self, mut sought: Vec<Activated>) -> Result<Vec<Activated>, StoreError> {
        let _nobody_writes = self.files.held.lock().unwrap_or_else(PoisonError::into_inner);
        let mut untold = Vec::new();
        for path in self.files.newest_first() {
            if sought.is_empty() {
                return Ok(untold);
            }
            // A number may be free: a crash between two renames leaves it so.
            let Some(told) = FileTells::read(&path)? else { continue };
            sought.retain(|activated| {
                let has_line = told.of(activated);
                if has_line == Some(false) {
                    untold.push(activated.clone());
                }
                has_line.is_none()
            });
        }
        if self.files.are_all() {
            untold.append(&mut sought);
        }
        Ok(untold)
    }

    /// Whether the log tells this of a load, which came at `received`. Blocks.
    ///
    /// That it was sealed it tells, too, where that line may have been thrown away. A deletion that a crash came into was the
    /// last thing before it, and its line is there or never was.
    ///
    /// # Errors
    /// [`StoreError::Io`] when a file that has to be read cannot be.
    pub fn tells_of(&self, fate: Fate, load_id: &str, received: Timestamp) -> Result<bool, StoreError> {
        let _nobody_writes = self.files.held.lock().unwrap_or_else(PoisonError::into_inner);
        for path in self.files.newest_first() {
            let Some(told) = FileTells::read(&path)? else { continue };
            // One of its id may have come before, and been deleted.
            if told.of_loads(fate).get(load_id).is_some_and(|&time| time >= received) {
                return Ok(true);
            }
            if told.begun.is_some_and(|begun| begun < received) {
                return Ok(false);
            }
        }
        Ok(fate == Fate::Loaded && !self.files.are_all())
    }
}

impl Files {
    fn newest_first(&self) -> impl Iterator<Item = PathBuf> {
        std::iter::once(current(&self.root)).chain((1..=self.rotation.kept).map(|number| put_aside(&self.root, number)))
    }

    /// Whether it is certain that none was ever thrown away: none was put aside. More may have been kept at other times than
    /// now, or have been taken elsewhere.
    fn are_all(&self) -> bool {
        self.newest_first().skip(1).all(|path| !path.exists())
    }
}

/// What the log may tell of a load.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// That it was sealed.
    Loaded,
    /// That it was deleted.
    Deleted,
}

/// What one file of the log tells.
#[derive(Default)]
struct FileTells {
    /// When it was begun: the time of its first line that was written when what it tells of was done.
    begun: Option<Timestamp>,
    /// By region slug, the last load that was activated, and when.
    last: BTreeMap<String, (String, Timestamp)>,
    /// The loads that were sealed, and when each was for the last time.
    loaded: HashMap<String, Timestamp>,
    /// The loads that were deleted, likewise.
    deleted: HashMap<String, Timestamp>,
}

/// As much of a line as is asked for here.
#[derive(Deserialize)]
struct Line<'a> {
    time: Timestamp,
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow, default)]
    region: Cow<'a, str>,
    #[serde(borrow, default)]
    load_id: Cow<'a, str>,
    #[serde(borrow, default)]
    reason: Cow<'a, str>,
}

impl FileTells {
    /// Reads a file; nothing for one that is not there.
    fn read(path: &Path) -> Result<Option<Self>, StoreError> {
        let mut file = match File::open(path) {
            Ok(file) => BufReader::new(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::io("opening", path)(error)),
        };
        let (mut told, mut bytes) = (Self::default(), Vec::new());
        while file.read_until(b'\n', &mut bytes).map_err(StoreError::io("reading", path))? > 0 {
            // Most lines are of no interest, and seen to be so without being understood.
            let tells_of = |event: &str| memmem::find(&bytes, event.as_bytes()).is_some();
            let matters = told.begun.is_none() || [ACTIVATED, LOADED, DELETED].into_iter().any(tells_of);
            // A line that was cut short tells of nothing.
            if matters && let Ok(line) = serde_json::from_slice::<Line<'_>>(&bytes) {
                told.note(&line);
            }
            bytes.clear();
        }
        Ok(Some(told))
    }

    fn note(&mut self, line: &Line<'_>) {
        if line.reason != RECOVERED {
            self.begun.get_or_insert(line.time);
        }
        if line.event == ACTIVATED {
            self.last.insert(line.region.clone().into_owned(), (line.load_id.clone().into_owned(), line.time));
        } else if line.event == LOADED {
            self.loaded.insert(line.load_id.clone().into_owned(), line.time);
        } else if line.event == DELETED {
            self.deleted.insert(line.load_id.clone().into_owned(), line.time);
        }
    }

    const fn of_loads(&self, fate: Fate) -> &HashMap<String, Timestamp> {
        match fate {
            Fate::Loaded => &self.loaded,
            Fate::Deleted => &self.deleted,
        }
    }

    /// Whether there is a line of this activation; `None` where an older file may have it.
    fn of(&self, Activated { region, load_id, activation }: &Activated) -> Option<bool> {
        match self.last.get(region.slug()) {
            // A load may be activated more than once.
            Some((last, time)) => Some(last == load_id && *time >= activation.at),
            None if self.begun.is_some_and(|begun| begun < activation.at) => Some(false),
            None => None,
        }
    }
}

#[cfg(test)]
#[path = "audit_read_tests.rs"]
mod tests;
