//! Traces to an OTLP collector, over gRPC.
//!
//! A caller that records its trace has its calls recorded here too; of the others a share is, and of the calls that get no
//! place or whose caller has no role, whatever it says. Only those get a span: the rest pay one addition.

use std::sync::{
    OnceLock,
    atomic::{AtomicU64, Ordering},
};

use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState, TracerProvider as _},
};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracerProvider},
};
use tokio::runtime::{Builder, Runtime};
use tracing::{Span, Subscriber, field};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{Layer, filter::Targets, registry::LookupSpan};

use crate::server::config::Otlp;

use super::{calls::Told, traceparent::TraceParent};

/// Spans that are sent, and nothing else is.
const TRACES: &str = "wan_matrix::traces";

/// Every how many calls one is recorded that its caller does not record; set once, when traces are started.
static EVERY: OnceLock<u64> = OnceLock::new();
static CALLS: AtomicU64 = AtomicU64::new(0);

/// What sends spans; the last of them go out when it is dropped.
#[derive(Debug)]
pub(super) struct Traces {
    provider: SdkTracerProvider,
    /// The exporter's connection lives on it: spans must not wait for those who serve calls.
    _runtime: Runtime,
}

/// Starts sending, or says why not and goes on without: a collector is not worth an outage.
pub(super) fn start<S>(otlp: &Otlp) -> Option<(Traces, impl Layer<S> + use<S>)>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("otlp").enable_all().build().ok()?;
    let exporter = {
        let _within = runtime.enter();
        SpanExporter::builder().with_tonic().with_endpoint(&otlp.endpoint).build()
    };
    let exporter = match exporter {
        Ok(exporter) => exporter,
        Err(error) => {
            tracing::error!(endpoint = otlp.endpoint, %error, "traces are not sent");
            return None;
        }
    };
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        // Who is recorded was decided before there was a span.
        .with_sampler(Sampler::AlwaysOn)
        .with_resource(Resource::builder().with_service_name("wan-matrix").build())
        .build();
    let _once = EVERY.set(otlp.every);
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("wan-matrix"))
        .with_filter(Targets::new().with_target(TRACES, tracing::Level::INFO));
    Some((Traces { provider, _runtime: runtime }, layer))
}

impl Drop for Traces {
    fn drop(&mut self) {
        // What cannot be sent now is lost with the process.
        let _unsent = self.provider.shutdown();
    }
}

/// The span of a call that is recorded.
pub(super) fn span(told: &Told<'_>) -> Option<Span> {
    let &every = EVERY.get()?;
    let parent = told.traceparent.and_then(TraceParent::parse);
    let recorded = match parent {
        // Whoever may call as often as it likes does not say what is recorded.
        Some(parent) if parent.sampled && told.counts => true,
        _ => every > 0 && CALLS.fetch_add(1, Ordering::Relaxed).is_multiple_of(every),
    };
    if !recorded {
        return None;
    }
    let span = tracing::info_span!(
        target: TRACES,
        "call",
        otel.name = told.method,
        otel.kind = "server",
        rpc.system = "grpc",
        caller = told.caller,
        user_roles = told.user_roles,
        code = field::Empty,
        duration_ms = field::Empty,
        load_ids = field::Empty,
        otel.status_code = field::Empty,
    );
    if let Some(context) = parent.and_then(context) {
        // It fails for a span that is not recorded after all.
        let _unrecorded = span.set_parent(context);
    }
    Some(span)
}

fn context(parent: TraceParent<'_>) -> Option<Context> {
    let trace_id = TraceId::from_hex(parent.trace_id).ok()?;
    let parent_id = SpanId::from_hex(parent.parent_id).ok()?;
    let flags = if parent.sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
    let remote = SpanContext::new(trace_id, parent_id, flags, true, TraceState::default());
    Some(Context::new().with_remote_span_context(remote))
}
