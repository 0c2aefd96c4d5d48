//! Health and metrics over HTTP: what they say, to whom, and for how long they listen.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use wan_matrix::{grpc::proto::CspRegion, server};

use crate::running::Server;

/// The status line's code, and everything after the head.
pub(crate) async fn get(server: &Server, method: &str, path: &str) -> (u16, String) {
    let (head, body) = raw(server, &format!("{method} {path} HTTP/1.1\r\nhost: x\r\n\r\n")).await;
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body)
}

async fn raw(server: &Server, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(server.running.admin_addr().unwrap()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

/// A metric's value, by its name and labels as they are written.
pub(crate) async fn metric(server: &Server, name: &str) -> f64 {
    let (code, metrics) = get(server, "GET", "/metrics").await;
    assert_eq!(code, 200);
    let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("no {name} in\n{metrics}")).parse().unwrap()
}

#[tokio::test]
async fn it_says_what_is_missing_and_can_only_be_read() {
    const LOOKUPS: &str = "/readyz?service=wanmatrix.v1.WanMatrixService";
    const LOADS: &str = "/readyz?service=wanmatrix.v1.CoverageLoadService";
    let server = Server::with(&[("EXPECTED_REGIONS", "north,south")]).await;
    let nothing = "not ready\nNorth: no active load\nSouth: no active load\n";
    for (method, path, code, said) in [
        ("GET", "/livez", 200, "alive\n"),
        ("GET", "/readyz", 503, nothing),
        ("GET", LOOKUPS, 503, nothing),
        ("GET", LOADS, 200, "ready\n"),
        ("GET", "/readyz?service=nobody.Knows", 404, "there is no such service here\n"),
        ("GET", "/readyz?x&a=b&service=wanmatrix.v1%2ECoverageLoadService&service=x", 200, "ready\n"),
        ("GET", "/readyz?%73ervice=wanmatrix%2ev1.CoverageLoad%53ervice", 200, "ready\n"),
        ("GET", "/readyz?service=wanmatrix.v1.CoverageLoadService%20", 404, "there is no such service here\n"),
        ("GET", "/readyz?service=wanmatrix.v1.CoverageLoadService+", 404, "there is no such service here\n"),
        ("GET", "/readyz?service=%ff%f", 404, "there is no such service here\n"),
        ("GET", "/readyz?service=", 503, nothing),
        ("GET", "/", 404, "there is /livez, /readyz and /metrics\n"),
        ("GET", "/metrics/", 404, "there is /livez, /readyz and /metrics\n"),
        ("POST", "/metrics", 405, "this can only be read: GET, HEAD\n"),
        ("DELETE", "/livez", 405, "this can only be read: GET, HEAD\n"),
        ("POST", "/elsewhere", 404, "there is /livez, /readyz and /metrics\n"),
    ] {
        assert_eq!(get(&server, method, path).await, (code, said.to_owned()), "{method} {path}");
    }
    server.load(CspRegion::North, 1, &["AA1 1AA,,,"]).await;
    assert_eq!(get(&server, "GET", "/readyz").await, (503, "not ready\nSouth: no active load\n".to_owned()));
    server.load(CspRegion::South, 1, &["AA1 1AA,,,"]).await;
    assert_eq!(get(&server, "GET", LOOKUPS).await, (200, "ready\n".to_owned()));
}

#[tokio::test]
async fn a_head_is_answered_as_a_get_without_its_body() {
    let server = Server::empty().await;
    for path in ["/livez", "/readyz", "/readyz?service=nobody.Knows", "/elsewhere", "/metrics"] {
        let mut heads = Vec::new();
        for method in ["GET", "HEAD"] {
            let (head, body) = raw(&server, &format!("{method} {path} HTTP/1.1\r\nhost: x\r\n\r\n")).await;
            assert_eq!(body.is_empty(), method == "HEAD", "{path}: {body}");
            let lines = head.lines().filter(|line| !line.starts_with("date: "));
            // What is counted changes from one scrape to the next.
            let lines = lines.filter(|line| path != "/metrics" || !line.starts_with("content-length: "));
            heads.push(lines.map(str::to_owned).collect::<Vec<_>>());
            assert!(head.contains("\r\ncontent-length: "), "{head}");
        }
        assert_eq!(heads[0], heads[1], "{path}");
    }
    let (head, _) = raw(&server, "PUT /livez HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(head.contains("\r\nallow: GET, HEAD\r\n"), "{head}");
}

#[tokio::test]
async fn it_says_to_the_last_that_the_server_ends() {
    let server = Server::with(&[("SHUTDOWN_DELAY_SECONDS", "2")]).await;
    assert!(server::load_sample(server.running.loads()).await.unwrap());
    let admin = server.running.admin_addr().unwrap();
    let down = tokio::spawn(server.running.shutdown());
    let ready = async || {
        let mut stream = TcpStream::connect(admin).await.ok()?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n").await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())
    };
    while ready().await.as_deref() == Some("ready\n") {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(ready().await.as_deref(), Some("not ready: shutting down\n"));
    down.await.unwrap().unwrap();
    assert_eq!(ready().await, None);
}

#[tokio::test]
async fn slow_and_endless_heads_are_given_up() {
    let server = Server::empty().await;
    let admin = server.running.admin_addr().unwrap();
    let mut slow = TcpStream::connect(admin).await.unwrap();
    slow.write_all(b"GET /livez HTTP/1.1\r\nx-").await.unwrap();
    let began = Instant::now();
    // Headers without end, as long as anybody listens.
    let mut endless = TcpStream::connect(admin).await.unwrap();
    endless.write_all(b"GET /livez HTTP/1.1\r\n").await.unwrap();
    let mut sent = 0;
    while sent < 1 << 20
        && endless.write_all(&[b"x-header: ".as_slice(), &[b'y'; 1000], b"\r\n"].concat()).await.is_ok()
    {
        sent += 1000;
    }
    assert!(sent < 1 << 20, "{sent} bytes of headers were taken");
    // As many as will be held, and more: each is closed in the end, and it listens again.
    let mut crowd = Vec::new();
    for _ in 0..100 {
        crowd.push(TcpStream::connect(admin).await.unwrap());
    }
    let mut rest = Vec::new();
    timeout(Duration::from_secs(20), slow.read_to_end(&mut rest)).await.unwrap().unwrap();
    assert!(began.elapsed() > Duration::from_secs(3), "{:?}", began.elapsed());
    for mut one in crowd {
        let _reset = timeout(Duration::from_secs(20), one.read_to_end(&mut rest)).await.unwrap();
    }
    assert_eq!(get(&server, "GET", "/livez").await.0, 200);
}
