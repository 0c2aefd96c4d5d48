//! `CoverageLoadService`: coverage data in, and what became of it.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{sync::watch, time::timeout};
use tonic::{Request, Response, Status, Streaming};

use crate::loads::{ListFilter, LoadError, Loads, Submitted};

use super::{
    convert, error, header, load_shown,
    proto::{
        ActivateCoverageLoadRequest, ActivateCoverageLoadResponse, CoverageLoadHeader, GetCoverageLoadRequest,
        GetCoverageLoadResponse, ListCoverageLoadsRequest, ListCoverageLoadsResponse, StreamCoverageRejectsRequest,
        SubmitCoverageLoadRequest, SubmitCoverageLoadResponse, coverage_load_service_server::CoverageLoadService,
        submit_coverage_load_request::Part,
    },
    reject_stream::{self, RejectStream},
};

/// The largest request this service decodes: a chunk that is too large by little is told so in our words.
pub const MESSAGE_MAX: usize = 2 << 20;

const CHUNK_MAX: usize = 1 << 20;
const PAGE_DEFAULT: usize = 50;
/// A load is shown in some 5 KiB at most: a page stays far below the 4 MiB that clients take.
const PAGE_MAX: usize = 200;

/// Serves [`Loads`] to CSPs and operators.
#[derive(Clone, Debug)]
pub struct CoverageLoadApi {
    loads: Arc<Loads>,
    /// A sender who is silent for so long is taken for gone, since others wait for their turn.
    silence: Duration,
    stop: watch::Receiver<bool>,
}

impl CoverageLoadApi {
    /// Uploads end, unfinished, when their sender is silent for `silence`, or when `stop` says true.
    #[must_use]
    pub const fn new(loads: Arc<Loads>, silence: Duration, stop: watch::Receiver<bool>) -> Self {
        Self { loads, silence, stop }
    }

    async fn submit(
        &self,
        parts: Streaming<SubmitCoverageLoadRequest>,
        submitter: String,
    ) -> Result<Submitted, Status> {
        let mut parts = Parts { parts, silence: self.silence, stop: self.stop.clone() };
        let header = parts.header().await?;
        // Dropped on any early return, which abandons it: a sender who goes away leaves nothing behind.
        let mut attempt = self.loads.begin(header::read(header, submitter)?).map_err(error::load)?;
        loop {
            match parts.chunk().await {
                Ok(Some(bytes)) => attempt.chunk(bytes).await.map_err(error::load)?,
                Ok(None) => return Ok(attempt.finish().await.map_err(error::load)?),
                Err(status) => {
                    // Whoever is told what was wrong may send the load again at once.
                    attempt.abandon().await;
                    return Err(status);
                }
            }
        }
    }
}

/// Who calls, as far as the connection tells.
fn caller<T>(request: &Request<T>) -> String {
    request.remote_addr().map_or_else(|| "unknown".to_owned(), |address| address.ip().to_string())
}

/// The messages of an upload, in the order they must come.
struct Parts {
    parts: Streaming<SubmitCoverageLoadRequest>,
    silence: Duration,
    stop: watch::Receiver<bool>,
}

impl Parts {
    async fn header(&mut self) -> Result<CoverageLoadHeader, Status> {
        let malformed = |field, what| Err(error::header(field, what).into());
        match self.next().await? {
            Some(Some(Part::Header(header))) => Ok(header),
            Some(Some(Part::Chunk(_))) => malformed("header", "must be the first message, before any chunk"),
            Some(None) => malformed("part", "the first message is empty, and must be the header"),
            None => malformed("header", "missing: the upload ended before its first message"),
        }
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, Status> {
        let unreadable = |field, what: String| Err(error::chunk(field, what).into());
        match self.next().await? {
            None => Ok(None),
            Some(Some(Part::Chunk(bytes))) => match bytes.len() {
                1..=CHUNK_MAX => Ok(Some(bytes)),
                0 => {
                    unreadable("chunk", "an empty chunk; send at least one byte, and no chunk for no bytes".to_owned())
                }
                length => unreadable("chunk", format!("{length} bytes, and a chunk has at most {CHUNK_MAX}")),
            },
            Some(Some(Part::Header(_))) => {
                Err(error::header("header", "sent a second time; it comes once, first").into())
            }
            Some(None) => unreadable("part", "an empty message; after the header, send chunks".to_owned()),
        }
    }

    /// `Some(None)` is a message that says nothing.
    async fn next(&mut self) -> Result<Option<Option<Part>>, Status> {
        tokio::select! {
            message = timeout(self.silence, self.parts.message()) => match message {
                Ok(message) => Ok(message?.map(|message| message.part)),
                Err(_) => Err(error::silent(self.silence).into()),
            },
            _stopped = self.stop.wait_for(|&stopped| stopped) => Err(error::load(LoadError::ShuttingDown).into()),
        }
    }
}

#[tonic::async_trait]
impl CoverageLoadService for CoverageLoadApi {
    async fn submit_coverage_load(
        &self,
        request: Request<Streaming<SubmitCoverageLoadRequest>>,
    ) -> Result<Response<SubmitCoverageLoadResponse>, Status> {
        let submitter = caller(&request);
        let Submitted { record, already_present } = self.submit(request.into_inner(), submitter).await?;
        Ok(Response::new(SubmitCoverageLoadResponse { load: Some(load_shown::load(record)), already_present }))
    }

    async fn get_coverage_load(
        &self,
        request: Request<GetCoverageLoadRequest>,
    ) -> Result<Response<GetCoverageLoadResponse>, Status> {
        let record = self.loads.get(&request.into_inner().load_id).map_err(error::load)?;
        Ok(Response::new(GetCoverageLoadResponse { load: Some(load_shown::load(record)) }))
    }

    async fn list_coverage_loads(
        &self,
        request: Request<ListCoverageLoadsRequest>,
    ) -> Result<Response<ListCoverageLoadsResponse>, Status> {
        let request = request.into_inner();
        let region = convert::requested_region(request.csp_region).map_err(error::region_not_known)?;
        let state = convert::requested_state(request.state).map_err(error::state_not_known)?;
        let page_size = match usize::try_from(request.page_size) {
            Ok(0) => PAGE_DEFAULT,
            Ok(size) => size.min(PAGE_MAX),
            Err(_) => Err(error::negative("page_size", request.page_size.into()))?,
        };
        let page =
            self.loads.list(ListFilter { region, state }, page_size, &request.page_token).map_err(error::load)?;
        Ok(Response::new(ListCoverageLoadsResponse {
            loads: page.records.into_iter().map(load_shown::load).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn activate_coverage_load(
        &self,
        request: Request<ActivateCoverageLoadRequest>,
    ) -> Result<Response<ActivateCoverageLoadResponse>, Status> {
        let by = caller(&request);
        let (loads, load_id) = (Arc::clone(&self.loads), request.into_inner().load_id);
        // It reads the load from disk.
        let activated = tokio::task::spawn_blocking(move || loads.activate_retained(&load_id, &by)).await;
        let record = activated.map_err(|error| error::task(&error))?.map_err(error::load)?;
        Ok(Response::new(ActivateCoverageLoadResponse { load: Some(load_shown::load(record)) }))
    }

    type StreamCoverageRejectsStream = RejectStream;

    async fn stream_coverage_rejects(
        &self,
        request: Request<StreamCoverageRejectsRequest>,
    ) -> Result<Response<RejectStream>, Status> {
        let StreamCoverageRejectsRequest { load_id, after_line } = request.into_inner();
        if after_line < 0 {
            Err(error::negative("after_line", after_line))?;
        }
        // No file has a line beyond: the answer is the same.
        let after_line = u32::try_from(after_line).unwrap_or(u32::MAX);
        Ok(Response::new(reject_stream::rejects(Arc::clone(&self.loads), load_id, after_line).await?))
    }
}
