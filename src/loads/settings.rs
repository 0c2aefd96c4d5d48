//! What an operator may set about loads.

use std::{path::PathBuf, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    ingest::{MAX_DECOMPRESSED, MAX_ROWS},
    store::Rotation,
};

use super::{Retention, share::Share};

/// Reads the time. Given in from the edge, so that tests choose it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Limits and guards of loads, and where they are kept.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The data directory, owned by one server.
    pub data_dir: PathBuf,
    /// An upload stops at this many bytes as sent.
    pub max_bytes_sent: u64,
    /// A file stops at this many bytes decompressed.
    pub max_decompressed: u64,
    /// A file stops at this many data rows.
    pub max_rows: u32,
    /// Bytes of the disk that loads leave free.
    pub keep_free: u64,
    /// The longest silence of an upload's sender.
    pub max_silence: Duration,
    /// Bytes a second that an upload must come at, over all of it, once it has been waited for as long as a silence may
    /// last.
    pub min_upload_rate: u64,
    /// What the guards allow.
    pub thresholds: Thresholds,
    /// When the audit log is put aside, and how much of it is kept.
    pub audit: Rotation,
    /// How long earlier loads are kept.
    pub retention: Retention,
}

/// What the guards allow. Each compares "more than": exactly so much passes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// `rejects`: of a full file's rows, how many may be set aside.
    pub rejects: Share,
    /// `rejects`: of a delta's rows, how many may be set aside.
    pub delta_rejects: Share,
    /// `rejects`: how many of a delta's rows may be set aside, however many it has. Both limits hold.
    pub delta_rejects_rows: u64,
    /// `coverage-lost`: of the locations that answer in both loads and had a date, how many may have none planned.
    pub coverage_lost: Share,
    /// `variant-changed`: of the locations that answer in both loads and had a confirmed variant, how many may have
    /// another confirmed one.
    pub variant_changed: Share,
    /// `unknown`: of the same locations, how many may be Unknown.
    pub unknown: Share,
    /// `shrink`: of the locations that answer, how many may answer no more.
    pub shrink: Share,
    /// `growth`: of the locations that answer, how many may come to them.
    pub growth: Share,
    /// `issue-order`: whether a load must have been issued later than the one that is active.
    pub newer_only: bool,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            rejects: Share::millionths(1_000),
            delta_rejects: Share::percent(1),
            delta_rejects_rows: 10,
            coverage_lost: Share::percent(1),
            variant_changed: Share::percent(10),
            unknown: Share::percent(5),
            shrink: Share::percent(10),
            growth: Share::percent(25),
            newer_only: true,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("var"),
            max_bytes_sent: 1 << 30,
            max_decompressed: MAX_DECOMPRESSED,
            max_rows: MAX_ROWS,
            keep_free: 256 << 20,
            max_silence: Duration::from_secs(60),
            min_upload_rate: 32 << 10,
            thresholds: Thresholds::default(),
            audit: Rotation::default(),
            retention: Retention::default(),
        }
    }
}
