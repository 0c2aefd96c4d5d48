//! HTTP for operators and their machines, apart from the service and read-only: is it alive, is it ready, what does it count.
//!
//! Whoever reaches it can change nothing and learns no postcode. What a stranger can still do is hold connections open or
//! send headers without end, so both are bounded, in number, size and time.

mod answers;

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, sync::Semaphore, time::timeout};

pub(super) use answers::Answers;

/// Connections at once. Probes and scrapers come one at a time.
const CONNECTIONS: usize = 32;
/// For a request's head to arrive.
const HEAD: Duration = Duration::from_secs(5);
/// For a connection, from its beginning to its end.
const WHOLE: Duration = Duration::from_secs(15);
/// The largest head.
const HEAD_MAX: usize = 16 << 10;

/// Answers on this listener until dropped.
pub(super) async fn serve(listener: TcpListener, answers: Answers) {
    let (answers, places) = (Arc::new(answers), Arc::new(Semaphore::new(CONNECTIONS)));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, most likely: others will end.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        // One too many is closed at once. The others end within seconds.
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let answers = Arc::clone(&answers);
        tokio::spawn(async move {
            let _place = place;
            let service = service_fn(|request| {
                let answers = Arc::clone(&answers);
                async move { Ok::<_, Infallible>(answers.to(&request).await) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD)
                .max_buf_size(HEAD_MAX)
                // Each scrape has a connection of its own, so that none is held between.
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), service);
            // What goes wrong on a connection is its client's concern.
            let _ended = timeout(WHOLE, connection).await;
        });
    }
}

/// Binds, or says where not.
pub(super) async fn bind(listen: SocketAddr) -> Result<TcpListener, super::ServeError> {
    TcpListener::bind(listen).await.map_err(|source| super::ServeError::Admin { listen, source })
}
