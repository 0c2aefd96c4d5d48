//! A load's rejects, read from disk as fast as the caller takes them.

use std::sync::Arc;

use tokio::{
    sync::mpsc,
    task::{self, JoinError},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::{
    ingest::Reject,
    loads::{LoadError, Loads},
};

use super::{error, failure::Failure, load_shown, proto::StreamCoverageRejectsResponse};

/// How many rejects one visit to a blocking thread reads: a slow caller holds no thread while it thinks, and a reject
/// is 4 KiB at most, so what waits for a caller stays below 1 MiB.
const A_READ: usize = 64;

/// What the RPC streams.
pub(super) type RejectStream = ReceiverStream<Result<StreamCoverageRejectsResponse, Status>>;

/// The rejects of a load that lie after a line.
///
/// # Errors
/// A load that is not known is told at once; what goes wrong later ends the stream.
pub(super) async fn rejects(loads: Arc<Loads>, load_id: String, after_line: u32) -> Result<RejectStream, Failure> {
    let open = move || loads.rejects(&load_id, after_line);
    let rejects = task::spawn_blocking(open).await.map_err(ended)?.map_err(error::load)?;
    let (to, stream) = mpsc::channel(A_READ);
    tokio::spawn(async move {
        if let Err(failure) = send_all(rejects, &to).await {
            // The caller may have gone.
            let _unheard = to.send(Err(failure.into())).await;
        }
    });
    Ok(ReceiverStream::new(stream))
}

async fn send_all<I>(
    mut rejects: I,
    to: &mpsc::Sender<Result<StreamCoverageRejectsResponse, Status>>,
) -> Result<(), Failure>
where
    I: Iterator<Item = Result<Reject, LoadError>> + Send + 'static,
{
    loop {
        let read = move || (rejects.by_ref().take(A_READ).collect::<Vec<_>>(), rejects);
        let (some, rest) = task::spawn_blocking(read).await.map_err(ended)?;
        let last = some.len() < A_READ;
        for reject in some {
            let reject = Some(load_shown::reject(reject.map_err(error::load)?));
            if to.send(Ok(StreamCoverageRejectsResponse { reject })).await.is_err() {
                return Ok(());
            }
        }
        if last {
            return Ok(());
        }
        rejects = rest;
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn ended(cause: JoinError) -> Failure {
    error::task(&cause)
}
