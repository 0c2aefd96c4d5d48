//! The door: accepts connections, shakes hands within a limit, and keeps count, so that nobody can take all that there is.

use std::{
    convert::Infallible,
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::{Request, Response};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};
use tonic::body::Body;
use tower::Service;

use super::{
    certificates::Certificates,
    connection,
    gate::{GatedBody, Readers},
    live::Live,
    shutdown,
    wire::Wire,
};

/// How long to wait when the system gives no more connections, as when files run out: long enough not to spin, short
/// enough that callers do not notice when it is over.
const BREATH: Duration = Duration::from_millis(200);

/// What the door has seen, for metrics.
#[derive(Debug, Default)]
pub struct Door {
    open: AtomicUsize,
    turned_away: AtomicUsize,
    failed: AtomicUsize,
}

impl Door {
    /// Connections that are open now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Connections closed at once because there were too many.
    #[must_use]
    pub fn turned_away(&self) -> usize {
        self.turned_away.load(Ordering::Relaxed)
    }

    /// Connections that never began: no TLS, a certificate that is not trusted, no HTTP/2, or nothing in time.
    #[must_use]
    pub fn failed_handshakes(&self) -> usize {
        self.failed.load(Ordering::Relaxed)
    }
}

/// An open connection, counted.
struct Guest(Arc<Door>);

impl Guest {
    fn enter(door: &Arc<Door>, max: usize) -> Option<Self> {
        let guest = Self(Arc::clone(door));
        // Counted before it is asked, and given back by the drop.
        (door.open.fetch_add(1, Ordering::Relaxed) < max).then_some(guest)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Serves every connection until the drain begins, and then waits for those that are left.
pub(super) async fn serve<S>(
    listener: TcpListener,
    certificates: Option<Arc<Certificates>>,
    service: S,
    live: Live,
    door: Arc<Door>,
    readers: Arc<Readers>,
    drain: watch::Receiver<bool>,
) where
    S: Service<Request<Body>, Response = Response<GatedBody>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static,
{
    let handshakes = Arc::new(Semaphore::new(live.load().connections.max_handshakes));
    // Dropped with this future, and every connection with it.
    let mut connections = JoinSet::new();
    let mut draining = std::pin::pin!(shutdown::told(drain.clone()));
    loop {
        // While all places are taken new callers wait in the system's queue.
        let begin = async {
            let place = Arc::clone(&handshakes).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = &mut draining => break,
            // What is dropped here has accepted nobody: both waits are cancel safe.
            Some(_ended) = connections.join_next() => continue,
            begun = begin => begun,
        };
        let tcp = match accepted {
            Ok((tcp, _)) => tcp,
            Err(error) => {
                if !gone_already(&error) {
                    tracing::warn!(%error, "no connection can be accepted; trying on");
                    sleep(BREATH).await;
                }
                continue;
            }
        };
        let Some(guest) = Guest::enter(&door, live.load().connections.max) else {
            door.turned_away.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        let (service, live, drain) = (service.clone(), Arc::clone(&live), drain.clone());
        let (certificates, door, readers) = (certificates.clone(), Arc::clone(&door), Arc::clone(&readers));
        connections.spawn(async move {
            let _counted = guest;
            let begun = tokio::select! {
                begun = open(tcp, certificates, &live) => begun,
                () = shutdown::told(drain.clone()) => return,
            };
            drop(place);
            match begun {
                Ok((wire, peer)) => connection::serve(wire, peer, service, live, &readers, drain).await,
                Err(error) => {
                    door.failed.fetch_add(1, Ordering::Relaxed);
                    tracing::debug!(%error, "a connection did not begin");
                }
            }
        });
    }
    // New callers are refused from here on.
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn open(
    tcp: TcpStream,
    certificates: Option<Arc<Certificates>>,
    live: &Live,
) -> io::Result<(Wire, super::peer::Peer)> {
    let limit = live.load().connections.handshake;
    let begun = timeout(limit, Wire::open(tcp, certificates.as_deref())).await;
    begun.unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "the handshake took too long")))
}

/// Whether only the one connection is lost, and the next may be accepted at once.
fn gone_already(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}
