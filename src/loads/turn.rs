//! One load at a time: lookups come first, and two national loads at once would take the memory and the disk of both.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::domain::CspRegion;

/// Whose turn it is.
#[derive(Debug, Default)]
pub(super) struct Turns {
    taken: Mutex<Option<CspRegion>>,
    freed: Notify,
}

/// The turn, held until dropped.
#[derive(Debug)]
pub(super) struct Turn(Arc<Turns>);

impl Turns {
    /// Takes the turn.
    ///
    /// # Errors
    /// The region whose load has it.
    pub(super) fn take(self: &Arc<Self>, region: CspRegion) -> Result<Turn, CspRegion> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        match *taken {
            Some(other) => Err(other),
            None => {
                *taken = Some(region);
                Ok(Turn(Arc::clone(self)))
            }
        }
    }

    /// Waits until nobody has the turn.
    pub(super) async fn idle(&self) {
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            // Registered before looking, so that a turn freed in between is not missed.
            freed.as_mut().enable();
            if self.taken.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
                return;
            }
            freed.await;
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *self.0.taken.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.0.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_turn_is_one_loads_until_it_is_dropped() {
        let turns = Arc::new(Turns::default());
        let turn = turns.take(CspRegion::South).unwrap();
        assert_eq!(turns.take(CspRegion::North).unwrap_err(), CspRegion::South);
        drop(turn);
        turns.idle().await;
        assert!(turns.take(CspRegion::North).is_ok());
    }
}
