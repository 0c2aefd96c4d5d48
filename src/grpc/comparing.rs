//! How many comparisons of loads run at a time: each may hold two loads in memory that do not answer, for as long as its
//! caller takes to read what differs.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::{error, failure::Failure};

/// Comparisons at a time.
const AT_ONCE: usize = 4;
/// Of these, those of one caller, the ones that wait for their turn included: nobody reads slowly for everybody.
const OF_A_CALLER: usize = 2;

/// How long a caller waits for its turn before it is told that there is none, and when it may well ask again.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// The comparisons that run, and whose they are.
#[derive(Clone, Debug)]
pub(super) struct Comparing {
    turns: Arc<Semaphore>,
    callers: Arc<Callers>,
}

type Callers = Mutex<HashMap<String, usize>>;

impl Default for Comparing {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), callers: Arc::default() }
    }
}

/// A turn, held until dropped.
#[derive(Debug)]
pub(super) struct Turn {
    // Given back before the caller's place is: whoever finds a place may find a turn too.
    _turn: OwnedSemaphorePermit,
    _place: Place,
}

/// One of a caller's.
#[derive(Debug)]
struct Place {
    callers: Arc<Callers>,
    caller: String,
}

impl Comparing {
    /// Waits for a turn.
    ///
    /// # Errors
    /// OVERLOADED, with RetryInfo: at once for a caller that has its share, and for others when none came free in time.
    pub(super) async fn turn(&self, caller: &str, patience: Duration) -> Result<Turn, Failure> {
        let crowded = |own_share| error::crowded("comparing", own_share, PATIENCE);
        let place = self.place(caller).ok_or_else(|| crowded(true))?;
        let turn = timeout(patience, Arc::clone(&self.turns).acquire_owned()).await.map_err(|_| crowded(false))?;
        Ok(Turn { _turn: turn.map_err(|closed| error::task(&closed))?, _place: place })
    }

    fn place(&self, caller: &str) -> Option<Place> {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        let has = callers.entry(caller.to_owned()).or_default();
        if *has >= OF_A_CALLER {
            return None;
        }
        *has += 1;
        drop(callers);
        Some(Place { callers: Arc::clone(&self.callers), caller: caller.to_owned() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(has) = callers.get_mut(&self.caller) {
            *has -= 1;
            if *has == 0 {
                callers.remove(&self.caller);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tonic::Status;
    use tonic_types::StatusExt as _;

    use super::*;

    fn told(refused: Result<Turn, Failure>) -> (String, String) {
        let status = Status::from(refused.unwrap_err());
        let retry = status.get_details_retry_info().unwrap().retry_delay;
        assert_eq!(retry, Some(PATIENCE));
        (status.get_details_error_info().unwrap().reason, status.message().to_owned())
    }

    #[tokio::test]
    async fn a_caller_has_its_share_and_who_finds_no_turn_is_told_so_in_time() {
        let comparing = Comparing::default();
        let soon = Duration::from_millis(20);
        let mut held = Vec::new();
        for caller in ["one", "one", "other", "other"] {
            held.push(comparing.turn(caller, soon).await.unwrap());
        }
        let (reason, words) = told(comparing.turn("one", Duration::from_secs(600)).await);
        assert_eq!(reason, "OVERLOADED");
        assert!(words.starts_with("this caller"), "{words}");
        let (reason, words) = told(comparing.turn("third", soon).await);
        assert_eq!(reason, "OVERLOADED");
        assert!(words.starts_with("the server"), "{words}");

        // Who waits gets the turn that comes free.
        let patient = comparing.clone();
        let waiting = tokio::spawn(async move { patient.turn("third", Duration::from_secs(600)).await });
        tokio::task::yield_now().await;
        drop(held.remove(0));
        let third = waiting.await.unwrap().unwrap();
        drop((held, third));
        assert!(comparing.callers.lock().unwrap().is_empty(), "nobody is remembered");
        assert_eq!(comparing.turns.available_permits(), AT_ONCE);
    }
}
