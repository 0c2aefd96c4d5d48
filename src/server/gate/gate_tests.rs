use http_body_util::BodyExt as _;
use tokio::sync::watch;
use tonic_types::StatusExt as _;

use super::*;
use crate::{grpc::Roles, server::Flags};

const LOOKUP: &str = "/wanmatrix.v1.WanMatrixService/RequestWanMatrix";
const BATCH: &str = "/wanmatrix.v1.WanMatrixService/BatchRequestWanMatrix";
const CHECK: &str = "/grpc.health.v1.Health/Check";
const HEALTH: &str = "/grpc.health.v1.Health/Watch";
const REFLECTION: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

fn config(variables: &[(&str, &str)]) -> Config {
    let variables = variables.iter().map(|(name, value)| (format!("WAN_MATRIX_{name}"), (*value).to_owned()));
    Config::read(Flags::default(), variables).unwrap()
}

struct Rig {
    gate: Arc<Gate>,
    metrics: Arc<Metrics>,
    draining: watch::Sender<bool>,
    _back: Back,
}

impl Rig {
    fn new(variables: &[(&str, &str)]) -> Self {
        let (back, metrics) = (Back::start(1).unwrap(), Arc::new(Metrics::default()));
        let (draining, drain) = watch::channel(false);
        let gate = Gate::new(&config(variables), Arc::clone(&metrics), back.handles(), drain);
        Self { gate, metrics, draining, _back: back }
    }

    /// Calls a service that answers OK with one message once `open` says true.
    async fn call(&self, path: &str, name: &str, open: &watch::Receiver<bool>) -> Response<GatedBody> {
        let open = open.clone();
        let inner = service_fn(move |_: Request<Body>| {
            let mut open = open.clone();
            async move {
                let _opened = open.wait_for(|&open| open).await;
                let mut trailers = HeaderMap::new();
                trailers.insert("grpc-status", http::HeaderValue::from_static("0"));
                let message = http_body_util::Full::new(bytes::Bytes::from_static(b"answer"));
                let body = message.with_trailers(std::future::ready(Some(Ok(trailers))));
                Ok::<_, Infallible>(Response::new(Body::new(body)))
            }
        });
        gated(Arc::clone(&self.gate), inner).call(request(path, name)).await.unwrap()
    }
}

fn request(path: &str, name: &str) -> Request<Body> {
    let mut request = Request::builder().uri(format!("http://localhost{path}")).body(Body::empty()).unwrap();
    request.extensions_mut().insert(Arc::new(Caller::certified(name.to_owned(), None, Roles::NONE)));
    request
}

async fn ended(response: Response<GatedBody>) -> Status {
    let (parts, body) = response.into_parts();
    if let Some(status) = Status::from_header_map(&parts.headers) {
        return status;
    }
    let collected = body.collect().await.unwrap();
    Status::from_header_map(collected.trailers().unwrap()).unwrap()
}

fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

#[tokio::test]
async fn a_place_is_held_to_the_end_of_the_reply_and_given_back() {
    let (_open, opened) = watch::channel(true);
    for path in [LOOKUP, BATCH] {
        let rig = Rig::new(&[("LIMITS_INTERACTIVE_CALLS", "1"), ("LIMITS_BULK_CALLS", "1")]);
        for _ in 0..3 {
            let first = rig.call(path, "one", &opened).await;
            // Its reply is not taken yet.
            let second = ended(rig.call(path, "two", &opened).await).await;
            assert_eq!((second.code(), reason(&second).as_str()), (Code::ResourceExhausted, "OVERLOADED"), "{path}");
            assert!(second.get_details_retry_info().unwrap().retry_delay.unwrap() > Duration::ZERO);
            assert_eq!(ended(first).await.code(), Code::Ok, "{path}");
            let class = Method::of(path).rule().class;
            assert_eq!(rig.gate.in_flight(class), 0, "{path}");
            // Dropped unread is the end too.
            drop(rig.call(path, "two", &opened).await);
            assert_eq!(rig.gate.in_flight(class), 0, "{path}");
        }
    }
}

#[tokio::test]
async fn one_caller_gets_its_share_and_leaves_the_rest() {
    let (_open, opened) = watch::channel(true);
    let rig = Rig::new(&[("LIMITS_INTERACTIVE_CALLS", "4"), ("LIMITS_CALLER_SHARE_PERCENT", "50")]);
    let mut held = Vec::new();
    for _ in 0..2 {
        held.push(rig.call(LOOKUP, "greedy", &opened).await);
    }
    let third = ended(rig.call(LOOKUP, "greedy", &opened).await).await;
    assert!(third.message().contains("this caller"), "{third}");
    for name in ["modest", "humble"] {
        held.push(rig.call(LOOKUP, name, &opened).await);
    }
    let fifth = ended(rig.call(LOOKUP, "late", &opened).await).await;
    assert!(fifth.message().contains("the server"), "{fifth}");
    // Whoever asks whether the server is well always hears.
    for _ in 0..10 {
        held.push(rig.call(CHECK, "greedy", &opened).await);
    }
    for response in held {
        assert_eq!(ended(response).await.code(), Code::Ok);
    }
}

#[tokio::test]
async fn health_is_watched_whoever_holds_the_other_watches_and_nobody_holds_all_of_it() {
    let (_open, opened) = watch::channel(true);
    let rig = Rig::new(&[("LIMITS_WATCH_CALLS", "1")]);
    let mut held = vec![rig.call(REFLECTION, "greedy", &opened).await];
    assert_eq!(reason(&ended(rig.call(REFLECTION, "late", &opened).await).await), "OVERLOADED");
    for _ in 0..HEALTH_WATCHES / 2 {
        held.push(rig.call(HEALTH, "greedy", &opened).await);
    }
    let one_more = ended(rig.call(HEALTH, "greedy", &opened).await).await;
    assert!(one_more.message().starts_with("this caller has as many health-watch calls"), "{one_more}");
    held.push(rig.call(HEALTH, "balancer", &opened).await);
    assert_eq!(rig.gate.in_flight(Class::HealthWatch), HEALTH_WATCHES / 2 + 1);
    for response in held {
        assert_eq!(ended(response).await.code(), Code::Ok);
    }
}

#[tokio::test]
async fn a_drain_ends_what_has_no_end_of_its_own_and_nothing_else() {
    let (_open, opened) = watch::channel(true);
    let rig = Rig::new(&[]);
    let mut held = Vec::new();
    for path in [REFLECTION, HEALTH, LOOKUP, BATCH] {
        held.push((path, rig.call(path, "one", &opened).await));
    }
    rig.draining.send_replace(true);
    for (path, response) in held {
        let status = ended(response).await;
        let (code, because) = if path == REFLECTION { (Code::Unavailable, "SHUTTING_DOWN") } else { (Code::Ok, "") };
        assert_eq!((status.code(), reason(&status).as_str()), (code, because), "{path}");
        assert_eq!(rig.metrics.counted(Method::of(path)), [(code, 1)], "{path}");
    }
}

#[tokio::test]
async fn the_wait_that_is_told_is_enough_and_limits_change_while_serving() {
    let (_open, opened) = watch::channel(true);
    let rig = Rig::new(&[("LIMITS_CALLS_PER_SECOND", "20"), ("LIMITS_CALLS_BURST", "2")]);
    let mut waits = Vec::new();
    for _ in 0..4 {
        let status = ended(rig.call(LOOKUP, "one", &opened).await).await;
        if status.code() == Code::ResourceExhausted {
            assert_eq!(reason(&status), "RATE_LIMITED");
            let wait = status.get_details_retry_info().unwrap().retry_delay.unwrap();
            assert!(wait <= Duration::from_millis(50), "{wait:?}");
            waits.push(wait);
        }
        assert_eq!(ended(rig.call(CHECK, "one", &opened).await).await.code(), Code::Ok);
    }
    assert_eq!(waits.len(), 2);
    tokio::time::sleep(waits[1]).await;
    assert_eq!(ended(rig.call(LOOKUP, "one", &opened).await).await.code(), Code::Ok);
    rig.gate.apply(&config(&[("LIMITS_CALLS_PER_SECOND", "0")]));
    for _ in 0..50 {
        assert_eq!(ended(rig.call(LOOKUP, "one", &opened).await).await.code(), Code::Ok);
    }
}

#[tokio::test]
async fn work_past_its_deadline_is_dropped_and_answered() {
    let (open, opened) = watch::channel(false);
    for path in [LOOKUP, BATCH] {
        for (variables, header) in [(&[][..], Some("1m")), (&[("LIMITS_MAX_REQUEST_SECONDS", "1")][..], None)] {
            let rig = Rig::new(variables);
            let waiting = opened.clone();
            let inner = service_fn(move |_: Request<Body>| {
                let mut waiting = waiting.clone();
                async move {
                    let _never = waiting.wait_for(|&open| open).await;
                    Ok::<_, Infallible>(Response::new(Body::empty()))
                }
            });
            let mut request = request(path, "one");
            if let Some(header) = header {
                request.headers_mut().insert("grpc-timeout", http::HeaderValue::from_static(header));
            }
            let response = gated(Arc::clone(&rig.gate), inner).call(request).await.unwrap();
            assert_eq!(ended(response).await.code(), Code::DeadlineExceeded, "{path} {header:?}");
        }
    }
    // One receiver is ours: the work, and what it held, is gone.
    for _ in 0..1000 {
        if open.receiver_count() == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("the work goes on: {} receivers", open.receiver_count());
}

#[tokio::test]
async fn every_end_is_counted_once_with_its_code() {
    let (_open, opened) = watch::channel(true);
    let (_shut, never) = watch::channel(false);
    let rig = Rig::new(&[]);
    for path in [LOOKUP, BATCH] {
        assert_eq!(ended(rig.call(path, "one", &opened).await).await.code(), Code::Ok);
        drop(rig.call(path, "one", &opened).await);
        // Given up before there was a head.
        let given_up = tokio::time::timeout(Duration::from_millis(1), rig.call(path, "one", &never)).await;
        assert!(given_up.is_err());
        let counted = rig.metrics.counted(Method::of(path));
        assert_eq!(counted, [(Code::Ok, 1), (Code::Cancelled, 2)], "{path}");
    }
}

#[tokio::test]
async fn a_call_that_gets_no_place_has_one_span_and_one_line_as_every_call_has() {
    use crate::{grpc::CALLS, server::telemetry::Written};
    let (_open, opened) = watch::channel(true);
    for (limit, value) in [("LIMITS_INTERACTIVE_CALLS", "1"), ("LIMITS_CALLS_BURST", "1")] {
        let written = Written::default();
        let _logging = tracing::subscriber::set_default(written.subscriber(tracing::Level::DEBUG));
        let rig = Rig::new(&[(limit, value), ("LIMITS_CALLS_PER_SECOND", "1")]);
        let first = rig.call(LOOKUP, "one", &opened).await;
        let caller = if limit == "LIMITS_CALLS_BURST" { "one" } else { "two" };
        assert_eq!(ended(rig.call(LOOKUP, caller, &opened).await).await.code(), Code::ResourceExhausted);
        assert_eq!(ended(first).await.code(), Code::Ok);
        let lines = written.lines();
        for code in ["Ok", "ResourceExhausted"] {
            let spans =
                lines.iter().filter(|line| line["fields"]["message"] == "close" && line["span"]["code"] == code);
            assert_eq!(spans.count(), 1, "{limit} {code}: {lines:#?}");
            let own = lines.iter().filter(|line| line["target"] == CALLS && line["fields"]["code"] == code);
            assert_eq!(own.count(), 1, "{limit} {code}: {lines:#?}");
        }
        // Above debug there is nothing of either.
        assert!(lines.iter().all(|line| line["level"] == "DEBUG"), "{lines:#?}");
    }
}
