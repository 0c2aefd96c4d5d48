//! An upload that ends only as its sender ends it.
//!
//! To hyper and to tonic, a call that was cancelled was sent to its end. A file whose sender went away after its last byte,
//! and before it said that this was the last, would be loaded.

use std::{
    error::Error,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tonic::Status;

type Cause = Box<dyn Error + Send + Sync>;

/// A body that fails where it was broken off.
#[derive(Debug)]
pub(super) struct Whole<B>(pub(super) B);

impl<B> Body for Whole<B>
where
    B: Body<Data = Bytes, Error: Into<Cause>> + Unpin,
{
    type Data = Bytes;
    type Error = Cause;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cause>>> {
        match Pin::new(&mut self.0).poll_frame(cx) {
            Poll::Ready(None) if !self.0.is_end_stream() => Poll::Ready(Some(Err(gone().into()))),
            // A reset too has the code that tonic takes for an end.
            Poll::Ready(Some(Err(_))) => Poll::Ready(Some(Err(gone().into()))),
            Poll::Ready(frame) => Poll::Ready(frame.map(|frame| frame.map_err(Into::into))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

/// Not CANCELLED, which tonic takes for an end as well. Nobody is there to read it.
fn gone() -> Status {
    Status::aborted("the caller went away before it had said that this was all")
}

#[cfg(test)]
mod tests {
    use std::io;

    use http_body_util::BodyExt as _;

    use super::*;

    /// A body of no bytes that ends: as its sender says, without a word, or by a reset.
    struct Ended {
        by_its_sender: bool,
        reset: bool,
    }

    impl Body for Ended {
        type Data = Bytes;
        type Error = io::Error;

        fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
            Poll::Ready(self.reset.then(|| Err(io::ErrorKind::ConnectionReset.into())))
        }

        fn is_end_stream(&self) -> bool {
            self.by_its_sender
        }
    }

    #[tokio::test]
    async fn what_was_broken_off_is_no_end() {
        assert!(Whole(Ended { by_its_sender: true, reset: false }).frame().await.is_none());
        for reset in [false, true] {
            let broken = Whole(Ended { by_its_sender: false, reset }).frame().await.unwrap().unwrap_err();
            assert_eq!(broken.downcast::<Status>().unwrap().code(), tonic::Code::Aborted);
        }
    }
}
