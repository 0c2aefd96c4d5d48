//! One connection, from its first call to its last: what ends it, and how the other side is told.
//!
//! Whatever the reason, GOAWAY goes out first, so that a caller opens another connection and loses no call; what is in
//! flight may finish, within limits. tonic's own server sends none when a connection's age has a grace, and knows no idle
//! connections.

use std::{convert::Infallible, hash::BuildHasher as _, pin::pin, sync::Arc, time::Duration};

use http::{Request, Response};
use hyper::server::conn::http2;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{sync::watch, task::JoinHandle, time::sleep};
use tonic::body::Body;
use tower::{Service, ServiceExt as _};

use super::{
    calls::{Calls, counted},
    config_connections::Connections,
    gate::{GatedBody, Readers},
    live::Live,
    peer::Peer,
    shutdown,
    wire::Wire,
};

/// Bytes of one upload that may be under way: with HTTP/2's own 64 KiB a file's sender would wait for leave at every other
/// breath. All uploads of a connection share the second.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 2 << 20;
/// A chunk of a file travels in a few frames instead of dozens, and none is so large that the system copies it for as long
/// as lookups would notice.
const FRAME: u32 = 64 << 10;
/// How long a connection without a call may take to notice that it is closed.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Why a connection ends that both sides would have kept.
#[derive(Clone, Copy, Debug)]
enum End {
    Idle,
    Old,
    ServerEnds,
    /// Its replies are not read.
    Unread,
}

/// The wait for an end; over with the connection.
struct Ending(JoinHandle<End>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Serves a connection to its end.
pub(super) async fn serve<S>(
    wire: Wire,
    peer: Peer,
    service: S,
    live: Live,
    readers: &Arc<Readers>,
    drain: watch::Receiver<bool>,
) where
    S: Service<Request<Body>, Response = Response<GatedBody>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static,
{
    let (limits, streams) = {
        let config = live.load();
        (config.connections.clone(), config.calls.max_streams_per_connection)
    };
    let (reader, unread) = readers.open();
    let (calls, grace) = (Arc::new(Calls::default()), limits.grace);
    let idle = if peer.is_stranger() { limits.idle.min(limits.idle_without_certificate) } else { limits.idle };
    let (peer, identities) = (Arc::new(peer), live);
    let address = peer.address();
    let told = service.map_request(move |mut request: Request<Body>| {
        request.extensions_mut().insert(peer.caller(&identities.load().identities));
        request.extensions_mut().insert(Arc::clone(&reader));
        request
    });
    let service = TowerToHyperService::new(counted(Arc::clone(&calls), told));
    let (open_calls, ends) = (Arc::clone(&calls), drain.clone());
    let mut connection = pin!(http2(&limits, streams).serve_connection(TokioIo::new(wire), service));

    // Waited for in a task of its own: here, all of it would be asked again with every call that comes.
    let mut ending = Ending(tokio::spawn(async move {
        tokio::select! {
            () = calls.idle(idle) => End::Idle,
            () = sleep(about(limits.max_age)) => End::Old,
            () = shutdown::told(ends) => End::ServerEnds,
            Ok(()) = unread => End::Unread,
        }
    }));
    let end = tokio::select! {
        biased;
        served = connection.as_mut() => return said(address, served),
        // Nobody stops that task but this one; a runtime that ends stops both.
        end = &mut ending.0 => end.unwrap_or(End::ServerEnds),
    };
    tracing::debug!(%address, ?end, "this side ends a connection");
    let within = match end {
        // With everything that it holds and does not read. Nobody would hear a GOAWAY.
        End::Unread => return,
        End::Idle => LAST_WORDS,
        End::Old => grace,
        // Calls have as long as the server has.
        End::ServerEnds => Duration::MAX,
    };
    // A peer without a call that does not even acknowledge the end has nothing to wait for.
    let deaf = async {
        shutdown::told(drain).await;
        open_calls.idle(LAST_WORDS).await;
    };
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        biased;
        served = connection => said(address, served),
        () = deaf => tracing::debug!(%address, "a connection without a call did not end by itself"),
        () = sleep(within) => tracing::info!(%address, ?end, "a connection is cut off with calls still in flight"),
    }
}

fn http2(limits: &Connections, streams: u32) -> http2::Builder<TokioExecutor> {
    let mut http2 = http2::Builder::new(TokioExecutor::new());
    http2
        .timer(TokioTimer::new())
        .max_concurrent_streams(streams)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_frame_size(FRAME)
        .max_header_list_size(limits.max_header_bytes)
        .keep_alive_interval(limits.keepalive)
        .keep_alive_timeout(limits.keepalive_timeout);
    http2
}

fn said(address: std::net::SocketAddr, served: hyper::Result<()>) {
    if let Err(error) = served {
        tracing::debug!(%address, %error, "a connection failed");
    }
}

/// A tenth less or more, so that connections that began together do not all come back together.
fn about(age: Duration) -> Duration {
    let chance = std::hash::RandomState::new().hash_one(0);
    age.mul_f64(0.9) + age.mul_f64(0.2 * (chance >> 40) as f64 / (1_u64 << 24) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_differ_by_a_tenth() {
        let age = Duration::from_secs(1000);
        let ages: Vec<_> = (0..100).map(|_| about(age).as_secs()).collect();
        assert!(ages.iter().all(|age| (900..=1100).contains(age)), "{ages:?}");
        assert!(ages.iter().min() < ages.iter().max());
    }
}
