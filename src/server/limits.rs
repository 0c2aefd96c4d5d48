//! How much callers may ask for at once, how often and how large: what an operator may set.

use std::{num::NonZero, thread, time::Duration};

use super::{
    config_connections,
    config_keys::{ConfigError, Given, Keys},
};

/// Bounds of calls.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallLimits {
    /// Small questions in flight.
    pub interactive_calls: u32,
    /// Batches and streams in flight. Each may hold a request and a reply of the greatest size.
    pub bulk_calls: u32,
    /// Watches in flight, and streams of reflection.
    pub watch_calls: u32,
    /// How much of each of these may be one caller's.
    pub caller_share_percent: u32,
    /// One caller's calls; `None` for any number.
    pub calls_per_second: Option<u32>,
    /// One caller's calls at once, after a silence.
    pub calls_burst: u32,
    /// A stream of answers, whatever deadline its caller gave.
    pub max_stream: Duration,
    /// Calls in flight on one connection: of connections that begin from now on.
    pub max_streams_per_connection: u32,
    /// A request's message, a file's chunks apart. Held for as long as the server runs.
    pub max_message_bytes: usize,
}

impl Default for CallLimits {
    fn default() -> Self {
        Self {
            interactive_calls: 4096,
            bulk_calls: 32,
            watch_calls: 1024,
            caller_share_percent: 50,
            calls_per_second: Some(5000),
            calls_burst: 10_000,
            max_stream: Duration::from_secs(900),
            max_streams_per_connection: 256,
            max_message_bytes: 4 << 20,
        }
    }
}

impl CallLimits {
    pub(super) fn from_keys(keys: &Keys) -> Result<Self, ConfigError> {
        let defaults = Self::default();
        let count = |key, default| Ok(keys.get(key, at_least_one)?.unwrap_or(default));
        let per_second = keys.get("limits.calls_per_second", whole)?;
        let max_stream = keys.get("limits.max_stream_seconds", config_connections::positive)?;
        Ok(Self {
            interactive_calls: count("limits.interactive_calls", defaults.interactive_calls)?,
            bulk_calls: count("limits.bulk_calls", defaults.bulk_calls)?,
            watch_calls: count("limits.watch_calls", defaults.watch_calls)?,
            caller_share_percent: keys
                .get("limits.caller_share_percent", |given| at_least_one(given).filter(|&percent| percent <= 100))?
                .unwrap_or(defaults.caller_share_percent),
            calls_per_second: per_second.map_or(defaults.calls_per_second, |calls| (calls > 0).then_some(calls)),
            calls_burst: count("limits.calls_burst", defaults.calls_burst)?,
            max_stream: max_stream.map_or(defaults.max_stream, Duration::from_secs),
            max_streams_per_connection: count(
                "limits.max_streams_per_connection",
                defaults.max_streams_per_connection,
            )?,
            max_message_bytes: keys
                .get("limits.max_message_bytes", message_bytes)?
                .unwrap_or(defaults.max_message_bytes),
        })
    }
}

/// Half of the processors of a large machine, one of a small one: bulk work has their leave, not their preference.
pub(super) fn default_bulk_threads() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get).div_euclid(2).max(1)
}

fn whole(given: &Given) -> Option<u32> {
    u32::try_from(given.whole()?).ok()
}

fn at_least_one(given: &Given) -> Option<u32> {
    whole(given).filter(|&number| number > 0)
}

/// A batch of a thousand locations must fit, and what no batch needs must not be held for anybody.
fn message_bytes(given: &Given) -> Option<usize> {
    let bytes = usize::try_from(given.whole()?).ok()?;
    ((64 << 10)..=(64 << 20)).contains(&bytes).then_some(bytes)
}
