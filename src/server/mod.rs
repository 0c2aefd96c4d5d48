//! A running server: listener, services, the gate before them, health, telemetry, shutdown.
//!
//! [`start`] brings one up and gives back [`Running`], which knows the address that was bound and ends the server in
//! order. Nothing here decides what an answer is.

mod admin;
mod calling;
mod config;
mod config_keys;
mod deadline;
mod gate;
mod health;
mod limits;
mod metrics;
mod reflection;
mod sample;
mod shutdown;
mod telemetry;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{net::TcpListener, sync::watch, task};
use tokio_stream::StreamExt as _;
use tonic::transport::{Server, server::TcpIncoming};
use tower::layer::layer_fn;

use crate::{
    grpc::{
        CoverageLoadApi, CoverageLoadServiceServer, Expected, UPLOAD_MESSAGE_MAX, WanMatrixApi, WanMatrixServiceServer,
    },
    loads::{Clock, LoadError, Loads},
};

pub use config::{Config, Flags, Limits, Log, LogFormat, Otlp};
pub use config_keys::ConfigError;
pub use limits::CallLimits;
pub use sample::{SampleError, load_sample};
pub use shutdown::{Running, Signals};
pub use telemetry::{Telemetry, start_telemetry};

use gate::{Back, Gate, Watched};
use health::Health;
use metrics::{Coverage, Exposition, Metrics};

/// Bytes of one upload that may be under way: with HTTP/2's own 64 KiB a file's sender would wait for leave at every other
/// breath. All uploads of a connection share the second.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 2 << 20;
/// A chunk of a file travels in a few frames instead of dozens.
const FRAME: u32 = 256 << 10;
/// A peer that vanished without a word is noticed after both together.
const PING_EVERY: Duration = Duration::from_secs(60);
const PING_ANSWER: Duration = Duration::from_secs(20);

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
    #[error("the server ended unexpectedly: {0}")]
    Transport(#[from] tonic::transport::Error),
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
    let listen = config.listen;
    let listener = TcpListener::bind(listen).await.map_err(|source| ServeError::Listen { listen, source })?;
    let addr = listener.local_addr().map_err(|source| ServeError::Listen { listen, source })?;
    let admin_listener = match config.admin {
        Some(listen) => Some(admin::bind(listen).await?),
        None => None,
    };
    let admin_addr = admin_listener.as_ref().and_then(|listener| listener.local_addr().ok());

    let (settings, table3, time) = (config.loads(), Arc::clone(&config.table3), Arc::clone(&clock));
    let loads = task::spawn_blocking(move || Loads::open(settings, table3, time)).await??;
    let expected = Expected::new(&config.expected_regions).with_max_age(config.max_age.clone());

    let (draining, drain) = watch::channel(false);
    let (stopping, stop) = watch::channel(false);
    let (health, health_api) = Health::follow(Arc::clone(&loads), expected.clone(), drain.clone()).await;
    let metrics = Arc::new(Metrics::default());
    let back = Back::start(config.bulk_threads).map_err(ServeError::Threads)?;
    let gate = Gate::new(config, Arc::clone(&metrics), back.handle().clone());
    let coverage = Coverage {
        gate: Arc::clone(&gate),
        metrics: Arc::clone(&metrics),
        loads: Arc::clone(&loads),
        expected: expected.clone(),
        clock: Arc::clone(&clock),
        data_dir: config.data_dir.clone(),
    };
    let mut tasks = task::JoinSet::new();
    tasks.spawn(Arc::clone(&gate).look_after());
    if let Some(listener) = admin_listener {
        let answers = admin::Answers {
            health: health.asked(),
            loads: Arc::clone(&loads),
            expected: expected.clone(),
            exposition: Arc::new(Exposition::new(metrics, coverage)),
            draining: drain.clone(),
        };
        tasks.spawn(admin::serve(listener, answers));
    }

    let lookups = WanMatrixApi::new(Arc::clone(&loads), expected, clock);
    let uploads = CoverageLoadApi::new(Arc::clone(&loads), config.limits.max_upload_silence, stop);
    let (limits, connections) = (&config.calls, Arc::clone(gate.connections()));
    let gated = Arc::clone(&gate);
    let router = Server::builder()
        .max_concurrent_streams(limits.max_streams_per_connection)
        .http2_max_header_list_size(limits.max_header_bytes)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_frame_size(FRAME)
        .http2_keepalive_interval(Some(PING_EVERY))
        .http2_keepalive_timeout(Some(PING_ANSWER))
        .layer(layer_fn(calling::told))
        .layer(layer_fn(move |routes| gate::gated(Arc::clone(&gated), routes)))
        .add_service(WanMatrixServiceServer::new(lookups).max_decoding_message_size(limits.max_message_bytes))
        .add_service(CoverageLoadServiceServer::new(uploads).max_decoding_message_size(UPLOAD_MESSAGE_MAX))
        .add_service(health_api)
        .add_service(reflection::v1()?)
        .add_service(reflection::v1alpha()?);
    // tonic's own setting is not applied to a listener that is handed in.
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let incoming = incoming.map(move |io| io.map(|io| Watched::new(io, &connections)));
    let served = task::spawn(router.serve_with_incoming_shutdown(incoming, shutdown::told(drain)));
    tracing::info!(%addr, admin = ?admin_addr, data_dir = %config.data_dir.display(), "serving");
    Ok(Running {
        addr,
        admin_addr,
        loads,
        gate,
        health,
        draining,
        stopping,
        served,
        drain_limit: config.drain,
        _tasks: tasks,
        _back: back,
    })
}
