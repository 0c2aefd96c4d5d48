//! A Request WAN Matrix (SR12.1), as its document says it.

use super::{BoundedText, DuisError, SchemaVersion, read_request};
use crate::domain::Uprn;

/// A request, read from its document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// The version it speaks; the response speaks it too.
    pub version: SchemaVersion,
    /// By which the sender will know the response.
    pub request_id: RequestId,
    /// What is asked for.
    pub ask: Ask,
    /// Whether the document carries a signature. It is not checked.
    pub signed: bool,
}

impl Request {
    /// The longest document that is read. A signed request has some 5 KB.
    pub const MAX_BYTES: usize = 64 << 10;

    /// Reads a document.
    ///
    /// `FirstInSequence` and `PrecedingServiceRequestID` are checked and then mean nothing: a lookup changes nothing
    /// that a sequence could depend on. A signature is not checked, and may be missing.
    ///
    /// # Errors
    /// [`DuisError`] names the line, the column and the element.
    pub fn read(document: &[u8]) -> Result<Self, DuisError> {
        read_request::read(document)
    }
}

/// The place a request asks for (DUIS's `RequestWANMatrix`, a choice).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ask {
    /// By UPRN.
    Uprn(Uprn),
    /// By postcode and the house's number or name, or the street.
    PartialAddress(PartialAddress),
}

/// Reads an `xs:positiveInteger` as a UPRN: digits, perhaps after a `+`, with any number of leading zeros.
pub(super) fn uprn(text: &str) -> Option<Uprn> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let number = digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok())??;
    Uprn::new(number)
}

/// A postcode and what tells one address under it from the others, both as they were sent.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PartialAddress {
    post_code: BoundedText<8>,
    address_identifier: BoundedText<30>,
}

impl PartialAddress {
    /// Of 6 to 8 and of at most 30 characters; `None` for others. What they say is not judged here.
    #[must_use]
    pub fn new(post_code: &str, address_identifier: &str) -> Option<Self> {
        Some(Self::of(Self::post_code_of(post_code)?, Self::identifier_of(address_identifier)?))
    }

    pub(super) const fn of(post_code: BoundedText<8>, address_identifier: BoundedText<30>) -> Self {
        Self { post_code, address_identifier }
    }

    pub(super) fn post_code_of(text: &str) -> Option<BoundedText<8>> {
        BoundedText::new(text).ok().filter(|text| text.as_str().chars().count() >= 6)
    }

    pub(super) fn identifier_of(text: &str) -> Option<BoundedText<30>> {
        BoundedText::new(text).ok()
    }

    /// The postcode, as it was sent.
    #[must_use]
    pub fn post_code(&self) -> &str {
        self.post_code.as_str()
    }

    /// The house's number or name, or the street, as it was sent.
    #[must_use]
    pub fn address_identifier(&self) -> &str {
        self.address_identifier.as_str()
    }
}

/// Who asks, whom, and the how manieth time: two EUI-64 and a counter, separated by colons
/// (`90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:1000`). Kept as it was sent.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct RequestId(String);

impl RequestId {
    /// `None` unless the text has that shape. The hexadecimal digits may be of either case; the counter is 1 to 2⁶⁴ −
    /// 1.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // Zeros before a counter mean nothing, and must not make an id of any length.
        const LONGEST: usize = 2 * 24 + 40;
        let mut parts = text.split(':');
        let (originator, target, counter) = (parts.next()?, parts.next()?, parts.next()?);
        let good = parts.next().is_none()
            && text.len() <= LONGEST
            && is_eui64(originator)
            && is_eui64(target)
            && counter.bytes().all(|digit| digit.is_ascii_digit())
            && counter.parse::<u64>().is_ok_and(|counter| counter > 0);
        good.then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Eight octets of two hexadecimal digits, separated by hyphens.
fn is_eui64(text: &str) -> bool {
    let octet = |octet: &str| octet.len() == 2 && octet.bytes().all(|digit| digit.is_ascii_hexdigit());
    text.split('-').count() == 8 && text.split('-').all(octet)
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
