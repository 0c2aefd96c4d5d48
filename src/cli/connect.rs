//! Which server a command talks to, and the connection.

use std::{fmt, str::FromStr, time::Duration};

use clap::Args;
use http::Uri;
use tonic::{
    Request, Status,
    transport::{Channel, Endpoint},
};

use super::exit::Failure;
use crate::grpc::proto::{
    coverage_load_service_client::CoverageLoadServiceClient, wan_matrix_service_client::WanMatrixServiceClient,
};

const CONNECT: Duration = Duration::from_secs(10);
/// A call that should be answered at once; uploads and streams have no such limit.
const ANSWER: Duration = Duration::from_secs(60);
/// A server that vanished without a word is noticed during a long upload.
const PING_EVERY: Duration = Duration::from_secs(30);

/// The `--server` of the commands that ask one server.
#[derive(Args, Debug, Clone)]
pub struct Server {
    /// The server's gRPC address
    #[arg(
        id = "server",
        long = "server",
        value_name = "URL",
        env = "WAN_MATRIX_SERVER",
        default_value = "http://127.0.0.1:50051"
    )]
    pub url: ServerUrl,
}

/// A server's address: `http://host:port`, the scheme may be left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerUrl(Uri);

/// A text that is not a server's address.
#[derive(Debug, thiserror::Error)]
pub enum ServerUrlError {
    /// Not a URL of that shape.
    #[error("a server's address looks like http://127.0.0.1:50051")]
    Malformed,
    /// TLS was asked for.
    #[error("https is not spoken yet: use http://, on a trusted network or through a local proxy that speaks TLS")]
    Https,
    /// Some other scheme.
    #[error("the scheme must be http")]
    Scheme,
}

impl FromStr for ServerUrl {
    type Err = ServerUrlError;

    fn from_str(text: &str) -> Result<Self, ServerUrlError> {
        let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let uri: Uri = text.parse().map_err(|_| ServerUrlError::Malformed)?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(ServerUrlError::Https),
            _ => return Err(ServerUrlError::Scheme),
        }
        // A service lives at the root of its address: a path would be silently dropped.
        if uri.host().is_none_or(str::is_empty) || uri.path() != "/" || uri.query().is_some() {
            return Err(ServerUrlError::Malformed);
        }
        Ok(Self(uri))
    }
}

/// `http://host:port`, without the slash that a URI ends with.
impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.to_string().trim_end_matches('/'))
    }
}

impl ServerUrl {
    /// Connects for lookups.
    ///
    /// # Errors
    /// [`Failure::Unreachable`].
    pub async fn wan_matrix(&self) -> Result<WanMatrixServiceClient<Channel>, Failure> {
        self.channel().await.map(WanMatrixServiceClient::new)
    }

    /// Connects for loads.
    ///
    /// # Errors
    /// [`Failure::Unreachable`].
    pub async fn coverage_loads(&self) -> Result<CoverageLoadServiceClient<Channel>, Failure> {
        self.channel().await.map(CoverageLoadServiceClient::new)
    }

    /// The failure that a status of this server is.
    #[must_use]
    pub fn refused(&self, status: Status) -> Failure {
        Failure::Status { server: self.clone(), status: Box::new(status) }
    }

    /// The failure that an answer without something the contract promises is.
    #[must_use]
    pub fn broke_contract(&self, what: &str) -> Failure {
        Failure::Answer { server: self.clone(), what: what.to_owned() }
    }

    async fn channel(&self) -> Result<Channel, Failure> {
        let endpoint = Endpoint::from(self.0.clone())
            .connect_timeout(CONNECT)
            .http2_keep_alive_interval(PING_EVERY)
            .tcp_nodelay(true);
        let endpoint = endpoint.user_agent(concat!("wan-matrix/", env!("CARGO_PKG_VERSION")));
        let unreachable = |source| Failure::Unreachable { server: self.clone(), source };
        endpoint.map_err(unreachable)?.connect().await.map_err(unreachable)
    }
}

/// A request that is to be answered soon.
pub(super) fn soon<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(ANSWER);
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_with_and_without_its_scheme() {
        for (text, read) in [
            ("http://127.0.0.1:50051", "http://127.0.0.1:50051"),
            ("http://coverage.example:50051/", "http://coverage.example:50051"),
            ("localhost:50051", "http://localhost:50051"),
            ("[::1]:50051", "http://[::1]:50051"),
        ] {
            assert_eq!(text.parse::<ServerUrl>().unwrap().to_string(), read);
        }
    }

    #[test]
    fn what_cannot_be_spoken_to_is_said_before_connecting() {
        for (text, said) in [
            ("https://coverage.example", "https is not spoken yet"),
            ("ftp://coverage.example", "the scheme must be http"),
            ("http://coverage.example/wan", "looks like"),
            ("", "looks like"),
            ("two words", "looks like"),
        ] {
            let error = text.parse::<ServerUrl>().unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
