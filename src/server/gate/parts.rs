//! What the gate does for one lookup, part by part, for the measurement that lists what each costs (`just bench-lookup`).

use std::{
    convert::Infallible,
    hint::black_box,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, Uri};
use http_body::Frame;
use tokio::{runtime::Builder, sync::watch};
use tonic::{Code, Status, body::Body};
use tower::{Service, service_fn};

use crate::{
    grpc::{Caller, Roles},
    server::{Config, metrics::Metrics},
};

use super::{Gate, Readers, gated, lane::Handles, method::Method};

const PATH: &str = "/wanmatrix.v1.WanMatrixService/RequestWanMatrix";

/// A part: what it is, and what to call to have it done once.
pub type Part = (&'static str, Box<dyn FnMut()>);

/// Every part, and the whole; nothing where the system gives no runtime.
#[must_use]
pub fn gate_parts(config: &Config) -> Vec<Part> {
    let Ok(runtime) = Builder::new_current_thread().build() else { return Vec::new() };
    let everywhere = Handles { bulk: runtime.handle().clone(), uploads: runtime.handle().clone() };
    let gate = Gate::new(config, Arc::new(Metrics::default()), everywhere, watch::channel(false).1);
    let caller = Arc::new(Caller::of_address("127.0.0.1:1".parse().ok(), Roles::OPERATOR));
    let (reader, _close) = Arc::new(Readers::default()).open();
    let method = Method::of(PATH);
    let asked = move || {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = Uri::from_static(PATH);
        request.extensions_mut().insert(Arc::clone(&caller));
        request.extensions_mut().insert(Arc::clone(&reader));
        request
    };

    let clock = || {
        black_box(Instant::now().elapsed());
    };
    let which = || {
        black_box(Method::of(black_box(PATH)));
    };
    let (placing, request) = (Arc::clone(&gate), asked());
    let place = move || {
        let caller = request.extensions().get::<Arc<Caller>>();
        let place = placing.place(&placing.live.load(), method, caller.map(|caller| &**caller), Instant::now());
        drop(black_box(place));
    };
    let counting = Arc::clone(&gate);
    let count = move || counting.metrics.call(black_box(method), Code::Ok, Duration::from_micros(12));
    let (admitting, request) = (Arc::clone(&gate), asked());
    let admission = move || drop(black_box(admitting.admit(&request)));
    let asked_too = asked.clone();
    let mut alone = service_fn(|_| std::future::ready(Ok::<_, Infallible>(Response::new(Body::new(Answer(0))))));
    let mut behind = gated(gate, alone);
    let bare = move || done(alone.call(asked()));
    let whole = move || {
        // Held for as long as the gate may be asked.
        let _held = &runtime;
        done(behind.call(asked_too()));
    };
    vec![
        ("the clock, at both ends", Box::new(clock)),
        ("which method it is", Box::new(which)),
        ("the caller's account and rate, a place, and giving it back", Box::new(place)),
        ("counting it", Box::new(count)),
        ("all of admission, and the account of its end", Box::new(admission)),
        ("a service that answers at once, alone", Box::new(bare)),
        ("the same behind the gate", Box::new(whole)),
    ]
}

/// Polls an answer, and its body to the end, as a connection would.
fn done<B>(answer: impl Future<Output = Result<Response<B>, Infallible>>)
where
    B: http_body::Body<Data = Bytes, Error = Status> + Unpin,
{
    let cx = &mut Context::from_waker(Waker::noop());
    let Poll::Ready(Ok(response)) = pin!(answer).poll(cx) else { return };
    let mut body = response.into_body();
    while let Poll::Ready(Some(frame)) = Pin::new(&mut body).poll_frame(cx) {
        drop(black_box(frame));
    }
}

/// A message and its trailers.
struct Answer(u8);

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.0 += 1;
        Poll::Ready(match self.0 {
            1 => Some(Ok(Frame::data(Bytes::from_static(b"\0\0\0\0\0")))),
            2 => {
                let mut trailers = HeaderMap::with_capacity(1);
                trailers.insert("grpc-status", HeaderValue::from_static("0"));
                Some(Ok(Frame::trailers(trailers)))
            }
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Flags;

    #[test]
    fn every_part_can_be_done_again_and_again() {
        let variables = [("WAN_MATRIX_LIMITS_CALLS_PER_SECOND".to_owned(), "0".to_owned())];
        let config = Config::read(Flags::default(), variables.into_iter()).unwrap();
        let parts = gate_parts(&config);
        assert_eq!(parts.len(), 7);
        for (_, mut part) in parts {
            (0..10_000).for_each(|_| part());
        }
    }
}
