//! How much of a file is read before it is refused.

use std::path::PathBuf;

/// Decompressed bytes of a file, unless an operator says otherwise.
pub const MAX_DECOMPRESSED: u64 = 4 << 30;
/// Data rows of a file, unless an operator says otherwise.
pub const MAX_ROWS: u32 = 20_000_000;

/// The bounds of one read. [`Limits::new`] has those of a server of which nothing is configured.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Decompressed bytes, beyond which the file is refused: a small upload must not unpack without end.
    pub max_decompressed: u64,
    /// Data rows, beyond which the file is refused.
    pub max_rows: u32,
    /// Of these, rows about whole postcodes; each takes 16 bytes of memory until it is stored, while those about premises
    /// are sorted on disk. There are some 1.7 million postcodes.
    pub max_postcode_rows: u32,
    /// Blank lines, beyond which the file is refused: a small upload may unpack to nothing else, for seconds.
    pub max_blank_lines: u32,
    /// Bytes of one record, line end not counted, beyond which its line is set aside.
    pub max_record: usize,
    /// How many rejects are kept; all are counted.
    pub rejects_kept: usize,
    /// Where texts and premises rows go that would take too much memory. A file is made there only when needed, and is
    /// unlinked at once, so that nothing is left behind and the next can take its name.
    pub spill: PathBuf,
}

impl Limits {
    /// 4 GiB decompressed, 20,000,000 rows, 5,000,000 of them about postcodes, 5,000,000 blank lines, records of 64 KiB,
    /// 10,000 rejects kept.
    #[must_use]
    pub const fn new(spill: PathBuf) -> Self {
        Self {
            max_decompressed: MAX_DECOMPRESSED,
            max_rows: MAX_ROWS,
            max_postcode_rows: 5_000_000,
            max_blank_lines: 5_000_000,
            max_record: 64 << 10,
            rejects_kept: 10_000,
            spill,
        }
    }
}
