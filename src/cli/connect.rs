//! Which server a command talks to, and the connection.

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

use clap::{ArgMatches, Args, Command, FromArgMatches};
use http::Uri;
use tonic::{
    Request, Status,
    transport::{Channel, Endpoint},
};

use super::{
    credentials::Credentials,
    exit::{Failure, innermost},
};
use crate::grpc::proto::{
    coverage_load_service_client::CoverageLoadServiceClient, wan_matrix_service_client::WanMatrixServiceClient,
};

const CONNECT: Duration = Duration::from_secs(10);
/// A call that should be answered at once; uploads and streams have no such limit.
const ANSWER: Duration = Duration::from_secs(60);
/// A server that vanished without a word is noticed during a long upload.
const PING_EVERY: Duration = Duration::from_secs(30);

/// The `--server` of the commands that ask one server, and what proves who asks.
#[derive(Debug, Clone)]
pub struct Server {
    /// The server, with the credentials to show it.
    pub url: ServerUrl,
}

/// The `--server` of the commands that ask several.
#[derive(Debug, Clone)]
pub struct Servers {
    /// The servers, each with the credentials to show it.
    pub urls: Vec<ServerUrl>,
}

#[derive(Args)]
struct OneServer {
    /// The server's gRPC address
    #[arg(
        id = "server",
        long = "server",
        value_name = "URL",
        env = "WAN_MATRIX_SERVER",
        default_value = "127.0.0.1:50051"
    )]
    url: ServerUrl,
    #[command(flatten)]
    credentials: Credentials,
}

#[derive(Args)]
struct SeveralServers {
    /// The server's gRPC address; repeat it to load to several, one after the other
    #[arg(
        id = "server",
        long = "server",
        value_name = "URL",
        env = "WAN_MATRIX_SERVER",
        value_delimiter = ',',
        default_value = "127.0.0.1:50051"
    )]
    urls: Vec<ServerUrl>,
    #[command(flatten)]
    credentials: Credentials,
}

impl FromArgMatches for Server {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let OneServer { url, credentials } = OneServer::from_arg_matches(matches)?;
        Ok(Self { url: url.shown(&Arc::new(credentials)) })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        Self::from_arg_matches(matches).map(|server| *self = server)
    }
}

impl Args for Server {
    fn augment_args(command: Command) -> Command {
        OneServer::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        OneServer::augment_args_for_update(command)
    }
}

impl FromArgMatches for Servers {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let SeveralServers { urls, credentials } = SeveralServers::from_arg_matches(matches)?;
        let credentials = Arc::new(credentials);
        Ok(Self { urls: urls.into_iter().map(|url| url.shown(&credentials)).collect() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        Self::from_arg_matches(matches).map(|servers| *self = servers)
    }
}

impl Args for Servers {
    fn augment_args(command: Command) -> Command {
        SeveralServers::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        SeveralServers::augment_args_for_update(command)
    }
}

/// A server's address: `http://host:port` or `https://host:port`. The scheme may be left out; it is https when a CA is
/// named, and http without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerUrl {
    uri: Uri,
    scheme_was_given: bool,
    /// Shared, for a server is named in every failure.
    credentials: Arc<Credentials>,
}

/// A text that is not a server's address.
#[derive(Debug, thiserror::Error)]
pub enum ServerUrlError {
    /// Not a URL of that shape.
    #[error("a server's address looks like http://127.0.0.1:50051")]
    Malformed,
    /// Some other scheme.
    #[error("the scheme must be http or https")]
    Scheme,
}

impl FromStr for ServerUrl {
    type Err = ServerUrlError;

    fn from_str(text: &str) -> Result<Self, ServerUrlError> {
        let scheme_was_given = text.contains("://");
        let text = if scheme_was_given { text.to_owned() } else { format!("http://{text}") };
        let uri: Uri = text.parse().map_err(|_| ServerUrlError::Malformed)?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(ServerUrlError::Scheme);
        }
        // A service lives at the root of its address: a path would be silently dropped.
        if uri.host().is_none_or(str::is_empty) || uri.path() != "/" || uri.query().is_some() {
            return Err(ServerUrlError::Malformed);
        }
        Ok(Self { uri, scheme_was_given, credentials: Arc::default() })
    }
}

/// `http://host:port`, without the slash that a URI ends with.
impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.uri.to_string().trim_end_matches('/'))
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

    /// The same server, shown these credentials.
    fn shown(mut self, credentials: &Arc<Credentials>) -> Self {
        if credentials.ca.is_some() && !self.scheme_was_given {
            let mut parts = self.uri.clone().into_parts();
            parts.scheme = Some(http::uri::Scheme::HTTPS);
            // Of a URI that was whole before, only the scheme is another.
            self.uri = Uri::from_parts(parts).unwrap_or(self.uri);
        }
        self.credentials = Arc::clone(credentials);
        self
    }

    /// Whether TLS is spoken with it.
    pub(super) fn is_https(&self) -> bool {
        self.uri.scheme() == Some(&http::uri::Scheme::HTTPS)
    }

    async fn channel(&self) -> Result<Channel, Failure> {
        if !self.is_https() && self.credentials.any() {
            let what = format!("{self} is plain text, and would not see --ca, --cert and --key; name it as https://");
            return Err(Failure::Usage(what));
        }
        let endpoint = Endpoint::from(self.uri.clone())
            .connect_timeout(CONNECT)
            .http2_keep_alive_interval(PING_EVERY)
            .tcp_nodelay(true);
        let endpoint = endpoint.user_agent(concat!("wan-matrix/", env!("CARGO_PKG_VERSION")));
        let unreachable = |source| Failure::Unreachable { server: self.clone(), source };
        let mut endpoint = endpoint.map_err(unreachable)?;
        if self.is_https() {
            let tls = self.credentials.tls()?;
            let wrong = |error| Failure::Usage(format!("--ca, --cert or --key: {}", innermost(&error)));
            endpoint = endpoint.tls_config(tls).map_err(wrong)?;
        }
        endpoint.connect().await.map_err(unreachable)
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
            ("https://coverage.example", "https://coverage.example"),
        ] {
            assert_eq!(text.parse::<ServerUrl>().unwrap().to_string(), read);
        }
    }

    #[test]
    fn a_ca_makes_an_address_https_unless_it_says_otherwise() {
        let credentials = Arc::new(Credentials { ca: Some("ca.pem".into()), ..Credentials::default() });
        for (text, shown) in [
            ("localhost:50051", "https://localhost:50051"),
            ("https://localhost:50051", "https://localhost:50051"),
            ("http://localhost:50051", "http://localhost:50051"),
        ] {
            assert_eq!(text.parse::<ServerUrl>().unwrap().shown(&credentials).to_string(), shown);
        }
    }

    #[tokio::test]
    async fn credentials_are_never_thrown_away_and_https_wants_a_ca() {
        let credentials = Arc::new(Credentials { ca: Some("no/such/ca.pem".into()), ..Credentials::default() });
        for (text, credentials, said) in [
            ("http://127.0.0.1:1", &credentials, "is plain text, and would not see --ca"),
            ("https://127.0.0.1:1", &Arc::default(), "https wants --ca"),
            ("127.0.0.1:1", &credentials, "cannot read no/such/ca.pem"),
        ] {
            let failure = text.parse::<ServerUrl>().unwrap().shown(credentials).channel().await.unwrap_err();
            assert!(failure.to_string().contains(said), "{text}: {failure}");
            assert_eq!(failure.exit(), crate::cli::exit::Exit::Usage);
        }
    }

    #[test]
    fn what_cannot_be_spoken_to_is_said_before_connecting() {
        for (text, said) in [
            ("ftp://coverage.example", "the scheme must be http or https"),
            ("http://coverage.example/wan", "looks like"),
            ("", "looks like"),
            ("two words", "looks like"),
        ] {
            let error = text.parse::<ServerUrl>().unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
