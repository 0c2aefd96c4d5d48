//! A CSP file becomes validated, sorted rows and a report.

mod row;

pub use row::Row;
