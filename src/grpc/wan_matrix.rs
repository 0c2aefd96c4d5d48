//! `WanMatrixService`: Service Request 12.1 for installer planning tools.

use std::{
    future::{self, Future, Ready},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use prost::Message;
use tonic::{Request, Response, Status};

use crate::{
    domain::{CspRegion, Day, Location},
    duis::{self, ResponseCodes},
    loads::{Clock, Loads},
    store::ActiveSet,
};

use super::{
    answer::{answer, parse},
    asked::{Asked, Latest},
    batch::Batch,
    convert::{self, count},
    disk_reads::DiskReads,
    duis::{location_of, respond},
    error,
    expected::Expected,
    load_ids::LoadIds,
    proto::{
        ActiveCoverage, BatchRequestWanMatrixRequest, BatchRequestWanMatrixResponse, ListActiveCoverageRequest,
        ListActiveCoverageResponse, ListWanVariantsRequest, ListWanVariantsResponse, ListedWanVariant,
        RequestWanMatrixDuisRequest, RequestWanMatrixDuisResponse, RequestWanMatrixRequest, RequestWanMatrixResponse,
        wan_matrix_service_server::WanMatrixService,
    },
    today::London,
    wire::Wire,
};

/// The largest request this service decodes; what clients, grpcurl among them, take as a reply too.
pub(super) const MESSAGE_MAX: usize = 4 << 20;

const BATCH_MAX: usize = 1000;
/// Bytes that most answers stay below: two regions, with texts.
pub(super) const AN_ANSWER: usize = 320;
/// What is done of a batch before other calls on the same thread get their turn, in postcodes: some 100 µs.
const A_TURN: usize = 250;

/// Serves lookups from the active set of [`Loads`].
#[expect(missing_debug_implementations, reason = "a clock says nothing about itself")]
pub struct WanMatrixApi {
    loads: Arc<Loads>,
    clock: Clock,
    london: London,
    latest: Latest,
    response_codes: Arc<ResponseCodes>,
    disk_reads: DiskReads,
    disk_reads_of_batches: DiskReads,
}

impl WanMatrixApi {
    /// Answers from these loads; `clock` tells what day it is, `response_codes` what DUIS documents call an outcome.
    #[must_use]
    pub fn new(loads: Arc<Loads>, expected: Expected, response_codes: ResponseCodes, clock: Clock) -> Self {
        Self {
            loads,
            clock,
            london: London::default(),
            latest: Latest::new(expected),
            response_codes: Arc::new(response_codes),
            disk_reads: DiskReads::new(),
            disk_reads_of_batches: DiskReads::new(),
        }
    }
}

/// An answer in the bytes of its reply.
pub(super) type Written = Result<Response<Vec<u8>>, Status>;

/// Such an answer: there at once where all of it lies in memory.
pub(super) enum Answering {
    Now(Ready<Written>),
    FromDisk(Pin<Box<dyn Future<Output = Written> + Send>>),
}

impl Future for Answering {
    type Output = Written;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Written> {
        match self.get_mut() {
            Self::Now(written) => Pin::new(written).poll(cx),
            Self::FromDisk(written) => written.as_mut().poll(cx),
        }
    }
}

impl WanMatrixApi {
    /// Answers one location, in the bytes of a `RequestWanMatrixResponse`.
    pub(super) fn lookup(&self, request: &RequestWanMatrixRequest) -> Answering {
        let now = (self.clock)();
        let at_once = |written| Answering::Now(future::ready(written));
        let as_of = match self.london.as_of(&request.as_of_date, now) {
            Ok(as_of) => as_of,
            Err(failure) => return at_once(Err(failure.into())),
        };
        let location = match parse(request.location.as_ref()) {
            Ok(location) => location,
            Err(miss) => return at_once(Err(error::miss(miss, "location").into())),
        };
        let set = self.loads.active();
        let asked = self.latest.of(&set, now);
        if set.in_memory(&location) {
            return at_once(one(&set, &asked, &location, as_of));
        }
        let (reads, set) = (self.disk_reads.clone(), Arc::clone(&set));
        Answering::FromDisk(Box::pin(async move { reads.make(move || one(&set, &asked, &location, as_of)).await? }))
    }

    /// Answers a batch, in the bytes of a `BatchRequestWanMatrixResponse`.
    pub(super) async fn lookups(&self, request: &BatchRequestWanMatrixRequest) -> Written {
        let BatchRequestWanMatrixRequest { locations, as_of_date } = request;
        match locations.len() {
            0 => Err(error::batch_empty(BATCH_MAX))?,
            1..=BATCH_MAX => {}
            too_many => Err(error::batch_too_large(too_many, BATCH_MAX))?,
        }
        let now = (self.clock)();
        let as_of = self.london.as_of(as_of_date, now)?;
        // One set for all of them, held across the pauses between.
        let set = Arc::clone(&self.loads.active());
        let asked = self.latest.of(&set, now);
        let locations: Vec<_> = locations.iter().map(|location| parse(Some(location))).collect();
        let reads_disk = locations.iter().flatten().any(|location| !set.in_memory(location));
        let mut batch = Batch::new(set, asked, locations, as_of);
        if reads_disk {
            // All of it in one visit to a thread that may wait.
            return Ok(self
                .disk_reads_of_batches
                .make(move || batch.some(usize::MAX).and_then(|_| batch.end()))
                .await??);
        }
        while !batch.some(A_TURN)? {
            tokio::task::yield_now().await;
        }
        Ok(batch.end()?)
    }
}

/// One location's answer, in the bytes of a `RequestWanMatrixResponse`.
fn one(set: &ActiveSet, asked: &Asked, location: &Location, as_of: Day) -> Written {
    let matrix = answer(set, asked, location, as_of).map_err(|miss| error::miss(miss, "location"))?;
    let mut wire = Wire::with_capacity(asked.written.len() + AN_ANSWER);
    wire.message(1, |wire| matrix.write(wire));
    wire.fields(&asked.written);
    wire.text(4, &as_of.iso());
    Ok(LoadIds::beside(wire.into_bytes(), &asked.load_ids))
}

/// An answer that was written already, for whoever asks for it as a message: over the network it goes as it is.
fn read<M: Message + Default>(written: Response<Vec<u8>>) -> Result<Response<M>, Status> {
    M::decode(Bytes::from(written.into_inner())).map(Response::new).map_err(|error| error::task(&error).into())
}

#[tonic::async_trait]
impl WanMatrixService for WanMatrixApi {
    async fn request_wan_matrix(
        &self,
        request: Request<RequestWanMatrixRequest>,
    ) -> Result<Response<RequestWanMatrixResponse>, Status> {
        let written = self.lookup(&request.into_inner()).await;
        read(written?)
    }

    async fn batch_request_wan_matrix(
        &self,
        request: Request<BatchRequestWanMatrixRequest>,
    ) -> Result<Response<BatchRequestWanMatrixResponse>, Status> {
        read(self.lookups(&request.into_inner()).await?)
    }

    async fn request_wan_matrix_duis(
        &self,
        request: Request<RequestWanMatrixDuisRequest>,
    ) -> Result<Response<RequestWanMatrixDuisResponse>, Status> {
        let document = request.into_inner().document;
        let request = duis::Request::read(&document).map_err(|malformed| error::duis(&malformed))?;
        let now = (self.clock)();
        let as_of = self.london.as_of("", now)?;
        let set = Arc::clone(&self.loads.active());
        let asked = self.latest.of(&set, now);
        let location = parse(Some(&location_of(&request.ask)));
        let reads_disk = location.as_ref().is_ok_and(|location| !set.in_memory(location));
        let (of, codes) = (Arc::clone(&asked), Arc::clone(&self.response_codes));
        let respond = move || {
            let answered = location.and_then(|location| answer(&set, &of, &location, as_of));
            respond(&request, answered, &codes, now)
        };
        let (response, error) = if reads_disk { self.disk_reads.make(respond).await?? } else { respond()? };
        Ok(Response::new(RequestWanMatrixDuisResponse {
            document: response.write().into_bytes(),
            sources: asked.sources.clone(),
            missing_regions: asked.missing.iter().map(|&region| convert::region(region).into()).collect(),
            as_of_date: as_of.to_string(),
            error,
        }))
    }

    async fn list_wan_variants(
        &self,
        request: Request<ListWanVariantsRequest>,
    ) -> Result<Response<ListWanVariantsResponse>, Status> {
        let region = convert::requested_region(request.into_inner().csp_region).map_err(error::region_not_known)?;
        let table3 = self.loads.table3();
        let rows = table3.rows().iter().filter(|row| region.is_none_or(|region| region == row.region));
        let listed = rows.map(|row| ListedWanVariant {
            csp_region: convert::region(row.region).into(),
            wan_variant: Some(convert::wan_variant(row.name.as_str())),
            description: row.description.clone(),
            provenance: row.provenance.clone(),
        });
        Ok(Response::new(ListWanVariantsResponse {
            wan_variants: listed.collect(),
            sha256: hex::encode(table3.sha256()),
        }))
    }

    async fn list_active_coverage(
        &self,
        _request: Request<ListActiveCoverageRequest>,
    ) -> Result<Response<ListActiveCoverageResponse>, Status> {
        let now = (self.clock)();
        let set = self.loads.active();
        let mut sources = self.latest.of(&set, now).sources.clone().into_iter().peekable();
        let regions = CspRegion::ALL.into_iter().filter_map(|region| {
            let number = convert::region(region).into();
            let source = sources.next_if(|source| source.csp_region == number);
            let expected = self.latest.expected().expects(region);
            let load = set.load(region).map(|load| load.manifest());
            let damaged = set.damaged().contains(&region);
            (expected || damaged || source.is_some()).then(|| ActiveCoverage {
                csp_region: number,
                expected,
                source,
                postcode_rows: load.map_or(0, |manifest| count(manifest.answers().saturating_sub(manifest.premises()))),
                premises_rows: load.map_or(0, |manifest| count(manifest.premises())),
                set_aside_locations: load.map_or(0, |manifest| count(manifest.marks())),
                received_time: load.map(|manifest| convert::timestamp(manifest.received)),
                damaged,
            })
        });
        Ok(Response::new(ListActiveCoverageResponse {
            regions: regions.collect(),
            active_set_digest: set.digest().to_owned(),
        }))
    }
}
