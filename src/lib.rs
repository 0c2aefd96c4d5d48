//! `wan-matrix`: DCC Service Request 12.1, "Request WAN Matrix", as a gRPC service.
//!
//! The rooms, from the top down; a room imports only from those below it. `ARCHITECTURE.md` tells why.

#![forbid(unsafe_code)]

pub mod cli;
pub mod domain;
pub mod duis;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod grpc;
pub mod ingest;
pub mod loads;
pub mod sample;
pub mod server;
pub mod store;
pub mod synth;
