//! How large messages and headers may be.

use tonic::{Code, Request, metadata::MetadataValue};
use wan_matrix::grpc::proto::{ListWanVariantsRequest, RequestWanMatrixRequest};

use crate::{running::Server, wire::batch};

#[tokio::test]
async fn a_message_is_as_large_as_configured_and_no_larger() {
    let server = Server::with(&[("LIMITS_MAX_MESSAGE_BYTES", "65536")]).await;
    let mut client = server.lookups.clone();
    let large = |bytes| RequestWanMatrixRequest { location: None, as_of_date: "x".repeat(bytes) };
    // A few bytes are the field's own. That it is no date is told by the handler: it was decoded.
    let status = client.request_wan_matrix(large(65_000)).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    let status = client.request_wan_matrix(large(66_000)).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange, "{status}");
    // Elsewhere too, where the message is decoded by other threads.
    let status = client.batch_request_wan_matrix(batch(10_000)).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange, "{status}");
}

#[tokio::test]
async fn headers_past_their_bound_fail_their_call_and_no_other() {
    let server = Server::empty().await;
    let mut client = server.lookups.clone();
    for (bytes, fine) in [(8 << 10, true), (17 << 10, false), (60 << 10, false), (8 << 10, true)] {
        let mut request = Request::new(ListWanVariantsRequest::default());
        request.metadata_mut().insert("x-much", MetadataValue::try_from("x".repeat(bytes)).unwrap());
        assert_eq!(client.list_wan_variants(request).await.is_ok(), fine, "{bytes}");
    }
}
