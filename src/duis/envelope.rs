//! What the envelopes of requests and responses share.

use super::{
    error::{DuisError, Fault},
    sequence::Sequence,
    text::collapse,
    tree::Element,
    version::SchemaVersion,
};

/// The namespace of every element of a DUIS document.
pub(super) const NAMESPACE: &str = "http://www.dccinterface.co.uk/ServiceUserGateway";
/// The namespace of XML-DSig signatures.
pub(super) const SIGNATURE_NAMESPACE: &str = "http://www.w3.org/2000/09/xmldsig#";

/// The Service Reference, and the Service Reference Variant too.
pub(super) const SERVICE_REFERENCE: &str = "12.1";
/// The Command Variant of a request that asks no device.
pub(super) const COMMAND_VARIANT: &str = "8";

const VERSION: &str = "schemaVersion";

/// The version and the parts of a document whose first element must have this name.
pub(super) fn open<'e>(root: &'e Element, wanted: &'static str) -> Result<(SchemaVersion, Sequence<'e>), DuisError> {
    if !root.is(wanted) {
        return Err(root.fault(Fault::Root { wanted }));
    }
    let mut version = None;
    for (name, value) in &root.attributes {
        if name != VERSION {
            return Err(root.fault(Fault::Attribute(name.clone())));
        }
        version = Some(collapse(value));
    }
    let spoken = version.as_deref().and_then(SchemaVersion::parse);
    let spoken = spoken.ok_or_else(|| root.fault(Fault::Version { found: version }))?;
    Ok((spoken, Sequence::of_root(root, &["Header", "Body", "Signature"])?))
}

/// An element whose text must be one value alone.
pub(super) fn fixed(element: &Element, value: &str, wanted: &'static str) -> Result<(), DuisError> {
    let found = collapse(element.leaf()?);
    if found == value { Ok(()) } else { Err(element.fault(Fault::Value { found, wanted })) }
}
