//! One call, from the moment its head has arrived to the end of its reply.

use std::{sync::Arc, sync::atomic::Ordering, time::Instant};

use http::HeaderValue;
use tokio::sync::watch;
use tonic::Code;
use tracing::Span;

use crate::{
    grpc::Caller,
    server::telemetry::{self, Told},
};

use super::{
    Gate,
    account::Account,
    method::{Class, Method, Time},
    reader::Open,
};

/// What a call holds: its place in its class, its place in its caller's share, its connection's patience.
#[derive(Debug)]
pub(super) struct Call {
    gate: Arc<Gate>,
    pub(super) method: Method,
    pub(super) started: Instant,
    place: Option<Place>,
    _open: Option<Open>,
    caller: Option<Arc<Caller>>,
    traceparent: Option<HeaderValue>,
    /// The loads it was answered from, when somebody wants to know.
    pub(super) load_ids: Option<String>,
    span: Span,
    is_over: bool,
}

/// A place in a class. Given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) gate: Arc<Gate>,
    pub(super) account: Arc<Account>,
    pub(super) method: Method,
}

impl Drop for Place {
    fn drop(&mut self) {
        let class = self.method.rule().class;
        self.account.held(class).fetch_sub(1, Ordering::Relaxed);
        self.gate.in_flight[class as usize].fetch_sub(1, Ordering::Relaxed);
    }
}

impl Call {
    pub(super) fn new(
        gate: Arc<Gate>,
        method: Method,
        started: Instant,
        caller: Option<Arc<Caller>>,
        traceparent: Option<HeaderValue>,
    ) -> Self {
        Self {
            gate,
            method,
            started,
            place: None,
            _open: None,
            caller,
            traceparent,
            load_ids: None,
            span: Span::none(),
            is_over: false,
        }
    }

    /// The same call, admitted.
    pub(super) fn admitted(mut self, place: Place, open: Option<Open>) -> Self {
        self.place = Some(place);
        self._open = open;
        self
    }

    pub(super) fn caller(&self) -> Option<&Caller> {
        self.caller.as_deref()
    }

    /// Says true when the server drains, if that is what ends it.
    pub(super) fn drain(&self) -> Option<watch::Receiver<bool>> {
        self.method.rule().ends_with_server().then(|| self.gate.drain.clone())
    }

    /// A span for its work, if anybody listens.
    pub(super) fn span(&mut self) -> Span {
        self.span = telemetry::span(self.told(false));
        self.span.clone()
    }

    fn told(&self, slow: bool) -> Told<'_> {
        let rule = self.method.rule();
        Told {
            method: rule.label,
            caller: self.caller().map_or("unknown", Caller::name),
            user_roles: self.caller().and_then(Caller::user_roles),
            traceparent: self.traceparent.as_ref(),
            load_ids: self.load_ids.as_deref(),
            counts: self.place.is_some() && self.caller().is_some_and(|caller| caller.roles().any()),
            awaited: rule.time == Time::Request || rule.class == Class::Upload,
            load: rule.changes_coverage(),
            slow: slow && rule.time == Time::Request,
        }
    }

    /// The end, with the code the caller got.
    pub(super) fn over(mut self, code: Code) {
        self.account(code);
    }

    fn account(&mut self, code: Code) {
        self.is_over = true;
        let took = self.started.elapsed();
        self.gate.metrics.call(self.method, code, took);
        let slow = took >= self.gate.slow();
        telemetry::call_over(self.told(slow), &self.span, code, took);
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        // The caller hung up, or its connection ended.
        if !self.is_over {
            self.account(Code::Cancelled);
        }
    }
}
