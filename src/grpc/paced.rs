//! A blocking iterator streamed as fast as its caller takes it: read on blocking threads, a few items a visit, so that a
//! slow caller holds no thread while it thinks.

use std::time::Duration;

use tokio::{
    sync::mpsc,
    task::{self, JoinError},
    time::timeout,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::loads::LoadError;

use super::{error, failure::Failure};

/// How many items one visit to a blocking thread reads, and how many may wait for the caller. Items are 4 KiB at most, so
/// what waits stays below 1 MiB.
const A_READ: usize = 64;

/// A caller that takes nothing for so long is taken for gone: what it holds on this side is given back.
const PATIENCE: Duration = Duration::from_secs(60);

/// What such an RPC streams.
pub(super) type Paced<M> = ReceiverStream<Result<M, Status>>;

/// Opens an iterator and streams its items as `show` words them. `held` is dropped when the last item was taken.
///
/// # Errors
/// What `open` finds is told at once; what goes wrong later ends the stream.
pub(super) async fn stream<I, T, M>(
    open: impl FnOnce() -> Result<I, LoadError> + Send + 'static,
    show: impl Fn(T) -> M + Send + 'static,
    held: impl Send + 'static,
) -> Result<Paced<M>, Failure>
where
    I: Iterator<Item = Result<T, LoadError>> + Send + 'static,
    T: Send + 'static,
    M: Send + 'static,
{
    let items = task::spawn_blocking(open).await.map_err(ended)?.map_err(error::load)?;
    let (to, stream) = mpsc::channel(A_READ);
    tokio::spawn(async move {
        let sent = send_all(items, show, &to, PATIENCE).await;
        // Nothing is held any more while the caller is told why it ended: it may be slow to hear it, or gone.
        drop(held);
        if let Err(failure) = sent {
            let _unheard = to.send(Err(failure.into())).await;
        }
    });
    Ok(ReceiverStream::new(stream))
}

async fn send_all<I, T, M>(
    mut items: I,
    show: impl Fn(T) -> M,
    to: &mpsc::Sender<Result<M, Status>>,
    patience: Duration,
) -> Result<(), Failure>
where
    I: Iterator<Item = Result<T, LoadError>> + Send + 'static,
    T: Send + 'static,
{
    loop {
        let read = move || (items.by_ref().take(A_READ).collect::<Vec<_>>(), items);
        let (some, rest) = task::spawn_blocking(read).await.map_err(ended)?;
        items = rest;
        let last = some.len() < A_READ;
        for item in some {
            let shown = show(item.map_err(error::load)?);
            match timeout(patience, to.send(Ok(shown))).await {
                Ok(Ok(())) => {}
                // The caller went away.
                Ok(Err(_)) => return Ok(()),
                Err(_) => return Err(error::stalled(patience)),
            }
        }
        if last {
            return Ok(());
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn ended(cause: JoinError) -> Failure {
    error::task(&cause)
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use tokio_stream::StreamExt as _;

    use super::*;

    /// So many numbers, and how many of them were read.
    fn counted(to: usize) -> (impl Iterator<Item = Result<usize, LoadError>> + Send, Arc<AtomicUsize>) {
        let read = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&read);
        (
            (0..to).map(move |number| {
                counter.fetch_add(1, Ordering::Relaxed);
                Ok(number)
            }),
            read,
        )
    }

    #[tokio::test]
    async fn every_item_arrives_in_order_and_what_was_held_is_let_go() {
        for count in [0, 1, A_READ - 1, A_READ, A_READ + 1, 10 * A_READ] {
            let (items, _) = counted(count);
            let (held, mut let_go) = mpsc::channel::<()>(1);
            let stream = stream(move || Ok(items), |number| number, held).await.unwrap();
            let all: Vec<usize> = stream.map(Result::unwrap).collect().await;
            assert_eq!(all, (0..count).collect::<Vec<_>>());
            assert_eq!(let_go.recv().await, None);
        }
    }

    #[tokio::test]
    async fn no_more_is_read_than_a_slow_caller_can_be_ahead_of() {
        let (items, read) = counted(100 * A_READ);
        let mut stream = stream(move || Ok(items), |number| number, ()).await.unwrap();
        for number in 0..10 * A_READ {
            assert_eq!(stream.next().await.unwrap().unwrap(), number);
            // One visit's items on their way, and a channel full of them.
            assert!(read.load(Ordering::Relaxed) <= number + 1 + 3 * A_READ);
        }
    }

    #[tokio::test]
    async fn a_fault_on_the_way_ends_the_stream_after_what_came_before() {
        let items = (0..5).map(Ok).chain([Err(LoadError::Thread), Ok(6)]);
        let stream = stream(move || Ok(items), |number| number, ()).await.unwrap();
        let all: Vec<_> = stream.collect().await;
        assert_eq!(all.len(), 6);
        assert_eq!(all.last().unwrap().as_ref().unwrap_err().code(), tonic::Code::Internal);
    }

    #[tokio::test]
    async fn a_caller_that_takes_nothing_is_given_up_and_told_so() {
        let (items, _) = counted(100 * A_READ);
        let (to, mut taken) = mpsc::channel(A_READ);
        let failure = send_all(items, |number| number, &to, Duration::from_millis(1)).await.unwrap_err();
        let status = Status::from(failure);
        assert_eq!(status.code(), tonic::Code::DeadlineExceeded, "{status}");
        drop(to);
        let mut came = 0;
        while taken.recv().await.is_some() {
            came += 1;
        }
        assert_eq!(came, A_READ);
    }
}
