//! Whether the disk has room for a load: asked before it begins, again and again while its file comes, and before its
//! rows are packed. A load never takes the last of the disk from whoever else writes there.

use crate::store::StoreError;

use super::{LoadError, Loads, Settings};

/// What sled takes for an empty database.
const FLOOR: u64 = 4 << 20;
/// Bytes of disk a row may take while its load is built, sled's rewriting included; measured at a good half of it.
const A_ROW: u64 = 6 * 9;
/// Bytes of disk a premises may take: its row in the runs that sort it and in its two blocks.
const A_PREMISES: u64 = 6 * 24;
/// Bytes that a premises takes among the rows that a delta load keeps, compressed.
pub(super) const A_KEPT_PREMISES: u64 = 24;
/// How much larger texts may become in the same way.
const TEXTS: u64 = 6;
/// How much of a file comes between two looks at the disk.
pub(super) const A_LOOK: u64 = 8 << 20;

/// What a load may yet take of the disk.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Needs {
    /// Rows about postcodes to be packed.
    pub(super) rows: u64,
    /// Rows about premises to be packed.
    pub(super) premises: u64,
    /// Bytes of their texts.
    pub(super) texts: u64,
    /// Bytes of a file still to be kept.
    pub(super) file: u64,
}

impl Needs {
    const fn bytes(self) -> u64 {
        FLOOR
            .saturating_add(self.rows.saturating_mul(A_ROW))
            .saturating_add(self.premises.saturating_mul(A_PREMISES))
            .saturating_add(self.texts.saturating_mul(TEXTS))
            .saturating_add(self.file)
    }
}

impl Loads {
    /// Refuses a load that the disk cannot hold with what must stay free.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`], and [`StoreError::Io`] when the disk does not say.
    pub(super) fn room_for(&self, needs: Needs, settings: &Settings) -> Result<(), LoadError> {
        Ok(enough(needs, settings.keep_free, self.data.free_bytes()?)?)
    }
}

fn enough(needs: Needs, keep_free: u64, free: u64) -> Result<(), StoreError> {
    let needed = needs.bytes().saturating_add(keep_free);
    if free < needed { Err(StoreError::DiskFull { needed, free }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_premises_texts_and_the_file_must_fit_beside_what_stays_free() {
        let needs = |rows, premises, texts, file| Needs { rows, premises, texts, file };
        for (needs, keep_free, needed) in [
            (needs(0, 0, 0, 0), 0, 4 << 20),
            (needs(0, 0, 0, 0), 100, (4 << 20) + 100),
            (needs(1_000_000, 0, 0, 0), 0, (4 << 20) + 54_000_000),
            (needs(0, 1_000_000, 0, 0), 0, (4 << 20) + 144_000_000),
            (needs(1_000_000, 9, 30_000_000, 5), 7, (4 << 20) + 54_000_000 + 1296 + 180_000_000 + 5 + 7),
            (needs(u64::MAX, u64::MAX, u64::MAX, u64::MAX), u64::MAX, u64::MAX),
        ] {
            if let Some(one_less) = u64::checked_sub(needed, 1) {
                let refused = enough(needs, keep_free, one_less).unwrap_err();
                assert!(matches!(refused, StoreError::DiskFull { needed: n, free } if n == needed && free == one_less));
            }
            assert!(enough(needs, keep_free, needed).is_ok(), "{needs:?}");
        }
    }
}
