//! How often one caller may call.

use std::time::Duration;

use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_types::StatusExt as _;
use wan_matrix::grpc::proto::ListWanVariantsRequest;

use crate::{
    running::{Server, told},
    wire::from,
};

#[tokio::test]
async fn a_caller_hears_how_long_to_wait_and_then_may_call() {
    let server = Server::with(&[("LIMITS_CALLS_PER_SECOND", "2"), ("LIMITS_CALLS_BURST", "3")]).await;
    let mut client = from(&server.running, 1).await;
    let ask = ListWanVariantsRequest::default;
    for _ in 0..3 {
        client.list_wan_variants(ask()).await.unwrap();
    }
    let status = client.list_wan_variants(ask()).await.unwrap_err();
    assert_eq!((status.code(), told(&status).reason.as_str()), (Code::ResourceExhausted, "RATE_LIMITED"), "{status}");
    let wait = status.get_details_retry_info().unwrap().retry_delay.unwrap();
    assert!(wait > Duration::from_millis(50) && wait <= Duration::from_millis(500), "{wait:?}");
    // Neither another caller nor health waits for this one.
    from(&server.running, 2).await.list_wan_variants(ask()).await.unwrap();
    HealthClient::new(server.channel.clone()).check(HealthCheckRequest::default()).await.unwrap();
    // A hundredth is for the clocks on both sides.
    tokio::time::sleep(wait + Duration::from_millis(10)).await;
    client.list_wan_variants(ask()).await.unwrap();
}

#[tokio::test]
async fn a_reload_changes_the_rate_for_the_next_call() {
    let server = Server::with(&[("LIMITS_CALLS_PER_SECOND", "1"), ("LIMITS_CALLS_BURST", "1")]).await;
    let ask = ListWanVariantsRequest::default;
    let mut client = server.lookups.clone();
    client.list_wan_variants(ask()).await.unwrap();
    assert!(client.list_wan_variants(ask()).await.is_err());
    let config = crate::running::config(&server.directory, &[("LIMITS_CALLS_PER_SECOND", "0")]);
    server.running.reload(config).await;
    for _ in 0..20 {
        client.list_wan_variants(ask()).await.unwrap();
    }
}
