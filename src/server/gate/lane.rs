//! Where bulk work and uploads run: on threads of lower priority, beside those that serve the network.
//!
//! A batch is decoded, answered and encoded there, and comes back as bytes: the threads of the network only pass them on.
//! So a thousand locations never stand between a fitter and an answer, whatever the processor is asked to do besides. A
//! load's file is taken in on a thread of its own, which yields as the rest of a load does.

use std::{convert::Infallible, future::Future, io, sync::Arc, time::Duration};

use bytes::Bytes;
use http::Response;
use http_body::Frame;
use http_body_util::BodyExt as _;
use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::{mpsc, oneshot},
    task::AbortHandle,
    time::{Instant, timeout, timeout_at},
};
use tonic::{Status, body::Body};

use crate::{grpc, loads::yield_to_lookups};

use super::{method::Lane, reader::Reader, trailers};

/// Frames of one reply that wait for its caller.
const WAITING: usize = 2;

/// How long work that is given up may take to notice.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The threads of bulk work and of uploads. Work that is still on them when they are dropped is given up.
#[derive(Debug)]
pub(crate) struct Back {
    bulk: Threads,
    uploads: Threads,
}

/// Where work is handed to those threads.
#[derive(Clone, Debug)]
pub(crate) struct Handles {
    pub(super) bulk: Handle,
    pub(super) uploads: Handle,
}

#[derive(Debug)]
struct Threads {
    runtime: Option<Runtime>,
    handle: Handle,
}

impl Back {
    pub(crate) fn start(bulk: usize) -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        let bulk = builder.worker_threads(bulk).thread_name("bulk").on_thread_start(give_way);
        let bulk = Threads::start(bulk)?;
        // One: of several senders all but one wait for their turn.
        let mut builder = Builder::new_multi_thread();
        let uploads = builder.worker_threads(1).thread_name("uploads").on_thread_start(yield_to_lookups);
        Ok(Self { bulk, uploads: Threads::start(uploads)? })
    }

    /// Ends them, and waits until what they held is let go of.
    pub(crate) async fn end(self) {
        let Self { bulk, uploads } = self;
        tokio::join!(bulk.end(), uploads.end());
    }

    pub(crate) fn handles(&self) -> Handles {
        Handles { bulk: self.bulk.handle.clone(), uploads: self.uploads.handle.clone() }
    }
}

impl Handles {
    /// The threads that do the work of a method, where those of the network do not.
    pub(super) const fn of(&self, lane: Lane) -> Option<&Handle> {
        match lane {
            Lane::Front => None,
            Lane::Back => Some(&self.bulk),
            Lane::Upload => Some(&self.uploads),
        }
    }
}

impl Threads {
    fn start(builder: &mut Builder) -> io::Result<Self> {
        let runtime = builder.enable_all().build()?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }

    async fn end(mut self) {
        if let Some(runtime) = self.runtime.take() {
            // It fails when the process ends meanwhile.
            let _ended = tokio::task::spawn_blocking(move || runtime.shutdown_timeout(LAST_WORDS)).await;
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // Waiting for its threads is not allowed on one that serves the network.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Lookups come first: bulk work takes what processor time they leave.
fn give_way() {
    const NICE: i32 = 10;
    // On Linux this is the calling thread's own priority. A system that refuses only makes lookups a little slower.
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "a bulk thread keeps its ordinary priority");
    }
}

/// A reply that is made elsewhere, as this side has it. Dropped, the work stops.
#[derive(Debug)]
pub(crate) struct Reply {
    frames: mpsc::Receiver<Result<Frame<Bytes>, Status>>,
    task: AbortHandle,
    /// Tells the other side, when dropped, that nothing of the reply is held any more.
    _held: oneshot::Sender<()>,
}

impl Reply {
    pub(super) fn poll_frame(
        &mut self,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.frames.poll_recv(cx)
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What bounds the work on one call.
#[derive(Debug)]
pub(super) struct Bounds {
    pub(super) deadline: Option<Instant>,
    /// How long a reply that is whole may go unread.
    pub(super) unread: Duration,
    pub(super) reader: Option<Arc<Reader>>,
}

/// Does the work of a call on the bulk threads. Gives back the head of its reply, with an empty body where there is none
/// to come, and the reply itself.
///
/// # Errors
/// The deadline passed, or the work failed, before there was a head.
pub(super) fn answer<F>(
    back: &Handle,
    work: F,
    bounds: Bounds,
) -> impl Future<Output = Result<(Response<()>, Option<Reply>), Status>> + Send + use<F>
where
    F: Future<Output = Result<Response<Body>, Infallible>> + Send + 'static,
{
    let (tell, head) = oneshot::channel();
    let (send, frames) = mpsc::channel(WAITING);
    let (held, gone) = oneshot::channel();
    let deadline = bounds.deadline;
    let task = back.spawn(run(work, tell, send, gone, bounds)).abort_handle();
    let reply = Reply { frames, task, _held: held };
    async move {
        match head.await {
            Ok((head, true)) => Ok((head, None)),
            Ok((head, false)) => Ok((head, Some(reply))),
            Err(_) if deadline.is_some_and(|deadline| deadline <= Instant::now()) => Err(grpc::deadline_passed()),
            Err(_) => Err(grpc::failed()),
        }
    }
}

async fn run<F>(
    work: F,
    tell: oneshot::Sender<(Response<()>, bool)>,
    send: mpsc::Sender<Result<Frame<Bytes>, Status>>,
    gone: oneshot::Receiver<()>,
    bounds: Bounds,
) where
    F: Future<Output = Result<Response<Body>, Infallible>>,
{
    let Bounds { deadline, unread, reader } = bounds;
    // Dropped as a whole when its time is over: the work, and the part of the reply that was not taken.
    let whole = pass(work, tell, &send);
    let in_time = match deadline {
        Some(deadline) => timeout_at(deadline, whole).await.is_ok(),
        None => {
            whole.await;
            true
        }
    };
    let taken = async {
        if !in_time {
            // Heard by whoever reads again; nobody is there when the head had not gone out.
            let _unheard = send.send(Ok(Frame::trailers(trailers(&grpc::deadline_passed())))).await;
        }
        let _gone = gone.await;
    };
    if timeout(unread, taken).await.is_err()
        && let Some(reader) = reader
    {
        reader.close();
    }
}

async fn pass<F>(
    work: F,
    tell: oneshot::Sender<(Response<()>, bool)>,
    send: &mpsc::Sender<Result<Frame<Bytes>, Status>>,
) where
    F: Future<Output = Result<Response<Body>, Infallible>>,
{
    let Ok(response) = work.await;
    let (parts, mut body) = response.into_parts();
    let empty = http_body::Body::is_end_stream(&body);
    if tell.send((Response::from_parts(parts, ()), empty)).is_err() {
        return;
    }
    while let Some(frame) = body.frame().await {
        if send.send(frame).await.is_err() {
            return;
        }
    }
}
