//! The types that `build.rs` generates from `proto/wanmatrix/v1`. They stay in this room and in `cli/`.

#![allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, clippy::nursery)]

tonic::include_proto!("wanmatrix.v1");

/// Every descriptor of `proto/wanmatrix/v1` and what it imports, for reflection and for JSON output.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
