//! `CoverageLoadService`, as the commands ask it.

use std::pin::Pin;

use tokio_stream::Stream;
use tonic::{Code, Request, Response, Status, Streaming};

use super::{
    CENTRAL_LOAD, FakeServer, REFUSED_LOAD, Upload,
    loads::{differing, load, refused_dry_run},
    status,
};
use crate::grpc::proto::{coverage_load_service_server::CoverageLoadService, submit_coverage_load_request::Part, *};

#[tonic::async_trait]
impl CoverageLoadService for FakeServer {
    async fn submit_coverage_load(
        &self,
        request: Request<Streaming<SubmitCoverageLoadRequest>>,
    ) -> Result<Response<SubmitCoverageLoadResponse>, Status> {
        self.check()?;
        let mut stream = request.into_inner();
        let mut upload = Upload::default();
        while let Some(message) = stream.message().await? {
            match message.part {
                Some(Part::Header(header)) if upload.header.is_none() && upload.chunks.is_empty() => {
                    if header.reference == "too large" {
                        return Err(status(Code::ResourceExhausted, "LOAD_TOO_LARGE", "more than 1 byte", &[]));
                    }
                    upload.header = Some(header);
                }
                Some(Part::Chunk(chunk)) if upload.header.is_some() => {
                    upload.chunks.push(chunk.len());
                    upload.bytes.extend(chunk);
                }
                part => panic!("out of order: {part:?}"),
            }
        }
        let header = upload.header.clone().unwrap();
        self.seen().uploads.push(upload);
        match header.reference.as_str() {
            "guarded" => {
                let metadata = [("load_id", REFUSED_LOAD), ("set_aside", "7"), ("rows", "2000")];
                let message = "7 of 2000 rows are set aside, more than 0.1 %";
                Err(status(Code::FailedPrecondition, "LOAD_GUARD_REJECTS", message, &metadata))
            }
            "refused dry run" => Err(refused_dry_run()),
            _ if header.validate_only => Ok(Response::new(SubmitCoverageLoadResponse {
                load: Some(load(CENTRAL_LOAD, CoverageLoadState::Unspecified)),
                already_present: false,
            })),
            _ if header.activate == Some(false) => Ok(Response::new(SubmitCoverageLoadResponse {
                load: Some(load(CENTRAL_LOAD, CoverageLoadState::Staged)),
                already_present: false,
            })),
            "again" => Ok(Response::new(SubmitCoverageLoadResponse {
                load: Some(load(CENTRAL_LOAD, CoverageLoadState::Active)),
                already_present: true,
            })),
            _ => Ok(Response::new(SubmitCoverageLoadResponse {
                load: Some(load(CENTRAL_LOAD, CoverageLoadState::Active)),
                already_present: false,
            })),
        }
    }

    async fn get_coverage_load(
        &self,
        request: Request<GetCoverageLoadRequest>,
    ) -> Result<Response<GetCoverageLoadResponse>, Status> {
        self.check()?;
        let load = match request.into_inner().load_id.as_str() {
            CENTRAL_LOAD => load(CENTRAL_LOAD, CoverageLoadState::Active),
            REFUSED_LOAD => CoverageLoad {
                refusal: "7 of 2000 rows are set aside, more than 0.1 %".to_owned(),
                ..load(REFUSED_LOAD, CoverageLoadState::Refused)
            },
            other => {
                return Err(status(Code::NotFound, "LOAD_NOT_FOUND", "no such load", &[("load_id", other)]));
            }
        };
        Ok(Response::new(GetCoverageLoadResponse { load: Some(load) }))
    }

    async fn activate_coverage_load(
        &self,
        request: Request<ActivateCoverageLoadRequest>,
    ) -> Result<Response<ActivateCoverageLoadResponse>, Status> {
        let load = load(&request.into_inner().load_id, CoverageLoadState::Active);
        Ok(Response::new(ActivateCoverageLoadResponse { load: Some(load) }))
    }

    async fn list_coverage_loads(
        &self,
        request: Request<ListCoverageLoadsRequest>,
    ) -> Result<Response<ListCoverageLoadsResponse>, Status> {
        self.check()?;
        let request = request.into_inner();
        let all = [load(REFUSED_LOAD, CoverageLoadState::Refused), load(CENTRAL_LOAD, CoverageLoadState::Active)];
        let wanted = |load: &CoverageLoad| {
            (request.state == 0 || load.state == request.state)
                && (request.csp_region == 0 || load.csp_region == request.csp_region)
        };
        // A page holds one, whatever is asked, so that paging is seen.
        let from: usize = request.page_token.parse().unwrap_or(0);
        let loads: Vec<_> = all.into_iter().filter(wanted).collect();
        let next = if from + 1 < loads.len() { (from + 1).to_string() } else { String::new() };
        let page = loads.into_iter().skip(from).take(1).collect();
        Ok(Response::new(ListCoverageLoadsResponse { loads: page, next_page_token: next }))
    }

    type StreamCoverageChangesStream =
        Pin<Box<dyn Stream<Item = Result<StreamCoverageChangesResponse, Status>> + Send + 'static>>;

    async fn stream_coverage_changes(
        &self,
        request: Request<StreamCoverageChangesRequest>,
    ) -> Result<Response<Self::StreamCoverageChangesStream>, Status> {
        self.check()?;
        let request = request.into_inner();
        let mut items: Vec<_> = differing()
            .into_iter()
            .filter(|change| {
                // Postcodes, then premises by UPRN, then those without one.
                let place = |postcode: &str, uprn: &str, identifier: &str| match (uprn, identifier) {
                    ("", "") => (0, postcode.to_owned(), String::new()),
                    ("", identifier) => (2, postcode.to_owned(), identifier.to_owned()),
                    (uprn, _) => (1, uprn.to_owned(), String::new()),
                };
                let StreamCoverageChangesRequest { after_postcode, after_uprn, after_address_identifier, .. } =
                    &request;
                place(&change.postcode, &change.uprn, &change.address_identifier)
                    > place(after_postcode, after_uprn, after_address_identifier)
                    && request.before_load_id != request.after_load_id
            })
            .map(|change| Ok(StreamCoverageChangesResponse { change: Some(change) }))
            .collect();
        if request.before_load_id == REFUSED_LOAD {
            items.push(Err(status(Code::Unavailable, "SHUTTING_DOWN", "the server is shutting down", &[])));
        }
        Ok(Response::new(Box::pin(tokio_stream::iter(items))))
    }

    type StreamCoverageRejectsStream =
        Pin<Box<dyn Stream<Item = Result<StreamCoverageRejectsResponse, Status>> + Send + 'static>>;

    async fn stream_coverage_rejects(
        &self,
        request: Request<StreamCoverageRejectsRequest>,
    ) -> Result<Response<Self::StreamCoverageRejectsStream>, Status> {
        self.check()?;
        let request = request.into_inner();
        let reject = |n: i64| CoverageReject {
            line: n * 100,
            column: if n == 1 { String::new() } else { "postcode".to_owned() },
            reason: if n == 1 { RejectReason::QuoteMisplaced } else { RejectReason::PostcodeMalformed }.into(),
            message: "what is wrong, and what to send instead".to_owned(),
            row: b"AA1 1A,\"x\xff\"".as_slice().into(),
            row_truncated: false,
        };
        let after = request.after_line;
        let rejects: Vec<_> = (1..=13).map(reject).filter(|reject| reject.line > after).collect();
        let cut = request.load_id == REFUSED_LOAD && after == 1_000;
        let mut items: Vec<_> =
            rejects.into_iter().map(|reject| Ok(StreamCoverageRejectsResponse { reject: Some(reject) })).collect();
        if cut {
            items.push(Err(status(Code::Unavailable, "SHUTTING_DOWN", "the server is shutting down", &[])));
        }
        Ok(Response::new(Box::pin(tokio_stream::iter(items))))
    }
}
