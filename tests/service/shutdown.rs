//! The end of a server, as its callers see it.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use tempfile::TempDir;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use wan_matrix::grpc::proto::{CoverageLoadState, CspRegion, StreamCoverageRejectsRequest};

use crate::{
    running::{Server, Told, config, told},
    uploads::{Upload, chunk, csv, header},
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

/// Resolves when nobody new is let in.
async fn closed(addr: SocketAddr) {
    // The listener closes as the drain begins; what was in its queue just then is reset.
    while TcpStream::connect(addr).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

/// Past tonic's client, which hides a GOAWAY by connecting anew.
#[tokio::test]
async fn a_call_in_flight_finishes_its_connection_is_told_to_go_away_and_a_new_one_is_refused() {
    let server = Server::empty().await;
    let addr = server.running.addr();
    let (client, connection) = h2::client::handshake(TcpStream::connect(addr).await.unwrap()).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let request = http::Request::post("http://localhost/wanmatrix.v1.WanMatrixService/ListWanVariants")
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    let (answer, mut body) = client.send_request(request.body(()).unwrap(), false).unwrap();
    // An empty message: its head now, and its end only when the server drains.
    body.send_data(Bytes::from_static(&[0, 0, 0]), false).unwrap();

    let not_serving = not_serving(&server).await;
    let down = tokio::spawn(server.running.shutdown());
    not_serving.await;
    closed(addr).await;
    let told = loop {
        match client.ready().await {
            Ok(ready) => client = ready,
            Err(told) => break told,
        }
        tokio::task::yield_now().await;
    };
    assert!(told.is_go_away() && told.is_remote(), "{told}");
    assert_eq!(told.reason(), Some(h2::Reason::NO_ERROR));
    assert!(!down.is_finished());

    body.send_data(Bytes::from_static(&[0, 0]), true).unwrap();
    let mut answer = answer.await.unwrap().into_body();
    while let Some(bytes) = answer.data().await {
        answer.flow_control().release_capacity(bytes.unwrap().len()).unwrap();
    }
    assert_eq!(answer.trailers().await.unwrap().unwrap()["grpc-status"], "0");
    down.await.unwrap().unwrap();
    connection.await.unwrap().unwrap();
}

#[tokio::test]
async fn everything_is_answered_for_a_moment_after_health_says_no_and_is_there_after_a_restart() {
    let server = Server::with(&[("SHUTDOWN_DELAY_SECONDS", "3")]).await;
    let file = csv(&["AA1 1AA,,,"]);
    let upload = server.begin(CspRegion::South, &file).await;
    let mut watch = HealthClient::new(server.channel.clone());
    let service = "wanmatrix.v1.CoverageLoadService".to_owned();
    let mut watch = watch.watch(HealthCheckRequest { service }).await.unwrap().into_inner();
    assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::Serving);

    let addr = server.running.addr();
    let begun = Instant::now();
    let down = tokio::spawn(server.running.shutdown());
    assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);
    // A new connection and a load in progress are as welcome as before.
    drop(TcpStream::connect(addr).await.unwrap());
    upload.messages.send(chunk(&file)).await.unwrap();
    let load = upload.finish().await.unwrap().load.unwrap();
    assert_eq!(load.state(), CoverageLoadState::Active);
    down.await.unwrap().unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(3));

    let config = config(&server.directory, &[("EXPECTED_REGIONS", "south")]);
    let server = Server::start(server.directory, &config).await;
    assert_eq!(server.ask("AA1 1AA").await.unwrap().sources[0].load_id, load.load_id);
}

#[tokio::test]
async fn a_load_in_progress_and_a_stream_are_told_at_once_and_do_not_delay_the_end() {
    let server = Server::with(&[("SHUTDOWN_DRAIN_SECONDS", "60")]).await;
    // More rejects than a caller that does not read is sent.
    let rejects = csv(&vec![format!("nonsense,,,{}", "x".repeat(1000)).as_str(); 5000]);
    let refused = server.submit(header(CspRegion::North, 1, &rejects), &rejects).await.unwrap_err();
    let load_id = told(&refused).metadata["load_id"].clone();
    let request = StreamCoverageRejectsRequest { load_id, after_line: 0 };
    let mut stream = server.loads.clone().stream_coverage_rejects(request).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());

    let file = csv(&["AA1 1AA,,,"]);
    let upload = server.begin(CspRegion::South, &file).await;
    upload.messages.send(chunk(&file)).await.unwrap();
    let Upload { messages, answer } = upload;
    let begun = Instant::now();
    let down = tokio::spawn(server.running.shutdown());
    let upload = answer.await.unwrap().unwrap_err();
    assert_eq!(told(&upload), Told::new(Code::Unavailable, "SHUTTING_DOWN", &[]), "{upload}");
    let stream = loop {
        match stream.message().await {
            Ok(reject) => assert!(reject.is_some(), "the stream ended as if it were whole"),
            Err(status) => break status,
        }
    };
    assert_eq!(told(&stream), Told::new(Code::Unavailable, "SHUTTING_DOWN", &[]), "{stream}");
    // Each hears what it can do: whoever reads has no load to send again.
    assert!(upload.message().ends_with("send the load again when it is back"), "{upload}");
    assert!(stream.message().ends_with("go on when it is back, or at another"), "{stream}");
    down.await.unwrap().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(30));
    drop(messages);
}

#[tokio::test]
async fn reflection_that_is_held_open_is_told_and_does_not_delay_the_end() {
    let server = Server::with(&[("SHUTDOWN_DRAIN_SECONDS", "60")]).await;
    let mut client = ServerReflectionClient::new(server.channel.clone());
    let answers = client.server_reflection_info(tokio_stream::pending()).await.unwrap();
    let begun = Instant::now();
    let down = tokio::spawn(server.running.shutdown());
    let status = answers.into_inner().message().await.unwrap_err();
    assert_eq!(told(&status), Told::new(Code::Unavailable, "SHUTTING_DOWN", &[]), "{status}");
    down.await.unwrap().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

/// It never acknowledges that the connection ends, and has nothing to wait for.
#[tokio::test]
async fn a_silent_peer_without_a_call_does_not_delay_the_end_to_its_limit() {
    let server = Server::with(&[("SHUTDOWN_DRAIN_SECONDS", "60")]).await;
    let mut silent = TcpStream::connect(server.running.addr()).await.unwrap();
    // The preface, and SETTINGS that set nothing.
    silent.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    // Past its handshake by now: what has not begun when the drain does is closed at once.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let begun = Instant::now();
    server.running.shutdown().await.unwrap();
    let took = begun.elapsed();
    assert!((Duration::from_secs(3)..Duration::from_secs(30)).contains(&took), "{took:?}");
    drop(silent);
}

#[tokio::test]
async fn a_call_past_the_drain_limit_is_cut_off() {
    let server = Server::with(&[("SHUTDOWN_DRAIN_SECONDS", "0")]).await;
    let (client, connection) =
        h2::client::handshake(TcpStream::connect(server.running.addr()).await.unwrap()).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = http::Request::post("http://localhost/wanmatrix.v1.WanMatrixService/ListWanVariants")
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    let mut client = client.ready().await.unwrap();
    let (answer, body) = client.send_request(request.body(()).unwrap(), false).unwrap();
    let file = csv(&["AA1 1AA,,,"]);
    let upload = server.begin(CspRegion::South, &file).await;
    upload.messages.send(chunk(&file)).await.unwrap();
    let Upload { messages, answer: upload } = upload;
    let (down, upload) = tokio::join!(server.running.shutdown(), upload);
    down.unwrap();
    // Who can be told is told, however short the limit.
    let status = upload.unwrap().unwrap_err();
    assert_eq!(told(&status), Told::new(Code::Unavailable, "SHUTTING_DOWN", &[]), "{status}");
    assert!(answer.await.is_err(), "a call that never ends was answered");
    connection.abort();
    drop((messages, body));
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
