//! What is counted, and how Prometheus is told.
//!
//! Counting is a few additions to numbers that are there from the start: no label is worded and nothing is allocated while a
//! call is served. Words are put to them when somebody scrapes (`exposition.rs`). Labels come from fixed sets: methods and
//! codes that exist, regions, classes. No caller can add one.

mod calls;
mod coverage;
mod exposition;
mod histogram;
mod log;
mod network;
mod process;

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tonic::Code;

use super::gate::{Class, Method};

pub(super) use coverage::Coverage;
pub(super) use exposition::Exposition;
use histogram::Histogram;
pub(super) use network::Network;

/// Codes of gRPC, from OK to UNAUTHENTICATED.
const CODES: usize = 17;

/// Every number, for as long as the server runs.
#[derive(Debug)]
pub(super) struct Metrics {
    methods: [PerMethod; Method::COUNT],
    shed: [AtomicU64; Class::ALL.len()],
    rate_limited: AtomicU64,
}

#[derive(Debug, Default)]
struct PerMethod {
    codes: [AtomicU64; CODES],
    took: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            methods: std::array::from_fn(|_| PerMethod::default()),
            shed: Default::default(),
            rate_limited: AtomicU64::default(),
        }
    }
}

impl Metrics {
    /// A call is over.
    pub(super) fn call(&self, method: Method, code: Code, took: Duration) {
        let Some(counted) = self.methods.get(method.index()) else { return };
        if let Some(count) = usize::try_from(i32::from(code)).ok().and_then(|code| counted.codes.get(code)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        counted.took.observe(took);
    }

    /// How often a method ended with which code.
    #[cfg(test)]
    pub(super) fn counted(&self, method: Method) -> Vec<(Code, u64)> {
        let codes = (0..).zip(&self.methods[method.index()].codes);
        let counted = codes.map(|(code, count)| (Code::from_i32(code), count.load(Ordering::Relaxed)));
        counted.filter(|(_, count)| *count > 0).collect()
    }

    /// A call found no place in its class.
    pub(super) fn shed(&self, class: Class) {
        self.shed[class as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// A call came sooner than its caller may call.
    pub(super) fn rate_limited(&self) {
        self.rate_limited.fetch_add(1, Ordering::Relaxed);
    }
}
