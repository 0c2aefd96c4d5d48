//! What is superseded is dropped here: closing sled flushes and joins threads, which no async thread may wait for.

use std::{any::Any, sync::mpsc, thread};

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
        thread::Builder::new().name("reaper".to_owned()).spawn(move || receiver.into_iter().for_each(drop))?;
        Ok(Self(sender))
    }

    /// Drops it on the reaper's thread; here and now if that thread has ended.
    pub fn drop_later(&self, thing: impl Any + Send) {
        // A closed channel gives the thing back inside its error, which drops it.
        let _gone = self.0.send(Box::new(thing));
    }
}
