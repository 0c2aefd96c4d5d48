//! Lookups at an even pace, each timed from when it was due.

use std::{
    net::SocketAddr,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use wan_matrix::grpc::proto::{RequestWanMatrixRequest, wan_matrix_service_client::WanMatrixServiceClient};

use crate::rig::connect;

const EVERY: Duration = Duration::from_millis(2);

/// Who asks.
pub(crate) struct Paced {
    addr: SocketAddr,
    requests: Vec<RequestWanMatrixRequest>,
}

impl Paced {
    pub(crate) fn new(addr: SocketAddr, requests: Vec<RequestWanMatrixRequest>) -> Self {
        Self { addr, requests }
    }

    /// Asks for so long, and gives back how long each answer took, in seconds. Every one must be an answer.
    pub(crate) fn run(&self, lasts: Duration) -> Vec<f64> {
        let calls = lasts.div_duration_f64(EVERY) as usize;
        let (due, asked) = tokio::sync::mpsc::unbounded_channel::<Instant>();
        let (tell, took) = mpsc::channel();
        // The clock has a thread of its own: a runtime's timers are a millisecond apart.
        let pace = thread::spawn(move || {
            let start = Instant::now() + EVERY;
            for call in 0..calls {
                let at = start + EVERY * u32::try_from(call).unwrap();
                thread::sleep(at.saturating_duration_since(Instant::now()));
                due.send(at).unwrap();
            }
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(self.ask(asked, &tell));
        drop(tell);
        pace.join().unwrap();
        let took: Vec<f64> = took.iter().collect();
        assert_eq!(took.len(), calls, "every call is answered");
        took
    }

    async fn ask(&self, mut asked: tokio::sync::mpsc::UnboundedReceiver<Instant>, tell: &mpsc::Sender<f64>) {
        let client = WanMatrixServiceClient::new(connect(self.addr).await);
        let mut requests = self.requests.iter().cycle();
        let mut calls = tokio::task::JoinSet::new();
        while let Some(due) = asked.recv().await {
            let (mut client, request, tell) = (client.clone(), requests.next().unwrap().clone(), tell.clone());
            calls.spawn(async move {
                client.request_wan_matrix(request).await.unwrap();
                tell.send(due.elapsed().as_secs_f64()).unwrap();
            });
        }
        while let Some(ended) = calls.join_next().await {
            ended.unwrap();
        }
    }
}

/// The figure below which this part of all lies.
pub(crate) fn percentile(figures: &[f64], part: f64) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted[((sorted.len() as f64 * part) as usize).min(sorted.len() - 1)]
}
