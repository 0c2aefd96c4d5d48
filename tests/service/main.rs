//! The service as its callers meet it: a real server on a free port, a real client, the sample or small files loaded.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod command;
mod country;
mod deadline;
mod deltas;
mod dry_runs;
mod exports;
mod health;
mod loads;
mod lookup;
mod lookup_errors;
mod overrides;
mod premises;
mod reflection;
mod refusals;
mod running;
mod shutdown;
mod staging;
mod uploads;
