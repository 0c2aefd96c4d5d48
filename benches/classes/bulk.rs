//! Who else uses the machine: planners with batches, or processes that only burn it. Each is this benchmark itself, started
//! again, so that what they use is not this process's.

use std::{
    env, fs,
    hint::black_box,
    io::{BufRead as _, BufReader},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    process::{self, Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use tonic::{
    Code,
    transport::{Channel, Endpoint},
};
use wan_matrix::grpc::proto::{
    BatchRequestWanMatrixRequest, Location, location::Kind, wan_matrix_service_client::WanMatrixServiceClient,
};

/// Set for such a process: what it is to do.
pub(crate) const CHILD: &str = "WAN_MATRIX_BENCH_OTHERS";

/// Planners, each calling from an address of its own, and its batches in flight: together all that the server takes.
const PLANNERS: u8 = 4;
const IN_FLIGHT: usize = 8;

/// Other processes; killed when dropped.
pub(crate) struct Others {
    children: Vec<Child>,
    answered: Arc<AtomicU64>,
}

impl Others {
    /// Planners who ask for batches, one after the other.
    pub(crate) fn planning(addr: SocketAddr, locations: &Path) -> Self {
        Self::start((1..=PLANNERS).map(|planner| format!("plan {addr} {planner} {}", locations.display())))
    }

    /// One for each processor.
    pub(crate) fn burning() -> Self {
        Self::start((0..thread::available_parallelism().unwrap().get()).map(|_| "burn".to_owned()))
    }

    fn start(what: impl Iterator<Item = String>) -> Self {
        let answered = Arc::new(AtomicU64::new(0));
        let child = |what: String| {
            let mut child =
                Command::new(env::current_exe().unwrap()).env(CHILD, what).stdout(Stdio::piped()).spawn().unwrap();
            let (lines, count) = (BufReader::new(child.stdout.take().unwrap()).lines(), Arc::clone(&answered));
            // A line for each ten batches.
            thread::spawn(move || {
                for _ten in lines {
                    count.fetch_add(10, Ordering::Relaxed);
                }
            });
            child
        };
        Self { children: what.map(child).collect(), answered }
    }

    /// Batches answered so far.
    pub(crate) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ended = child.kill();
            let _ended = child.wait();
        }
    }
}

/// Does what it is told until killed.
pub(crate) fn child(what: &str) -> ! {
    match what.split(' ').collect::<Vec<_>>()[..] {
        ["plan", addr, planner, locations] => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(plan(addr, planner.parse().unwrap(), locations));
        }
        _ => burn(),
    }
    process::exit(1)
}

fn burn() {
    let mut state = 1_u64;
    loop {
        state = black_box(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
    }
}

async fn plan(addr: &str, planner: u8, locations: &str) {
    let endpoint = Endpoint::from_shared(format!("http://{addr}")).unwrap().tcp_nodelay(true);
    let own = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 10 + planner));
    let channel = endpoint.local_address(Some(own)).connect().await.unwrap();
    let text = fs::read_to_string(locations).unwrap();
    let location = |line: &str| Location { kind: Some(Kind::Postcode(line.to_owned())) };
    let all: Vec<_> = text.lines().map(location).collect();
    let batches: Arc<Vec<_>> = Arc::new(all.chunks(1000).map(<[_]>::to_vec).collect());
    let mut asking = tokio::task::JoinSet::new();
    let answered = Arc::new(AtomicU64::new(0));
    for first in 0..IN_FLIGHT {
        asking.spawn(ask(channel.clone(), first, Arc::clone(&batches), Arc::clone(&answered)));
    }
    asking.join_next().await;
}

async fn ask(channel: Channel, first: usize, batches: Arc<Vec<Vec<Location>>>, answered: Arc<AtomicU64>) {
    let mut client = WanMatrixServiceClient::new(channel);
    for batch in batches.iter().cycle().skip(first) {
        let request = BatchRequestWanMatrixRequest { locations: batch.clone(), as_of_date: String::new() };
        match client.batch_request_wan_matrix(request).await {
            Ok(reply) => assert_eq!(reply.into_inner().results.len(), 1000),
            // The place of the batch before is given back a moment after its reply was read.
            Err(status) if status.code() == Code::ResourceExhausted => tokio::task::yield_now().await,
            Err(status) => panic!("{status}"),
        }
        if answered.fetch_add(1, Ordering::Relaxed) % 10 == 9 {
            println!("10");
        }
    }
}
