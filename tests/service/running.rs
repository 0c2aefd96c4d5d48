//! A server to ask, and what is asked of every error.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use jiff::Timestamp;
use tempfile::TempDir;
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt as _;
use wan_matrix::{
    grpc::proto::{
        Location, RequestWanMatrixRequest, RequestWanMatrixResponse,
        coverage_load_service_client::CoverageLoadServiceClient, location::Kind,
        wan_matrix_service_client::WanMatrixServiceClient,
    },
    server::{self, Config, Flags, Running},
};

/// Midday of a summer's day, after the sample was issued.
pub(crate) const NOW: &str = "2026-06-15T12:00:00Z";

/// A server on a free port, with clients that are connected to it.
pub(crate) struct Server {
    pub(crate) running: Running,
    pub(crate) lookups: WanMatrixServiceClient<Channel>,
    pub(crate) loads: CoverageLoadServiceClient<Channel>,
    pub(crate) channel: Channel,
    pub(crate) clock: Arc<AtomicI64>,
    /// Removed with the server.
    pub(crate) directory: Arc<TempDir>,
}

/// Configuration as the environment would give it, on a free port.
pub(crate) fn config(directory: &TempDir, variables: &[(&str, &str)]) -> Config {
    let flags = Flags {
        data_dir: Some(directory.path().to_owned()),
        listen: Some("127.0.0.1:0".parse().unwrap()),
        // Any that is free: tests run side by side.
        admin_listen: Some("127.0.0.1:0".to_owned()),
        ..Flags::default()
    };
    let variables = variables.iter().map(|(name, value)| (format!("WAN_MATRIX_{name}"), (*value).to_owned()));
    Config::read(flags, variables).unwrap()
}

impl Server {
    /// With nothing loaded.
    pub(crate) async fn empty() -> Self {
        Self::with(&[]).await
    }

    /// With the sample loaded.
    pub(crate) async fn with_sample() -> Self {
        let server = Self::empty().await;
        assert!(server::load_sample(server.running.loads()).await.unwrap());
        server
    }

    /// With nothing loaded, and these variables set.
    pub(crate) async fn with(variables: &[(&str, &str)]) -> Self {
        let directory = Arc::new(TempDir::new().unwrap());
        let config = config(&directory, variables);
        Self::start(directory, &config).await
    }

    pub(crate) async fn start(directory: Arc<TempDir>, config: &Config) -> Self {
        let now: Timestamp = NOW.parse().unwrap();
        let clock = Arc::new(AtomicI64::new(now.as_second()));
        let time = Arc::clone(&clock);
        let time = Arc::new(move || Timestamp::new(time.load(Ordering::Relaxed), 0).unwrap());
        let running = server::start(config, time).await.unwrap();
        let channel = connect(&running).await.unwrap();
        let lookups = WanMatrixServiceClient::new(channel.clone());
        let loads = CoverageLoadServiceClient::new(channel.clone());
        Self { running, lookups, loads, channel, clock, directory }
    }

    pub(crate) fn set_clock(&self, now: &str) {
        self.clock.store(now.parse::<Timestamp>().unwrap().as_second(), Ordering::Relaxed);
    }

    /// Asks for one postcode.
    pub(crate) async fn ask(&self, postcode: &str) -> Result<RequestWanMatrixResponse, Status> {
        self.ask_as_of(postcode, "").await
    }

    pub(crate) async fn ask_as_of(&self, postcode: &str, as_of_date: &str) -> Result<RequestWanMatrixResponse, Status> {
        let as_of_date = as_of_date.to_owned();
        let request = RequestWanMatrixRequest { location: Some(by_postcode(postcode)), as_of_date };
        self.lookups.clone().request_wan_matrix(request).await.map(tonic::Response::into_inner)
    }
}

pub(crate) async fn connect(running: &Running) -> Result<Channel, tonic::transport::Error> {
    Channel::from_shared(format!("http://{}", running.addr())).unwrap().connect().await
}

pub(crate) fn by_postcode(postcode: &str) -> Location {
    Location { kind: Some(Kind::Postcode(postcode.to_owned())) }
}

/// An error's code, reason, the fields it finds at fault and its metadata: what a program acts on.
#[derive(Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) code: Code,
    pub(crate) reason: String,
    pub(crate) fields: Vec<String>,
    pub(crate) metadata: BTreeMap<String, String>,
}

impl Told {
    pub(crate) fn new(code: Code, reason: &str, fields: &[&str]) -> Self {
        let fields = fields.iter().map(|&field| field.to_owned()).collect();
        Self { code, reason: reason.to_owned(), fields, metadata: BTreeMap::new() }
    }

    pub(crate) fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.metadata.insert(key.to_owned(), value.into());
        self
    }
}

/// Reads an error, and checks what holds for every one: the domain is ours, and every violation says something.
pub(crate) fn told(status: &Status) -> Told {
    let details = status.get_error_details();
    let info = details.error_info();
    if let Some(info) = info {
        assert_eq!(info.domain, "wanmatrix");
    }
    let violations = details.bad_request().map(|bad| bad.field_violations.as_slice()).unwrap_or_default();
    for violation in violations {
        assert!(!violation.description.is_empty(), "{violation:?}");
    }
    assert!(!status.message().is_empty());
    Told {
        code: status.code(),
        reason: info.map(|info| info.reason.clone()).unwrap_or_default(),
        fields: violations.iter().map(|violation| violation.field.clone()).collect(),
        metadata: info.map(|info| info.metadata.clone().into_iter().collect()).unwrap_or_default(),
    }
}
