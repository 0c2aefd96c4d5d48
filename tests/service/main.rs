//! The service as its callers meet it: a real server on a free port, a real client, the sample or small files loaded.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod audit;
mod changes;
mod command;
mod connections;
mod country;
mod damage;
mod damaged;
mod deadline;
mod deltas;
mod dry_runs;
mod duis;
mod exports;
mod health;
mod interrupted;
mod loads;
mod lookup;
mod lookup_errors;
mod overrides;
mod premises;
mod premises_deltas;
mod reflection;
mod refusals;
mod running;
mod shutdown;
mod staging;
mod uploads;
