//! The upload: the header first, then the file, read from disk no faster than the server takes it.

use std::{fs::File, io};

use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;

use super::progress::Progress;
use crate::{
    cli::{
        connect::ServerUrl,
        coverage_file::{CoverageFile, read_chunks},
        exit::Failure,
        screen::Screen,
    },
    grpc::proto::{
        CoverageLoadHeader, SubmitCoverageLoadRequest, SubmitCoverageLoadResponse, submit_coverage_load_request::Part,
    },
};

/// Chunks read ahead of the server.
const AHEAD: usize = 4;

/// Sends the file and waits until the server has judged it.
///
/// # Errors
/// [`Failure::Status`] when the server refuses, [`Failure::Unreachable`], or [`Failure::File`] when the file fails
/// half way: the call is then broken off, so that the server does not take the part for the whole.
pub(super) async fn submit(
    server: &ServerUrl,
    header: CoverageLoadHeader,
    file: &CoverageFile,
    screen: &mut Screen<'_>,
) -> Result<SubmitCoverageLoadResponse, Failure> {
    let mut client = server.coverage_loads().await?;
    let dry_run = header.validate_only;
    let (send, parts) = mpsc::channel(AHEAD);
    let (count, mut sent) = watch::channel(0);
    let handle = file.handle();
    let mut reader = tokio::task::spawn_blocking(move || send_parts(header, &handle, &send, &count));
    let mut progress = Progress::start(file.length(), screen.live, dry_run);
    let mut call = std::pin::pin!(client.submit_coverage_load(ReceiverStream::new(parts)));
    let mut reading = true;
    let reply = loop {
        tokio::select! {
            // The server may judge before it has read everything: its word counts, and the rest need not be sent.
            reply = &mut call => break reply,
            read = &mut reader, if reading => {
                reading = false;
                read.map_err(io::Error::other).flatten().map_err(|source| file.failed(source))?;
                progress.all_sent(screen.notes);
            }
            Ok(()) = sent.changed(), if reading => {
                let bytes = *sent.borrow_and_update();
                progress.sent(bytes, screen.notes);
            }
        }
    };
    progress.done();
    reply.map(tonic::Response::into_inner).map_err(|status| server.refused(status))
}

/// Runs on a blocking thread; ends early when the call is over.
fn send_parts(
    header: CoverageLoadHeader,
    file: &File,
    send: &mpsc::Sender<SubmitCoverageLoadRequest>,
    count: &watch::Sender<u64>,
) -> io::Result<()> {
    let part = |part| send.blocking_send(SubmitCoverageLoadRequest { part: Some(part) }).is_ok();
    if !part(Part::Header(header)) {
        return Ok(());
    }
    read_chunks(file, |chunk| {
        let length = chunk.len() as u64;
        let taken = part(Part::Chunk(chunk.into()));
        count.send_modify(|sent| *sent += length);
        taken
    })
}
