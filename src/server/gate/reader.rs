//! Readers whose caller does not take its replies.
//!
//! A reply that nobody reads is held by HTTP/2's flow control, where no deadline of a call reaches it: it is asked for
//! nothing more until the caller gives leave. So each connection counts its open calls by the period they began in, three
//! counters in turn. A call that has been open for a whole period beyond its own is over its limit by then, and the
//! connection is closed with everything it holds. Counting costs a call two additions, and no timer.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError, Weak,
    atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering},
};

use tokio::sync::oneshot;

/// Every connection, and the period that calls begin in now.
#[derive(Debug, Default)]
pub(crate) struct Readers {
    period: AtomicUsize,
    open: Mutex<Vec<Weak<Reader>>>,
    closed: AtomicU64,
}

/// The other end of one connection, as its calls know it.
#[derive(Debug)]
pub(crate) struct Reader {
    all: Arc<Readers>,
    calls: [AtomicU32; 3],
    /// Taken when the connection is to be closed.
    close: Mutex<Option<oneshot::Sender<()>>>,
}

/// A call that is counted among its connection's open ones, until dropped.
#[derive(Debug)]
pub(super) struct Open {
    connection: Arc<Reader>,
    period: usize,
}

impl Readers {
    /// A new connection, and what resolves when it must be closed.
    pub(crate) fn open(self: &Arc<Self>) -> (Arc<Reader>, oneshot::Receiver<()>) {
        let (close, closed) = oneshot::channel();
        let all = Arc::clone(self);
        let connection = Arc::new(Reader { all, calls: Default::default(), close: Mutex::new(Some(close)) });
        self.lock().push(Arc::downgrade(&connection));
        (connection, closed)
    }

    /// Begins another period, and closes every connection with a call from before the last one.
    pub(super) fn next_period(&self) {
        let period = self.period.fetch_add(1, Ordering::Relaxed) + 1;
        // The counter that comes next is the oldest: of the period before the one that has just ended.
        self.lock().retain(|connection| {
            let Some(connection) = connection.upgrade() else { return false };
            if connection.calls[(period + 1) % 3].load(Ordering::Relaxed) > 0 {
                connection.close();
            }
            true
        });
    }

    /// How many were closed for what they did not read.
    pub(crate) fn closed(&self) -> u64 {
        self.closed.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Reader>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader {
    /// Counts a call until it is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Open {
        let period = self.all.period.load(Ordering::Relaxed) % 3;
        self.calls[period].fetch_add(1, Ordering::Relaxed);
        Open { connection: Arc::clone(self), period }
    }

    /// Ends the connection, and every call on it.
    pub(super) fn close(&self) {
        let close = self.close.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(close) = close.filter(|close| !close.is_closed()) {
            self.all.closed.fetch_add(1, Ordering::Relaxed);
            tracing::info!("a connection is closed: its caller did not take a reply in time");
            // It may have ended by itself just now.
            let _ended = close.send(());
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.connection.calls[self.period].fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_open_for_a_whole_period_beyond_its_own_closes_its_connection() {
        let connections = Arc::new(Readers::default());
        let (connection, mut close) = connections.open();
        let (busy, mut busy_close) = connections.open();
        let mut call = connection.begin();
        for period in 0..7 {
            // Calls that end within the period after their own are nobody's fault.
            let next = busy.begin();
            connections.next_period();
            drop(next);
            if period < 4 {
                drop(std::mem::replace(&mut call, connection.begin()));
            }
            let over = period >= 5;
            assert_eq!(close.try_recv().is_ok(), period == 5, "{period}");
            assert_eq!(connections.closed(), u64::from(over), "{period}");
        }
        assert!(busy_close.try_recv().is_err());
        // What has gone is not kept.
        drop((call, connection, busy));
        connections.next_period();
        assert!(connections.lock().is_empty());
    }
}
