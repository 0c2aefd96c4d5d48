//! One load at a time: lookups come first, and two national loads at once would take the memory and the disk of both.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::domain::CspRegion;

/// Whose turn it is.
#[derive(Debug, Default)]
pub(super) struct Turns {
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct State {
    taken: Option<CspRegion>,
    /// Nobody takes a turn any more.
    closed: bool,
}

/// Why there is no turn to be had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Taken {
    /// This region's load has it.
    By(CspRegion),
    /// The server ends.
    ForGood,
}

/// The turn, held until dropped.
#[derive(Debug)]
pub(super) struct Turn(Arc<Turns>);

impl Turns {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the turn.
    ///
    /// # Errors
    /// Who has it.
    pub(super) fn take(self: &Arc<Self>, region: CspRegion) -> Result<Turn, Taken> {
        let mut state = self.state();
        match *state {
            State { closed: true, .. } => Err(Taken::ForGood),
            State { taken: Some(other), .. } => Err(Taken::By(other)),
            State { taken: None, closed: false } => {
                state.taken = Some(region);
                Ok(Turn(Arc::clone(self)))
            }
        }
    }

    /// Lets nobody take a turn from now on, and waits until nobody has it.
    pub(super) async fn close(&self) {
        self.state().closed = true;
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            // Registered before looking, so that a turn freed in between is not missed.
            freed.as_mut().enable();
            if self.state().taken.is_none() {
                return;
            }
            freed.await;
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.state().taken = None;
        self.0.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_turn_is_one_loads_until_it_is_dropped_and_nobodys_once_they_are_closed() {
        let turns = Arc::new(Turns::default());
        let turn = turns.take(CspRegion::South).unwrap();
        assert_eq!(turns.take(CspRegion::North).unwrap_err(), Taken::By(CspRegion::South));
        drop(turn);
        let turn = turns.take(CspRegion::North).unwrap();
        let closing = tokio::spawn({
            let turns = Arc::clone(&turns);
            async move { turns.close().await }
        });
        while !turns.state().closed {
            tokio::task::yield_now().await;
        }
        assert!(!closing.is_finished());
        assert_eq!(turns.take(CspRegion::South).unwrap_err(), Taken::ForGood);
        drop(turn);
        closing.await.unwrap();
        assert_eq!(turns.take(CspRegion::South).unwrap_err(), Taken::ForGood);
    }
}
