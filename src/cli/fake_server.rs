//! A server with canned answers, on a port of its own, for the tests of the commands.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use clap::Parser;
use prost::Message as _;
use prost_types::Timestamp;
use tokio_stream::{Stream, wrappers::TcpListenerStream};
use tonic::{Code, Request, Response, Status, Streaming, transport::Server};
use tonic_types::{ErrorDetails, StatusExt};

use super::{Cli, Command, ask, exit::Exit, screen::Screen};
use crate::grpc::proto::{
    coverage_load_service_server::{CoverageLoadService, CoverageLoadServiceServer},
    submit_coverage_load_request::Part,
    wan_matrix_result::Outcome,
    wan_matrix_service_server::{WanMatrixService, WanMatrixServiceServer},
    *,
};

pub(super) const CENTRAL_LOAD: &str = "central-20260201T030000Z-0123456789ab";
pub(super) const REFUSED_LOAD: &str = "central-20260301T030000Z-ba9876543210";

/// What an upload brought.
#[derive(Clone, Debug, Default)]
pub(super) struct Upload {
    pub header: Option<CoverageLoadHeader>,
    pub chunks: Vec<usize>,
    pub bytes: Vec<u8>,
}

/// What the server was asked, and how it must fail.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub uploads: Vec<Upload>,
    pub batches: Vec<(usize, String)>,
    pub documents: Vec<Vec<u8>>,
    pub fail: Option<Status>,
    pub fail_batch: Option<usize>,
    pub largest_batch: Option<usize>,
}

#[derive(Clone, Default)]
pub(super) struct FakeServer(Arc<Mutex<Seen>>);

/// What a command printed, and how it ended.
pub(super) struct Ran {
    pub exit: Exit,
    pub out: String,
    pub notes: String,
}

impl FakeServer {
    /// Starts it; the address is the second.
    pub(super) async fn start() -> (Self, String) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Self::default();
        let router = Server::builder()
            .add_service(WanMatrixServiceServer::new(server.clone()))
            .add_service(CoverageLoadServiceServer::new(server.clone()));
        tokio::spawn(router.serve_with_incoming(TcpListenerStream::new(listener)));
        (server, url)
    }

    pub(super) fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self) -> Result<(), Status> {
        self.seen().fail.clone().map_or(Ok(()), Err)
    }
}

/// Runs a command line as `main` does; the address is taken out of what it printed.
pub(super) async fn run(url: &str, line: &[&str]) -> Ran {
    let mut args = vec!["wan-matrix"];
    args.extend(line);
    args.extend(["--server", url]);
    run_args(&args, url).await
}

/// The same, with every argument given.
pub(super) async fn run_args(args: &[&str], url: &str) -> Ran {
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let mut screen = Screen { out: &mut out, notes: &mut notes, width: None, live: false };
    let Command::Ask(command) = Cli::try_parse_from(args).unwrap().command else { panic!("{args:?} asks no server") };
    let done = ask(command, &mut screen).await;
    let failed = done.as_ref().err().map(|failure| format!("error: {failure}\n")).unwrap_or_default();
    let text = |bytes| String::from_utf8(bytes).unwrap().replace(url, "http://SERVER");
    Ran {
        exit: done.unwrap_or_else(|failure| failure.exit()),
        out: text(out),
        notes: text(notes) + &failed.replace(url, "http://SERVER"),
    }
}

/// A status as the service makes them.
pub(super) fn status(code: Code, reason: &str, message: &str, metadata: &[(&str, &str)]) -> Status {
    let metadata: std::collections::HashMap<_, _> =
        metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Status::with_error_details(code, message, ErrorDetails::with_error_info(reason, "wanmatrix", metadata))
}

fn at(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos: 123_000_000 })
}

fn source(csp_region: CspRegion, load_id: &str, stale: bool) -> CoverageSource {
    CoverageSource {
        csp_region: csp_region.into(),
        load_id: load_id.to_owned(),
        issue_time: at(1_769_914_800),
        activation_time: at(1_769_918_400),
        reference: "week 6".to_owned(),
        stale,
    }
}

fn sources() -> Vec<CoverageSource> {
    vec![
        source(CspRegion::Central, CENTRAL_LOAD, false),
        source(CspRegion::South, "south-20260201T030000Z-00112233aabb", true),
        source(CspRegion::Central4g, "4g-central-20260201T030000Z-445566778899", false),
    ]
}

fn covered(region: CspRegion, state: CoverageState, date: &str, variant: &str) -> RegionalCoverage {
    let unconfirmed = variant == "Unknown";
    let status = if unconfirmed { WanVariantStatus::Unconfirmed } else { WanVariantStatus::Confirmed };
    RegionalCoverage {
        csp_region: region.into(),
        state: state.into(),
        availability_date: Some(date.to_owned()),
        wan_variant: Some(WanVariant { name: variant.to_owned(), status: status.into() }),
        connectivity_likelihood: ConnectivityLikelihood::High.into(),
        resolution: CoverageResolution::Postcode.into(),
        ..RegionalCoverage::default()
    }
}

fn answer(text: &str) -> Outcome {
    let matrix = |postcode: &str, coverage: Vec<RegionalCoverage>, set_aside: &[CspRegion]| {
        let set_aside_regions = set_aside.iter().map(|region| (*region).into()).collect();
        Outcome::WanMatrix(WanMatrix { postcode: postcode.to_owned(), coverage, set_aside_regions })
    };
    let error = |code: Code, reason: ErrorReason, message: &str| {
        Outcome::Error(WanMatrixError { code: code.into(), reason: reason.into(), message: message.to_owned() })
    };
    let key = text.replace(' ', "").to_uppercase();
    let (available, planned) = (CoverageState::Available, CoverageState::Planned);
    match key.as_str() {
        "AA11AA" => {
            let central = RegionalCoverage {
                auxiliary_equipment_required: "Outdoor aerial".to_owned(),
                additional_information: "Meter cupboard, \"steel\" door".to_owned(),
                ..covered(CspRegion::Central, available, "2019-06-01", "Cellular and Mesh")
            };
            let central_4g = covered(CspRegion::Central4g, planned, "2027-01-15", "4G Cellular");
            matrix("AA1 1AA", vec![central, central_4g], &[])
        }
        "AA11AB" => matrix("AA1 1AB", vec![covered(CspRegion::South, available, "2020-01-01", "Unknown")], &[]),
        "AA11AD" => {
            let none = RegionalCoverage {
                csp_region: CspRegion::Central.into(),
                state: CoverageState::NonePlanned.into(),
                ..RegionalCoverage::default()
            };
            matrix("AA1 1AD", vec![none], &[CspRegion::South])
        }
        "AA11AE" => {
            let later = RegionalCoverage { csp_region: 42, state: 9, ..RegionalCoverage::default() };
            matrix("AA1 1AE", vec![later], &[])
        }
        _ if key.starts_with("AA1") => {
            matrix(text, vec![covered(CspRegion::South, planned, "2030-01-01", "Cellular")], &[])
        }
        _ if key.starts_with("AA") => {
            error(Code::NotFound, ErrorReason::LocationNotInCoverage, "AA9 9ZZ is in no active load")
        }
        _ => error(Code::InvalidArgument, ErrorReason::PostcodeMalformed, "not a postcode: \u{1b}[31mred"),
    }
}

fn load(load_id: &str, state: CoverageLoadState) -> CoverageLoad {
    CoverageLoad {
        load_id: load_id.to_owned(),
        csp_region: CspRegion::Central.into(),
        state: state.into(),
        issue_time: at(1_769_914_800),
        reference: "week 6".to_owned(),
        received_time: at(1_769_918_300),
        activation_time: if state == CoverageLoadState::Active { at(1_769_918_400) } else { None },
        sha256: "ab".repeat(32),
        encoding: Encoding::Gzip.into(),
        bytes_sent: 12_345,
        bytes_decompressed: 123_456,
        wan_variants_sha256: "cd".repeat(32),
        rows_sha256: "ef".repeat(32),
        report: Some(CoverageLoadReport {
            rows: 2_000,
            accepted: 1_990,
            set_aside: 7,
            rejects: vec![
                RejectCount { reason: RejectReason::PostcodeMalformed.into(), rows: 5 },
                RejectCount { reason: RejectReason::VariantNotListed.into(), rows: 2 },
            ],
            repeats: 3,
            unknown: 40,
            unknown_from_empty: 1,
            none_planned: 14,
            rejects_kept: 7,
            set_aside_locations: 2,
            deletes: 0,
            premises: 0,
        }),
        comparison: Some(CoverageComparison {
            with_load_id: "central-20260101T030000Z-aabbccddeeff".to_owned(),
            new: 40,
            removed: 10,
            same: 1_900,
            changed: 52,
            confirmed_to_unknown: 30,
            date_earlier: 25,
            newly_set_aside: 2,
            answers_before: 1_962,
            answers_after: 1_990,
            answers_in_both: 1_950,
            covered_before: 1_940,
            confirmed_before: 1_900,
            ..CoverageComparison::default()
        }),
        submitter: "127.0.0.1".to_owned(),
        activated_by: if state == CoverageLoadState::Active { "127.0.0.2".to_owned() } else { String::new() },
        ..CoverageLoad::default()
    }
}

/// One location for each kind of change, one of which this build does not know.
fn differing() -> Vec<CoverageChange> {
    let facts = |date: &str, variant: &str| CoverageFacts {
        availability_date: Some(date.to_owned()),
        wan_variant: covered(CspRegion::Central, CoverageState::Available, date, variant).wan_variant,
        connectivity_likelihood: ConnectivityLikelihood::High.into(),
        ..CoverageFacts::default()
    };
    let change =
        |postcode: &str, kind: i32, before: Option<CoverageFacts>, after: Option<CoverageFacts>, moved: &[i32]| {
            let (postcode, movements) = (postcode.to_owned(), moved.to_vec());
            CoverageChange { postcode, kind, movements, before, after, ..CoverageChange::default() }
        };
    let (new, changed, removed) =
        (CoverageChangeKind::New.into(), CoverageChangeKind::Changed.into(), CoverageChangeKind::Removed.into());
    let information = "Meter cupboard, \"steel\" door";
    let told = CoverageFacts { additional_information: information.to_owned(), ..facts("2026-02-01", "Unknown") };
    let confirmed = [CoverageMovement::UnknownToConfirmed, CoverageMovement::TextsChanged].map(i32::from);
    let aside = CoverageFacts { set_aside: true, ..CoverageFacts::default() };
    vec![
        change("AA1 1AA", new, None, Some(facts("2027-03-01", "Cellular")), &[]),
        change("AA1 1AB", changed, Some(told), Some(facts("2026-02-01", "Cellular")), &confirmed),
        change(
            "AA1 1AD",
            changed,
            Some(CoverageFacts::default()),
            Some(aside),
            &[CoverageMovement::NewlySetAside.into()],
        ),
        change("AA1 1AE", removed, Some(facts("2020-01-01", "Cellular")), None, &[]),
        change("AA1 1AF", 9, None, None, &[99]),
        CoverageChange {
            uprn: "7".to_owned(),
            postcode_before: "AA1 1AH".to_owned(),
            ..change(
                "AA1 1AG",
                changed,
                Some(facts("2020-01-01", "Cellular")),
                Some(facts("2020-01-01", "Cellular")),
                &[CoverageMovement::PostcodeChanged.into()],
            )
        },
        CoverageChange {
            address_identifier: "flat 1".to_owned(),
            ..change("AA1 1AG", new, None, Some(CoverageFacts::default()), &[])
        },
    ]
}

/// What a dry run would be refused for, as the service makes it.
fn refused_dry_run() -> Status {
    let message = "unknown: 190 of 1,900 locations (10.00 %) with a confirmed variant would be Unknown. Nothing has \
                   changed, and of a dry run nothing is kept";
    let metadata = [("guards", "unknown"), ("validate_only", "true")];
    let status = status(Code::FailedPrecondition, "LOAD_GUARD_UNKNOWN", message, &metadata);
    let finding = GuardFinding {
        guard: LoadGuard::Unknown.into(),
        measured: "190 of 1,900 locations (10.00 %)".to_owned(),
        allowed: "at most 95 (5 %)".to_owned(),
        overridden: false,
    };
    let judged = CoverageLoad { guards: vec![finding], ..load(REFUSED_LOAD, CoverageLoadState::Unspecified) };
    let type_url = "type.googleapis.com/wanmatrix.v1.CoverageLoad".to_owned();
    let mut details = tonic_types::pb::Status::decode(status.details()).unwrap();
    details.details.push(prost_types::Any { type_url, value: judged.encode_to_vec() });
    Status::with_details(status.code(), status.message(), details.encode_to_vec().into())
}

#[tonic::async_trait]
impl WanMatrixService for FakeServer {
    async fn request_wan_matrix(
        &self,
        _: Request<RequestWanMatrixRequest>,
    ) -> Result<Response<RequestWanMatrixResponse>, Status> {
        Err(Status::unimplemented("the commands ask in batches"))
    }

    async fn batch_request_wan_matrix(
        &self,
        request: Request<BatchRequestWanMatrixRequest>,
    ) -> Result<Response<BatchRequestWanMatrixResponse>, Status> {
        self.check()?;
        let request = request.into_inner();
        {
            let mut seen = self.seen();
            seen.batches.push((request.locations.len(), request.as_of_date.clone()));
            if seen.fail_batch == Some(seen.batches.len()) {
                return Err(status(Code::Internal, "INTERNAL", "the server failed", &[]));
            }
            if seen.largest_batch.is_some_and(|largest| request.locations.len() > largest) {
                return Err(status(Code::ResourceExhausted, "REPLY_TOO_LARGE", "the reply is too large", &[]));
            }
        }
        let results = request.locations.iter().map(|location| match &location.kind {
            Some(location::Kind::Postcode(text)) => {
                WanMatrixResult { correlation_id: String::new(), outcome: Some(answer(text)) }
            }
            _ => WanMatrixResult::default(),
        });
        let as_of_date = if request.as_of_date.is_empty() { "2026-03-01".to_owned() } else { request.as_of_date };
        Ok(Response::new(BatchRequestWanMatrixResponse {
            results: results.collect(),
            sources: sources(),
            missing_regions: vec![CspRegion::North.into()],
            as_of_date,
        }))
    }

    async fn request_wan_matrix_duis(
        &self,
        request: Request<RequestWanMatrixDuisRequest>,
    ) -> Result<Response<RequestWanMatrixDuisResponse>, Status> {
        self.check()?;
        let document = request.into_inner().document;
        let known = document.starts_with(b"<known");
        self.seen().documents.push(document);
        let miss = WanMatrixError {
            code: Code::NotFound.into(),
            reason: ErrorReason::LocationNotInCoverage.into(),
            message: "AA9 9ZZ is in no active load\u{7}".to_owned(),
        };
        Ok(Response::new(RequestWanMatrixDuisResponse {
            document: if known { &b"<answered/>\n"[..] } else { b"<unanswered/>\n" }.to_vec(),
            sources: sources(),
            missing_regions: if known { vec![CspRegion::North.into()] } else { Vec::new() },
            as_of_date: "2026-03-01".to_owned(),
            error: (!known).then_some(miss),
        }))
    }

    async fn list_wan_variants(
        &self,
        request: Request<ListWanVariantsRequest>,
    ) -> Result<Response<ListWanVariantsResponse>, Status> {
        self.check()?;
        let wanted = request.into_inner().csp_region;
        let row = |region: CspRegion, name: &str, status: WanVariantStatus, provenance: &str| ListedWanVariant {
            csp_region: region.into(),
            wan_variant: Some(WanVariant { name: name.to_owned(), status: status.into() }),
            description: "What it is".to_owned(),
            provenance: provenance.to_owned(),
        };
        let rows = [
            row(CspRegion::North, "Variant 450", WanVariantStatus::Confirmed, "assumed"),
            row(CspRegion::South, "Unknown", WanVariantStatus::Unconfirmed, "DP106"),
        ];
        Ok(Response::new(ListWanVariantsResponse {
            wan_variants: rows.into_iter().filter(|row| wanted == 0 || row.csp_region == wanted).collect(),
            sha256: "12".repeat(32),
        }))
    }

    async fn list_active_coverage(
        &self,
        _: Request<ListActiveCoverageRequest>,
    ) -> Result<Response<ListActiveCoverageResponse>, Status> {
        self.check()?;
        let north = ActiveCoverage { csp_region: CspRegion::North.into(), expected: true, ..ActiveCoverage::default() };
        let answering = sources().into_iter().map(|source| ActiveCoverage {
            premises_rows: 0,
            csp_region: source.csp_region,
            expected: source.csp_region != i32::from(CspRegion::Central4g),
            source: Some(source),
            postcode_rows: 1_234_567,
            set_aside_locations: 8,
            received_time: at(1_769_918_300),
            damaged: false,
        });
        // A region that has no load to be told of, and one whose load cannot be read.
        let damaged =
            ActiveCoverage { csp_region: CspRegion::South4g.into(), damaged: true, ..ActiveCoverage::default() };
        Ok(Response::new(ListActiveCoverageResponse {
            regions: std::iter::once(north).chain(answering).chain([damaged]).collect(),
            active_set_digest: "34".repeat(32),
        }))
    }
}

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
