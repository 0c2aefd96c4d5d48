//! Coverage on disk and in reach.
//!
//! sled lives here and nowhere else. It holds the blocks of each load; memory answers from them. A load is a directory,
//! written once, checked as a whole whenever it is opened, and never changed; which loads answer is one small file.

mod active;
mod active_file;
mod audit;
mod block;
mod data_dir;
mod database;
mod digest;
mod directory;
mod durable;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
mod fuzzing;
mod image;
mod kept;
mod manifest;
mod reaper;
mod rebuild;
mod refused;
mod rejects;
mod seal;
mod sealed;
mod text_chunks;
mod texts;
mod units;

pub use active::{ActiveLoad, ActiveSet, Answer};
pub use active_file::{Activation, ActiveFile};
pub use audit::{AuditEvent, AuditLine, AuditLog};
pub use data_dir::{DataDir, remove_dir, remove_load};
pub use error::StoreError;
#[cfg(any(test, feature = "fuzzing"))]
pub use fuzzing::read_stored;
pub use kept::{KeptFile, read_kept};
pub use manifest::{FORMAT, Manifest, Packed};
pub use reaper::Reaper;
pub use rebuild::{replace_blocks, table3_of};
pub use refused::{
    REFUSED_KEPT, Unreadable, forget_refused, keep_refused, refused_manifests, sealed_manifests, surplus,
};
pub use rejects::{read_rejects, write_rejects};
pub use seal::{Sealed, pack, seal};
pub use sealed::SealedLoad;
