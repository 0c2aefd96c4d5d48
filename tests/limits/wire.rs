//! HTTP/2 by hand, for what a well-behaved client would not do; and callers from more than one address.

use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use h2::client::SendRequest;
use tokio::{net::TcpStream, task::JoinHandle};
use tonic::transport::{Channel, Endpoint};
use wan_matrix::{
    grpc::proto::{
        BatchRequestWanMatrixRequest, RequestWanMatrixRequest, wan_matrix_service_client::WanMatrixServiceClient,
    },
    server::Running,
};

use crate::running::by_postcode;

pub(crate) const LOOKUP: &str = "RequestWanMatrix";
pub(crate) const BATCH: &str = "BatchRequestWanMatrix";

/// A connection whose frames are in the test's hands.
pub(crate) struct Rude {
    pub(crate) send: SendRequest<Bytes>,
    pub(crate) connection: JoinHandle<Result<(), h2::Error>>,
}

impl Rude {
    /// `window`: how many bytes of each reply it will take.
    pub(crate) async fn connect(running: &Running, window: u32) -> Self {
        let stream = TcpStream::connect(running.addr()).await.unwrap();
        let (send, connection) =
            h2::client::Builder::new().initial_window_size(window).handshake(stream).await.unwrap();
        let connection = tokio::spawn(connection);
        Self { send: send.ready().await.unwrap(), connection }
    }

    /// Begins a call and sends its message, or none for as long as what is returned is held.
    pub(crate) async fn call(&mut self, method: &str, message: Option<Bytes>) -> Begun {
        let request = http::Request::post(format!("http://localhost/wanmatrix.v1.WanMatrixService/{method}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())
            .unwrap();
        self.send = self.send.clone().ready().await.unwrap();
        let (answer, mut body) = self.send.send_request(request, false).unwrap();
        if let Some(message) = message {
            body.send_data(message, true).unwrap();
        }
        Begun { answer, _body: body }
    }
}

pub(crate) struct Begun {
    pub(crate) answer: h2::client::ResponseFuture,
    _body: h2::SendStream<Bytes>,
}

/// A message as gRPC frames it: not compressed, its length, its bytes.
pub(crate) fn framed(message: &impl prost::Message) -> Bytes {
    let bytes = message.encode_to_vec();
    let mut framed = vec![0];
    framed.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
    framed.extend(bytes);
    framed.into()
}

pub(crate) fn lookup() -> Bytes {
    framed(&RequestWanMatrixRequest { location: Some(by_postcode("AA1 1AA")), as_of_date: String::new() })
}

pub(crate) fn batch(locations: usize) -> BatchRequestWanMatrixRequest {
    BatchRequestWanMatrixRequest { locations: vec![by_postcode("AA1 1AA"); locations], as_of_date: String::new() }
}

/// A client that calls from another of this machine's own addresses: another caller, to the server.
pub(crate) async fn from(running: &Running, last: u8) -> WanMatrixServiceClient<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{}", running.addr())).unwrap();
    let address = IpAddr::V4(Ipv4Addr::new(127, 0, 0, last));
    WanMatrixServiceClient::new(endpoint.local_address(Some(address)).connect().await.unwrap())
}
