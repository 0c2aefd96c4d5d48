//! Deltas at a size that means something, and when things go wrong.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test says so by failing")]

#[path = "../common/mod.rs"]
mod common;
mod lists;
mod rebuilt;
mod years;

use wan_matrix::{domain::CspRegion, loads::LoadHeader};

/// The header of a delta on a load.
fn on(base: &str, bytes: &[u8], hours: i64) -> LoadHeader {
    LoadHeader { base_load_id: Some(base.to_owned()), ..common::loads::later(CspRegion::South, bytes, hours) }
}
