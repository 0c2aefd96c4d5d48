//! The end of a server, in order: not healthy, a moment for balancers to hear of it, no new calls, streams and unfinished
//! loads told, calls in flight finished or cut off, the store closed.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::timeout,
};

use crate::loads::Loads;

use super::{
    Config, ServeError,
    accept::Door,
    certificates::Certificates,
    gate::{Back, Gate},
    health::Health,
    live::Live,
};

/// How long whoever is told may take to hear of it, however short the drain.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A server that answers calls, until it is shut down.
#[derive(Debug)]
pub struct Running {
    pub(super) addr: SocketAddr,
    pub(super) admin_addr: Option<SocketAddr>,
    pub(super) loads: Arc<Loads>,
    pub(super) gate: Arc<Gate>,
    pub(super) health: Health,
    pub(super) live: Live,
    /// As the server was started: what only a restart changes is compared with it.
    pub(super) started: Arc<Config>,
    pub(super) certificates: Option<Arc<Certificates>>,
    pub(super) door: Arc<Door>,
    pub(super) draining: watch::Sender<bool>,
    pub(super) served: JoinHandle<()>,
    /// Where health is served as well.
    pub(super) health_addr: Option<SocketAddr>,
    /// Tasks that end with the server.
    pub(super) helpers: Vec<JoinHandle<()>>,
    /// Ended last: health over HTTP is told to the end.
    pub(super) tasks: JoinSet<()>,
    pub(super) back: Back,
}

impl Running {
    /// The address that was bound, with the port that a configured port 0 became.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The address where health and metrics are told.
    #[must_use]
    pub const fn admin_addr(&self) -> Option<SocketAddr> {
        self.admin_addr
    }

    /// The address that `health_listen` became.
    #[must_use]
    pub const fn health_addr(&self) -> Option<SocketAddr> {
        self.health_addr
    }

    /// The loads it answers from.
    #[must_use]
    pub const fn loads(&self) -> &Arc<Loads> {
        &self.loads
    }

    /// The certificates it serves with; `None` when it speaks plain text.
    #[must_use]
    pub const fn certificates(&self) -> Option<&Arc<Certificates>> {
        self.certificates.as_ref()
    }

    /// What its door has seen.
    #[must_use]
    pub const fn door(&self) -> &Arc<Door> {
        &self.door
    }

    /// Waits for as long as the server runs.
    ///
    /// # Errors
    /// [`ServeError`]: it ended by itself. Cancel safe.
    pub async fn ended(&mut self) -> Result<(), ServeError> {
        Ok((&mut self.served).await?)
    }

    /// Ends the server. Health says NOT_SERVING, and calls are answered for a configured moment more. Then the listener
    /// closes, connections are told to go away, streams and a load in progress end with UNAVAILABLE – the load has changed
    /// nothing – and calls in flight have until the drain limit to finish. What still runs then is cut off.
    ///
    /// # Errors
    /// [`ServeError`] when the server had ended by itself.
    pub async fn shutdown(mut self) -> Result<(), ServeError> {
        self.health.shut().await;
        let config = self.live.load_full();
        if let Ok(ended) = timeout(config.delay, &mut self.served).await {
            return Ok(ended?);
        }
        tracing::info!(connections = self.door.open(), "draining");
        self.draining.send_replace(true);
        let limit = config.drain.max(LAST_WORDS);
        // The threads of a load end at the next row they read.
        let (drained, closed) = tokio::join!(timeout(limit, &mut self.served), timeout(limit, self.loads.close()));
        if closed.is_err() {
            tracing::warn!("a load did not end in time; it is removed at the next start");
        }
        self.helpers.iter().for_each(JoinHandle::abort);
        let ended = match drained {
            Ok(served) => Ok(served?),
            Err(_) => {
                let connections = self.door.open();
                tracing::warn!(connections, seconds = limit.as_secs(), "calls still in flight are cut off");
                self.served.abort();
                // It ends by being cut off.
                let _cut_off = self.served.await;
                Ok(())
            }
        };
        // Waited for, so that nobody holds the store any more when this returns.
        self.back.end().await;
        self.tasks.shutdown().await;
        tracing::info!("the server has ended");
        ended
    }
}

/// Resolves when told, or when nobody is left to tell.
pub(super) async fn told(mut signal: watch::Receiver<bool>) {
    let _told = signal.wait_for(|&told| told).await;
}

/// SIGTERM, SIGINT and SIGHUP.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Takes over the signals: from now on they no longer end the process by themselves.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// The name of the next signal to end.
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }

    /// The next signal to end, if it comes before one to reload.
    pub async fn next_or_reload(&mut self) -> Option<&'static str> {
        tokio::select! {
            _ = self.terminate.recv() => Some("SIGTERM"),
            _ = self.interrupt.recv() => Some("SIGINT"),
            _ = self.hang_up.recv() => None,
        }
    }
}
