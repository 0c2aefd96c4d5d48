//! What the log did not get to say.

use std::fmt;

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};

use crate::server::telemetry;

use super::exposition::{NONE, Told};

#[derive(Debug)]
pub(super) struct Log;

impl Collector for Log {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Log lines that could not be written: standard error is gone, or is not read";
        Told::counter(&mut encoder, "log_lines_lost", help)?.count(&NONE, telemetry::lines_lost())
    }
}
