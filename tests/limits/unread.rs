//! Replies that nobody reads: held for the time of a call and a little, and then not any more.

use std::time::{Duration, Instant};

use tokio::time::timeout;

use crate::{
    admin::metric,
    running::Server,
    wire::{BATCH, LOOKUP, Rude, batch, framed, lookup},
};

#[tokio::test]
async fn a_connection_that_does_not_take_its_replies_is_closed() {
    for (method, message) in [(LOOKUP, lookup()), (BATCH, framed(&batch(1000)))] {
        let server = Server::with(&[("LIMITS_MAX_REQUEST_SECONDS", "1")]).await;
        assert!(wan_matrix::server::load_sample(server.running.loads()).await.unwrap());
        // It gives no leave for a single byte.
        let mut rude = Rude::connect(&server.running, 0).await;
        let began = Instant::now();
        let begun = rude.call(method, Some(message)).await;
        let answer = begun.answer.await.unwrap();
        assert!(answer.status().is_success());
        let ended = timeout(Duration::from_secs(30), &mut rude.connection).await;
        assert!(ended.is_ok(), "{method}: it is still open");
        // Within two periods, each of a call's time and as much again for the reader.
        assert!(began.elapsed() > Duration::from_secs(1), "{method}: {:?}", began.elapsed());
        assert_eq!(metric(&server, "wan_matrix_connections_closed_unread_total").await, 1.0, "{method}");
        // And what it held is free again.
        for class in ["interactive", "bulk"] {
            let held = metric(&server, &format!("wan_matrix_calls_in_flight{{class=\"{class}\"}}")).await;
            assert_eq!(held, 0.0, "{method}");
        }
        assert!(server.ask("AA1 1AA").await.is_ok(), "{method}");
    }
}
