//! The two hot calls as they are served: read by prost, answered in bytes that are ready to send. Every other call of
//! `WanMatrixService` goes to the generated server.

use std::{
    convert::Infallible,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::BufMut as _;
use http::{Request, Response};
use prost::Message;
use tonic::{
    Status,
    body::Body,
    codec::{BufferSettings, Codec, EncodeBuf, Encoder},
    server::{Grpc, NamedService, UnaryService},
};
use tonic_prost::ProstDecoder;
use tower::Service;

use super::{
    proto::{BatchRequestWanMatrixRequest, RequestWanMatrixRequest, wan_matrix_service_server::WanMatrixServiceServer},
    wan_matrix::{self, MESSAGE_MAX, WanMatrixApi},
};

const UNARY: &str = "/wanmatrix.v1.WanMatrixService/RequestWanMatrix";
const BATCH: &str = "/wanmatrix.v1.WanMatrixService/BatchRequestWanMatrix";

/// What an answer takes at first; a longer one makes its own room.
const ANSWER: usize = 1 << 10;

/// `WanMatrixService`, ready for a router.
#[expect(missing_debug_implementations, reason = "a clock says nothing about itself")]
#[derive(Clone)]
pub struct LookupService {
    api: Arc<WanMatrixApi>,
    rest: WanMatrixServiceServer<WanMatrixApi>,
    limit: usize,
}

impl LookupService {
    /// Serves this API.
    #[must_use]
    pub fn new(api: WanMatrixApi) -> Self {
        let api = Arc::new(api);
        let rest = WanMatrixServiceServer::from_arc(Arc::clone(&api)).max_decoding_message_size(MESSAGE_MAX);
        Self { api, rest, limit: MESSAGE_MAX }
    }

    /// Decodes messages of at most so many bytes.
    #[must_use]
    pub fn max_decoding_message_size(self, limit: usize) -> Self {
        Self { rest: self.rest.max_decoding_message_size(limit), limit, ..self }
    }
}

impl NamedService for LookupService {
    const NAME: &'static str = <WanMatrixServiceServer<WanMatrixApi> as NamedService>::NAME;
}

type Answering = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

impl Service<Request<Body>> for LookupService {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Answering {
        let (api, limit) = (Arc::clone(&self.api), self.limit);
        match request.uri().path() {
            UNARY => Box::pin(async move { Ok(grpc(limit).unary(Unary(api), request).await) }),
            BATCH => Box::pin(async move { Ok(grpc(limit).unary(Batch(api), request).await) }),
            _ => self.rest.call(request),
        }
    }
}

fn grpc<D: Message + Default + Send + 'static>(limit: usize) -> Grpc<Written<D>> {
    Grpc::new(Written(PhantomData)).max_decoding_message_size(limit)
}

struct Unary(Arc<WanMatrixApi>);

impl UnaryService<RequestWanMatrixRequest> for Unary {
    type Response = Vec<u8>;
    type Future = wan_matrix::Answering;

    fn call(&mut self, request: tonic::Request<RequestWanMatrixRequest>) -> Self::Future {
        self.0.lookup(&request.into_inner())
    }
}

struct Batch(Arc<WanMatrixApi>);

impl UnaryService<BatchRequestWanMatrixRequest> for Batch {
    type Response = Vec<u8>;
    type Future = Pin<Box<dyn Future<Output = Result<tonic::Response<Vec<u8>>, Status>> + Send>>;

    fn call(&mut self, request: tonic::Request<BatchRequestWanMatrixRequest>) -> Self::Future {
        let api = Arc::clone(&self.0);
        Box::pin(async move { api.lookups(&request.into_inner()).await })
    }
}

/// Requests as prost reads them, answers that are written already.
struct Written<D>(PhantomData<D>);

impl<D: Message + Default + Send + 'static> Codec for Written<D> {
    type Encode = Vec<u8>;
    type Decode = D;
    type Encoder = AsIs;
    type Decoder = ProstDecoder<D>;

    fn encoder(&mut self) -> AsIs {
        AsIs
    }

    fn decoder(&mut self) -> ProstDecoder<D> {
        ProstDecoder::default()
    }
}

struct AsIs;

impl Encoder for AsIs {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, written: Vec<u8>, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put_slice(&written);
        Ok(())
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::new(ANSWER, 32 * ANSWER)
    }
}

#[cfg(test)]
mod tests {
    use prost::Name as _;

    use super::*;

    /// A path that is misspelt would be answered all the same, by the generated server.
    #[test]
    fn the_hot_paths_are_those_of_the_proto() {
        for (path, request) in [(UNARY, RequestWanMatrixRequest::NAME), (BATCH, BatchRequestWanMatrixRequest::NAME)] {
            let method = request.strip_suffix("Request").unwrap();
            assert_eq!(path, format!("/{}/{method}", LookupService::NAME));
        }
    }
}
