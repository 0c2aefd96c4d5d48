//! A real server process and a national set of coverage files, for proofs and for measurements.
#![allow(dead_code, unused_imports, unreachable_pub, reason = "each proof and each measurement uses some of it")]

mod server;
mod set;
mod upload;

pub use server::{Served, connect};
pub use set::{CoverageFile, Postcodes};
pub use upload::{Announced, proto_region, send, submit};
