//! DUIS 12.1 documents to and from domain values (DUIS 5.3 and 5.4). Pure: no I/O, no clock.
//!
//! A [`Request`] is read from the bytes of an XML document, strictly: `tree` turns the bytes into a small, bounded tree
//! of elements and knows XML, `sequence` holds the tree against the schema's order and cardinality, `read_request`
//! knows what the elements mean. A [`Response`] cannot be built so that its document would break the schema: its texts
//! carry their lengths, a WAN Matrix has a region at least, and coverage has its date, variant and likelihood or is not
//! there at all.
//!
//! What an XML document must not do here: bring a DTD, name an entity that XML does not predefine, be larger or deeper
//! than [`Request::MAX_BYTES`] and its sister limits. Nothing outside the document is ever looked at.
//!
//! **Signatures are ignored**: an XML-DSig `Signature` may stand where the schema has it, and nothing in it is checked.
//! Who asks is known from the connection, not from the document.
//!
//! **Assumed**, where the facts are not public: what the response codes but `I0` mean (one table, [`ResponseCodes`]);
//! that `CoverageAvailability` speaks of today; that the echo in a response is the request's choice, `UPRN` or
//! `PartialAddress`; how a document of 5.3a calls itself ([`SchemaVersion`]).
//!
//! **White space** is treated as the types of XML Schema say: identifiers, codes, numbers, booleans, dates and times
//! are collapsed (`" 12.1\n"` is `12.1`), while the strings of an address and the free texts are taken character for
//! character.

mod codes;
mod envelope;
mod error;
mod places;
mod read_request;
mod read_response;
mod request;
mod response;
mod role;
mod sequence;
mod text;
mod tree;
mod version;
mod write_response;

pub use codes::{Outcome, ResponseCode, ResponseCodes, ResponseCodesError};
pub use error::{DuisError, Fault, Place};
pub use request::{Ask, PartialAddress, Request, RequestId};
pub use response::{Covered, DspWanMatrix, RegionResponse, Response, Unsayable};
pub use role::{NoUserRole, RoleNotEligible, UserRole, UserRoles};
pub use text::BoundedText;
pub use version::SchemaVersion;
