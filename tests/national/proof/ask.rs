//! Every place is asked, in batches, several of them in flight.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use tonic::transport::Channel;
use wan_matrix::grpc::proto::wan_matrix_service_client::WanMatrixServiceClient;

use super::{
    batch::{Batch, SIZE},
    judge::{Loaded, judge},
    source::{Country, Places},
    tally::Tally,
};

/// Batches in flight.
const IN_FLIGHT: usize = 4;

/// When enough was asked.
#[derive(Clone)]
pub(super) enum Until {
    /// Every place was asked once.
    EveryPlace,
    /// Every place was asked at least once, and this was set.
    AlsoSet(Arc<AtomicBool>),
}

/// Asks, and judges what is answered.
#[derive(Clone)]
pub(super) struct Asker(Arc<Inner>);

struct Inner {
    channel: Channel,
    places: Places,
    /// What an answer may agree with; with one country, all of it must.
    countries: Vec<Country>,
    /// The loads that are active at the beginning.
    loaded: Vec<Loaded>,
    next: AtomicUsize,
    tally: Mutex<Tally>,
}

impl Asker {
    pub(super) fn new(channel: Channel, places: Places, countries: Vec<Country>, loaded: Vec<Loaded>) -> Self {
        let tally = Mutex::new(Tally { listed: places.listed, ..Tally::default() });
        Self(Arc::new(Inner { channel, places, countries, loaded, next: AtomicUsize::new(0), tally }))
    }

    pub(super) async fn ask(&self, until: Until) -> Tally {
        let askers = (0..IN_FLIGHT).map(|_| tokio::spawn(self.clone().ask_in_turn(until.clone())));
        for asker in askers.collect::<Vec<_>>() {
            asker.await.unwrap();
        }
        self.with_tally(std::mem::take)
    }

    pub(super) fn with_tally<T>(&self, what: impl FnOnce(&mut Tally) -> T) -> T {
        what(&mut self.0.tally.lock().unwrap())
    }

    async fn ask_in_turn(self, until: Until) {
        let Inner { channel, places, countries, loaded, next, .. } = &*self.0;
        let mut client = WanMatrixServiceClient::new(channel.clone());
        let batches = places.all.len().div_ceil(SIZE);
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            let enough = match &until {
                Until::EveryPlace => true,
                Until::AlsoSet(set) => set.load(Ordering::Relaxed),
            };
            if n >= batches && enough {
                return;
            }
            // The second time round each day is another batch's.
            let asked = places.all.chunks(SIZE).nth(n % batches).unwrap();
            let batch = Batch::nth(n + n / batches, asked);
            match client.batch_request_wan_matrix(batch.request()).await {
                Ok(reply) => {
                    let verdict = judge(&batch, &reply.into_inner(), countries);
                    self.with_tally(|tally| tally.add(verdict, loaded));
                }
                Err(status) => self.with_tally(|tally| tally.fail(&status.to_string())),
            }
        }
    }
}
