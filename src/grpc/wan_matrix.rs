//! `WanMatrixService`: Service Request 12.1 for installer planning tools.

use std::sync::Arc;

use bytes::Bytes;
use prost::Message;
use tonic::{Request, Response, Status};

use crate::{
    domain::CspRegion,
    duis::{self, ResponseCodes},
    loads::{Clock, Loads},
};

use super::{
    answer::answer,
    asked::Latest,
    convert::{self, count},
    duis::{location_of, respond},
    error,
    expected::Expected,
    load_ids::LoadIds,
    proto::{
        ActiveCoverage, BatchRequestWanMatrixRequest, BatchRequestWanMatrixResponse, ListActiveCoverageRequest,
        ListActiveCoverageResponse, ListWanVariantsRequest, ListWanVariantsResponse, ListedWanVariant,
        RequestWanMatrixDuisRequest, RequestWanMatrixDuisResponse, RequestWanMatrixRequest, RequestWanMatrixResponse,
        location::Kind, wan_matrix_service_server::WanMatrixService,
    },
    today::London,
    wire::Wire,
};

/// The largest request this service decodes; what clients, grpcurl among them, take as a reply too.
pub(super) const MESSAGE_MAX: usize = 4 << 20;

const BATCH_MAX: usize = 1000;
/// Bytes that most answers stay below: two regions, with texts.
const AN_ANSWER: usize = 320;
/// What is done of a batch before other calls on the same thread get their turn, in postcodes: some 100 µs.
const A_TURN: usize = 250;
/// A partial address reads the disk, and takes as long as so many postcodes.
const AN_ADDRESS: usize = 50;

/// Serves lookups from the active set of [`Loads`].
#[expect(missing_debug_implementations, reason = "a clock says nothing about itself")]
pub struct WanMatrixApi {
    loads: Arc<Loads>,
    clock: Clock,
    london: London,
    latest: Latest,
    response_codes: ResponseCodes,
}

impl WanMatrixApi {
    /// Answers from these loads; `clock` tells what day it is, `response_codes` what DUIS documents call an outcome.
    #[must_use]
    pub fn new(loads: Arc<Loads>, expected: Expected, response_codes: ResponseCodes, clock: Clock) -> Self {
        Self { loads, clock, london: London::default(), latest: Latest::new(expected), response_codes }
    }
}

impl WanMatrixApi {
    /// Answers one location, in the bytes of a `RequestWanMatrixResponse`.
    pub(super) fn lookup(&self, request: &RequestWanMatrixRequest) -> Result<Response<Vec<u8>>, Status> {
        let now = (self.clock)();
        let as_of = self.london.as_of(&request.as_of_date, now)?;
        let set = self.loads.active();
        let asked = self.latest.of(&set, now);
        let matrix =
            answer(&set, &asked, request.location.as_ref(), as_of).map_err(|miss| error::miss(miss, "location"))?;
        let mut wire = Wire::with_capacity(asked.written.len() + AN_ANSWER);
        wire.message(1, |wire| matrix.write(wire));
        wire.fields(&asked.written);
        wire.text(4, &as_of.iso());
        Ok(LoadIds::beside(wire.into_bytes(), &asked.load_ids))
    }

    /// Answers a batch, in the bytes of a `BatchRequestWanMatrixResponse`.
    pub(super) async fn lookups(&self, request: &BatchRequestWanMatrixRequest) -> Result<Response<Vec<u8>>, Status> {
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
        let mut wire = Wire::with_capacity(asked.written.len() + locations.len() * AN_ANSWER);
        let mut done = 0;
        for location in locations {
            wire.message(1, |wire| match answer(&set, &asked, Some(location), as_of) {
                Ok(matrix) => wire.message(2, |wire| matrix.write(wire)),
                Err(miss) => wire.prost(3, &error::miss(miss, "location").in_batch()),
            });
            let by_address = matches!(location.kind, Some(Kind::PartialAddress(_)));
            // A postcode has six answers at most; an address may have hundreds, and a thousand of them are not gathered
            // first and refused then.
            if by_address && wire.len() > MESSAGE_MAX {
                Err(error::reply_too_large(wire.len(), MESSAGE_MAX))?;
            }
            done += if by_address { AN_ADDRESS } else { 1 };
            if done >= A_TURN {
                done = 0;
                tokio::task::yield_now().await;
            }
        }
        wire.fields(&asked.written);
        wire.text(4, &as_of.iso());
        let response = wire.into_bytes();
        // A thousand locations with six regions each and both texts full are 2.5 MB. Only texts that are long, in all
        // regions, and not in Latin letters could pass what clients take; such a reply is refused in words here, not
        // by the client in none.
        match response.len() {
            0..=MESSAGE_MAX => Ok(LoadIds::beside(response, &asked.load_ids)),
            bytes => Err(error::reply_too_large(bytes, MESSAGE_MAX).into()),
        }
    }
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
        read(self.lookup(&request.into_inner())?)
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
        let set = self.loads.active();
        let asked = self.latest.of(&set, now);
        let answered = answer(&set, &asked, Some(&location_of(&request.ask)), as_of);
        let (response, error) = respond(&request, answered, &self.response_codes, now)?;
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
