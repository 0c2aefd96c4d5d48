//! The door: accepts connections, shakes hands within a limit, and keeps count, so that nobody can take all that there is.
//!
//! It accepts at all times: whoever connects and says nothing is not waited for when the places are full, but gives way.

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
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};
use tonic::body::Body;
use tower::Service;

use super::{
    certificates::Certificates,
    connection,
    gate::{GatedBody, Readers},
    handshakes::Handshakes,
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
    strangers: AtomicUsize,
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

/// Which connections are counted.
type Count = fn(&Door) -> &AtomicUsize;
const ALL: Count = |door| &door.open;
/// Of peers that showed no certificate where one is asked for.
const STRANGERS: Count = |door| &door.strangers;

/// An open connection, counted.
struct Guest {
    door: Arc<Door>,
    count: Count,
}

impl Guest {
    fn enter(door: &Arc<Door>, count: Count, max: usize) -> Option<Self> {
        let guest = Self { door: Arc::clone(door), count };
        // Counted before it is asked, and given back by the drop.
        let entered = count(door).fetch_add(1, Ordering::Relaxed) < max;
        if !entered {
            door.turned_away.fetch_add(1, Ordering::Relaxed);
        }
        entered.then_some(guest)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        (self.count)(&self.door).fetch_sub(1, Ordering::Relaxed);
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
    let mut handshakes = Handshakes::at_most(live.load().connections.max_handshakes);
    // Dropped with this future, and every connection with it.
    let mut connections = JoinSet::new();
    let mut draining = std::pin::pin!(shutdown::told(drain.clone()));
    loop {
        let accepted = tokio::select! {
            () = &mut draining => break,
            // What is dropped here has accepted nobody: the wait is cancel safe.
            Some(_ended) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let (tcp, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                if !gone_already(&error) {
                    tracing::warn!(%error, "no connection can be accepted; trying on");
                    sleep(BREATH).await;
                }
                continue;
            }
        };
        let Some(guest) = Guest::enter(&door, ALL, live.load().connections.max) else { continue };
        let gives_way = handshakes.begin(from.ip());
        let (service, live, drain) = (service.clone(), Arc::clone(&live), drain.clone());
        let (certificates, door, readers) = (certificates.clone(), Arc::clone(&door), Arc::clone(&readers));
        connections.spawn(async move {
            let _counted = guest;
            let begun = tokio::select! {
                // One that is made by now need not give way.
                biased;
                begun = open(tcp, certificates, &live) => begun,
                _gives_way = gives_way => Err(io::Error::other("its handshake gave way to newer ones")),
                () = shutdown::told(drain.clone()) => return,
            };
            let (wire, peer) = match begun {
                Ok(begun) => begun,
                Err(error) => {
                    door.failed.fetch_add(1, Ordering::Relaxed);
                    tracing::debug!(%error, "a connection did not begin");
                    return;
                }
            };
            let most = live.load().connections.max_without_certificate;
            let stranger = peer.is_stranger().then(|| Guest::enter(&door, STRANGERS, most));
            if matches!(stranger, Some(None)) {
                return;
            }
            connection::serve(wire, peer, service, live, &readers, drain).await;
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
