//! A CSP file becomes validated, sorted rows and a report.
//!
//! [`read`] makes one pass over a decoded file: `scan` finds the records, `header` the columns, `validate` judges
//! each row, `texts` keeps the free texts, and what must be set aside is counted and the first of it kept.
//! [`Scanned::settle`] then sorts the rows, counts exact repeats once and sets aside rows that disagree. Rows about
//! postcodes are 16 bytes each and stay in memory; those about premises, of which there are tens of millions, are sorted on
//! disk. Every growth has a bound in [`Limits`], so that no file can exhaust the server.

mod breath;
mod column;
mod decode;
mod error;
mod gzip;
mod header;
mod limits;
mod premises;
mod read;
mod reason;
mod refusal;
mod reject;
mod report;
mod report_text;
mod row;
mod scan;
mod settle;
mod settle_premises;
mod sorter;
mod spill;
mod split;
mod tape;
mod texts;
mod unknown_deletes;
mod validate;
mod window;

pub use breath::{Breath, LightBreath};
pub use column::{Column, FileKind};
pub use decode::{Encoding, UnknownEncoding, decoder};
pub use error::{FileError, SizeLimit, Unaccepted};
pub use header::ColumnFault;
pub use limits::{Limits, MAX_DECOMPRESSED, MAX_ROWS};
pub use premises::{Premises, PremisesReader, PremisesRow, PremisesWriter};
pub use read::{Scanned, read};
pub use reason::RejectReason;
pub use reject::{KEPT_BYTES, Reject};
pub use report::Report;
pub(crate) use report_text::{grouped, share};
pub use row::Row;
pub use settle::Ingested;
pub use sorter::{Sorted, Sorter};
pub use texts::TextTable;
pub use unknown_deletes::UnknownDeletes;

#[cfg(test)]
mod delta_tests;
