//! The control of whatever reads files: the `csv` crate over the same bytes, and nothing done with them.

use std::path::Path;

/// One reused record through every file. Gives the rows.
pub fn walk<'a>(files: impl Iterator<Item = &'a Path>) -> u64 {
    let mut rows = 0;
    let mut record = csv::ByteRecord::new();
    for file in files {
        let mut reader = csv::Reader::from_path(file).unwrap();
        while reader.read_byte_record(&mut record).unwrap() {
            rows += 1;
        }
    }
    rows
}
