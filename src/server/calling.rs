//! Says of every request who calls.

use std::{convert::Infallible, sync::Arc};

use http::Request;
use tonic::{body::Body, transport::server::TcpConnectInfo};
use tower::{Service, ServiceExt as _};

use crate::grpc::{Caller, Roles};

use super::gate::WatchedInfo;

/// `inner`, told who calls. The server speaks plain text: whoever reaches it is an operator.
pub(super) fn told<S>(
    inner: S,
) -> impl Service<Request<Body>, Response = S::Response, Error = Infallible, Future = S::Future> + Clone
where
    S: Service<Request<Body>, Error = Infallible> + Clone,
{
    inner.map_request(|mut request: Request<Body>| {
        let watched = request.extensions_mut().remove::<WatchedInfo<TcpConnectInfo>>();
        let address = watched.as_ref().and_then(|watched| watched.io.remote_addr());
        request.extensions_mut().insert(Arc::new(Caller::of_address(address, Roles::OPERATOR)));
        if let Some(watched) = watched {
            request.extensions_mut().insert(watched.connection);
        }
        request
    })
}
