//! `CoverageLoadService`: coverage data in, and what became of it.

use std::sync::Arc;

use bytes::Bytes;
use tokio::{sync::watch, time::timeout};
use tonic::{Code, Request, Response, Status, Streaming};

use crate::loads::{GivenUp, ListFilter, Loads, Submitted};

use super::{
    caller::Caller,
    change_stream::{self, ChangeStream},
    comparing::Comparing,
    convert, error,
    failure::Failure,
    header,
    load_ids::LoadIds,
    load_shown,
    own_loads::OwnLoads,
    pace::{Pace, PaceLimits},
    proto::{
        ActivateCoverageLoadRequest, ActivateCoverageLoadResponse, CoverageLoadHeader, GetCoverageLoadRequest,
        GetCoverageLoadResponse, ListCoverageLoadsRequest, ListCoverageLoadsResponse, StreamCoverageChangesRequest,
        StreamCoverageRejectsRequest, SubmitCoverageLoadRequest, SubmitCoverageLoadResponse,
        coverage_load_service_server::CoverageLoadService, submit_coverage_load_request::Part,
    },
    reject_stream::{self, RejectStream},
    until_stopped::UntilStopped,
    waited::waited_for,
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
    comparing: Comparing,
    stop: watch::Receiver<bool>,
}

impl CoverageLoadApi {
    /// Uploads end, unfinished, when their sender does not keep to the pace of the loads' settings, or when `stop` says true;
    /// so do streams.
    #[must_use]
    pub fn new(loads: Arc<Loads>, stop: watch::Receiver<bool>) -> Self {
        Self { loads, comparing: Comparing::default(), stop }
    }

    const fn own<'a>(&'a self, caller: &'a Caller, method: &'static str) -> OwnLoads<'a> {
        OwnLoads { loads: &self.loads, caller, method }
    }

    async fn submit(&self, parts: Streaming<SubmitCoverageLoadRequest>, caller: &Caller) -> Result<Submitted, Status> {
        let settings = self.loads.settings();
        let pace = PaceLimits { silence: settings.max_silence, least_rate: settings.min_upload_rate };
        let mut parts = Parts { parts, pace: Pace::new(pace), stop: self.stop.clone() };
        let own = self.own(caller, "SubmitCoverageLoad");
        let header = parts.header().await.map_err(|Broken { status, why }| {
            self.loads.upload_without_header(caller.name(), why);
            status
        })?;
        if !header.overrides.is_empty() || !header.override_note.is_empty() {
            own.overriding()?;
        }
        let header = header::read(header, caller.name().to_owned())?;
        own.region(header.region)?;
        // Dropped on any early return, which abandons it: a sender who goes away leaves nothing behind.
        let mut attempt = self.loads.begin(header).map_err(error::load)?;
        loop {
            match parts.chunk().await {
                Ok(Some(bytes)) => attempt.chunk(bytes).await.map_err(error::load)?,
                Ok(None) => return Ok(attempt.finish().await.map_err(error::load)?),
                Err(Broken { status, why }) => {
                    // Whoever is told what was wrong may send the load again at once.
                    attempt.give_up(why).await;
                    return Err(status);
                }
            }
        }
    }
}

/// The messages of an upload, in the order they must come.
struct Parts {
    parts: Streaming<SubmitCoverageLoadRequest>,
    /// A sender who does not keep to it is given up, since others wait for their turn.
    pace: Pace,
    stop: watch::Receiver<bool>,
}

/// An upload that is not gone on with: what its sender is told, and what the operator is.
struct Broken {
    status: Status,
    why: GivenUp,
}

impl From<Failure> for Broken {
    fn from(malformed: Failure) -> Self {
        Self { status: malformed.into(), why: GivenUp::MessageMalformed }
    }
}

impl From<GivenUp> for Broken {
    fn from(why: GivenUp) -> Self {
        Self { status: error::load(why.into()).into(), why }
    }
}

impl Parts {
    async fn header(&mut self) -> Result<CoverageLoadHeader, Broken> {
        let malformed = |field, what| Err(error::header(field, what).into());
        match self.next().await? {
            Some(Some(Part::Header(header))) => Ok(header),
            Some(Some(Part::Chunk(_))) => malformed("header", "must be the first message, before any chunk"),
            Some(None) => malformed("part", "the first message is empty, and must be the header"),
            None => malformed("header", "missing: the upload ended before its first message"),
        }
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, Broken> {
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
    async fn next(&mut self) -> Result<Option<Option<Part>>, Broken> {
        let (patience, impatient) = self.pace.patience();
        tokio::select! {
            message = timeout(patience, waited_for(self.parts.message())) => match message {
                Ok((waited, Ok(message))) => {
                    let part = message.map(|message| message.part);
                    let bytes = if let Some(Some(Part::Chunk(bytes))) = &part { bytes.len() } else { 0 };
                    self.pace.came(waited, bytes);
                    Ok(part)
                }
                Ok((_, Err(status))) => {
                    let why = if is_of_the_message(&status) { GivenUp::MessageMalformed } else { GivenUp::Vanished };
                    Err(Broken { status, why })
                }
                Err(_) => Err(impatient.into()),
            },
            _stopped = self.stop.wait_for(|&stopped| stopped) => Err(GivenUp::ShuttingDown.into()),
        }
    }
}

/// Whether a message came that is too large, or is none: tonic has its own word for each. An upload that its sender broke
/// off is ABORTED here.
fn is_of_the_message(status: &Status) -> bool {
    matches!(status.code(), Code::OutOfRange | Code::Internal | Code::Unimplemented)
}

#[tonic::async_trait]
impl CoverageLoadService for CoverageLoadApi {
    async fn submit_coverage_load(
        &self,
        request: Request<Streaming<SubmitCoverageLoadRequest>>,
    ) -> Result<Response<SubmitCoverageLoadResponse>, Status> {
        let caller = Caller::of(&request);
        let Submitted { record, already_present } = self.submit(request.into_inner(), &caller).await?;
        let load_id = record.manifest.load_id.clone();
        let mut response =
            Response::new(SubmitCoverageLoadResponse { load: Some(load_shown::load(record)), already_present });
        LoadIds::always(&mut response, load_id);
        Ok(response)
    }

    async fn get_coverage_load(
        &self,
        request: Request<GetCoverageLoadRequest>,
    ) -> Result<Response<GetCoverageLoadResponse>, Status> {
        let caller = Caller::of(&request);
        let record = self.own(&caller, "GetCoverageLoad").get(&request.into_inner().load_id)?;
        Ok(Response::new(GetCoverageLoadResponse { load: Some(load_shown::load(record)) }))
    }

    async fn list_coverage_loads(
        &self,
        request: Request<ListCoverageLoadsRequest>,
    ) -> Result<Response<ListCoverageLoadsResponse>, Status> {
        let caller = Caller::of(&request);
        let own = self.own(&caller, "ListCoverageLoads");
        let request = request.into_inner();
        let region = convert::requested_region(request.csp_region).map_err(error::region_not_known)?;
        if let Some(region) = region {
            own.region(region)?;
        }
        let state = convert::requested_state(request.state).map_err(error::state_not_known)?;
        let page_size = match usize::try_from(request.page_size) {
            Ok(0) => PAGE_DEFAULT,
            Ok(size) => size.min(PAGE_MAX),
            Err(_) => Err(error::negative("page_size", request.page_size.into()))?,
        };
        let filter = ListFilter { region, state, hidden: own.hidden() };
        let page = self.loads.list(filter, page_size, &request.page_token).map_err(error::load)?;
        Ok(Response::new(ListCoverageLoadsResponse {
            loads: page.records.into_iter().map(load_shown::load).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn activate_coverage_load(
        &self,
        request: Request<ActivateCoverageLoadRequest>,
    ) -> Result<Response<ActivateCoverageLoadResponse>, Status> {
        let caller = Caller::of(&request);
        let (loads, load_id) = (Arc::clone(&self.loads), request.into_inner().load_id);
        let activating = self.own(&caller, "ActivateCoverageLoad").activating(&load_id)?;
        // It reads the load from disk.
        let activated = tokio::task::spawn_blocking(move || loads.activate(&load_id, caller.name(), activating)).await;
        let record = activated.map_err(|error| error::task(&error))?.map_err(error::load)?;
        let load_id = record.manifest.load_id.clone();
        let mut response = Response::new(ActivateCoverageLoadResponse { load: Some(load_shown::load(record)) });
        LoadIds::always(&mut response, load_id);
        Ok(response)
    }

    type StreamCoverageChangesStream = UntilStopped<ChangeStream>;

    async fn stream_coverage_changes(
        &self,
        request: Request<StreamCoverageChangesRequest>,
    ) -> Result<Response<UntilStopped<ChangeStream>>, Status> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        let own = self.own(&caller, "StreamCoverageChanges");
        own.get(&request.before_load_id)?;
        own.get(&request.after_load_id)?;
        let changes = change_stream::changes(Arc::clone(&self.loads), request, &self.comparing, caller.name()).await?;
        Ok(Response::new(UntilStopped::new(changes, self.stop.clone())))
    }

    type StreamCoverageRejectsStream = UntilStopped<RejectStream>;

    async fn stream_coverage_rejects(
        &self,
        request: Request<StreamCoverageRejectsRequest>,
    ) -> Result<Response<UntilStopped<RejectStream>>, Status> {
        let caller = Caller::of(&request);
        let StreamCoverageRejectsRequest { load_id, after_line } = request.into_inner();
        if after_line < 0 {
            Err(error::negative("after_line", after_line))?;
        }
        // No file has a line beyond: the answer is the same.
        let after_line = u32::try_from(after_line).unwrap_or(u32::MAX);
        self.own(&caller, "StreamCoverageRejects").get(&load_id)?;
        let rejects = reject_stream::rejects(Arc::clone(&self.loads), load_id, after_line).await?;
        Ok(Response::new(UntilStopped::new(rejects, self.stop.clone())))
    }
}
