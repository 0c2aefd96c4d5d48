//! The five loads of one round, and where their time went.

use std::time::Instant;

use crate::{
    measure::{Memory, Stock},
    rig::Served,
};

/// What the server logs of each load, in milliseconds; what it does on the threads of the upload comes before.
pub(crate) const STEPS: [&str; 3] = ["settle_ms", "pack_ms", "verify_ms"];

/// One round's five loads. In seconds.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) seconds: f64,
    /// Of these, waiting for the disk.
    pub(crate) syncing: f64,
    /// Of these, by [`STEPS`].
    pub(crate) steps: [f64; 3],
    pub(crate) memory: Memory,
}

impl Loaded {
    pub(crate) async fn measure(stock: &Stock, server: &Served) -> Self {
        let started = Instant::now();
        stock.load(server).await;
        let seconds = started.elapsed().as_secs_f64();
        let memory = Memory::of(server.id());
        let log = server.log();
        let sealed: Vec<_> = log.iter().filter(|line| line["fields"]["message"] == "load sealed").collect();
        assert_eq!(sealed.len(), stock.files.len(), "one line a load");
        let sum = |field: &str| {
            // A u128 is logged as text.
            let milliseconds = |value: &serde_json::Value| match value {
                serde_json::Value::String(text) => text.parse::<f64>().unwrap(),
                number => number.as_f64().unwrap(),
            };
            sealed.iter().map(|line| milliseconds(&line["fields"][field])).sum::<f64>() / 1e3
        };
        Self { seconds, syncing: sum("sync_ms"), steps: STEPS.map(sum), memory }
    }
}
