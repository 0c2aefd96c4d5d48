//! A load on its way in.

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::{
    LoadError, LoadHeader, LoadRecord, Loads,
    process::Process,
    turn::Turn,
    upload::{Part, WAITING},
};

/// What became of a load that was not refused.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// The load.
    pub record: LoadRecord,
    /// It was active already; nothing changed.
    pub already_present: bool,
}

/// An upload in progress. Dropped before [`Attempt::finish`], it is abandoned, and nothing of it is kept.
///
/// The work is done on threads of its own, one that keeps the file and one that reads it; the bytes are shared, never
/// copied, and whoever sends faster than they work waits.
#[derive(Debug)]
pub struct Attempt {
    keeper: mpsc::Sender<Part>,
    reader: mpsc::Sender<Part>,
    /// Taken when the outcome is known.
    outcome: Option<oneshot::Receiver<Result<Submitted, LoadError>>>,
    sent: u64,
    limit: u64,
}

impl Attempt {
    pub(super) fn start(loads: Arc<Loads>, turn: Turn, header: LoadHeader) -> Result<Self, LoadError> {
        let (keeper, keeper_parts) = mpsc::channel(WAITING);
        let (reader, reader_parts) = mpsc::channel(WAITING);
        let (tell, outcome) = oneshot::channel();
        let limit = loads.settings().max_bytes_sent;
        let (counting, region, began) = (Arc::clone(&loads), header.region, Instant::now());
        let process = Process::new(loads, header, keeper.clone());
        let run = move || {
            let result = process.run(reader_parts, keeper_parts);
            counting.tally().count(region, &result, began.elapsed());
            drop(counting);
            // The turn is over before the sender hears of it, so that the next load can follow at once.
            drop(turn);
            // Nobody may be listening any more: the load stands all the same.
            let _unheard = tell.send(result);
        };
        std::thread::Builder::new().name("load".to_owned()).spawn(run).map_err(|_| LoadError::Thread)?;
        Ok(Self { keeper, reader, outcome: Some(outcome), sent: 0, limit })
    }

    /// Takes the next bytes of the file, and waits while the threads are behind.
    ///
    /// # Errors
    /// [`LoadError`] as soon as it is known that the load cannot succeed; the attempt is then over.
    pub async fn chunk(&mut self, bytes: Bytes) -> Result<(), LoadError> {
        self.sent += bytes.len() as u64;
        if self.sent > self.limit {
            self.failure().await;
            return Err(LoadError::TooLarge { limit: self.limit });
        }
        let kept = self.keeper.send(Part::Bytes(bytes.clone())).await.is_ok();
        if kept && self.reader.send(Part::Bytes(bytes)).await.is_ok() {
            return Ok(());
        }
        Err(self.failure().await)
    }

    /// Says that the file is whole, and waits until the load is active or refused. The load goes on to its end even if
    /// this is not waited for.
    ///
    /// # Errors
    /// [`LoadError`]: why it did not become active. No answer has changed then.
    pub async fn finish(mut self) -> Result<Submitted, LoadError> {
        let kept = self.keeper.send(Part::End).await.is_ok();
        if !(kept && self.reader.send(Part::End).await.is_ok()) {
            return Err(self.failure().await);
        }
        self.outcome().await
    }

    /// Gives the load up, and waits until nothing of it is left and the next can begin.
    pub async fn abandon(mut self) {
        self.failure().await;
    }

    async fn failure(&mut self) -> LoadError {
        // If it was the keeper who failed, the reader still waits for more.
        let _ended = self.reader.send(Part::Stop).await;
        self.outcome().await.err().unwrap_or(LoadError::Thread)
    }

    async fn outcome(&mut self) -> Result<Submitted, LoadError> {
        match self.outcome.take() {
            Some(outcome) => outcome.await.unwrap_or(Err(LoadError::Thread)),
            None => Err(LoadError::Thread),
        }
    }
}
