//! What is spoken before the first call: TLS 1.2 and 1.3, HTTP/2, and no session twice.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use h2::client::SendRequest;
use jiff::Timestamp;
use rustls::{
    ClientConfig, RootCertStore, SupportedProtocolVersion,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    version::{TLS12, TLS13},
};
use tokio::{net::TcpStream, task::JoinHandle, time::timeout};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::server::{PLANNER, Server};

fn client(server: &Server, version: &'static SupportedProtocolVersion, protocols: &[&str]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(server.ca.pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
    let pair = server.ca.caller(PLANNER).unwrap();
    let cert = CertificateDer::from_pem_slice(pair.cert.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
    let mut tls = tls.with_root_certificates(roots).with_client_auth_cert(vec![cert], key).unwrap();
    tls.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    TlsConnector::from(Arc::new(tls))
}

/// A client that shows no certificate.
fn stranger(server: &Server) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(server.ca.pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[&TLS13]).unwrap();
    let mut tls = tls.with_root_certificates(roots).with_no_client_auth();
    tls.alpn_protocols = vec![b"h2".to_vec()];
    TlsConnector::from(Arc::new(tls))
}

async fn connect(server: &Server, client: &TlsConnector) -> std::io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(server.running.addr()).await.unwrap();
    client.connect("localhost".try_into().unwrap(), tcp).await
}

#[tokio::test]
async fn tls_1_2_and_1_3_speak_http_2_and_nothing_else() {
    let server = Server::start().await;
    for version in [&TLS12, &TLS13] {
        let stream = connect(&server, &client(&server, version, &["http/1.1", "h2"])).await.unwrap();
        let session = stream.get_ref().1;
        assert_eq!(session.protocol_version(), Some(version.version));
        assert_eq!(session.alpn_protocol(), Some(&b"h2"[..]));
        let refused = connect(&server, &client(&server, version, &["http/1.1"])).await.unwrap_err();
        assert!(refused.to_string().contains("NoApplicationProtocol"), "{version:?}: {refused}");
    }
}

/// The places of callers with a certificate are out of reach of those without.
#[tokio::test]
async fn whoever_shows_no_certificate_has_fewer_places() {
    let server = Server::with("connections.max_without_certificate = 2").await;
    let check = async |pair| {
        let channel = server.connect(pair).await.ok()?;
        let mut health = HealthClient::new(channel);
        health.check(HealthCheckRequest::default()).await.ok()?;
        Some(health)
    };
    let planner = server.ca.caller(PLANNER).unwrap();
    let mut strangers = vec![check(None).await.unwrap(), check(None).await.unwrap()];
    assert!(check(None).await.is_none());
    assert!(server.running.door().turned_away() >= 1);
    for _ in 0..3 {
        strangers.push(check(Some(&planner)).await.unwrap());
    }
    // Those that are in stay in, and a place that is left is taken.
    assert!(strangers[0].check(HealthCheckRequest::default()).await.is_ok());
    drop(strangers.remove(0));
    let taken = async { while check(None).await.is_none() {} };
    tokio::time::timeout(std::time::Duration::from_secs(20), taken).await.expect("the place is never given back");
}

/// A connection over TLS, past tonic's client, which connects anew unseen.
async fn bare(server: &Server, client: &TlsConnector) -> (SendRequest<Bytes>, JoinHandle<Result<(), h2::Error>>) {
    let (client, connection) = h2::client::handshake(connect(server, client).await.unwrap()).await.unwrap();
    (client, tokio::spawn(connection))
}

#[tokio::test]
async fn whoever_shows_no_certificate_and_calls_nothing_is_told_to_go_long_before_the_others() {
    let idle = Duration::from_secs(1);
    let server = Server::set("connections.idle_seconds = 600", Arc::new(Timestamp::now), |config| {
        assert_eq!(config.connections.idle_without_certificate, Duration::from_secs(30));
        config.connections.idle_without_certificate = idle;
    })
    .await;
    let begun = Instant::now();
    let (mut known, known_connection) = bare(&server, &client(&server, &TLS13, &["h2"])).await;
    let (_silent, connection) = bare(&server, &stranger(&server)).await;
    // One that has a call is not idle, and may be as much of a stranger.
    let mut probe = HealthClient::new(server.connect(None).await.unwrap());
    let mut watch = probe.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    assert!(watch.message().await.unwrap().is_some());
    // Told to go, and not reset.
    timeout(Duration::from_secs(20), connection).await.expect("it is never closed").unwrap().unwrap();
    assert!((idle..idle * 10).contains(&begun.elapsed()), "{:?}", begun.elapsed());

    assert!(timeout(idle * 2, watch.message()).await.is_err());
    assert!(!known_connection.is_finished());
    known = known.ready().await.unwrap();
    let request = http::Request::post("https://localhost/x/y").body(()).unwrap();
    known.send_request(request, true).unwrap().0.await.unwrap();
    assert_eq!(server.running.door().open(), 2);
}

/// A resumed session would not be asked for its certificate again.
#[tokio::test]
async fn no_session_is_resumed() {
    let server = Server::start().await;
    for version in [&TLS12, &TLS13] {
        let client = client(&server, version, &["h2"]);
        for _ in 0..3 {
            let stream = connect(&server, &client).await.unwrap();
            let (mut h2, connection) = h2::client::handshake(stream).await.unwrap();
            // A round trip, so that a ticket would have come.
            let connection = tokio::spawn(connection);
            let request = http::Request::post("https://localhost/x/y").body(()).unwrap();
            h2 = h2.ready().await.unwrap();
            h2.send_request(request, true).unwrap().0.await.unwrap();
            connection.abort();
        }
        let stream = connect(&server, &client).await.unwrap();
        assert_eq!(stream.get_ref().1.handshake_kind(), Some(rustls::HandshakeKind::Full), "{version:?}");
    }
}
