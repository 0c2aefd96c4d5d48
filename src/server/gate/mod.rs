//! The gate that every call passes, and the only layer there is: who calls how often, how many calls are in flight, how long
//! they may take, where their work is done, and what is counted and told of them.
//!
//! One service by hand instead of a stack of layers: a lookup takes some ten microseconds, and each layer that allocates
//! its future and reads the clock for itself would take one of them. What a call holds is one value ([`call::Call`]) that
//! travels with its reply and gives everything back when the reply's last byte is handed on.
//!
//! ```text
//! request ─► account of its caller ─► place in its class ─┬─► front: the handler, here ──────────┬─► reply, accounted
//!                │ RATE_LIMITED          │ OVERLOADED      └─► back: the handler, elsewhere ──────┘
//! ```

mod account;
mod body;
mod call;
mod lane;
mod method;
mod parts;
mod reader;

use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::Poll,
    time::Duration,
};

use arc_swap::ArcSwap;
use http::{HeaderMap, Request, Response};
use tokio::{
    runtime::Handle,
    sync::watch,
    time::{Instant, sleep_until, timeout_at},
};
use tonic::{Code, Status, body::Body};
use tower::{Service, service_fn};
use tracing::Instrument as _;

use crate::grpc::{self, Caller, LoadIds};

use super::{Config, deadline, metrics::Metrics};

use account::{Accounts, Rate};
pub(super) use body::GatedBody;
use call::{Call, Place};
pub(super) use lane::Back;
pub(super) use method::{Class, Method};
pub use parts::{Part, gate_parts};
pub(super) use reader::{Reader, Readers};

/// Uploads in flight. One load runs at a time; the others are told so, and hold little until they are.
const UPLOADS: u32 = 64;
/// Watches of health in flight: more than there are balancers and probes by far.
const HEALTH_WATCHES: u32 = 1024;
/// When a call that was shed is worth sending again.
const RETRY_INTERACTIVE: Duration = Duration::from_millis(200);
const RETRY_OTHERS: Duration = Duration::from_secs(1);
/// How much longer than a call a reply may go unread.
const UNREAD: Duration = Duration::from_secs(10);

/// What is shared by all calls.
#[derive(Debug)]
pub(super) struct Gate {
    live: ArcSwap<Live>,
    accounts: Accounts,
    in_flight: [AtomicU32; Class::ALL.len()],
    metrics: Arc<Metrics>,
    readers: Arc<Readers>,
    back: lane::Handles,
    /// Says true when the server drains.
    drain: watch::Receiver<bool>,
}

/// A call that was taken in, until when, and what bounds its work where that is done elsewhere.
#[derive(Debug)]
struct Admitted {
    call: Call,
    deadline: Option<Instant>,
    /// And the threads that do it.
    back: Option<(Handle, lane::Bounds)>,
}

/// The limits in force, in the shape in which a call asks for them.
#[derive(Debug)]
struct Live {
    /// Calls in flight, and how many of them may be one caller's.
    most: [(u32, u32); Class::ALL.len()],
    rate: Option<Rate>,
    request: Duration,
    stream: Duration,
    /// From where on a question took long.
    slow: Duration,
}

impl Live {
    fn new(config: &Config) -> Self {
        let limits = &config.calls;
        let most = Class::ALL.map(|class| {
            let most = match class {
                Class::Interactive => limits.interactive_calls,
                Class::Bulk => limits.bulk_calls,
                Class::Watch => limits.watch_calls,
                Class::HealthWatch => HEALTH_WATCHES,
                Class::Upload => UPLOADS,
                Class::Probe => return (u32::MAX, u32::MAX),
            };
            let share = u64::from(most) * u64::from(limits.caller_share_percent) / 100;
            (most, u32::try_from(share).unwrap_or(most).max(1))
        });
        let rate = limits.calls_per_second.map(|per_second| Rate::new(per_second, limits.calls_burst));
        Self { most, rate, request: config.limits.max_request, stream: limits.max_stream, slow: config.log.slow_call }
    }

    /// How long a reply may go unread once its time is over, and the period of [`Readers`].
    fn unread(&self) -> Duration {
        self.request.min(UNREAD)
    }

    fn time(&self, method: Method) -> Option<Duration> {
        match method.rule().time {
            method::Time::Request => Some(self.request),
            method::Time::Stream => Some(self.stream),
            method::Time::Open => None,
        }
    }
}

impl Gate {
    pub(super) fn new(
        config: &Config,
        metrics: Arc<Metrics>,
        back: lane::Handles,
        drain: watch::Receiver<bool>,
    ) -> Arc<Self> {
        Arc::new(Self {
            live: ArcSwap::from_pointee(Live::new(config)),
            accounts: Accounts::new(),
            in_flight: Default::default(),
            metrics,
            readers: Arc::default(),
            back,
            drain,
        })
    }

    /// Puts other limits in force, for every call that begins from now on.
    pub(super) fn apply(&self, config: &Config) {
        self.live.store(Arc::new(Live::new(config)));
    }

    fn slow(&self) -> Duration {
        self.live.load().slow
    }

    /// Calls in flight of a class.
    pub(super) fn in_flight(&self, class: Class) -> u32 {
        self.in_flight[class as usize].load(Ordering::Relaxed)
    }

    /// Callers of whom something is kept.
    pub(super) fn callers(&self) -> usize {
        self.accounts.len()
    }

    pub(super) const fn readers(&self) -> &Arc<Readers> {
        &self.readers
    }

    /// Looks after what no single call can: callers that can be forgotten, replies that are not read. Runs until dropped.
    pub(super) async fn look_after(self: Arc<Self>) {
        loop {
            let live = self.live.load_full();
            tokio::time::sleep(live.request + live.unread()).await;
            self.readers.next_period();
            self.accounts.forget_idle();
        }
    }

    /// Takes a call in, or says why not.
    fn admit(self: &Arc<Self>, request: &Request<Body>) -> Result<Admitted, Status> {
        let started = std::time::Instant::now();
        let method = Method::of(request.uri().path());
        let caller = request.extensions().get::<Arc<Caller>>().cloned();
        let connection = request.extensions().get::<Arc<Reader>>();
        let traceparent = request.headers().get("traceparent").cloned();
        let mut call = Call::new(Arc::clone(self), method, started, caller, traceparent);
        let live = self.live.load();
        let place = match self.place(&live, method, call.caller(), started) {
            Ok(place) => place,
            Err(status) => {
                // It has one as every call has, and nothing is done within it.
                let _span = call.span();
                call.over(status.code());
                return Err(status);
            }
        };
        let max = live.time(method);
        let asked = request.headers().get("grpc-timeout").and_then(deadline::parse);
        let limit = match (asked, max) {
            (Some(asked), Some(max)) => Some(asked.min(max)),
            (asked, max) => asked.or(max),
        };
        // The longest that can be asked for is past what a clock can tell.
        let deadline = limit.and_then(|limit| Instant::from_std(started).checked_add(limit));
        let open = match (method.rule().class, connection) {
            (Class::Interactive, Some(connection)) => Some(connection.begin()),
            _ => None,
        };
        let back = self.back.of(method.rule().lane).map(|threads| {
            let bounds = lane::Bounds { deadline, unread: live.unread(), reader: connection.cloned() };
            (threads.clone(), bounds)
        });
        Ok(Admitted { call: call.admitted(place, open), deadline, back })
    }

    fn place(
        self: &Arc<Self>,
        live: &Live,
        method: Method,
        caller: Option<&Caller>,
        now: std::time::Instant,
    ) -> Result<Place, Status> {
        let class = method.rule().class;
        let rate = if class == Class::Probe { None } else { live.rate };
        let account = self.accounts.of(caller, now, rate).map_err(|wait| {
            self.metrics.rate_limited();
            grpc::rate_limited(wait)
        })?;
        let (most, share) = live.most[class as usize];
        // Both are taken before either is compared: of two calls at the bound, one gets the place.
        let others = self.in_flight[class as usize].fetch_add(1, Ordering::Relaxed);
        let own = account.held(class).fetch_add(1, Ordering::Relaxed);
        let place = Place { gate: Arc::clone(self), account, method };
        if others >= most || own >= share {
            self.metrics.shed(class);
            let retry = if class == Class::Interactive { RETRY_INTERACTIVE } else { RETRY_OTHERS };
            return Err(grpc::overloaded(class.name(), others < most, retry));
        }
        Ok(place)
    }
}

/// `inner` behind the gate.
pub(super) fn gated<S>(
    gate: Arc<Gate>,
    inner: S,
) -> impl Service<
    Request<Body>,
    Response = Response<GatedBody>,
    Error = Infallible,
    Future = impl Future<Output = Result<Response<GatedBody>, Infallible>> + Send,
> + Clone
+ Send
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send + 'static> + Clone + Send,
{
    let mut inner = inner;
    // The routes are always ready, so readiness need not be asked for.
    service_fn(move |request: Request<Body>| {
        let admitted = gate.admit(&request).map(|Admitted { mut call, deadline, back }| {
            let span = call.span();
            let answer = inner.call(request).instrument(span);
            // What runs elsewhere is handed over before this is first polled. Boxed, for a call moves through every layer
            // on its way to a task: copying the states of its work each time would cost more than the lookup.
            let answer = match back {
                Some((threads, bounds)) => Ok(Box::pin(lane::answer(&threads, answer, bounds))),
                None => Err(Box::pin(answer)),
            };
            (call, deadline, answer)
        });
        async move {
            let (call, deadline, answer) = match admitted {
                Ok(admitted) => admitted,
                Err(status) => return Ok(refused(&status)),
            };
            Ok(match answer {
                // Kept here as well: those threads may have no time to look at a clock.
                Ok(back) => match in_time(back, deadline).await {
                    Some(answer) => reply_from_back(call, answer),
                    None => turned_down(call, &grpc::deadline_passed()),
                },
                Err(front) => match in_time(front, deadline).await {
                    Some(Ok(response)) => reply_from_front(call, response, deadline),
                    None => turned_down(call, &grpc::deadline_passed()),
                },
            })
        }
    })
}

/// Waits no longer than to the deadline.
async fn in_time<F: Future>(answer: F, deadline: Option<Instant>) -> Option<F::Output> {
    let mut answer = pin!(answer);
    // Most calls are answered at once, and a timer would cost as much as the lookup.
    let first = poll_fn(|cx| Poll::Ready(answer.as_mut().poll(cx))).await;
    match (first, deadline) {
        (Poll::Ready(answer), _) => Some(answer),
        (Poll::Pending, Some(deadline)) => timeout_at(deadline, answer).await.ok(),
        (Poll::Pending, None) => Some(answer.await),
    }
}

fn reply_from_front(mut call: Call, response: Response<Body>, deadline: Option<Instant>) -> Response<GatedBody> {
    let (mut parts, body) = response.into_parts();
    call.load_ids = parts.extensions.remove::<LoadIds>().map(|ids| ids.0);
    if http_body::Body::is_end_stream(&body) {
        call.over(body::code(&parts.headers).unwrap_or(Code::Unknown));
        return Response::from_parts(parts, GatedBody::nothing());
    }
    // A question's one message follows its head; only of a stream may more come, and later.
    let streams = call.method.rule().time != method::Time::Request;
    let deadline = deadline.filter(|_| streams).map(|deadline| Box::pin(sleep_until(deadline)));
    Response::from_parts(parts, GatedBody::front(body, call, deadline))
}

fn reply_from_back(mut call: Call, answer: Result<(Response<()>, Option<lane::Reply>), Status>) -> Response<GatedBody> {
    match answer {
        Ok((head, reply)) => {
            let (mut parts, ()) = head.into_parts();
            call.load_ids = parts.extensions.remove::<LoadIds>().map(|ids| ids.0);
            match reply {
                Some(reply) => Response::from_parts(parts, GatedBody::back(reply, call)),
                None => {
                    call.over(body::code(&parts.headers).unwrap_or(Code::Unknown));
                    Response::from_parts(parts, GatedBody::nothing())
                }
            }
        }
        Err(status) => turned_down(call, &status),
    }
}

fn turned_down(call: Call, status: &Status) -> Response<GatedBody> {
    call.over(status.code());
    refused(status)
}

fn refused(status: &Status) -> Response<GatedBody> {
    status.clone().into_http::<Body>().map(|_| GatedBody::nothing())
}

/// A status as the end of a reply that has begun.
fn trailers(status: &Status) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    // Only words that no header can hold fail here, and ours can be held.
    let _sound = status.add_header(&mut trailers);
    trailers
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;
