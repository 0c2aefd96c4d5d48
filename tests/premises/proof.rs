//! Every row of every file is asked by its key, and every field of the answer is held against it.

use tokio::task::JoinSet;
use tonic::transport::Channel;
use wan_matrix::grpc::proto::{
    BatchRequestWanMatrixRequest, Location, RegionalCoverage, WanMatrix, wan_matrix_result::Outcome,
    wan_matrix_service_client::WanMatrixServiceClient,
};

use crate::{
    rig::{Announced, CoverageFile, Served, submit},
    source::{DAY, rows},
};

/// When the loads were issued: seconds since 1970, 2025-12-01.
pub(crate) const ISSUED: i64 = 1_764_547_200;
const BATCH: usize = 1000;
const IN_FLIGHT: usize = 4;
const DIFFERENCES_KEPT: usize = 5;

/// What was asked, and what came of it.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Rows asked by their key.
    pub(crate) keys: u64,
    /// Premises with a UPRN asked by their address as well.
    pub(crate) addresses: u64,
    differences: u64,
    first: Vec<String>,
}

impl Tally {
    /// Every row was asked, and each answer was the row's.
    pub(crate) fn assert_proved(&self, rows: u64) {
        println!("{} keys and {} addresses asked, {} differences", self.keys, self.addresses, self.differences);
        assert_eq!(self.differences, 0, "{:#?}", self.first);
        assert_eq!(self.keys, rows);
        assert!(self.addresses > 0);
    }

    fn add(&mut self, other: Self) {
        self.keys += other.keys;
        self.addresses += other.addresses;
        self.differences += other.differences;
        self.first.extend(other.first);
        self.first.truncate(DIFFERENCES_KEPT);
    }
}

/// Loads every file, one after the other.
pub(crate) async fn load(server: &Served, files: &[CoverageFile]) {
    let channel = server.connect().await;
    for file in files {
        let announced = Announced { issued: ISSUED, reference: file.region.slug().to_owned() };
        let load = submit(channel.clone(), file, &announced).await;
        let load = load.unwrap_or_else(|status| panic!("{}: {}", file.region, status.message()));
        let report = load.report.unwrap();
        let counted = [report.rows, report.accepted, report.premises].map(i64::unsigned_abs);
        assert_eq!(counted, [file.rows, file.rows, file.premises], "{}", file.region);
    }
}

/// Asks for every row by its key, and for each of so many premises with a UPRN and an identifier by its address.
pub(crate) async fn ask_all(server: &Served, files: &[CoverageFile], one_address_in: usize) -> Tally {
    let channel = server.connect().await;
    let (mut tally, mut calls, mut batch) = (Tally::default(), JoinSet::new(), Vec::with_capacity(BATCH));
    let mut both = 0;
    for row in files.iter().flat_map(rows) {
        if !row.uprn.is_empty() && !row.identifier.is_empty() {
            both += 1;
            if both % one_address_in == 0 {
                tally.addresses += 1;
                batch.push((row.by_address(), row.demands()));
            }
        }
        tally.keys += 1;
        batch.push((row.by_key(), row.demands()));
        if batch.len() >= BATCH - 1 {
            if calls.len() == IN_FLIGHT {
                tally.add(calls.join_next().await.unwrap().unwrap());
            }
            calls.spawn(ask(channel.clone(), std::mem::take(&mut batch)));
        }
    }
    calls.spawn(ask(channel, batch));
    while let Some(call) = calls.join_next().await {
        tally.add(call.unwrap());
    }
    tally
}

async fn ask(channel: Channel, batch: Vec<(Location, RegionalCoverage)>) -> Tally {
    let (locations, demanded): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
    let request = BatchRequestWanMatrixRequest { locations: locations.clone(), as_of_date: DAY.to_owned() };
    let reply = WanMatrixServiceClient::new(channel).batch_request_wan_matrix(request).await.unwrap().into_inner();
    assert_eq!(reply.results.len(), locations.len());
    let mut tally = Tally::default();
    for ((location, demanded), result) in locations.into_iter().zip(demanded).zip(reply.results) {
        let found = match &result.outcome {
            Some(Outcome::WanMatrix(WanMatrix { coverage, .. })) => {
                coverage.iter().filter(|said| **said == demanded).count()
            }
            _ => 0,
        };
        if found != 1 {
            tally.differences += 1;
            if tally.first.len() < DIFFERENCES_KEPT {
                tally.first.push(format!("{location:?} should have been {demanded:?} and was {:?}", result.outcome));
            }
        }
    }
    tally
}
