//! How many calls there may be at once: in all, of one caller, and on one connection.

use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_types::StatusExt as _;
use wan_matrix::grpc::proto::RequestWanMatrixRequest;

use crate::{
    running::{Server, by_postcode, told},
    wire::{BATCH, LOOKUP, Rude, batch, from},
};

const WINDOW: u32 = 65_535;

fn ask() -> RequestWanMatrixRequest {
    RequestWanMatrixRequest { location: Some(by_postcode("AA1 1AA")), as_of_date: String::new() }
}

async fn sample(variables: &[(&str, &str)]) -> Server {
    let server = Server::with(variables).await;
    assert!(wan_matrix::server::load_sample(server.running.loads()).await.unwrap());
    server
}

#[tokio::test]
async fn calls_past_the_bound_of_their_class_are_told_when_to_come_again() {
    for (method, key) in [(LOOKUP, "LIMITS_INTERACTIVE_CALLS"), (BATCH, "LIMITS_BULK_CALLS")] {
        let server = sample(&[(key, "1"), ("LIMITS_CALLER_SHARE_PERCENT", "100")]).await;
        // Its message never comes, so it stays.
        let mut rude = Rude::connect(&server.running, WINDOW).await;
        let begun = rude.call(method, None).await;
        let mut client = server.lookups.clone();
        let mut call = async || match method {
            LOOKUP => client.request_wan_matrix(ask()).await.map(drop),
            _ => client.batch_request_wan_matrix(batch(2)).await.map(drop),
        };
        // Both come over connections of their own, in whatever order.
        let status = loop {
            match call().await {
                Ok(()) => tokio::task::yield_now().await,
                Err(status) => break status,
            }
        };
        assert_eq!((status.code(), told(&status).reason.as_str()), (Code::ResourceExhausted, "OVERLOADED"), "{status}");
        let retry = status.get_details_retry_info().unwrap().retry_delay.unwrap();
        assert!(!retry.is_zero(), "{method}");
        // The other class has its own places, and health needs none.
        match method {
            LOOKUP => assert!(server.lookups.clone().batch_request_wan_matrix(batch(2)).await.is_ok()),
            _ => assert!(server.ask("AA1 1AA").await.is_ok()),
        }
        let mut health = HealthClient::new(server.channel.clone());
        assert!(health.check(HealthCheckRequest::default()).await.is_ok(), "{method}");
        // Whoever hangs up gives its place back.
        drop(begun);
        while call().await.is_err() {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn one_caller_cannot_take_what_is_there_for_others() {
    let server = sample(&[("LIMITS_INTERACTIVE_CALLS", "8"), ("LIMITS_CALLER_SHARE_PERCENT", "50")]).await;
    let mut rude = Rude::connect(&server.running, WINDOW).await;
    let mut begun = Vec::new();
    for _ in 0..8 {
        begun.push(rude.call(LOOKUP, None).await);
    }
    // Four of them are refused at once; the others stay.
    let mut refused = 0;
    for one_more in begun.drain(4..) {
        let headers = one_more.answer.await.unwrap().headers().clone();
        assert_eq!(tonic::Status::from_header_map(&headers).unwrap().code(), Code::ResourceExhausted);
        refused += 1;
    }
    assert_eq!(refused, 4);
    let status = server.ask("AA1 1AA").await.unwrap_err();
    assert!(status.message().starts_with("this caller has as many interactive calls"), "{status}");
    let mut other = from(&server.running, 2).await;
    for _ in 0..20 {
        assert!(other.request_wan_matrix(ask()).await.is_ok());
    }
}

#[tokio::test]
async fn health_is_watched_while_every_other_watch_is_taken() {
    let server = sample(&[("LIMITS_WATCH_CALLS", "1"), ("LIMITS_CALLER_SHARE_PERCENT", "100")]).await;
    let reflect = async || {
        let mut client = ServerReflectionClient::new(server.channel.clone());
        client.server_reflection_info(tokio_stream::pending()).await
    };
    let _held = reflect().await.unwrap();
    let status = reflect().await.unwrap_err();
    assert_eq!(told(&status).reason, "OVERLOADED", "{status}");
    let mut watch = HealthClient::new(server.channel.clone());
    let mut watch = watch.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    assert!(watch.message().await.unwrap().is_some());
}

#[tokio::test]
async fn a_connection_is_told_how_many_calls_it_may_have() {
    let server = sample(&[("LIMITS_MAX_STREAMS_PER_CONNECTION", "7")]).await;
    let mut rude = Rude::connect(&server.running, WINDOW).await;
    // The server's settings have come by the time it answers.
    let begun = rude.call(LOOKUP, Some(crate::wire::lookup())).await;
    assert!(begun.answer.await.unwrap().status().is_success());
    assert_eq!(rude.send.current_max_send_streams(), 7);
}
