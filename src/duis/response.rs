//! The response to a Request WAN Matrix. One that could not be a valid document cannot be built.

use jiff::Timestamp;

use super::{
    Ask, BoundedText, DuisError, Outcome, Request, RequestId, ResponseCode, ResponseCodes, SchemaVersion,
    read_response, write_response,
};
use crate::domain::{
    ADDITIONAL_INFORMATION_MAX, AUXILIARY_EQUIPMENT_MAX, AvailabilityDate, ConnectivityLikelihood, CspRegion, UNKNOWN,
    VariantName,
};

/// A response. It has no `ResponseID`, which is the DSP's to give, and no signature.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Response {
    pub(super) version: SchemaVersion,
    pub(super) request_id: RequestId,
    pub(super) code: ResponseCode,
    /// To the millisecond.
    pub(super) at: Timestamp,
    pub(super) matrix: Option<DspWanMatrix>,
}

/// The WAN Matrix of a place: the echo of what was asked for, and at least one region's answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DspWanMatrix {
    pub(super) ask: Ask,
    pub(super) regions: Vec<RegionResponse>,
}

/// What one region says (DUIS's `DSPWANMatrixResponse`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegionResponse {
    pub(super) region: CspRegion,
    pub(super) code: ResponseCode,
    /// The optional block.
    pub(super) covered: Option<Covered>,
}

/// The block of a region that has, or will have, coverage.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Covered {
    /// `CoverageAvailability`: whether there is coverage today; a date in the future is coverage that is not there yet.
    pub available: bool,
    /// `AnticipatedCoverageDate`: the Availability Date. The schema could leave it out; this service never does, for a
    /// variant never stands without its date.
    pub date: AvailabilityDate,
    /// `WANTechnology`: the WAN Variant, `Unknown` included.
    pub technology: VariantName,
    /// `ConnectivityLikelihood`.
    pub likelihood: ConnectivityLikelihood,
    /// `AuxiliaryEquipmentRequired`; no element when empty.
    pub auxiliary_equipment: BoundedText<AUXILIARY_EQUIPMENT_MAX>,
    /// `AdditionalInformation`; no element when empty.
    pub additional_information: BoundedText<ADDITIONAL_INFORMATION_MAX>,
}

/// A response that this service must not give.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unsayable {
    /// DP106: `Unknown` is for South and Central.
    #[error("the WAN Variant Unknown is for South and Central only, not for {0}")]
    UnknownElsewhere(CspRegion),
    /// An answer of nobody.
    #[error("a WAN Matrix holds at least one region's answer")]
    NoRegion,
}

impl Response {
    /// The longest document that [`Response::read`] reads.
    pub const MAX_BYTES: usize = 1 << 20;

    /// The answer to a request.
    #[must_use]
    pub fn answered(request: &Request, matrix: DspWanMatrix, codes: &ResponseCodes, at: Timestamp) -> Self {
        Self { matrix: Some(matrix), ..Self::unanswered(request, Outcome::Answered, codes, at) }
    }

    /// A response code without a WAN Matrix.
    #[must_use]
    pub fn unanswered(request: &Request, outcome: Outcome, codes: &ResponseCodes, at: Timestamp) -> Self {
        let code = codes.of(outcome).clone();
        // A document has milliseconds.
        let at = Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at);
        Self { version: request.version, request_id: request.request_id.clone(), code, at, matrix: None }
    }

    /// The document.
    #[must_use]
    pub fn write(&self) -> String {
        write_response::write(self)
    }

    /// Reads a document as [`Response::write`] writes them, or another of the same content.
    ///
    /// # Errors
    /// [`DuisError`] names the line, the column and the element.
    pub fn read(document: &[u8]) -> Result<Self, DuisError> {
        read_response::read(document)
    }

    /// The version the document speaks.
    #[must_use]
    pub const fn version(&self) -> SchemaVersion {
        self.version
    }

    /// The `RequestID` of the request.
    #[must_use]
    pub const fn request_id(&self) -> &RequestId {
        &self.request_id
    }

    /// The `ResponseCode` of the header.
    #[must_use]
    pub const fn code(&self) -> &ResponseCode {
        &self.code
    }

    /// When the answer was given.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// The WAN Matrix, if there is one.
    #[must_use]
    pub const fn matrix(&self) -> Option<&DspWanMatrix> {
        self.matrix.as_ref()
    }
}

impl DspWanMatrix {
    /// What was asked for, and who answers.
    ///
    /// # Errors
    /// [`Unsayable::NoRegion`].
    pub fn new(ask: Ask, regions: Vec<RegionResponse>) -> Result<Self, Unsayable> {
        if regions.is_empty() { Err(Unsayable::NoRegion) } else { Ok(Self { ask, regions }) }
    }

    /// What was asked for.
    #[must_use]
    pub const fn ask(&self) -> &Ask {
        &self.ask
    }

    /// What each region says; at least one.
    #[must_use]
    pub fn regions(&self) -> &[RegionResponse] {
        &self.regions
    }
}

impl RegionResponse {
    /// The region has, or will have, coverage.
    ///
    /// # Errors
    /// [`Unsayable::UnknownElsewhere`].
    pub fn covered(region: CspRegion, code: ResponseCode, covered: Covered) -> Result<Self, Unsayable> {
        if covered.technology.as_str() == UNKNOWN && !region.may_leave_variant_unconfirmed() {
            return Err(Unsayable::UnknownElsewhere(region));
        }
        Ok(Self { region, code, covered: Some(covered) })
    }

    /// The region says no more than a code: none is planned, or its row was set aside.
    #[must_use]
    pub const fn without_block(region: CspRegion, code: ResponseCode) -> Self {
        Self { region, code, covered: None }
    }

    /// The region.
    #[must_use]
    pub const fn region(&self) -> CspRegion {
        self.region
    }

    /// Its `CSPRegionResponseCode`.
    #[must_use]
    pub const fn code(&self) -> &ResponseCode {
        &self.code
    }

    /// Its block, if there is one.
    #[must_use]
    pub const fn block(&self) -> Option<&Covered> {
        self.covered.as_ref()
    }
}
