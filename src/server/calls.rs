//! Counts the calls of one connection, so that it is known when nobody uses it.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use tokio::time::sleep;
use tonic::{Status, body::Body};
use tower::{Service, service_fn};

use super::{
    gate::{Class, GatedBody, Method},
    whole::Whole,
};

/// Into how many pieces the time is cut after which a connection is idle: it ends that much late at most.
const PIECES: u32 = 8;

/// The calls of one connection.
#[derive(Debug, Default)]
pub(super) struct Calls {
    begun: AtomicU64,
    ended: AtomicU64,
}

impl Calls {
    /// Resolves when no call was open for so long.
    pub(super) async fn idle(&self, limit: Duration) {
        let (mut quiet, mut begun_before) = (0, self.begun.load(Ordering::Relaxed));
        while quiet < PIECES {
            sleep(limit / PIECES).await;
            let begun = self.begun.load(Ordering::Relaxed);
            let still = begun == begun_before && begun == self.ended.load(Ordering::Relaxed);
            quiet = if still { quiet + 1 } else { 0 };
            begun_before = begun;
        }
    }
}

/// `inner`, its calls counted from the request to the last byte of the answer.
pub(super) fn counted<S>(
    calls: Arc<Calls>,
    inner: S,
) -> impl Service<
    Request<hyper::body::Incoming>,
    Response = Response<Counted>,
    Error = Infallible,
    Future = impl Future<Output = Result<Response<Counted>, Infallible>> + Send,
> + Clone
+ Send
where
    S: Service<Request<Body>, Response = Response<GatedBody>, Error = Infallible, Future: Send> + Clone + Send,
{
    let mut inner = inner;
    service_fn(move |request: Request<hyper::body::Incoming>| {
        calls.begun.fetch_add(1, Ordering::Relaxed);
        let open = Open(Arc::clone(&calls));
        let upload = Method::of(request.uri().path()).rule().class == Class::Upload;
        let request = request.map(|body| if upload { Body::new(Whole(body)) } else { Body::new(body) });
        let answer = inner.call(request);
        async move { answer.await.map(|answer| answer.map(|body| Counted { body, _open: open })) }
    })
}

/// A call that is not over.
#[derive(Debug)]
struct Open(Arc<Calls>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}

/// An answer, whose end is the call's.
#[derive(Debug)]
pub(super) struct Counted {
    body: GatedBody,
    _open: Open,
}

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn a_connection_is_idle_once_nobody_has_called_for_so_long() {
        let calls = Arc::new(Calls::default());
        let limit = Duration::from_millis(400);
        calls.begun.fetch_add(1, Ordering::Relaxed);
        let open = Open(Arc::clone(&calls));
        let begun = Instant::now();
        let ends = async {
            sleep(limit * 2).await;
            drop(open);
        };
        tokio::join!(calls.idle(limit), ends);
        assert!(begun.elapsed() >= limit * 3 - limit / PIECES, "{:?}", begun.elapsed());
    }
}
