//! Why a file as a whole cannot be taken.

use std::io;

use super::{Reject, Report, header::ColumnFault};

/// Why a file cannot be taken. A bad row is never one of the reasons: it is set aside.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Its bytes cannot be read or unpacked.
    #[error(
        "the file cannot be read after its first {after} decompressed bytes: {source}; check that it is whole and \
         that its encoding is the one announced, and send it again"
    )]
    Unreadable {
        /// Decompressed bytes read before.
        after: u64,
        /// What went wrong.
        source: io::Error,
    },
    /// The header row is not one this service can read.
    #[error("line {line}, the header row: {}", join(.faults))]
    Header {
        /// The line the header row is on; 1 unless blank lines come first.
        line: u32,
        /// Everything that is wrong with it, so that it can be put right in one go. Never empty.
        faults: Vec<ColumnFault>,
    },
    /// It passes one of the limits.
    #[error("the file has more than {0}; nothing of it was taken")]
    TooLarge(SizeLimit),
    /// Not one row could be accepted.
    #[error("{}", .0.what())]
    NoAcceptedRow(Box<Unaccepted>),
    /// The server's own disk failed: the file is not to blame.
    #[error("the server could not {doing}: {source}; send the file again later")]
    Disk {
        /// What it was doing.
        doing: &'static str,
        /// What went wrong.
        source: io::Error,
    },
    /// The caller stopped the read.
    #[error("the load was cancelled before the file was read to its end")]
    Cancelled,
}

impl FileError {
    /// Whether it is the server's own disk that is full.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        let Self::Disk { source, .. } = self else { return false };
        matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}

/// The limit that a file passes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SizeLimit {
    /// Decompressed size.
    #[error("the {0} bytes, decompressed, that a file may have")]
    Bytes(u64),
    /// Data rows.
    #[error("the {0} data rows that a file may have")]
    Rows(u32),
    /// Data rows about whole postcodes.
    #[error("the {0} rows about whole postcodes that a file may have")]
    PostcodeRows(u32),
    /// Blank lines.
    #[error("the {0} blank lines that a file may have")]
    BlankLines(u32),
    /// Lines, blank ones included.
    #[error("the {max} lines that a file may have", max = u32::MAX)]
    Lines,
}

/// What was in a file without a single row to accept.
#[derive(Clone, Debug)]
pub struct Unaccepted {
    /// The counts.
    pub report: Report,
    /// The rejects kept, by line.
    pub rejects: Vec<Reject>,
}

impl Unaccepted {
    fn what(&self) -> String {
        match (self.report.rows, self.rejects.first()) {
            (0, _) => "the file has a header row and no data row; send the whole file".to_owned(),
            (1, Some(only)) => format!("the file's one row, {}, cannot be accepted: {}", place(only), only.message),
            (rows, Some(first)) => {
                format!(
                    "none of the file's {rows} rows can be accepted; the first, {}: {}",
                    place(first),
                    first.message
                )
            }
            (rows, None) => format!("none of the file's {rows} rows can be accepted"),
        }
    }
}

fn place(reject: &Reject) -> String {
    let column = reject.column.map(|column| format!(", column {}", column.name()));
    format!("on line {}{}", reject.line, column.unwrap_or_default())
}

fn join(faults: &[ColumnFault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
