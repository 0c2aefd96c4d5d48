//! A reply's body, accounted for to its end: a call is over when its last byte is handed on, or when it is dropped.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use tokio::time::Sleep;
use tokio_stream::{Stream as _, wrappers::WatchStream};
use tonic::{Code, Status, body::Body};

use crate::grpc;

use super::{call::Call, lane::Reply};

/// What the network reads a reply from.
#[derive(Debug)]
pub(crate) struct GatedBody {
    from: From,
    /// Gone when the call is over.
    call: Option<Call>,
    /// Of a stream that is made where the network is served: elsewhere it is kept there.
    deadline: Option<Pin<Box<Sleep>>>,
    /// Says true when the server drains, of a stream that has no end of its own.
    drain: Option<WatchStream<bool>>,
}

#[derive(Debug)]
enum From {
    Front(Body),
    Back(Reply),
    Nothing,
}

impl GatedBody {
    pub(super) fn front(body: Body, call: Call, deadline: Option<Pin<Box<Sleep>>>) -> Self {
        let drain = call.drain().map(WatchStream::new);
        Self { from: From::Front(body), call: Some(call), deadline, drain }
    }

    pub(super) const fn back(reply: Reply, call: Call) -> Self {
        Self { from: From::Back(reply), call: Some(call), deadline: None, drain: None }
    }

    /// Of a reply that is all head; its call is over.
    pub(super) const fn nothing() -> Self {
        Self { from: From::Nothing, call: None, deadline: None, drain: None }
    }

    fn over(&mut self, code: Code) {
        if let Some(call) = self.call.take() {
            call.over(code);
        }
        self.from = From::Nothing;
        self.deadline = None;
        self.drain = None;
    }

    fn over_with(&mut self, status: &Status) -> Frame<Bytes> {
        self.over(status.code());
        Frame::trailers(super::trailers(status))
    }
}

impl http_body::Body for GatedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Some(deadline) = &mut self.deadline
            && deadline.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Some(Ok(self.over_with(&grpc::deadline_passed()))));
        }
        // Before the reply: one that always has more to say would not end either.
        while let Some(drain) = &mut self.drain
            && let Poll::Ready(Some(draining)) = Pin::new(drain).poll_next(cx)
        {
            if draining {
                return Poll::Ready(Some(Ok(self.over_with(&grpc::shutting_down()))));
            }
        }
        let frame = match &mut self.from {
            From::Front(body) => ready!(Pin::new(body).poll_frame(cx)),
            From::Back(reply) => ready!(reply.poll_frame(cx)),
            From::Nothing => None,
        };
        match &frame {
            Some(Ok(frame)) => {
                if let Some(trailers) = frame.trailers_ref() {
                    let code = code(trailers).unwrap_or(Code::Unknown);
                    self.over(code);
                }
            }
            Some(Err(status)) => {
                let code = status.code();
                self.over(code);
            }
            // gRPC always ends with trailers: whoever made this failed.
            None => self.over(Code::Internal),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.from {
            From::Front(body) => body.is_end_stream(),
            From::Back(_) => false,
            From::Nothing => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.from {
            From::Front(body) => body.size_hint(),
            From::Back(_) => SizeHint::default(),
            From::Nothing => SizeHint::with_exact(0),
        }
    }
}

/// The code that a reply's head or trailers name.
pub(super) fn code(headers: &HeaderMap) -> Option<Code> {
    headers.get("grpc-status").map(|status| Code::from_bytes(status.as_bytes()))
}
