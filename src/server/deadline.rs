//! The caller's `grpc-timeout` and the server's own limit: past either, the work is dropped and the answer is
//! DEADLINE_EXCEEDED. tonic's own timeout would say CANCELLED.

use std::{convert::Infallible, future::Future, time::Duration};

use http::{HeaderValue, Request, Response};
use tokio::time::timeout;
use tonic::{Status, body::Body};
use tower::{Service, service_fn};

use super::live::Live;

/// An upload takes as long as its file needs; silence within it has a limit of its own.
const UPLOAD: &str = "/wanmatrix.v1.CoverageLoadService/SubmitCoverageLoad";

/// `inner`, given at most what the configuration allows for the head of its answer, or less if its caller asks for less.
///
/// A load whose last byte has arrived runs to its end on threads of its own, whatever happens to the call.
pub(super) fn within<S>(
    live: Live,
    inner: S,
) -> impl Service<
    Request<Body>,
    Response = Response<Body>,
    Error = Infallible,
    Future = impl Future<Output = Result<Response<Body>, Infallible>> + Send,
> + Clone
+ Send
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send> + Clone + Send,
{
    let mut inner = inner;
    // The routes are always ready, so readiness need not be asked for.
    service_fn(move |request: Request<Body>| {
        let limit = limit(&request, live.load().limits.max_request);
        let answer = inner.call(request);
        async move {
            let Some(limit) = limit else { return answer.await };
            match timeout(limit, answer).await {
                Ok(answer) => answer,
                Err(_) => Ok(Status::deadline_exceeded("the call's deadline passed before its answer").into_http()),
            }
        }
    })
}

fn limit(request: &Request<Body>, max: Duration) -> Option<Duration> {
    let asked = request.headers().get("grpc-timeout").and_then(parse);
    if request.uri().path() == UPLOAD { asked } else { Some(asked.map_or(max, |asked| asked.min(max))) }
}

/// `TimeoutValue TimeoutUnit` of the gRPC protocol: at most 8 digits and one of `HMSmun`. Anything else is ignored, as
/// other servers do.
fn parse(value: &HeaderValue) -> Option<Duration> {
    let (unit, digits) = value.as_bytes().split_last()?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
    Some(match unit {
        b'H' => Duration::from_secs(number * 3600),
        b'M' => Duration::from_secs(number * 60),
        b'S' => Duration::from_secs(number),
        b'm' => Duration::from_millis(number),
        b'u' => Duration::from_micros(number),
        b'n' => Duration::from_nanos(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arc_swap::ArcSwap;

    use super::{
        super::{Config, Flags},
        *,
    };

    fn asked(path: &str, timeout: Option<&str>) -> Request<Body> {
        let mut request = Request::builder().uri(format!("http://localhost{path}"));
        if let Some(timeout) = timeout {
            request = request.header("grpc-timeout", timeout);
        }
        request.body(Body::empty()).unwrap()
    }

    #[test]
    fn the_shorter_of_both_limits_counts_and_uploads_have_only_their_callers() {
        let max = Duration::from_secs(30);
        for (path, header, limit_is) in [
            ("/wanmatrix.v1.WanMatrixService/RequestWanMatrix", None, Some(max)),
            ("/wanmatrix.v1.WanMatrixService/RequestWanMatrix", Some("5S"), Some(Duration::from_secs(5))),
            ("/wanmatrix.v1.WanMatrixService/RequestWanMatrix", Some("99999999H"), Some(max)),
            (UPLOAD, None, None),
            (UPLOAD, Some("2H"), Some(Duration::from_secs(7200))),
        ] {
            assert_eq!(limit(&asked(path, header), max), limit_is, "{path} {header:?}");
        }
    }

    #[test]
    fn timeouts_are_read_as_the_protocol_writes_them() {
        for (text, read) in [
            ("1H", Some(Duration::from_secs(3600))),
            ("2M", Some(Duration::from_secs(120))),
            ("3S", Some(Duration::from_secs(3))),
            ("4m", Some(Duration::from_millis(4))),
            ("5u", Some(Duration::from_micros(5))),
            ("00000006n", Some(Duration::from_nanos(6))),
            ("000000006n", None),
            ("", None),
            ("S", None),
            ("1", None),
            ("1s", None),
            ("-1S", None),
            ("1.5S", None),
        ] {
            assert_eq!(parse(&HeaderValue::from_static(text)), read, "{text:?}");
        }
    }

    fn live(max: Duration) -> Live {
        let mut config = Config::read(Flags::default(), std::iter::empty()).unwrap();
        config.limits.max_request = max;
        Arc::new(ArcSwap::from_pointee(config))
    }

    #[tokio::test]
    async fn work_past_its_deadline_is_dropped_and_answered() {
        let never = service_fn(|_: Request<Body>| std::future::pending::<Result<Response<Body>, Infallible>>());
        for (max, header) in [(Duration::from_secs(3600), Some("1n")), (Duration::ZERO, None)] {
            let answer = within(live(max), never).call(asked("/x/Y", header)).await.unwrap();
            let status = Status::from_header_map(answer.headers()).unwrap();
            assert_eq!(status.code(), tonic::Code::DeadlineExceeded, "{header:?}");
        }
    }
}
