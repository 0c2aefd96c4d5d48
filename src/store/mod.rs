//! Coverage on disk and in reach.
//!
//! sled lives here and nowhere else. It holds the blocks of each load, but for those of premises, which lie in plain files
//! beside it; memory answers from them. A load is a directory,
//! written once, checked as a whole whenever it is opened, and never changed; which loads answer is one small file.

mod active;
mod active_file;
mod address_block;
mod answer;
mod audit;
mod audit_read;
mod audit_thread;
mod base_premises;
mod block;
mod changes;
mod columns;
mod compare;
mod compare_text;
mod data_dir;
mod database;
mod deletion;
mod delta;
mod delta_premises;
mod delta_rules;
mod delta_texts;
mod digest;
mod directory;
mod durable;
mod error;
#[cfg(test)]
mod fixture_tests;
#[cfg(any(test, feature = "fuzzing"))]
mod fuzzing;
mod image;
mod kept;
mod manifest;
mod meanings;
mod merge;
mod movement;
mod pack_premises;
mod place;
mod premises;
mod premises_file;
mod premises_read;
mod premises_rows;
mod reaper;
mod rebuild;
mod recode;
mod refused;
mod rejects;
mod rows_file;
mod rows_file_premises;
mod seal;
mod sealed;
mod text_chunks;
mod texts;
mod units;
mod uprn_block;

pub use active::{ActiveLoad, ActiveSet};
pub use active_file::{Activation, ActiveFile};
pub use answer::{Answer, Matches, OfPremises};
pub use audit::{AuditEvent, AuditLine, AuditLog, Rotation};
pub use audit_read::{Activated, Fate, RECOVERED};
pub use changes::{Change, ChangedLocation, Told, changes};
pub use compare::{Changes, compare, compare_sealed};
pub use data_dir::{DataDir, remove_dir};
pub use deletion::{Deleted, delete_load, left_of_deletions};
pub use delta::{Applied, DeltaError, Merged, apply};
#[cfg(test)]
pub(crate) use durable::faults;
pub use error::StoreError;
#[cfg(any(test, feature = "fuzzing"))]
pub use fuzzing::read_stored;
pub use kept::{KeptFile, read_kept};
pub use manifest::{Compared, FORMAT, FORMAT_PREMISES, GuardRecord, Manifest, Packed, PackedPremises};
pub use movement::{Movement, Movements};
pub use reaper::Reaper;
pub use rebuild::{replace_blocks, table3_of};
pub use refused::{
    REFUSED_KEPT, Unreadable, forget_refused, keep_refused, refused_manifests, sealed_manifests, surplus,
};
pub use rejects::{read_rejects, write_rejects};
pub use rows_file::{read_rows, write_rows};
pub use seal::{Sealed, pack, seal};
pub use sealed::SealedLoad;
