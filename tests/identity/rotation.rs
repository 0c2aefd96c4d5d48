//! Certificates that change while the server runs.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use wan_matrix::{
    grpc::proto::{ListWanVariantsRequest, wan_matrix_service_client::WanMatrixServiceClient},
    server,
};

use crate::{
    pki::{Ca, Pair},
    server::{OPERATOR, PLANNER, STRANGER, Server, config, configure},
};

/// The serial number tells certificates of one CA apart.
async fn shown(server: &Server) -> Vec<u8> {
    let mut roots = rustls::RootCertStore::empty();
    let pem = <rustls::pki_types::CertificateDer<'_> as rustls::pki_types::pem::PemObject>::from_pem_slice;
    roots.add(pem(server.ca.pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let tls = Arc::new(tls.with_root_certificates(roots).with_no_client_auth());
    let tcp = tokio::net::TcpStream::connect(server.running.addr()).await.unwrap();
    let stream = tokio_rustls::TlsConnector::from(tls).connect("localhost".try_into().unwrap(), tcp).await.unwrap();
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

async fn until(what: &str, mut true_now: impl AsyncFnMut() -> bool) {
    for _ in 0..400 {
        if true_now().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{what} did not come");
}

/// Calls on one connection and on new ones, without a pause, until told.
async fn ask_on(server: Arc<Server>, pair: Pair, stop: Arc<AtomicBool>, asked: Arc<AtomicUsize>) {
    let kept = server.connect(Some(&pair)).await.unwrap();
    while !stop.load(Ordering::Relaxed) {
        for channel in [kept.clone(), server.connect(Some(&pair)).await.unwrap()] {
            let mut client = WanMatrixServiceClient::new(channel);
            client.list_wan_variants(ListWanVariantsRequest::default()).await.unwrap();
            asked.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_certificates_are_taken_into_use_under_load_and_no_call_fails() {
    let server = Arc::new(Server::start().await);
    let (stop, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let pair = server.ca.caller(PLANNER).unwrap();
    let asking: Vec<_> = (0..4)
        .map(|_| tokio::spawn(ask_on(Arc::clone(&server), pair.clone(), Arc::clone(&stop), Arc::clone(&asked))))
        .collect();
    let certificates = Arc::clone(server.running.certificates().unwrap());
    let mut before = shown(&server).await;
    for rotation in 1..=2 {
        let seen = asked.load(Ordering::Relaxed);
        server.ca.server().unwrap().write(server.directory.path(), "server").unwrap();
        until("the new certificate", async || certificates.status().taken >= rotation).await;
        let now = shown(&server).await;
        assert_ne!(now, before);
        before = now;
        until("a call after the rotation", async || asked.load(Ordering::Relaxed) > seen + 20).await;
    }
    stop.store(true, Ordering::Relaxed);
    for asking in asking {
        asking.await.unwrap();
    }
    assert_eq!(certificates.status().refused, None);
}

#[tokio::test]
async fn a_bad_pair_is_refused_and_the_last_good_stays() {
    let server = Server::start().await;
    let certificates = server.running.certificates().unwrap();
    let path = |name: &str| server.directory.path().join(name);
    let first = shown(&server).await;
    let (good, other) = (server.ca.server().unwrap(), server.ca.server().unwrap());
    let expired = server.ca.expired_server().unwrap();
    let stranger = Ca::new("another").unwrap();
    let wrong_order = format!("{}{}", good.cert, stranger.pem);
    for (cert, key, said) in [
        (&good.cert, &other.key, "it is not the key of the certificate in "),
        (&good.cert, &"no key".to_owned(), "there is no private key in it"),
        (&"no certificate".to_owned(), &good.key, "there is no certificate in it; expected PEM"),
        (&expired.cert, &expired.key, "its certificate 1 expired at 2021-01-01T00:00:00Z"),
        (&wrong_order, &good.key, "its certificate 2 did not sign the one before"),
    ] {
        fs::write(path("server.pem"), cert).unwrap();
        fs::write(path("server.key"), key).unwrap();
        server.running.reload(config(&server.directory).unwrap()).await;
        let status = certificates.status();
        let refused = status.refused.unwrap();
        assert!(refused.contains(said), "{said}: {refused}");
        assert!(refused.contains("wan-matrix.toml: tls."), "{refused}");
        assert_eq!(status.taken, 0);
        assert_eq!(shown(&server).await, first, "{said}");
    }
    fs::remove_file(path("server.key")).unwrap();
    server.running.reload(config(&server.directory).unwrap()).await;
    assert!(certificates.status().refused.unwrap().contains("cannot read "));
    good.write(server.directory.path(), "server").unwrap();
    server.running.reload(config(&server.directory).unwrap()).await;
    assert_eq!((certificates.status().taken, certificates.status().refused), (1, None));
    assert_ne!(shown(&server).await, first);
}

/// Taken into use, it would keep everybody out.
#[tokio::test]
async fn what_is_no_ca_is_refused_as_the_ca_of_callers() {
    let server = Server::start().await;
    let certificates = server.running.certificates().unwrap();
    let path = server.directory.path().join("ca.pem");
    let (planner, new) = (server.ca.caller(PLANNER).unwrap(), Ca::new("another").unwrap());
    for (pem, place) in [(planner.cert.clone(), 1), (format!("{}{}{}", server.ca.pem, new.pem, planner.cert), 3)] {
        fs::write(&path, pem).unwrap();
        server.running.reload(config(&server.directory).unwrap()).await;
        let refused = certificates.status().refused.unwrap();
        assert!(refused.contains("wan-matrix.toml: tls.client_ca: "), "{refused}");
        let said = format!("its certificate {place} (CN={PLANNER}) is not a CA's; expected who signs callers'");
        assert!(refused.ends_with(&said), "{refused}");
    }
    fs::write(&path, format!("{}{}", server.ca.pem, new.pem)).unwrap();
    server.running.reload(config(&server.directory).unwrap()).await;
    assert_eq!((certificates.status().taken, certificates.status().refused), (1, None));
}

/// Put in place the evening before, and never touched again.
#[tokio::test]
async fn a_certificate_that_is_not_valid_yet_is_taken_into_use_when_it_is() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap().as_second();
    let now = Arc::new(AtomicI64::new(at("2019-12-31T23:59:59Z")));
    let clock = Arc::clone(&now);
    let server = Server::at("", Arc::new(move || Timestamp::new(clock.load(Ordering::Relaxed), 0).unwrap())).await;
    let certificates = Arc::clone(server.running.certificates().unwrap());
    let first = shown(&server).await;
    server.ca.server_from(2020).unwrap().write(server.directory.path(), "server").unwrap();
    for _ in 0..2 {
        server.running.reload(config(&server.directory).unwrap()).await;
        let refused = certificates.status().refused.unwrap();
        assert!(refused.ends_with("its certificate 1 is not valid before 2020-01-01T00:00:00Z"), "{refused}");
        assert_eq!(shown(&server).await, first);
    }
    now.store(at("2020-01-01T00:00:00Z"), Ordering::Relaxed);
    // At the next look, which nobody asks for.
    until("the certificate", async || certificates.status().refused.is_none()).await;
    assert_eq!(certificates.status().taken, 1);
    assert_ne!(shown(&server).await, first);
}

#[tokio::test]
async fn a_new_client_ca_counts_for_the_next_connection() {
    let server = Server::start().await;
    let new = Ca::new("the next CA").unwrap();
    let by_new = new.caller(PLANNER).unwrap();
    let ask = async |pair: &Pair| {
        let channel = server.connect(Some(pair)).await.ok()?;
        WanMatrixServiceClient::new(channel).list_wan_variants(ListWanVariantsRequest::default()).await.ok()
    };
    assert!(ask(&by_new).await.is_none());
    // Both are good while callers change over.
    fs::write(server.directory.path().join("ca.pem"), format!("{}{}", server.ca.pem, new.pem)).unwrap();
    server.running.reload(config(&server.directory).unwrap()).await;
    assert!(ask(&by_new).await.is_some());
    assert!(ask(&server.ca.caller(PLANNER).unwrap()).await.is_some());
}

#[tokio::test]
async fn roles_change_on_connections_that_are_open_and_limits_with_them() {
    let server = Server::start().await;
    let mut stranger = WanMatrixServiceClient::new(server.channel(STRANGER).await);
    let mut operator = WanMatrixServiceClient::new(server.channel(OPERATOR).await);
    let ask = ListWanVariantsRequest::default;
    assert!(stranger.list_wan_variants(ask()).await.is_err());
    assert!(operator.list_wan_variants(ask()).await.is_ok());
    configure(&server.directory, "");
    let text = fs::read_to_string(server.directory.path().join("wan-matrix.toml")).unwrap();
    let text = text.replace(OPERATOR, STRANGER);
    fs::write(server.directory.path().join("wan-matrix.toml"), text).unwrap();
    server.running.reload(config(&server.directory).unwrap()).await;
    assert!(stranger.list_wan_variants(ask()).await.is_ok());
    assert!(operator.list_wan_variants(ask()).await.is_err());
    // A configuration without TLS is for the next start: its roles are not these callers'.
    let data_dir = Some(server.directory.path().join("data"));
    let flags = server::Flags { data_dir, ..server::Flags::default() };
    server.running.reload(server::Config::read(flags, std::iter::empty()).unwrap()).await;
    assert!(operator.list_wan_variants(ask()).await.is_err());
}
