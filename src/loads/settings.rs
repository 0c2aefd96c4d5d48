//! What an operator may set about loads.

use std::{path::PathBuf, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::Retention;

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
    /// The `rejects` guard: refuse a file of whose rows more than this share, in thousandths, were set aside.
    pub rejects_permille: f64,
    /// The longest silence of an upload's sender.
    pub max_silence: Duration,
    /// How long earlier loads are kept.
    pub retention: Retention,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("var"),
            max_bytes_sent: 1 << 30,
            max_decompressed: 4 << 30,
            max_rows: 5_000_000,
            rejects_permille: 1.0,
            max_silence: Duration::from_secs(60),
            retention: Retention::default(),
        }
    }
}
