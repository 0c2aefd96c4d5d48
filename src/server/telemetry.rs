//! Log lines on standard error: for people on a terminal, JSON anywhere else.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

use super::config::{Log, LogFormat};

/// Starts logging. A process that logs already goes on as it does.
pub fn start_telemetry(log: &Log) {
    let lines = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(&log.level))
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    let json = match log.format {
        LogFormat::Auto => !io::stderr().is_terminal(),
        LogFormat::Text => false,
        LogFormat::Json => true,
    };
    let _already = if json { lines.json().try_init() } else { lines.try_init() };
}
