//! Reads a request: what its elements mean.

use super::{
    envelope,
    error::{DuisError, Fault},
    request::{self, Ask, PartialAddress, Request, RequestId},
    sequence::Sequence,
    text::collapse,
    tree::{self, Element, Limits},
};

const LIMITS: Limits = Limits { bytes: Request::MAX_BYTES, elements: 256, text: 4096 };

const CHOICE: [&str; 2] = ["UPRN", "PartialAddress"];

pub(super) fn read(document: &[u8]) -> Result<Request, DuisError> {
    let root = tree::parse(document, LIMITS)?;
    let (version, mut parts) = envelope::open(&root, "Request")?;
    let request_id = header(parts.required("Header")?)?;
    let ask = body(parts.required("Body")?)?;
    let signed = parts.optional("Signature").is_some();
    parts.finish()?;
    Ok(Request { version, request_id, ask, signed })
}

fn header(element: &Element) -> Result<RequestId, DuisError> {
    let mut parts = Sequence::of(
        element,
        &[
            "RequestID",
            "FirstInSequence",
            "PrecedingServiceRequestID",
            "CommandVariant",
            "ServiceReference",
            "ServiceReferenceVariant",
        ],
    )?;
    let id = request_id(parts.required("RequestID")?)?;
    if let Some(first) = parts.optional("FirstInSequence") {
        let found = collapse(first.leaf()?);
        if !matches!(found.as_str(), "true" | "false" | "1" | "0") {
            return Err(first.fault(Fault::Value { found, wanted: "true or false is expected" }));
        }
    }
    if let Some(preceding) = parts.optional("PrecedingServiceRequestID") {
        request_id(preceding)?;
    }
    let variant = parts.required("CommandVariant")?;
    envelope::fixed(
        variant,
        envelope::COMMAND_VARIANT,
        "a Request WAN Matrix asks no device: its Command Variant is 8",
    )?;
    for name in ["ServiceReference", "ServiceReferenceVariant"] {
        let wanted = "only Service Request 12.1, Request WAN Matrix, is served here";
        envelope::fixed(parts.required(name)?, envelope::SERVICE_REFERENCE, wanted)?;
    }
    parts.finish()?;
    Ok(id)
}

fn request_id(element: &Element) -> Result<RequestId, DuisError> {
    value(element, RequestId::parse, "two EUI-64 and a counter from 1 on, separated by colons, are expected")
}

fn body(element: &Element) -> Result<Ask, DuisError> {
    let mut parts = Sequence::of(element, &["RequestWANMatrix"])?;
    let asked = ask(parts.required("RequestWANMatrix")?)?;
    parts.finish()?;
    Ok(asked)
}

/// The choice, which the response echoes.
pub(super) fn ask(element: &Element) -> Result<Ask, DuisError> {
    let mut choices = element.children.iter().filter(|child| CHOICE.iter().any(|name| child.is(name)));
    if let (Some(_), Some(second)) = (choices.next(), choices.next()) {
        return Err(second.fault(Fault::SecondChoice { choices: &CHOICE }));
    }
    let mut parts = Sequence::of(element, &CHOICE)?;
    let asked = if let Some(uprn) = parts.optional("UPRN") {
        Ask::Uprn(value(uprn, request::uprn, "a number of 1 to 12 digits that is not 0 is expected")?)
    } else if let Some(address) = parts.optional("PartialAddress") {
        Ask::PartialAddress(partial_address(address)?)
    } else {
        return Err(parts.not_a_choice("UPRN or PartialAddress"));
    };
    parts.finish()?;
    Ok(asked)
}

fn partial_address(element: &Element) -> Result<PartialAddress, DuisError> {
    let mut parts = Sequence::of(element, &["PostCode", "AddressIdentifier"])?;
    let (post_code, identifier) = (parts.required("PostCode")?, parts.required("AddressIdentifier")?);
    parts.finish()?;
    // Strings keep their white space, so these are not collapsed. An address is somebody's: it is not quoted.
    let wrong = |element: &Element, wanted| element.fault(Fault::Length { wanted });
    let post_code = PartialAddress::post_code_of(post_code.leaf()?)
        .ok_or_else(|| wrong(post_code, "6 to 8 characters, the postcode's space included"))?;
    let identifier =
        PartialAddress::identifier_of(identifier.leaf()?).ok_or_else(|| wrong(identifier, "at most 30 characters"))?;
    Ok(PartialAddress::of(post_code, identifier))
}

/// The value of an element whose white space is collapsed.
pub(super) fn value<T>(
    element: &Element,
    parse: impl FnOnce(&str) -> Option<T>,
    wanted: &'static str,
) -> Result<T, DuisError> {
    let found = collapse(element.leaf()?);
    parse(&found).ok_or_else(|| element.fault(Fault::Value { found, wanted }))
}
