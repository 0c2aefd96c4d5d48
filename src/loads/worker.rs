//! The thread on which loads run, one after the other.
//!
//! It is started with the server, and so has the priority of those that serve the network: a thread started for a load
//! would have that of whoever took its file in, who yields to lookups.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
};

use super::LoadError;

type Job = Box<dyn FnOnce() + Send>;

/// Ends when dropped, after the load that it is at.
#[derive(Debug)]
pub(super) struct Worker(mpsc::Sender<Job>);

impl Worker {
    pub(super) fn start() -> std::io::Result<Self> {
        let (jobs, next) = mpsc::channel::<Job>();
        let run = move || {
            for job in next {
                // Whoever waits for the load hears that it ended without a word; the next load finds the thread in place.
                if catch_unwind(AssertUnwindSafe(job)).is_err() {
                    tracing::error!("a load broke off in a fault of the program; nothing of it counts");
                }
            }
        };
        thread::Builder::new().name("load".to_owned()).spawn(run)?;
        Ok(Self(jobs))
    }

    /// Runs a job after those before it.
    ///
    /// # Errors
    /// [`LoadError::Thread`]: it is gone.
    pub(super) fn run(&self, job: impl FnOnce() + Send + 'static) -> Result<(), LoadError> {
        self.0.send(Box::new(job)).map_err(|_| LoadError::Thread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_breaks_off_takes_no_other_with_it() {
        let worker = Worker::start().unwrap();
        let (tell, told) = mpsc::channel();
        for n in 0..3 {
            let tell = tell.clone();
            worker
                .run(move || {
                    assert_ne!(n, 1, "breaks off");
                    tell.send((n, thread::current().name().map(str::to_owned))).unwrap();
                })
                .unwrap();
        }
        drop(tell);
        let load = || Some("load".to_owned());
        assert_eq!(told.into_iter().collect::<Vec<_>>(), [(0, load()), (2, load())]);
    }
}
