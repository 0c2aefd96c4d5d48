//! A load on its way in.

use std::{
    sync::{Arc, OnceLock},
    time::Instant,
};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::{
    GivenUp, LoadError, LoadHeader, LoadRecord, Loads,
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
    /// Why it ended early, where that is not that its sender went away.
    given_up: Arc<OnceLock<GivenUp>>,
    sent: u64,
    limit: u64,
}

impl Attempt {
    pub(super) fn start(loads: Arc<Loads>, turn: Turn, header: LoadHeader) -> Result<Self, LoadError> {
        let (keeper, keeper_parts) = mpsc::channel(WAITING);
        let (reader, reader_parts) = mpsc::channel(WAITING);
        let (tell, outcome) = oneshot::channel();
        let (settings, given_up) = (loads.settings(), Arc::new(OnceLock::new()));
        let (limit, region, wanted) = (settings.max_bytes_sent, header.region, header.wanted);
        let process = Process::new(Arc::clone(&loads), settings, header, keeper.clone(), Arc::clone(&given_up));
        let (began, worker) = (Instant::now(), Arc::clone(&loads));
        let run = move || {
            let result = process.run(reader_parts, keeper_parts);
            loads.tally().count(region, wanted, &result, began.elapsed());
            // Whoever hears of it may be waiting to take the data directory over.
            drop(loads);
            // The turn is over before the sender hears of it, so that the next load can follow at once.
            drop(turn);
            // Nobody may be listening any more: the load stands all the same.
            let _unheard = tell.send(result);
        };
        worker.worker.run(run)?;
        Ok(Self { keeper, reader, outcome: Some(outcome), given_up, sent: 0, limit })
    }

    /// Takes the next bytes of the file, and waits while the threads are behind.
    ///
    /// # Errors
    /// [`LoadError`] as soon as it is known that the load cannot succeed; the attempt is then over.
    pub async fn chunk(&mut self, bytes: Bytes) -> Result<(), LoadError> {
        self.sent += bytes.len() as u64;
        if self.sent > self.limit {
            let _first = self.given_up.set(GivenUp::TooLarge(self.limit));
            return Err(self.failure().await);
        }
        let kept = self.keeper.send(Part::Bytes(bytes.clone())).await.is_ok();
        if kept && self.reader.send(Part::Bytes(bytes)).await.is_ok() {
            return Ok(());
        }
        Err(self.failure().await)
    }

    /// Says that the file is whole, and waits until the load is active or refused. Once this was begun the load goes on
    /// to its end, whether or not it is waited for.
    ///
    /// # Errors
    /// [`LoadError`]: why it did not become active. No answer has changed then.
    pub async fn finish(mut self) -> Result<Submitted, LoadError> {
        // The threads may be behind, and hear of the end only after whoever waits for them is gone: a task of its own
        // tells them.
        let finishing = tokio::spawn(async move {
            let kept = self.keeper.send(Part::End).await.is_ok();
            if !(kept && self.reader.send(Part::End).await.is_ok()) {
                return Err(self.failure().await);
            }
            self.outcome().await
        });
        finishing.await.unwrap_or(Err(LoadError::Thread))
    }

    /// Gives the load up, and waits until nothing of it is left and the next can begin. Gives back why it ended: it may
    /// have failed by itself before.
    pub async fn give_up(mut self, why: GivenUp) -> LoadError {
        let _first = self.given_up.set(why);
        self.failure().await
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
