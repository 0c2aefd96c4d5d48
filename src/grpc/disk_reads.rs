//! Answers that wait for the disk: made on threads that may block, never on one that serves calls.

use std::sync::Arc;

use tokio::{sync::Semaphore, task};

use super::{error, failure::Failure};

/// How many are read at a time. A disk hardly serves more, and each takes a thread; the rest wait their turn, and count
/// among the calls in flight meanwhile.
const AT_A_TIME: usize = 8;

/// Reads of one class of calls: those of planners never stand before a fitter's.
#[derive(Clone, Debug)]
pub(super) struct DiskReads(Arc<Semaphore>);

impl DiskReads {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(AT_A_TIME)))
    }

    /// Makes an answer on a thread that may block, one of those of the runtime it is asked on.
    pub(super) async fn make<T: Send + 'static>(
        &self,
        answer: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let place = Arc::clone(&self.0).acquire_owned().await.map_err(|error| error::task(&error))?;
        let make = move || {
            let made = answer();
            // Held as long as the thread is, also when nobody waits for the answer any more.
            drop(place);
            made
        };
        task::spawn_blocking(make).await.map_err(|error| error::task(&error))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        thread,
        time::Duration,
    };

    use super::*;

    #[tokio::test]
    async fn no_more_are_made_at_a_time_than_may_be_and_none_where_calls_are_served() {
        let (reads, here) = (Arc::new(DiskReads::new()), thread::current().id());
        let [now, most] = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
        let mut made = task::JoinSet::new();
        for number in 0..5 * AT_A_TIME {
            let (reads, now, most) = (Arc::clone(&reads), Arc::clone(&now), Arc::clone(&most));
            made.spawn(async move {
                let make = move || {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    thread::sleep(Duration::from_millis(2));
                    now.fetch_sub(1, Ordering::SeqCst);
                    (number, thread::current().id())
                };
                reads.make(make).await.unwrap()
            });
        }
        let mut numbers = Vec::new();
        while let Some(made) = made.join_next().await {
            let (number, at) = made.unwrap();
            assert_ne!(at, here);
            numbers.push(number);
        }
        numbers.sort_unstable();
        assert_eq!(numbers, (0..5 * AT_A_TIME).collect::<Vec<_>>());
        assert!((2..=AT_A_TIME).contains(&most.load(Ordering::SeqCst)), "{most:?}");
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_keeps_its_place_until_it_is_made() {
        let reads = DiskReads::new();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let given_up = tokio::time::timeout(Duration::from_millis(20), reads.make(move || wait.recv())).await;
        assert!(given_up.is_err());
        assert_eq!(reads.0.available_permits(), AT_A_TIME - 1);
        drop(go);
        while reads.0.available_permits() < AT_A_TIME {
            task::yield_now().await;
        }
    }
}
