//! National loads, back to back: every file of one version, then every file of the other, and again.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Instant,
};

use thread_priority::{
    NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
};
use tokio::sync::oneshot;

use crate::{
    measure::ISSUED,
    rig::{Announced, CoverageFile, connect, submit},
};

/// When a load became active, as its sender heard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Activation(pub(crate) Instant);

/// Whoever sends the files.
pub(crate) struct Loads {
    addr: SocketAddr,
    versions: Arc<[Vec<CoverageFile>; 2]>,
    /// How many were sent: each is issued later than the one before.
    sent: i64,
}

/// Loads that run until they are stopped.
pub(crate) struct Running {
    stop: Arc<AtomicBool>,
    activations: oneshot::Receiver<Vec<Activation>>,
}

impl Loads {
    pub(crate) fn new(addr: SocketAddr, versions: [Vec<CoverageFile>; 2]) -> Self {
        Self { addr, versions: Arc::new(versions), sent: 0 }
    }

    /// Loads every file of a version.
    pub(crate) async fn all_of(&mut self, version: usize) {
        let channel = connect(self.addr).await;
        for file in &self.versions[version] {
            self.sent += 1;
            submit(channel.clone(), file, &announced(version, self.sent)).await.unwrap();
        }
    }

    /// Which version a load is of, by the reference it was announced with.
    pub(crate) fn version_of(reference: &str) -> Option<usize> {
        reference.strip_prefix(REFERENCE)?.parse().ok()
    }

    /// Begins to load, on a thread of its own: in life the files come from another machine, and what sends them must not
    /// take the callers' processor time.
    pub(crate) fn run(&mut self) -> Running {
        let stop = Arc::new(AtomicBool::new(false));
        let (tell, activations) = oneshot::channel();
        let (addr, versions, stopped, mut sent) = (self.addr, Arc::clone(&self.versions), Arc::clone(&stop), self.sent);
        // More than can be sent before it ends.
        self.sent += 1_000_000;
        thread::spawn(move || {
            // A system that refuses only makes the callers a little slower.
            let yield_to_callers = || {
                let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
                let _refused = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle);
            };
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            yield_to_callers();
            let runtime = runtime.enable_all().on_thread_start(yield_to_callers).build().unwrap();
            let activations = runtime.block_on(async {
                let channel = connect(addr).await;
                let mut activations = Vec::new();
                // The first version is active: begin with the other.
                for version in [1, 0].into_iter().cycle() {
                    for file in &versions[version] {
                        if stopped.load(Ordering::Relaxed) {
                            return activations;
                        }
                        sent += 1;
                        submit(channel.clone(), file, &announced(version, sent)).await.unwrap();
                        activations.push(Activation(Instant::now()));
                    }
                }
                activations
            });
            // Whoever runs the measurement has ended otherwise.
            let _heard = tell.send(activations);
        });
        Running { stop, activations }
    }
}

impl Running {
    /// Lets the load under way come to its end.
    pub(crate) async fn stop(self) -> Vec<Activation> {
        self.stop.store(true, Ordering::Relaxed);
        self.activations.await.unwrap()
    }
}

const REFERENCE: &str = "version ";

fn announced(version: usize, sent: i64) -> Announced {
    Announced { issued: ISSUED + sent, reference: format!("{REFERENCE}{version}") }
}
