//! Limits of connections, as whoever connects meets them.

use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::client::SendRequest;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tonic::{Request, metadata::MetadataValue};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use wan_matrix::grpc::proto::ListWanVariantsRequest;

use crate::running::{Server, connect};

const PATIENCE: Duration = Duration::from_secs(20);

/// Past tonic's client, which connects anew unseen.
async fn bare(server: &Server) -> (SendRequest<Bytes>, tokio::task::JoinHandle<Result<(), h2::Error>>) {
    let stream = TcpStream::connect(server.running.addr()).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    (client, tokio::spawn(connection))
}

fn list_wan_variants() -> http::Request<()> {
    let request = http::Request::post("http://localhost/wanmatrix.v1.WanMatrixService/ListWanVariants");
    request.header("content-type", "application/grpc").header("te", "trailers").body(()).unwrap()
}

/// Resolves with what the server says when it wants no more calls.
async fn sent_away(mut client: SendRequest<Bytes>) -> h2::Error {
    loop {
        match client.ready().await {
            Ok(ready) => client = ready,
            Err(told) => return told,
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// How long it takes the server to close a connection on which this was said.
async fn closed_after(server: &Server, said: &[u8]) -> Duration {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(server.running.addr()).await.unwrap();
    stream.write_all(said).await.unwrap();
    let mut answer = Vec::new();
    // Closed or reset: either is the end of it.
    let _end = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap();
    begun.elapsed()
}

#[tokio::test]
async fn who_says_nothing_or_something_else_is_closed_and_nobody_else_notices() {
    let server = Server::with(&[("CONNECTIONS_HANDSHAKE_SECONDS", "1")]).await;
    for said in [&b""[..], b"PRI * HTTP/2.0\r\n", b"\x16\x03\x01"] {
        let after = closed_after(&server, said).await;
        assert!((Duration::from_secs(1)..Duration::from_secs(5)).contains(&after), "{said:?}: {after:?}");
    }
    for said in [&b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"[..], &[0xff; 100]] {
        let after = closed_after(&server, said).await;
        assert!(after < Duration::from_secs(1), "{said:?}: {after:?}");
    }
    assert_eq!(server.running.door().failed_handshakes(), 5);
    assert!(server.lookups.clone().list_wan_variants(ListWanVariantsRequest::default()).await.is_ok());
}

#[tokio::test]
async fn one_too_many_is_closed_at_once_and_a_place_that_is_left_is_taken() {
    let server = Server::with(&[("CONNECTIONS_MAX", "2")]).await;
    let (client, _second) = bare(&server).await;
    assert!(closed_after(&server, b"").await < Duration::from_secs(5));
    assert!(server.running.door().turned_away() >= 1);
    assert!(server.lookups.clone().list_wan_variants(ListWanVariantsRequest::default()).await.is_ok());
    drop(client);
    let third = async {
        loop {
            if let Ok(channel) = connect(&server.running).await {
                let health = HealthClient::new(channel).check(HealthCheckRequest::default()).await;
                if health.is_ok() {
                    break;
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, third).await.expect("the place is never given back");
}

#[tokio::test]
async fn handshakes_that_are_not_made_give_way_to_the_next_the_oldest_first() {
    let limits = [("CONNECTIONS_MAX_HANDSHAKES", "2"), ("CONNECTIONS_HANDSHAKE_SECONDS", "60")];
    let server = Server::with(&limits).await;
    let mut silent = [
        TcpStream::connect(server.running.addr()).await.unwrap(),
        TcpStream::connect(server.running.addr()).await.unwrap(),
    ];
    let begun = Instant::now();
    let channel = timeout(PATIENCE, connect(&server.running)).await.unwrap().unwrap();
    HealthClient::new(channel).check(HealthCheckRequest::default()).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let mut nothing = [0];
    let given_way = timeout(PATIENCE, silent[0].read(&mut nothing)).await.expect("the oldest stays");
    assert!(matches!(given_way, Ok(0) | Err(_)), "{given_way:?}");
    // The third was made, and needs no place any more.
    assert!(timeout(Duration::from_millis(300), silent[1].read(&mut nothing)).await.is_err());
    assert_eq!(server.running.door().failed_handshakes(), 1);
}

/// Connects from another address of this host, as another host would.
async fn connect_from_elsewhere(server: &Server) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    socket.connect(server.running.addr()).await.unwrap()
}

#[tokio::test]
async fn a_flood_of_handshakes_from_one_host_makes_room_for_its_own() {
    let limits = [("CONNECTIONS_MAX_HANDSHAKES", "10"), ("CONNECTIONS_HANDSHAKE_SECONDS", "60")];
    let server = Server::with(&limits).await;
    let slow = connect_from_elsewhere(&server).await;
    let mut flood = Vec::new();
    for _ in 0..100 {
        flood.push(TcpStream::connect(server.running.addr()).await.unwrap());
    }
    // Ten times as many as there are places, all newer, and only they have given way.
    let all_but_nine_are_gone = async {
        while server.running.door().failed_handshakes() < 91 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, all_but_nine_are_gone).await.expect("the flood does not give way");
    let (client, connection) = h2::client::handshake(slow).await.unwrap();
    let _served = tokio::spawn(connection);
    let (answer, mut body) = client.ready().await.unwrap().send_request(list_wan_variants(), false).unwrap();
    body.send_data(Bytes::from_static(&[0; 5]), true).unwrap();
    assert_eq!(timeout(PATIENCE, answer).await.unwrap().unwrap().status(), 200);
    assert_eq!(server.running.door().failed_handshakes(), 91);
}

#[tokio::test]
async fn an_idle_connection_is_told_to_go_away_and_one_with_a_call_is_not() {
    let server = Server::with(&[("CONNECTIONS_IDLE_SECONDS", "1")]).await;
    let begun = Instant::now();
    let mut health = HealthClient::new(server.channel.clone());
    let mut watch = health.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    assert!(watch.message().await.unwrap().is_some());
    let (client, connection) = bare(&server).await;
    let told = timeout(PATIENCE, sent_away(client)).await.expect("it is never told");
    assert!(told.is_go_away() && told.is_remote() && told.reason() == Some(h2::Reason::NO_ERROR), "{told}");
    timeout(PATIENCE, connection).await.expect("it is never closed").unwrap().unwrap();
    assert!((1..6).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    // The watch has had no word for longer than that, and goes on.
    assert!(timeout(Duration::from_secs(2), watch.message()).await.is_err());
    assert_eq!(server.running.door().open(), 1);
}

#[tokio::test]
async fn an_old_connection_is_told_and_a_call_that_does_not_end_is_cut_off_after_the_grace() {
    let server = Server::with(&[("CONNECTIONS_MAX_AGE_SECONDS", "1"), ("CONNECTIONS_GRACE_SECONDS", "1")]).await;
    let (client, connection) = bare(&server).await;
    let mut client = client.ready().await.unwrap();
    let (answer, mut body) = client.send_request(list_wan_variants(), false).unwrap();
    let begun = Instant::now();
    let told = timeout(PATIENCE, sent_away(client)).await.expect("it is never told");
    assert!(told.is_go_away() && told.reason() == Some(h2::Reason::NO_ERROR), "{told}");
    // Within the grace a call is still answered.
    body.send_data(Bytes::from_static(&[0; 5]), true).unwrap();
    assert_eq!(timeout(PATIENCE, answer).await.unwrap().unwrap().status(), 200);
    timeout(PATIENCE, connection).await.expect("it is never closed").unwrap().unwrap();

    let (client, connection) = bare(&server).await;
    let mut client = client.ready().await.unwrap();
    let (answer, _held_open) = client.send_request(list_wan_variants(), false).unwrap();
    assert!(timeout(PATIENCE, answer).await.expect("it is never cut off").is_err());
    assert!(timeout(PATIENCE, connection).await.is_ok());
    assert!(begun.elapsed() < PATIENCE);
    // tonic's client connects anew, and its callers do not notice.
    for _ in 0..10 {
        server.lookups.clone().list_wan_variants(ListWanVariantsRequest::default()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
}

#[tokio::test]
async fn headers_have_a_limit() {
    let server = Server::with(&[("CONNECTIONS_MAX_HEADER_BYTES", "8192")]).await;
    for (bytes, fine) in [(4000, true), (20_000, false)] {
        let mut request = Request::new(ListWanVariantsRequest::default());
        request.metadata_mut().insert("x-long", MetadataValue::try_from("x".repeat(bytes)).unwrap());
        let answer = server.lookups.clone().list_wan_variants(request).await;
        assert_eq!(answer.is_ok(), fine, "{bytes} bytes: {answer:?}");
    }
    assert!(server.lookups.clone().list_wan_variants(ListWanVariantsRequest::default()).await.is_ok());
}
