//! Calls by a timetable: each is sent when it is due, whether or not those before it were answered, and its latency counts
//! from when it was due. A server that stalls is so charged for every call that came due meanwhile.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use tokio::{runtime::Handle, sync::mpsc};
use tonic::{Status, transport::Channel};
use wan_matrix::grpc::proto::{RequestWanMatrixResponse, wan_matrix_service_client::WanMatrixServiceClient};

use crate::versions::Versions;

pub(crate) const CALLS_A_SECOND: u32 = 1_000;

/// One call.
pub(crate) struct Call {
    /// Which postcode it asks.
    pub(crate) asked: usize,
    /// When it was due, from the beginning.
    pub(crate) due: Duration,
    /// How much later it was sent.
    pub(crate) late: Duration,
    /// From when it was due to when its answer was there.
    pub(crate) latency: Duration,
    pub(crate) answer: Result<RequestWanMatrixResponse, Status>,
}

/// What came of a stream.
pub(crate) struct Streamed {
    pub(crate) begun: Instant,
    pub(crate) calls: Vec<Call>,
}

/// Asks for as long as `length`, and waits for every answer.
pub(crate) async fn steady(channel: &Channel, versions: &Arc<Versions>, length: Duration) -> Streamed {
    let count = (length.as_secs_f64() * f64::from(CALLS_A_SECOND)) as u32;
    let (tell, mut told) = mpsc::unbounded_channel();
    let client = WanMatrixServiceClient::new(channel.clone());
    let (runtime, versions) = (Handle::current(), Arc::clone(versions));
    // A thread of its own keeps the timetable: the runtime's timers tick in milliseconds.
    let pacing = thread::spawn(move || {
        let begun = Instant::now();
        for n in 0..count {
            let due = Duration::from_secs(1) * n / CALLS_A_SECOND;
            thread::sleep((begun + due).saturating_duration_since(Instant::now()));
            let late = begun.elapsed().saturating_sub(due);
            let asked = n as usize % versions.len();
            let (mut client, request, tell) = (client.clone(), versions.request(asked), tell.clone());
            runtime.spawn(async move {
                let answer = client.request_wan_matrix(request).await.map(tonic::Response::into_inner);
                let latency = begun.elapsed().saturating_sub(due);
                // The receiver waits until the last of them is done.
                let _heard = tell.send(Call { asked, due, late, latency, answer });
            });
        }
        begun
    });
    let mut calls = Vec::with_capacity(count as usize);
    while let Some(call) = told.recv().await {
        calls.push(call);
    }
    assert_eq!(calls.len(), count as usize, "every call has an end");
    Streamed { begun: pacing.join().unwrap(), calls }
}
