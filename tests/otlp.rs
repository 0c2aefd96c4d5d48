//! Traces, as a collector gets them. Only a build with the feature `otlp` has them: `just otlp`.

#![cfg(feature = "otlp")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[path = "common/listening.rs"]
mod listening;

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, uri::PathAndQuery};
use listening::listening;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::mpsc, time::timeout};
use tonic::{Request, transport::Endpoint};
use wan_matrix::grpc::proto::{
    ListWanVariantsRequest, Location, RequestWanMatrixRequest, location::Kind,
    wan_matrix_service_client::WanMatrixServiceClient,
};

/// Takes whatever is exported, says OK, and hands on path and bytes.
async fn collector(listener: TcpListener, exported: mpsc::UnboundedSender<(String, Vec<u8>)>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let exported = exported.clone();
        tokio::spawn(async move {
            let mut connection = h2::server::handshake(stream).await.unwrap();
            while let Some(Ok((request, mut respond))) = connection.accept().await {
                let exported = exported.clone();
                tokio::spawn(async move {
                    let path = request.uri().path().to_owned();
                    let (mut body, mut bytes) = (request.into_body(), Vec::new());
                    while let Some(Ok(more)) = body.data().await {
                        body.flow_control().release_capacity(more.len()).unwrap();
                        bytes.extend(more);
                    }
                    let head = Response::builder().header("content-type", "application/grpc").body(()).unwrap();
                    let mut reply = respond.send_response(head, false).unwrap();
                    reply.send_data(Bytes::from_static(&[0; 5]), false).unwrap();
                    let mut trailers = HeaderMap::new();
                    trailers.insert("grpc-status", HeaderValue::from_static("0"));
                    reply.send_trailers(trailers).unwrap();
                    exported.send((path, bytes)).unwrap();
                });
            }
        });
    }
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_whose_caller_records_it_is_in_the_callers_trace() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (send, mut exported) = mpsc::unbounded_channel();
    tokio::spawn(collector(listener, send));

    let directory = TempDir::new().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_wan-matrix"))
        .args(["serve", "--sample", "--listen", "127.0.0.1:0", "--admin-listen", "off", "--data-dir"])
        .arg(directory.path())
        .env("WAN_MATRIX_OTLP_ENDPOINT", &endpoint)
        .env("WAN_MATRIX_OTLP_EVERY", "0")
        .env("WAN_MATRIX_LIMITS_CALLS_PER_SECOND", "1")
        .env("WAN_MATRIX_LIMITS_CALLS_BURST", "4")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (addr, _stdout) = listening(&mut child);
    let channel = Endpoint::from_shared(format!("http://{addr}")).unwrap().connect().await.unwrap();
    let mut client = WanMatrixServiceClient::new(channel.clone());
    for (trace, flags) in [("11111111111111111111111111111111", "00"), ("22222222222222222222222222222222", "01")] {
        let mut request = Request::new(ListWanVariantsRequest::default());
        let parent = format!("00-{trace}-3333333333333333-{flags}");
        request.metadata_mut().insert("traceparent", parent.parse().unwrap());
        client.list_wan_variants(request).await.unwrap();
    }
    let parent = "00-22222222222222222222222222222222-3333333333333333-01";
    let location = Some(Location { kind: Some(Kind::Postcode("AA1 1AA".to_owned())) });
    let mut request = Request::new(RequestWanMatrixRequest { location, as_of_date: String::new() });
    request.metadata_mut().insert("traceparent", parent.parse().unwrap());
    client.request_wan_matrix(request).await.unwrap();
    // And one that fails, for nobody serves it.
    let mut grpc = tonic::client::Grpc::new(channel);
    grpc.ready().await.unwrap();
    let mut request = Request::new(());
    request.metadata_mut().insert("traceparent", parent.parse().unwrap());
    let nowhere = PathAndQuery::from_static("/wanmatrix.v1.WanMatrixService/Nothing");
    assert!(grpc.unary(request, nowhere, tonic_prost::ProstCodec::<(), ()>::default()).await.is_err());
    // Sooner than it may call: it does not say any more what is recorded, or it could send without end.
    let mut refused = None;
    for byte in 0x40_u8..0x60 {
        let mut request = Request::new(ListWanVariantsRequest::default());
        let parent = format!("00-{}-3333333333333333-01", format!("{byte:02x}").repeat(16));
        request.metadata_mut().insert("traceparent", parent.parse().unwrap());
        if let Err(status) = client.list_wan_variants(request).await {
            assert_eq!(status.code(), tonic::Code::ResourceExhausted);
            refused = Some(byte);
            break;
        }
    }
    // What is left goes out at the end.
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let (path, bytes) = timeout(Duration::from_secs(20), exported.recv()).await.unwrap().unwrap();
    assert_eq!(path, "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
    assert!(holds(&bytes, b"wan-matrix") && holds(&bytes, b"ListWanVariants"), "{bytes:?}");
    assert!(holds(&bytes, &[0x22; 16]) && holds(&bytes, &[0x33; 8]), "the caller's trace and span");
    assert!(!holds(&bytes, &[0x11; 16]), "a call that its caller does not record");
    assert!(!holds(&bytes, &[refused.unwrap(); 16]), "a call that got no place");
    for told in ["caller", "127.0.0.1", "code", "Unimplemented", "duration_ms", "load_ids", "north-"] {
        assert!(holds(&bytes, told.as_bytes()), "{told}");
    }
    // A span's status, of which there is nothing but the code: an error.
    assert!(holds(&bytes, &[15 << 3 | 2, 2, 3 << 3, 2]), "the call that failed");
    assert!(child.wait().unwrap().success());
}
