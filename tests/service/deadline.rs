//! A caller's deadline, which the server keeps too.

use bytes::Bytes;
use tokio::net::TcpStream;
use tonic::Code;
use wan_matrix::grpc::proto::CspRegion;

use crate::{
    running::Server,
    uploads::{announce, csv, header},
};

/// A message as gRPC frames it: not compressed, its length, its bytes.
fn framed(message: &impl prost::Message) -> Bytes {
    let bytes = message.encode_to_vec();
    let mut framed = vec![0];
    framed.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
    framed.extend(bytes);
    framed.into()
}

/// Begins an upload that never ends, with a deadline; past tonic's client, which would keep the deadline by itself.
async fn upload_without_end(server: &Server, day: i64) -> http::HeaderMap {
    let stream = TcpStream::connect(server.running.addr()).await.unwrap();
    let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = http::Request::post("http://localhost/wanmatrix.v1.CoverageLoadService/SubmitCoverageLoad")
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("grpc-timeout", "20m");
    let (answer, mut body) = client.send_request(request.body(()).unwrap(), false).unwrap();
    body.send_data(framed(&announce(header(CspRegion::South, day, &csv(&["AA1 1AA,,,"])))), false).unwrap();
    let headers = answer.await.unwrap().headers().clone();
    connection.abort();
    headers
}

#[tokio::test]
async fn a_deadline_that_passes_is_deadline_exceeded_and_drops_the_work() {
    let server = Server::empty().await;
    for day in 1..=5 {
        let headers = upload_without_end(&server, day).await;
        let status = tonic::Status::from_header_map(&headers).unwrap();
        assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
        // The turn is given back.
        server.idle().await;
    }
}
