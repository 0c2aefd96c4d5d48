//! A stream that ends when the server does: its caller hears SHUTTING_DOWN, and keeps nobody waiting.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use tokio::sync::watch;
use tokio_stream::{Stream, wrappers::WatchStream};
use tonic::Status;

use super::error;

/// `S` until the server shuts down.
#[derive(Debug)]
pub struct UntilStopped<S> {
    inner: Option<S>,
    stop: WatchStream<bool>,
}

impl<S> UntilStopped<S> {
    /// `inner`, until `stop` says true.
    pub(super) fn new(inner: S, stop: watch::Receiver<bool>) -> Self {
        Self { inner: Some(inner), stop: WatchStream::new(stop) }
    }
}

impl<S, T> Stream for UntilStopped<S>
where
    S: Stream<Item = Result<T, Status>> + Unpin,
{
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(inner) = &mut self.inner else { return Poll::Ready(None) };
        let next = Pin::new(inner).poll_next(cx);
        while let Poll::Ready(Some(stopped)) = Pin::new(&mut self.stop).poll_next(cx) {
            // What had its end already has nothing to be told.
            if stopped && !matches!(next, Poll::Ready(None)) {
                self.inner = None;
                return Poll::Ready(Some(Err(error::shutting_down())));
            }
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use tokio_stream::StreamExt as _;

    use super::*;

    #[tokio::test]
    async fn a_stream_goes_on_until_the_server_stops_and_then_says_so_once() {
        let (stop, stopping) = watch::channel(false);
        let endless = tokio_stream::iter(std::iter::repeat_with(|| Ok::<_, Status>(7)));
        let mut stream = UntilStopped::new(endless, stopping.clone());
        assert_eq!(stream.next().await.unwrap().unwrap(), 7);
        stop.send_replace(true);
        assert_eq!(stream.next().await.unwrap().unwrap_err().code(), tonic::Code::Unavailable);
        assert!(stream.next().await.is_none());

        // One that waits is woken.
        stop.send_replace(false);
        let mut silent = UntilStopped::new(tokio_stream::pending::<Result<u8, Status>>(), stopping);
        let (said, _before) = tokio::join!(silent.next(), async { stop.send_replace(true) });
        assert_eq!(said.unwrap().unwrap_err().code(), tonic::Code::Unavailable);
    }
}
