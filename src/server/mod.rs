//! A running server: listener, services, the gate before them, health, telemetry, shutdown.
//!
//! [`start`] brings one up and gives back [`Running`], which knows the address that was bound and ends the server in
//! order. Nothing here decides what an answer is.

mod accept;
mod access;
mod admin;
mod calls;
mod certificates;
mod config;
mod config_connections;
mod config_keys;
mod config_shown;
mod connection;
mod deadline;
mod files;
mod gate;
mod handshakes;
mod health;
mod identities;
mod identity_table;
mod limits;
mod live;
mod metrics;
mod peer;
mod reflection;
mod reload;
mod sample;
mod shutdown;
mod telemetry;
mod tls;
mod whole;
mod wire;

use std::{
    io, iter,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use arc_swap::ArcSwap;
use tokio::{net::TcpListener, sync::watch, task};
use tonic::service::Routes;
use tower::{ServiceBuilder, layer::layer_fn};

use crate::{
    grpc::{CoverageLoadApi, CoverageLoadServiceServer, Expected, LookupService, UPLOAD_MESSAGE_MAX, WanMatrixApi},
    loads::{Clock, LoadError, Loads},
};

pub use accept::Door;
pub use certificates::{CertificateStatus, Certificates};
pub use config::{Config, Flags, Limits, Log, LogFormat, Otlp};
pub use config_connections::Connections;
pub use config_keys::ConfigError;
pub use files::ShortOfFiles;
#[doc(hidden)]
pub use gate::{Part, gate_parts};
pub use identities::{Identities, Open};
pub use identity_table::IdentityFault;
pub use limits::CallLimits;
pub use sample::{SampleError, load_sample};
pub use shutdown::{Running, Signals};
pub use telemetry::{Telemetry, start_telemetry};
pub use tls::{TlsError, TlsFiles};

use gate::{Back, Gate};
use health::Health;
use live::Live;
use metrics::{Coverage, Exposition, Metrics, Network};

/// Why a server did not come up, or ended by itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages are the documentation")]
pub enum ServeError {
    #[error("cannot listen on {listen}: {source}; is another server running there?")]
    Listen { listen: SocketAddr, source: io::Error },
    #[error("cannot listen on {listen} for health and metrics: {source}; name another admin.listen, or off")]
    Admin { listen: SocketAddr, source: io::Error },
    #[error("the threads of bulk work cannot be started: {0}")]
    Threads(io::Error),
    #[error(transparent)]
    Loads(#[from] LoadError),
    #[error("the descriptors for reflection cannot be read: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("a task of the server ended unexpectedly: {0}")]
    Task(#[from] task::JoinError),
}

/// Brings a server up. When this returns, calls are answered; whether lookups are, health tells.
///
/// The listener is bound before the data directory is touched, so that a port in use changes nothing on disk, and
/// callers that come early wait for their answer instead of being refused.
///
/// # Errors
/// [`ServeError`], and nothing is left running.
pub async fn start(config: &Config, clock: Clock) -> Result<Running, ServeError> {
    config.take_files();
    let certificates = open_certificates(config, &clock).await?;
    let (listener, addr) = bind(config.listen).await?;
    let for_probes = match config.health_listen {
        Some(listen) => Some(bind(listen).await?),
        None => None,
    };
    let for_operators = match config.admin {
        Some(listen) => Some(admin::bind(listen).await?),
        None => None,
    };
    let admin_addr = for_operators.as_ref().and_then(|listener| listener.local_addr().ok());

    let (settings, table3, time) = (config.loads(), Arc::clone(&config.table3), Arc::clone(&clock));
    let loads = task::spawn_blocking(move || Loads::open(settings, table3, time)).await??;
    let expected = Expected::new(&config.expected_regions).with_max_age(config.max_age);

    let started = Arc::new(config.clone());
    let live: Live = Arc::new(ArcSwap::new(Arc::clone(&started)));
    let (draining, drain) = watch::channel(false);
    let (health, health_api) = Health::follow(Arc::clone(&loads), expected.clone(), drain.clone()).await;
    let door = Arc::new(Door::default());
    let probes_door = for_probes.as_ref().map(|_| Arc::new(Door::default()));
    let back = Back::start(config.bulk_threads).map_err(ServeError::Threads)?;
    let metrics = Arc::new(Metrics::default());
    let gate = Gate::new(config, Arc::clone(&metrics), back.handles(), drain.clone());
    let mut tasks = task::JoinSet::new();
    tasks.spawn(Arc::clone(&gate).look_after());
    if let Some(listener) = for_operators {
        let of_probes = probes_door.as_ref().map(|door| ("health", Arc::clone(door)));
        let doors = iter::once(("grpc", Arc::clone(&door))).chain(of_probes).collect();
        let (certificates, loads) = (certificates.clone(), Arc::clone(&loads));
        let network = Network { doors, certificates, loads: Arc::clone(&loads) };
        let (clock, data_dir) = (Arc::clone(&clock), config.data_dir.clone());
        let coverage = Coverage { loads: Arc::clone(&loads), expected: expected.clone(), clock, data_dir };
        let exposition = Arc::new(Exposition::new(metrics, Arc::clone(&gate), network, coverage));
        let health = health.asked();
        let answers = admin::Answers { health, loads, expected: expected.clone(), exposition, draining: drain.clone() };
        tasks.spawn(admin::serve(listener, answers));
    }

    let lookups = WanMatrixApi::new(Arc::clone(&loads), expected, config.duis_response_codes.clone(), clock);
    let uploads = CoverageLoadApi::new(Arc::clone(&loads), drain.clone());
    let max_message = config.calls.max_message_bytes;
    let routes = Routes::new(LookupService::new(lookups).max_decoding_message_size(max_message))
        .add_service(CoverageLoadServiceServer::new(uploads).max_decoding_message_size(UPLOAD_MESSAGE_MAX))
        .add_service(health_api.clone())
        .add_service(reflection::v1()?)
        .add_service(reflection::v1alpha()?)
        .prepare();
    // The outermost first: what is denied is counted too, and no faster than anything else.
    let (guard, outermost) = ((Arc::clone(&live), Arc::clone(&loads)), Arc::clone(&gate));
    let service = ServiceBuilder::new()
        .layer(layer_fn(move |inner| gate::gated(Arc::clone(&outermost), inner)))
        .layer(layer_fn(move |inner| access::guarded(Arc::clone(&guard.0), Arc::clone(&guard.1), inner)))
        .service(routes);

    let readers = Arc::clone(gate.readers());
    let mut helpers: Vec<_> =
        certificates.clone().map(|certificates| task::spawn(certificates.follow())).into_iter().collect();
    let mut health_addr = None;
    if let Some(((listener, addr), door)) = for_probes.zip(probes_door) {
        // Who asks there finds nothing but health, and takes no place from those who come for more.
        let only_health = gate::gated(Arc::clone(&gate), Routes::new(health_api).prepare());
        let (live, readers, drain) = (Arc::clone(&live), Arc::clone(&readers), drain.clone());
        helpers.push(task::spawn(accept::serve(listener, None, only_health, live, door, readers, drain)));
        health_addr = Some(addr);
    }
    let serving =
        accept::serve(listener, certificates.clone(), service, Arc::clone(&live), Arc::clone(&door), readers, drain);
    let served = task::spawn(serving);
    tracing::info!(
        %addr, admin = admin_addr.map(tracing::field::display), health = health_addr.map(tracing::field::display), data_dir = %config.data_dir.display(),
        tls = certificates.is_some(), access = config.identities.said(), "serving"
    );
    if certificates.is_none() && config.identities.without_certificate(Ipv4Addr::LOCALHOST.into()).operator {
        tracing::warn!("without TLS every caller on this machine is an operator: it may load and activate coverage");
    }
    config.identities.warn();
    Ok(Running {
        addr,
        admin_addr,
        loads,
        gate,
        health,
        live,
        started,
        certificates,
        door,
        draining,
        served,
        health_addr,
        helpers,
        tasks,
        back,
    })
}

async fn bind(listen: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let bound = async {
        let listener = TcpListener::bind(listen).await?;
        let addr = listener.local_addr()?;
        Ok((listener, addr))
    };
    bound.await.map_err(|source| ServeError::Listen { listen, source })
}

async fn open_certificates(config: &Config, clock: &Clock) -> Result<Option<Arc<Certificates>>, ServeError> {
    let Some(files) = config.tls.clone() else { return Ok(None) };
    let clock = Arc::clone(clock);
    let opened = task::spawn_blocking(move || Certificates::open(files, clock)).await??;
    Ok(Some(Arc::new(opened)))
}
