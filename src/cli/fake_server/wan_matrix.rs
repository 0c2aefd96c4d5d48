//! `WanMatrixService`, as the commands ask it.

use tonic::{Code, Request, Response, Status};

use super::{
    FakeServer, at,
    lookups::{answer, sources},
    status,
};
use crate::grpc::proto::{wan_matrix_service_server::WanMatrixService, *};

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
