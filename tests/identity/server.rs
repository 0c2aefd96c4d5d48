//! A server over mutual TLS, and its callers.

use std::{fs, path::PathBuf, sync::Arc};

use jiff::Timestamp;
use tempfile::TempDir;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Error, Identity};
use wan_matrix::server::{self, Config, Flags, Running};

use crate::pki::{Ca, Pair};

pub(crate) const PLANNER: &str = "spiffe://wan.example/planner";
pub(crate) const SUPPLIER: &str = "spiffe://wan.example/supplier";
pub(crate) const NOT_ELIGIBLE: &str = "spiffe://wan.example/not-eligible";
pub(crate) const CSP: &str = "spiffe://wan.example/csp/central";
pub(crate) const OPERATOR: &str = "spiffe://wan.example/operator";
pub(crate) const STRANGER: &str = "spiffe://wan.example/stranger";

pub(crate) struct Server {
    pub(crate) running: Running,
    pub(crate) ca: Ca,
    pub(crate) directory: TempDir,
}

impl Server {
    /// With these lines in its configuration, beside TLS and a caller of each role.
    pub(crate) async fn with(lines: &str) -> Self {
        Self::at(lines, Arc::new(Timestamp::now)).await
    }

    /// The same, by another clock.
    pub(crate) async fn at(lines: &str, clock: Arc<dyn Fn() -> Timestamp + Send + Sync>) -> Self {
        Self::set(lines, clock, |_| {}).await
    }

    /// The same, with what no key sets.
    pub(crate) async fn set(
        lines: &str,
        clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
        set: impl FnOnce(&mut Config),
    ) -> Self {
        let directory = TempDir::new().unwrap();
        let ca = Ca::new("the CA of a test").unwrap();
        fs::write(directory.path().join("ca.pem"), &ca.pem).unwrap();
        ca.server().unwrap().write(directory.path(), "server").unwrap();
        configure(&directory, lines);
        let mut config = config(&directory).unwrap();
        set(&mut config);
        let running = server::start(&config, clock).await.unwrap();
        Self { running, ca, directory }
    }

    pub(crate) async fn start() -> Self {
        Self::with("").await
    }

    /// A connection of a caller with this certificate, or with none.
    pub(crate) async fn connect(&self, pair: Option<&Pair>) -> Result<Channel, Error> {
        let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&self.ca.pem));
        if let Some(Pair { cert, key }) = pair {
            tls = tls.identity(Identity::from_pem(cert, key));
        }
        let uri = format!("https://localhost:{}", self.running.addr().port());
        Endpoint::from_shared(uri).unwrap().tls_config(tls).unwrap().connect().await
    }

    /// A connection of a caller with this URI.
    pub(crate) async fn channel(&self, uri: &str) -> Channel {
        self.connect(Some(&self.ca.caller(uri).unwrap())).await.unwrap()
    }

    /// What was written to the audit log, once it has so many lines of the event.
    pub(crate) async fn audited(&self, event: &str, lines: usize) -> Vec<serde_json::Value> {
        let path = self.directory.path().join("data/audit.jsonl");
        for _ in 0..200 {
            let text = fs::read_to_string(&path).unwrap_or_default();
            let read = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
            let of_event: Vec<_> = read.filter(|line| line["event"] == event).collect();
            if of_event.len() >= lines {
                return of_event;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("{} has not {lines} lines of {event}", path.display());
    }
}

/// Writes the configuration with these lines in it.
pub(crate) fn configure(directory: &TempDir, lines: &str) {
    let file = |name: &str| format!("{:?}", directory.path().join(name));
    let text = format!(
        r#"
        {lines}
        [tls]
        cert = {}
        key = {}
        client_ca = {}
        [[identities]]
        uri = "{PLANNER}"
        roles = ["planner"]
        [[identities]]
        uri = "{SUPPLIER}"
        roles = ["planner"]
        user_roles = ["IS", "GS"]
        [[identities]]
        uri = "{NOT_ELIGIBLE}"
        roles = ["planner"]
        user_roles = ["XY"]
        [[identities]]
        uri = "{CSP}"
        roles = ["csp"]
        regions = ["central", "4g-central"]
        [[identities]]
        uri = "{OPERATOR}"
        roles = ["operator"]
        [[identities]]
        dns = "planner-and-csp.example"
        roles = ["planner"]
        [[identities]]
        dns = "also-csp.example"
        roles = ["csp"]
        regions = ["north"]
        "#,
        file("server.pem"),
        file("server.key"),
        file("ca.pem"),
    );
    fs::write(directory.path().join("wan-matrix.toml"), text).unwrap();
}

pub(crate) fn config(directory: &TempDir) -> Result<Config, wan_matrix::server::ConfigError> {
    let flags = Flags {
        config: Some(directory.path().join("wan-matrix.toml")),
        data_dir: Some(PathBuf::from(directory.path()).join("data")),
        listen: Some("127.0.0.1:0".parse().unwrap()),
        admin_listen: Some("off".to_owned()),
        ..Flags::default()
    };
    Config::read(flags, std::iter::empty())
}
