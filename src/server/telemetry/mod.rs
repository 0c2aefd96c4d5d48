//! Log lines on standard error, for people on a terminal and JSON anywhere else; and, where it is built in and configured,
//! traces to an OTLP collector.

mod calls;
mod lines;
#[cfg(feature = "otlp")]
mod otlp;
mod traceparent;
#[cfg(test)]
mod written;

use std::io::{self, IsTerminal as _};

use tracing_subscriber::{
    EnvFilter, Layer as _, Registry, layer::SubscriberExt as _, reload, util::SubscriberInitExt as _,
};

use super::config::{Log, LogFormat};

pub(super) use calls::{Told, call_over, span};
pub(super) use lines::lost as lines_lost;
#[cfg(test)]
pub(super) use written::Written;

/// Logging that was started. Traces are sent until it is dropped, and the last lines written then.
pub struct Telemetry {
    level: reload::Handle<EnvFilter, Registry>,
    #[cfg(feature = "otlp")]
    _traces: Option<otlp::Traces>,
    /// The last to be dropped: what went before may have something to say.
    _last_words: lines::LastWords,
}

impl std::fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Telemetry").finish_non_exhaustive()
    }
}

impl Telemetry {
    /// Logs at another level from now on: a level or directives, as [`Log`] has them.
    pub fn set_level(&self, level: &str) {
        // It fails when this logging was never put to use, because the process logs already.
        let _unused = self.level.reload(EnvFilter::new(level));
    }
}

/// Starts logging. A process that logs already goes on as it does.
#[must_use]
pub fn start_telemetry(log: &Log) -> Telemetry {
    let (writer, last_words) = lines::start(io::stderr());
    let (filter, level) = reload::Layer::new(EnvFilter::new(&log.level));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(io::stderr().is_terminal())
        // Told of on standard error, as the library would, a line that is lost would panic whoever logged.
        .log_internal_errors(false);
    let json = match log.format {
        LogFormat::Auto => !io::stderr().is_terminal(),
        LogFormat::Text => false,
        LogFormat::Json => true,
    };
    let lines = if json { lines.json().boxed() } else { lines.boxed() };
    // Each has a filter of its own: what is traced does not depend on what is written.
    let subscriber = tracing_subscriber::registry().with(lines.with_filter(filter));
    #[cfg(feature = "otlp")]
    {
        let (traces, layer) = log.otlp.as_ref().and_then(otlp::start).unzip();
        let _already = subscriber.with(layer).try_init();
        Telemetry { level, _traces: traces, _last_words: last_words }
    }
    #[cfg(not(feature = "otlp"))]
    {
        let _already = subscriber.try_init();
        Telemetry { level, _last_words: last_words }
    }
}
