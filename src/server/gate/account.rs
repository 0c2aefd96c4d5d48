//! What each caller has used of its share: one small account an identity, forgotten when it is as good as new.
//!
//! The rate is kept by the generic cell rate algorithm: an account is the moment at which its next call would be due if it
//! called evenly, and a call may come so much earlier as the burst allows. That is one number, and the wait it tells a
//! caller is exact.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::grpc::Caller;

use super::method::Class;

/// Accounts kept of callers with a certificate, and as many of callers without.
const KEPT: usize = 16_384;
/// A full book is looked through for what can be forgotten at most this often.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How many calls, and how many of them at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Rate {
    interval: u64,
    burst: u64,
}

impl Rate {
    /// So many calls a second, and `burst` at once after a silence.
    pub(super) fn new(per_second: u32, burst: u32) -> Self {
        let interval = 1_000_000_000 / u64::from(per_second.max(1));
        Self { interval, burst: interval * u64::from(burst.saturating_sub(1)) }
    }
}

/// One caller's account.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// When the next call would be due, in nanoseconds of the book's clock.
    due: AtomicU64,
    /// Calls in flight, by class.
    held: [AtomicU32; Class::ALL.len()],
}

impl Account {
    /// Takes a call from the rate, or tells how long to wait.
    fn take(&self, now: u64, rate: Rate) -> Result<(), Duration> {
        let mut due = self.due.load(Ordering::Relaxed);
        loop {
            let early = due.saturating_sub(now);
            if early > rate.burst {
                return Err(Duration::from_nanos(early - rate.burst));
            }
            let next = due.max(now) + rate.interval;
            match self.due.compare_exchange_weak(due, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(other) => due = other,
            }
        }
    }

    pub(super) fn held(&self, class: Class) -> &AtomicU32 {
        &self.held[class as usize]
    }

    /// Nothing in it would be missed.
    fn is_idle(&self, now: u64) -> bool {
        self.due.load(Ordering::Relaxed) <= now && self.held.iter().all(|held| held.load(Ordering::Relaxed) == 0)
    }
}

/// Every account.
#[derive(Debug)]
pub(super) struct Accounts {
    opened: Instant,
    /// By name: of callers without a certificate, and of those with one, whose names must not meet.
    books: [Mutex<Book>; 2],
    /// When there is no room for another, newcomers share one.
    newcomers: Arc<Account>,
}

#[derive(Debug, Default)]
struct Book {
    accounts: HashMap<String, Arc<Account>, foldhash::fast::RandomState>,
    looked: u64,
}

impl Accounts {
    pub(super) fn new() -> Self {
        Self { opened: Instant::now(), books: Default::default(), newcomers: Arc::default() }
    }

    /// The account of a caller, after a call was taken from its rate.
    ///
    /// # Errors
    /// How long the caller should wait.
    pub(super) fn of(
        &self,
        caller: Option<&Caller>,
        now: Instant,
        rate: Option<Rate>,
    ) -> Result<Arc<Account>, Duration> {
        let now = self.time(now);
        let account = match caller {
            Some(caller) => self.open(caller.is_certified(), caller.name(), now),
            None => Arc::clone(&self.newcomers),
        };
        rate.map_or(Ok(()), |rate| account.take(now, rate))?;
        Ok(account)
    }

    fn open(&self, certified: bool, name: &str, now: u64) -> Arc<Account> {
        let mut book = self.books[usize::from(certified)].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(account) = book.accounts.get(name) {
            return Arc::clone(account);
        }
        let look_every = u64::try_from(LOOK_EVERY.as_nanos()).unwrap_or(u64::MAX);
        if book.accounts.len() >= KEPT && now.saturating_sub(book.looked) >= look_every {
            book.forget_idle(now);
        }
        if book.accounts.len() >= KEPT {
            return Arc::clone(&self.newcomers);
        }
        Arc::clone(book.accounts.entry(name.to_owned()).or_default())
    }

    /// Forgets every account that is as good as new.
    pub(super) fn forget_idle(&self) {
        let now = self.time(Instant::now());
        for book in &self.books {
            book.lock().unwrap_or_else(PoisonError::into_inner).forget_idle(now);
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.books.iter().map(|book| book.lock().unwrap_or_else(PoisonError::into_inner).accounts.len()).sum()
    }

    fn time(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.opened).as_nanos()).unwrap_or(u64::MAX)
    }
}

impl Book {
    fn forget_idle(&mut self, now: u64) {
        self.looked = now;
        self.accounts.retain(|_, account| Arc::strong_count(account) > 1 || !account.is_idle(now));
        // What a crowd has left behind is given back, with room for the usual callers.
        self.accounts.shrink_to(64);
    }
}

#[cfg(test)]
#[path = "account_tests.rs"]
mod tests;
