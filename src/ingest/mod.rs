//! A CSP file becomes validated, sorted rows and a report.
//!
//! [`read`] makes one pass over a decoded file: `scan` finds the records, `header` the columns, `validate` judges
//! each row, `texts` keeps the free texts, and what must be set aside is counted and the first of it kept.
//! [`Scanned::settle`] then sorts the rows, counts exact repeats once and sets aside rows that disagree.
//! Nothing is allocated for a row, and every growth has a bound in [`Limits`], so that no file can exhaust the server.

mod column;
mod decode;
mod error;
mod gzip;
mod header;
mod limits;
mod read;
mod reason;
mod refusal;
mod reject;
mod report;
mod report_text;
mod row;
mod scan;
mod settle;
mod spill;
mod split;
mod texts;
mod validate;
mod window;

pub use column::{Column, FileKind};
pub use decode::{Encoding, UnknownEncoding, decoder};
pub use error::{FileError, SizeLimit, Unaccepted};
pub use header::ColumnFault;
pub use limits::Limits;
pub use read::{Scanned, read};
pub use reason::RejectReason;
pub use reject::{KEPT_BYTES, Reject};
pub use report::Report;
pub(crate) use report_text::{grouped, share};
pub use row::Row;
pub use settle::Ingested;
pub use texts::TextTable;

#[cfg(test)]
mod delta_tests;
