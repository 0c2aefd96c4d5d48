//! The end of a server, in order: not healthy, no new calls, calls in flight finished or cut off, loads closed.

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
    gate::{Back, Gate},
    health::Health,
};

/// How long an upload that is cut off may take to hear of it.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A server that answers calls, until it is shut down.
#[derive(Debug)]
pub struct Running {
    pub(super) addr: SocketAddr,
    pub(super) admin_addr: Option<SocketAddr>,
    pub(super) loads: Arc<Loads>,
    pub(super) gate: Arc<Gate>,
    pub(super) health: Health,
    pub(super) draining: watch::Sender<bool>,
    pub(super) stopping: watch::Sender<bool>,
    pub(super) served: JoinHandle<Result<(), tonic::transport::Error>>,
    pub(super) drain_limit: Duration,
    /// Ended with the server: health over HTTP is told to the last.
    pub(super) _tasks: JoinSet<()>,
    pub(super) _back: Back,
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

    /// Puts another configuration's limits of calls in force: how many, how often, how long, and what counts as slow.
    pub fn apply_limits(&self, config: &Config) {
        self.gate.apply(config);
    }

    /// The loads it answers from.
    #[must_use]
    pub const fn loads(&self) -> &Arc<Loads> {
        &self.loads
    }

    /// Waits for as long as the server runs.
    ///
    /// # Errors
    /// [`ServeError`]: it ended by itself. Cancel safe.
    pub async fn ended(&mut self) -> Result<(), ServeError> {
        Ok((&mut self.served).await??)
    }

    /// Ends the server: health says NOT_SERVING, the listener closes, connections are told to go away, and calls in
    /// flight have until the drain limit to finish. What still runs then is cut off, an upload with UNAVAILABLE; a load
    /// in progress is abandoned, and changes nothing.
    ///
    /// # Errors
    /// [`ServeError`] when the server had ended by itself.
    pub async fn shutdown(mut self) -> Result<(), ServeError> {
        self.health.shut().await;
        self.draining.send_replace(true);
        let drained = match timeout(self.drain_limit, &mut self.served).await {
            Ok(served) => Some(served),
            Err(_) => {
                tracing::warn!(seconds = self.drain_limit.as_secs(), "calls still in flight are cut off");
                self.stopping.send_replace(true);
                timeout(LAST_WORDS, &mut self.served).await.ok()
            }
        };
        // The threads of a load end at the next row they read.
        if timeout(self.drain_limit, self.loads.close()).await.is_err() {
            tracing::warn!("a load did not end in time; it is removed at the next start");
        }
        match drained {
            Some(served) => Ok(served??),
            None => {
                self.served.abort();
                Ok(())
            }
        }
    }
}

/// Resolves when told, or when nobody is left to tell.
pub(super) async fn told(mut signal: watch::Receiver<bool>) {
    let _told = signal.wait_for(|&told| told).await;
}

/// SIGTERM and SIGINT.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Takes over both signals: from now on they no longer end the process by themselves.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// The next signal's name.
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
