//! `WanMatrixService`: Service Request 12.1 for installer planning tools.

use std::sync::Arc;

use prost::Message as _;
use tonic::{Request, Response, Status};

use crate::{
    domain::CspRegion,
    loads::{Clock, Loads},
};

use super::{
    answer::answer,
    asked::Latest,
    convert::{self, count},
    error,
    expected::Expected,
    proto::{
        ActiveCoverage, BatchRequestWanMatrixRequest, BatchRequestWanMatrixResponse, ListActiveCoverageRequest,
        ListActiveCoverageResponse, ListWanVariantsRequest, ListWanVariantsResponse, ListedWanVariant,
        RequestWanMatrixRequest, RequestWanMatrixResponse, WanMatrixResult, location::Kind, wan_matrix_result::Outcome,
        wan_matrix_service_server::WanMatrixService,
    },
    today::London,
};

/// The largest request this service decodes; what clients, grpcurl among them, take as a reply too.
pub const MESSAGE_MAX: usize = 4 << 20;

const BATCH_MAX: usize = 1000;
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
}

impl WanMatrixApi {
    /// Answers from these loads; `clock` tells what day it is.
    #[must_use]
    pub fn new(loads: Arc<Loads>, expected: Expected, clock: Clock) -> Self {
        Self { loads, clock, london: London::default(), latest: Latest::new(expected) }
    }
}

#[tonic::async_trait]
impl WanMatrixService for WanMatrixApi {
    async fn request_wan_matrix(
        &self,
        request: Request<RequestWanMatrixRequest>,
    ) -> Result<Response<RequestWanMatrixResponse>, Status> {
        let request = request.into_inner();
        let now = (self.clock)();
        let as_of = self.london.as_of(&request.as_of_date, now)?;
        let set = self.loads.active();
        let asked = self.latest.of(&set);
        let wan_matrix =
            answer(&set, &asked, request.location.as_ref(), as_of).map_err(|miss| error::miss(miss, "location"))?;
        Ok(Response::new(RequestWanMatrixResponse {
            wan_matrix: Some(wan_matrix),
            sources: asked.sources(now),
            missing_regions: asked.missing_numbers(),
            as_of_date: as_of.to_string(),
        }))
    }

    async fn batch_request_wan_matrix(
        &self,
        request: Request<BatchRequestWanMatrixRequest>,
    ) -> Result<Response<BatchRequestWanMatrixResponse>, Status> {
        let BatchRequestWanMatrixRequest { locations, as_of_date } = request.into_inner();
        match locations.len() {
            0 => Err(error::batch_empty(BATCH_MAX))?,
            1..=BATCH_MAX => {}
            too_many => Err(error::batch_too_large(too_many, BATCH_MAX))?,
        }
        let now = (self.clock)();
        let as_of = self.london.as_of(&as_of_date, now)?;
        // One set for all of them, held across the pauses between.
        let set = Arc::clone(&self.loads.active());
        let asked = self.latest.of(&set);
        let mut results = Vec::with_capacity(locations.len());
        let (mut done, mut premises) = (0, 0);
        for location in &locations {
            let outcome = match answer(&set, &asked, Some(location), as_of) {
                Ok(wan_matrix) => Outcome::WanMatrix(wan_matrix),
                Err(miss) => Outcome::Error(error::miss(miss, "location").in_batch()),
            };
            let by_address = matches!(location.kind, Some(Kind::PartialAddress(_)));
            let result = WanMatrixResult { correlation_id: String::new(), outcome: Some(outcome) };
            if by_address {
                // A postcode has six answers at most; an address may have hundreds, and a thousand of them are not gathered
                // first and refused then.
                premises += result.encoded_len();
                if premises > MESSAGE_MAX {
                    Err(error::reply_too_large(premises, MESSAGE_MAX))?;
                }
            }
            results.push(result);
            done += if by_address { AN_ADDRESS } else { 1 };
            if done >= A_TURN {
                done = 0;
                tokio::task::yield_now().await;
            }
        }
        let response = BatchRequestWanMatrixResponse {
            results,
            sources: asked.sources(now),
            missing_regions: asked.missing_numbers(),
            as_of_date: as_of.to_string(),
        };
        // A thousand locations with six regions each and both texts full are 2.5 MB. Only texts that are long, in all
        // regions, and not in Latin letters could pass what clients take; such a reply is refused in words here, not
        // by the client in none.
        match response.encoded_len() {
            0..=MESSAGE_MAX => Ok(Response::new(response)),
            bytes => Err(error::reply_too_large(bytes, MESSAGE_MAX).into()),
        }
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
        let mut sources = self.latest.of(&set).sources(now).into_iter().peekable();
        let regions = CspRegion::ALL.into_iter().filter_map(|region| {
            let number = convert::region(region).into();
            let source = sources.next_if(|source| source.csp_region == number);
            let expected = self.latest.expected().expects(region);
            let load = set.load(region).map(|load| load.manifest());
            (expected || source.is_some()).then(|| ActiveCoverage {
                csp_region: number,
                expected,
                source,
                postcode_rows: load.map_or(0, |manifest| count(manifest.report.accepted - manifest.report.premises)),
                premises_rows: load.map_or(0, |manifest| count(manifest.report.premises)),
                set_aside_locations: load.map_or(0, |manifest| count(manifest.report.set_aside_locations)),
                received_time: load.map(|manifest| convert::timestamp(manifest.received)),
            })
        });
        Ok(Response::new(ListActiveCoverageResponse {
            regions: regions.collect(),
            active_set_digest: set.digest().to_owned(),
        }))
    }
}
