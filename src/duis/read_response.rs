//! Reads a response: the inverse of `write_response`.

use jiff::Timestamp;

use super::{
    BoundedText, Covered, DspWanMatrix, RegionResponse, RequestId, Response, ResponseCode, envelope,
    error::{DuisError, Fault},
    read_request::{ask, value},
    sequence::Sequence,
    tree::{self, Element, Limits},
};
use crate::domain::{AvailabilityDate, ConnectivityLikelihood, CspRegion, Day, VariantName};

const LIMITS: Limits = Limits { bytes: Response::MAX_BYTES, elements: 1 << 14, text: 4096 };

pub(super) fn read(document: &[u8]) -> Result<Response, DuisError> {
    let root = tree::parse(document, LIMITS)?;
    let (version, mut parts) = envelope::open(&root, "Response")?;
    let mut header =
        Sequence::of(parts.required("Header")?, &["RequestID", "ResponseID", "ResponseCode", "ResponseDateTime"])?;
    let id = "the RequestID of the request is expected";
    let request_id = value(header.required("RequestID")?, RequestId::parse, id)?;
    if let Some(response_id) = header.optional("ResponseID") {
        response_id.leaf()?;
    }
    let code = code(header.required("ResponseCode")?)?;
    let when = "a date and time with its offset is expected";
    let at = value(header.required("ResponseDateTime")?, |text| text.parse::<Timestamp>().ok(), when)?;
    header.finish()?;
    let matrix = body(parts.required("Body")?)?;
    parts.optional("Signature");
    parts.finish()?;
    Ok(Response { version, request_id, code, at, matrix })
}

fn body(element: &Element) -> Result<Option<DspWanMatrix>, DuisError> {
    let mut parts = Sequence::of(element, &["ResponseMessage"])?;
    let message = parts.required("ResponseMessage")?;
    parts.finish()?;
    let mut parts = Sequence::of(message, &["ServiceReference", "ServiceReferenceVariant", "DSPWANMatrix"])?;
    for name in ["ServiceReference", "ServiceReferenceVariant"] {
        envelope::fixed(parts.required(name)?, envelope::SERVICE_REFERENCE, "12.1 is expected")?;
    }
    let matrix = parts.optional("DSPWANMatrix").map(matrix).transpose()?;
    parts.finish()?;
    Ok(matrix)
}

fn matrix(element: &Element) -> Result<DspWanMatrix, DuisError> {
    let mut parts = Sequence::of(element, &["Request", "DSPWANMatrixResponse"])?;
    let asked = ask(parts.required("Request")?)?;
    let mut regions = vec![region(parts.required("DSPWANMatrixResponse")?)?];
    while let Some(answer) = parts.optional("DSPWANMatrixResponse") {
        regions.push(region(answer)?);
    }
    parts.finish()?;
    Ok(DspWanMatrix { ask: asked, regions })
}

fn region(element: &Element) -> Result<RegionResponse, DuisError> {
    let mut parts = Sequence::of(
        element,
        &[
            "CSPRegion",
            "CSPRegionResponseCode",
            "CoverageAvailability",
            "AnticipatedCoverageDate",
            "WANTechnology",
            "ConnectivityLikelihood",
            "AuxiliaryEquipmentRequired",
            "AdditionalInformation",
        ],
    )?;
    let named = |text: &str| CspRegion::ALL.into_iter().find(|region| region.name() == text);
    let region_element = parts.required("CSPRegion")?;
    let region = value(region_element, named, "a region with coverage data is expected")?;
    let code = code(parts.required("CSPRegionResponseCode")?)?;
    let Some(availability) = parts.optional("CoverageAvailability") else {
        parts.finish()?;
        return Ok(RegionResponse::without_block(region, code));
    };
    let available = value(availability, boolean, "true or false is expected")?;
    let date = value(
        parts.required("AnticipatedCoverageDate")?,
        |text| Day::parse(text.as_bytes()).ok(),
        "a date is expected",
    )?;
    let technology = parts.required("WANTechnology")?;
    let technology = VariantName::new(technology.leaf()?).ok_or_else(|| {
        technology
            .fault(Fault::Value { found: technology.text.clone(), wanted: "the name of a WAN Variant is expected" })
    })?;
    let likelihood = |text: &str| ConnectivityLikelihood::parse(text.as_bytes()).ok();
    let likelihood = value(parts.required("ConnectivityLikelihood")?, likelihood, "High, Medium or Low is expected")?;
    let auxiliary_equipment = text(parts.optional("AuxiliaryEquipmentRequired"), "at most 50 characters")?;
    let additional_information = text(parts.optional("AdditionalInformation"), "at most 250 characters")?;
    parts.finish()?;
    let date = AvailabilityDate(date);
    let covered = Covered { available, date, technology, likelihood, auxiliary_equipment, additional_information };
    let wanted = "a region that may leave its WAN Variant Unknown is expected";
    RegionResponse::covered(region, code, covered)
        .map_err(|_| region_element.fault(Fault::Value { found: region.to_string(), wanted }))
}

fn code(element: &Element) -> Result<ResponseCode, DuisError> {
    value(element, ResponseCode::new, "a letter and one to six digits are expected")
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

fn text<const MAX: usize>(element: Option<&Element>, wanted: &'static str) -> Result<BoundedText<MAX>, DuisError> {
    let Some(element) = element else { return Ok(BoundedText::default()) };
    BoundedText::new(element.leaf()?).map_err(|_| element.fault(Fault::Length { wanted }))
}
