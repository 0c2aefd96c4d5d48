//! Log lines on standard error: for people on a terminal, JSON anywhere else.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

use super::config::{Log, LogFormat};

/// Sets what is logged, while it is logged.
pub struct LogLevel(Box<dyn Fn(&str) + Send + Sync>);

impl std::fmt::Debug for LogLevel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogLevel").finish_non_exhaustive()
    }
}

impl LogLevel {
    /// Logs at this level, or by these directives, from now on.
    pub fn set(&self, level: &str) {
        (self.0)(level);
    }
}

/// Starts logging. A process that logs already goes on as it does.
pub fn start_telemetry(log: &Log) -> LogLevel {
    let lines = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(&log.level))
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    let json = match log.format {
        LogFormat::Auto => !io::stderr().is_terminal(),
        LogFormat::Text => false,
        LogFormat::Json => true,
    };
    if json {
        let lines = lines.json().with_filter_reloading();
        let handle = lines.reload_handle();
        let _already = lines.try_init();
        LogLevel(Box::new(move |level| said(handle.reload(EnvFilter::new(level)))))
    } else {
        let lines = lines.with_filter_reloading();
        let handle = lines.reload_handle();
        let _already = lines.try_init();
        LogLevel(Box::new(move |level| said(handle.reload(EnvFilter::new(level)))))
    }
}

fn said(set: Result<(), tracing_subscriber::reload::Error>) {
    if let Err(error) = set {
        tracing::warn!(%error, "the log level stays as it is");
    }
}
