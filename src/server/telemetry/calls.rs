//! What is told of each call: one line at its end, and a span around its work for whoever asked for one.
//!
//! A lookup takes less time than a line. So an ordinary call has its line at debug, and neither line nor span costs it
//! anything while nobody listens; what an operator must see – this side's failures, calls that took long, loads – is told
//! above. No line here has a postcode.

use std::time::Duration;

use http::HeaderValue;
use tonic::Code;
use tracing::{Level, Span, field};

use crate::grpc::CALLS;

use super::traceparent::TraceParent;

/// What there is to tell of a call.
#[derive(Clone, Copy, Debug)]
pub(in crate::server) struct Told<'a> {
    pub(in crate::server) method: &'static str,
    pub(in crate::server) caller: &'a str,
    pub(in crate::server) traceparent: Option<&'a HeaderValue>,
    pub(in crate::server) load_ids: Option<&'a str>,
    /// A load came or went: told however it ended.
    pub(in crate::server) load: bool,
    /// It took longer than a question should.
    pub(in crate::server) slow: bool,
}

/// A span for the work of a call, if anybody listens.
pub(in crate::server) fn span(told: Told<'_>) -> Span {
    #[cfg(feature = "otlp")]
    if let Some(span) = super::otlp::span(&told) {
        return span;
    }
    if !tracing::enabled!(target: CALLS, Level::DEBUG) {
        return Span::none();
    }
    let trace_id = told.traceparent.and_then(TraceParent::parse).map(|parent| parent.trace_id);
    tracing::debug_span!(target: CALLS, "call", method = told.method, caller = told.caller, trace_id)
}

/// The line of a call that is over.
pub(in crate::server) fn call_over(told: Told<'_>, span: &Span, code: Code, took: Duration) {
    let level = level(&told, code);
    // Two comparisons, where nobody listens.
    if level > tracing::level_filters::LevelFilter::current() {
        return;
    }
    if !span.is_none() {
        span.record("code", field::debug(code));
    }
    let trace_id = told.traceparent.and_then(TraceParent::parse).map(|parent| parent.trace_id);
    let Told { method, caller, load_ids, .. } = told;
    let millis = took.as_secs_f64() * 1e3;
    macro_rules! line {
        ($level:expr) => {
            tracing::event!(target: CALLS, $level, method, ?code, millis, caller, load_ids, trace_id, "call")
        };
    }
    match level {
        Level::WARN => line!(Level::WARN),
        Level::INFO => line!(Level::INFO),
        _ => line!(Level::DEBUG),
    }
}

fn level(told: &Told<'_>, code: Code) -> Level {
    match code {
        Code::Internal | Code::Unknown | Code::DataLoss => Level::WARN,
        Code::DeadlineExceeded | Code::Unavailable => Level::INFO,
        _ if told.load || told.slow => Level::INFO,
        // Shed and limited calls too: a line for each would be more work than was refused. They are counted.
        _ => Level::DEBUG,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_operator_must_see_is_above_debug() {
        let ordinary = Told { method: "M", caller: "c", traceparent: None, load_ids: None, load: false, slow: false };
        for (told, code, expected) in [
            (ordinary, Code::Ok, Level::DEBUG),
            (ordinary, Code::NotFound, Level::DEBUG),
            (ordinary, Code::ResourceExhausted, Level::DEBUG),
            (ordinary, Code::Internal, Level::WARN),
            (ordinary, Code::DeadlineExceeded, Level::INFO),
            (Told { slow: true, ..ordinary }, Code::Ok, Level::INFO),
            (Told { load: true, ..ordinary }, Code::Ok, Level::INFO),
            (Told { load: true, ..ordinary }, Code::FailedPrecondition, Level::INFO),
        ] {
            assert_eq!(level(&told, code), expected, "{told:?} {code:?}");
        }
    }
}
