//! A national set of coverage files for any list of postcodes, to prove and to measure with.
//!
//! Nothing here is anybody's coverage: which region a postcode lies in, its dates and its texts are invented. A row
//! comes from (seed, region, postcode) alone, so that a part of a list gives the same rows as the whole, in any order, and
//! the same in every release: tests and measurements depend on it. The room stands beside `cli/` and imports only
//! `domain/`.

mod areas;
mod chance;
mod error;
mod files;
mod invented;
mod list;
mod premises;
mod row;
mod texts;

pub use error::SynthError;
pub use files::{FileSummary, write_files};
pub use invented::{Invented, invented};
pub use list::{PostcodeList, postcodes_from_file};
pub use premises::PER_POSTCODE_MAX;
pub use row::{Synth, SynthRow};
