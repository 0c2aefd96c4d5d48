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
    /// In which User Roles it asks, where somebody has named them.
    pub(in crate::server) user_roles: Option<&'a str>,
    pub(in crate::server) traceparent: Option<&'a HeaderValue>,
    pub(in crate::server) load_ids: Option<&'a str>,
    /// It got a place, and its caller has a role here: strangers and those who call too much cannot fill the log, nor the
    /// traces.
    pub(in crate::server) counts: bool,
    /// Somebody waits for its end, so that a deadline which passes is a failure. To watch or to stream, it is the plan.
    pub(in crate::server) awaited: bool,
    /// A load came or went: told however it ended, unless its caller may not.
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
    tracing::debug_span!(
        target: CALLS,
        "call",
        method = told.method,
        caller = told.caller,
        user_roles = told.user_roles,
        trace_id,
        code = field::Empty,
        duration_ms = field::Empty,
        load_ids = field::Empty,
    )
}

/// The line of a call that is over, and what its span did not know when it began.
pub(in crate::server) fn call_over(told: Told<'_>, span: &Span, code: Code, took: Duration) {
    let millis = took.as_secs_f64() * 1e3;
    if !span.is_disabled() {
        span.record("code", field::debug(code)).record("duration_ms", millis);
        if let Some(load_ids) = told.load_ids {
            span.record("load_ids", load_ids);
        }
        // Only the span of a trace has this field.
        if is_fault(code) {
            span.record("otel.status_code", "ERROR");
        }
    }
    let level = level(&told, code);
    // Two comparisons, where nobody listens.
    if level > tracing::level_filters::LevelFilter::current() {
        return;
    }
    let trace_id = told.traceparent.and_then(TraceParent::parse).map(|parent| parent.trace_id);
    let Told { method, caller, user_roles, load_ids, .. } = told;
    macro_rules! line {
        ($level:expr) => {
            tracing::event!(target: CALLS, $level, method, ?code, millis, caller, user_roles, load_ids, trace_id, "call")
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
        // A line for each of these would be more work than was refused. They are counted, and denials audited.
        Code::Unauthenticated | Code::PermissionDenied => Level::DEBUG,
        _ if !told.counts => Level::DEBUG,
        Code::Unavailable => Level::INFO,
        Code::DeadlineExceeded if told.awaited => Level::INFO,
        _ if told.load || told.slow => Level::INFO,
        _ => Level::DEBUG,
    }
}

/// Whether a code says that this side failed, as OpenTelemetry's conventions for servers have it.
const fn is_fault(code: Code) -> bool {
    matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}

#[cfg(test)]
mod tests {
    use super::{super::Written, *};

    #[test]
    fn a_span_has_at_its_end_what_was_not_known_when_it_began() {
        let written = Written::default();
        tracing::subscriber::with_default(written.subscriber(Level::DEBUG), || {
            let begun = Told {
                method: "RequestWanMatrix",
                caller: "planner-1",
                user_roles: Some("GS+IS"),
                traceparent: None,
                load_ids: None,
                counts: true,
                awaited: true,
                load: false,
                slow: false,
            };
            let span = span(begun);
            let told = Told { load_ids: Some("north-1,south-2"), ..begun };
            call_over(told, &span, Code::Ok, Duration::from_micros(1500));
        });
        let lines = written.lines();
        let closed = lines.last().unwrap();
        let expected = serde_json::json!({
            "name": "call",
            "method": "RequestWanMatrix",
            "caller": "planner-1",
            "user_roles": "GS+IS",
            "code": "Ok",
            "duration_ms": 1.5,
            "load_ids": "north-1,south-2",
        });
        assert_eq!(closed["span"], expected, "{lines:?}");
        let said = &lines.first().unwrap()["fields"];
        assert_eq!((&said["caller"], &said["user_roles"]), (&"planner-1".into(), &"GS+IS".into()));
    }

    #[test]
    fn what_an_operator_must_see_is_above_debug() {
        let ordinary = Told {
            method: "M",
            caller: "c",
            user_roles: None,
            traceparent: None,
            load_ids: None,
            counts: true,
            awaited: true,
            load: false,
            slow: false,
        };
        let load = Told { load: true, ..ordinary };
        let refused = Told { counts: false, slow: true, ..load };
        for (told, code, expected) in [
            (ordinary, Code::Ok, Level::DEBUG),
            (ordinary, Code::NotFound, Level::DEBUG),
            (ordinary, Code::ResourceExhausted, Level::DEBUG),
            (ordinary, Code::Internal, Level::WARN),
            (ordinary, Code::DeadlineExceeded, Level::INFO),
            (Told { slow: true, ..ordinary }, Code::Ok, Level::INFO),
            (ordinary, Code::Unavailable, Level::INFO),
            (Told { awaited: false, ..ordinary }, Code::DeadlineExceeded, Level::DEBUG),
            (load, Code::Ok, Level::INFO),
            (load, Code::FailedPrecondition, Level::INFO),
            (load, Code::DeadlineExceeded, Level::INFO),
            // A file that is too large: taken in, and told.
            (load, Code::ResourceExhausted, Level::INFO),
            // Whoever may not, whatever it tried.
            (load, Code::PermissionDenied, Level::DEBUG),
            (load, Code::Unauthenticated, Level::DEBUG),
            // Whoever got no place or has no role, however it ended.
            (refused, Code::ResourceExhausted, Level::DEBUG),
            (refused, Code::Cancelled, Level::DEBUG),
            (refused, Code::DeadlineExceeded, Level::DEBUG),
            (refused, Code::Internal, Level::WARN),
        ] {
            assert_eq!(level(&told, code), expected, "{told:?} {code:?}");
        }
    }
}
