//! What is answered to which path.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use percent_encoding::percent_decode_str;
use tokio::{sync::watch, task};
use tonic_health::{
    pb::{HealthCheckRequest, health_check_response::ServingStatus, health_server::Health as _},
    server::HealthService,
};

use crate::{grpc::Expected, loads::Loads, server::metrics::Exposition};

/// Everything the answers are made of.
#[derive(Debug)]
pub(in crate::server) struct Answers {
    pub(in crate::server) health: HealthService,
    pub(in crate::server) loads: Arc<Loads>,
    pub(in crate::server) expected: Expected,
    pub(in crate::server) exposition: Arc<Exposition>,
    pub(in crate::server) draining: watch::Receiver<bool>,
}

type Answer = Response<Full<Bytes>>;

impl Answers {
    pub(super) async fn to<B>(&self, request: &Request<B>) -> Answer {
        let path = request.uri().path();
        if !["/livez", "/readyz", "/metrics"].contains(&path) {
            return text(StatusCode::NOT_FOUND, "there is /livez, /readyz and /metrics\n");
        }
        // Of the answer to a HEAD hyper sends the head alone.
        if ![Method::GET, Method::HEAD].contains(request.method()) {
            let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "this can only be read: GET, HEAD\n");
            answer.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("GET, HEAD"));
            return answer;
        }
        match path {
            "/livez" => text(StatusCode::OK, "alive\n"),
            "/readyz" => self.ready(request.uri().query().unwrap_or_default()).await,
            _ => self.metrics().await,
        }
    }

    /// As `grpc.health.v1` answers, and in words what is missing.
    async fn ready(&self, query: &str) -> Answer {
        let service = parameter(query, "service").unwrap_or_default();
        let asked = tonic::Request::new(HealthCheckRequest { service });
        match self.health.check(asked).await {
            Ok(status) if status.get_ref().status() == ServingStatus::Serving => text(StatusCode::OK, "ready\n"),
            Ok(_) => text(StatusCode::SERVICE_UNAVAILABLE, self.missing()),
            Err(_) => text(StatusCode::NOT_FOUND, "there is no such service here\n"),
        }
    }

    fn missing(&self) -> String {
        let set = self.loads.active();
        let unheard = self.expected.missing(&set).into_iter().filter(|&region| self.expected.expects(region));
        let lines: Vec<String> = unheard
            .map(|region| match set.load(region) {
                None if set.damaged().contains(&region) => format!("{region}: its active load is damaged\n"),
                None => format!("{region}: no active load\n"),
                Some(_) => format!("{region}: not heard\n"),
            })
            .collect();
        // With every region heard, only the end of the server is left.
        if *self.draining.borrow() || lines.is_empty() {
            return "not ready: shutting down\n".to_owned();
        }
        format!("not ready\n{}", lines.concat())
    }

    async fn metrics(&self) -> Answer {
        let exposition = Arc::clone(&self.exposition);
        // It looks at the disk.
        match task::spawn_blocking(move || exposition.text()).await {
            Ok(Ok(metrics)) => {
                let mut answer = text(StatusCode::OK, metrics);
                let format = header::HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
                answer.headers_mut().insert(header::CONTENT_TYPE, format);
                answer
            }
            Ok(Err(_)) | Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be told\n"),
        }
    }
}

/// The first value of a query that goes by this name, both as forms encode them.
fn parameter(query: &str, name: &str) -> Option<String> {
    let decoded = |text: &str| {
        let spaced = text.replace('+', " ");
        percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
    };
    let mut pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.find_map(|(key, value)| (decoded(key) == name).then(|| decoded(value)))
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    let plain = header::HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, plain);
    answer
}
