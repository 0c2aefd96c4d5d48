//! Lookups, as planners send them: one by one from several callers, and by batch.

use std::sync::Arc;

use tonic::transport::Channel;
use wan_matrix::grpc::proto::{
    BatchRequestWanMatrixRequest, Location, RequestWanMatrixRequest, RequestWanMatrixResponse, location::Kind,
    wan_matrix_service_client::WanMatrixServiceClient,
};

use super::Stock;
use crate::rig::Served;

/// Unary calls in flight.
pub const IN_FLIGHT: usize = 16;

/// The postcodes of a set in an order that follows nothing, each as often as needed.
#[derive(Clone, Debug)]
pub struct Drawn(Arc<[String]>);

impl Drawn {
    /// So many postcodes of the set, drawn at random, always the same.
    pub fn of(stock: &Stock, count: usize) -> Self {
        let all: Vec<String> = stock.postcodes.iter().map(|postcode| postcode.to_string()).collect();
        let mut state = 0x0DD5_u64;
        let drawn = (0..count).map(|_| {
            // Knuth's MMIX generator; its high bits are the good ones.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            all[(state >> 33) as usize % all.len()].clone()
        });
        Self(drawn.collect())
    }

    pub fn postcodes(&self) -> &[String] {
        &self.0
    }

    /// A unary request for each.
    pub fn requests(&self) -> Vec<RequestWanMatrixRequest> {
        let request = |postcode: &String| RequestWanMatrixRequest {
            location: Some(location(postcode)),
            as_of_date: String::new(),
        };
        self.0.iter().map(request).collect()
    }

    /// A request for each thousand.
    pub fn batches(&self) -> Vec<BatchRequestWanMatrixRequest> {
        let batch = |postcodes: &[String]| BatchRequestWanMatrixRequest {
            locations: postcodes.iter().map(|postcode| location(postcode)).collect(),
            as_of_date: String::new(),
        };
        self.0.chunks(1000).map(batch).collect()
    }
}

fn location(postcode: &str) -> Location {
    Location { kind: Some(Kind::Postcode(postcode.to_owned())) }
}

/// Asks every request once, [`IN_FLIGHT`] at a time over one connection. Every one must be answered.
pub async fn ask_each(channel: &Channel, requests: &Arc<Vec<RequestWanMatrixRequest>>) {
    let callers: Vec<_> = (0..IN_FLIGHT)
        .map(|caller| {
            let (mut client, requests) = (WanMatrixServiceClient::new(channel.clone()), Arc::clone(requests));
            tokio::spawn(async move {
                for request in requests.iter().skip(caller).step_by(IN_FLIGHT) {
                    let answer = client.request_wan_matrix(request.clone()).await.unwrap().into_inner();
                    assert!(answer.wan_matrix.is_some());
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
}

/// One postcode's answer.
pub async fn ask_one(channel: &Channel, postcode: &str) -> RequestWanMatrixResponse {
    let request = RequestWanMatrixRequest { location: Some(location(postcode)), as_of_date: String::new() };
    WanMatrixServiceClient::new(channel.clone()).request_wan_matrix(request).await.unwrap().into_inner()
}

/// A working day's worth of lookups, some by batch.
pub async fn ask(server: &Served, stock: &Stock) {
    let drawn = Drawn::of(stock, 100_000);
    let channel = server.connect().await;
    let mut client = WanMatrixServiceClient::new(channel.clone());
    for batch in drawn.batches() {
        let results = client.batch_request_wan_matrix(batch).await.unwrap().into_inner().results;
        assert_eq!(results.len(), 1000);
    }
    let mut requests = drawn.requests();
    requests.truncate(20_000);
    ask_each(&channel, &Arc::new(requests)).await;
}
