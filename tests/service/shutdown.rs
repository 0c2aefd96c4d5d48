//! The end of a server, as its callers see it.

use std::sync::Arc;

use tempfile::TempDir;
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
use wan_matrix::grpc::proto::{CoverageLoadState, CspRegion};

use crate::{
    running::{Server, Told, config, told},
    uploads::{Upload, chunk, csv},
};

/// Resolves when the server has said that it serves no more.
async fn not_serving(server: &Server) -> impl Future<Output = ()> + use<> {
    let service = "wanmatrix.v1.CoverageLoadService".to_owned();
    let mut health = HealthClient::new(server.channel.clone());
    let mut watch = health.watch(HealthCheckRequest { service }).await.unwrap().into_inner();
    assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::Serving);
    async move {
        assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);
        // It ends when the server drains.
        assert!(watch.message().await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_call_in_flight_finishes_and_a_new_one_is_refused() {
    let server = Server::empty().await;
    let file = csv(&["AA1 1AA,,,"]);
    let upload = server.begin(CspRegion::South, &file).await;
    let not_serving = not_serving(&server).await;
    let addr = server.running.addr();
    let down = tokio::spawn(server.running.shutdown());
    not_serving.await;
    // The listener closes as the drain begins; what was in its queue just then is reset.
    while tokio::net::TcpStream::connect(addr).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!down.is_finished());
    upload.messages.send(chunk(&file)).await.unwrap();
    let load = upload.finish().await.unwrap().load.unwrap();
    assert_eq!(load.state(), CoverageLoadState::Active);
    down.await.unwrap().unwrap();

    // And what was acknowledged is there after a restart.
    let config = config(&server.directory, &[("EXPECTED_REGIONS", "south")]);
    let server = Server::start(server.directory, &config).await;
    assert_eq!(server.ask("AA1 1AA").await.unwrap().sources[0].load_id, load.load_id);
}

#[tokio::test]
async fn a_call_past_the_drain_limit_is_cut_off() {
    let server = Server::with(&[("SHUTDOWN_DRAIN_SECONDS", "0")]).await;
    let file = csv(&["AA1 1AA,,,"]);
    let upload = server.begin(CspRegion::South, &file).await;
    upload.messages.send(chunk(&file)).await.unwrap();
    let Upload { messages, answer } = upload;
    let (down, answer) = tokio::join!(server.running.shutdown(), answer);
    down.unwrap();
    let status = answer.unwrap().unwrap_err();
    assert_eq!(told(&status), Told::new(Code::Unavailable, "SHUTTING_DOWN", &[]), "{status}");
    drop(messages);
}

#[tokio::test]
async fn a_data_directory_has_one_server() {
    let directory = Arc::new(TempDir::new().unwrap());
    let first = Server::start(Arc::clone(&directory), &config(&directory, &[])).await;
    let clock = Arc::new(jiff::Timestamp::now);
    let error = wan_matrix::server::start(&config(&directory, &[]), clock.clone()).await.unwrap_err().to_string();
    assert!(error.contains("in use by another process"), "{error}");
    let mut taken = config(&directory, &[]);
    taken.listen = first.running.addr();
    let error = wan_matrix::server::start(&taken, clock).await.unwrap_err().to_string();
    assert!(error.contains("cannot listen on 127.0.0.1:"), "{error}");
}
