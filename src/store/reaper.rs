//! What is superseded is dropped here: closing sled flushes and joins threads, which no async thread may wait for.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
};

/// Hands things to the thread that drops them. The thread ends when the last handle is gone.
#[derive(Clone, Debug)]
pub struct Reaper(mpsc::Sender<Box<dyn Any + Send>>);

impl Reaper {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start() -> std::io::Result<Self> {
        let (sender, receiver) = mpsc::channel::<Box<dyn Any + Send>>();
        thread::Builder::new().name("reaper".to_owned()).spawn(move || receiver.into_iter().for_each(dropped))?;
        Ok(Self(sender))
    }

    /// Drops it on the reaper's thread; here and now if that thread has ended.
    pub fn drop_later(&self, thing: impl Any + Send) {
        // A closed channel gives the thing back inside its error, which drops it.
        let _gone = self.0.send(Box::new(thing));
    }
}

/// sled panics where a database that is closed cannot be synced. Nothing of it is needed any more, and the next thing is
/// still to be dropped here.
fn dropped(thing: Box<dyn Any + Send>) {
    if catch_unwind(AssertUnwindSafe(|| drop(thing))).is_err() {
        tracing::error!("what was superseded could not be closed in order");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Tells(mpsc::Sender<Option<String>>, bool);

    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.send(thread::current().name().map(str::to_owned)).unwrap();
            assert!(self.1, "it cannot be closed");
        }
    }

    #[test]
    fn a_thing_that_cannot_be_dropped_keeps_no_other_from_it() {
        let reaper = Reaper::start().unwrap();
        let (tell, told) = mpsc::channel();
        for good in [true, false, true] {
            reaper.drop_later(Tells(tell.clone(), good));
        }
        drop(tell);
        assert_eq!(told.into_iter().collect::<Vec<_>>(), vec![Some("reaper".to_owned()); 3]);
    }
}
