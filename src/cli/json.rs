//! Proto JSON, through the descriptors the build keeps: `lowerCamelCase` names, enums by name, 64-bit numbers as text.

use std::sync::LazyLock;

use prost::{Message, Name};
use prost_reflect::{DescriptorError, DescriptorPool, DynamicMessage};

use crate::grpc::proto::DESCRIPTORS;

static POOL: LazyLock<Result<DescriptorPool, DescriptorError>> = LazyLock::new(|| DescriptorPool::decode(DESCRIPTORS));

/// A message that could not become JSON: the program and its descriptors disagree.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {message} as JSON: {why}; this is a fault of the program, please report it")]
pub struct NotProtoJson {
    message: String,
    why: String,
}

/// The message on one line.
///
/// # Errors
/// [`NotProtoJson`] when the compiled-in descriptors do not describe the message, which a test rules out.
pub fn to_json<M: Message + Name>(message: &M) -> Result<String, NotProtoJson> {
    let not = |why: String| NotProtoJson { message: M::full_name(), why };
    let pool = POOL.as_ref().map_err(|error| not(error.to_string()))?;
    let descriptor = pool.get_message_by_name(&M::full_name()).ok_or_else(|| not("it has no descriptor".to_owned()))?;
    let dynamic = DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice());
    serde_json::to_string(&dynamic.map_err(|error| not(error.to_string()))?).map_err(|error| not(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grpc::proto::{CoverageReject, CoverageSource, CspRegion, RejectReason, SubmitCoverageLoadResponse};

    #[test]
    fn names_enums_times_bytes_and_numbers_are_proto_json() {
        let source = CoverageSource {
            csp_region: CspRegion::North4g.into(),
            issue_time: Some(prost_types::Timestamp { seconds: 1_767_225_600, nanos: 0 }),
            ..CoverageSource::default()
        };
        assert_eq!(
            to_json(&source).unwrap(),
            r#"{"cspRegion":"CSP_REGION_NORTH_4G","issueTime":"2026-01-01T00:00:00Z"}"#
        );
        let reject = CoverageReject {
            line: 7,
            reason: RejectReason::NotUtf8.into(),
            row: b"\xff".as_slice().into(),
            ..CoverageReject::default()
        };
        assert_eq!(to_json(&reject).unwrap(), r#"{"line":"7","reason":"REJECT_REASON_NOT_UTF8","row":"/w=="}"#);
        assert_eq!(to_json(&SubmitCoverageLoadResponse::default()).unwrap(), "{}");
    }

    #[test]
    fn a_region_this_build_does_not_know_keeps_its_number() {
        let source = CoverageSource { csp_region: 99, ..CoverageSource::default() };
        assert_eq!(to_json(&source).unwrap(), r#"{"cspRegion":99}"#);
    }
}
