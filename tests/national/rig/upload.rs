//! A coverage file through the RPC, in the chunks that `wan-matrix load` sends.

use std::{fs::File, io::Read as _, path::Path};

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, transport::Channel};
use wan_matrix::{
    domain::CspRegion,
    grpc::proto::{
        CoverageLoad, CoverageLoadHeader, Encoding, SubmitCoverageLoadRequest,
        coverage_load_service_client::CoverageLoadServiceClient, submit_coverage_load_request::Part,
    },
    ingest::Breath,
};

use super::CoverageFile;

/// What `wan-matrix load` sends at a time, and how far it reads ahead.
const CHUNK: usize = 512 * 1024;
const AHEAD: usize = 4;
/// What is read from the disk at once. A sender of the idle class lets others have the processor in between: in life the files
/// come from another machine.
const PIECE: usize = 32 * 1024;
const A_PIECE: u32 = 256;

/// What a load is announced with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// Seconds since 1970.
    pub issued: i64,
    pub reference: String,
}

/// Sends a file and waits until it is active.
pub async fn submit(channel: Channel, file: &CoverageFile, announced: &Announced) -> Result<CoverageLoad, Status> {
    let header = CoverageLoadHeader {
        csp_region: proto_region(file.region),
        issue_time: Some(prost_types::Timestamp { seconds: announced.issued, nanos: 0 }),
        reference: announced.reference.clone(),
        sha256: file.sha256.to_vec(),
        row_count: i64::try_from(file.rows).ok(),
        encoding: Encoding::Identity.into(),
        // A proof reloads a region to say something else throughout, which the guards are there to refuse.
        overrides: (1..=7).collect(),
        override_note: "a proof".to_owned(),
        ..CoverageLoadHeader::default()
    };
    send(channel, &file.path, header).await
}

/// Sends a file under this header.
pub async fn send(channel: Channel, file: &Path, header: CoverageLoadHeader) -> Result<CoverageLoad, Status> {
    let (send, parts) = mpsc::channel(AHEAD);
    let mut content = File::open(file).unwrap();
    let reading = tokio::task::spawn_blocking(move || {
        let part = |part| send.blocking_send(SubmitCoverageLoadRequest { part: Some(part) }).is_ok();
        let mut breath = Breath::default();
        let mut taken = part(Part::Header(header));
        while taken {
            let (mut chunk, mut length) = (vec![0; CHUNK], 0);
            while let Some(piece) = chunk.get_mut(length..CHUNK.min(length + PIECE)).filter(|piece| !piece.is_empty()) {
                match content.read(piece).unwrap() {
                    0 => break,
                    read => length += read,
                }
                breath.steps(A_PIECE);
            }
            chunk.truncate(length);
            taken = !chunk.is_empty() && part(Part::Chunk(chunk.into()));
        }
    });
    let reply = CoverageLoadServiceClient::new(channel).submit_coverage_load(ReceiverStream::new(parts)).await;
    reading.await.unwrap();
    reply.map(|reply| reply.into_inner().load.unwrap())
}

/// A region's number in the proto, from the order DUIS and the contract list them in.
pub fn proto_region(region: CspRegion) -> i32 {
    match region {
        CspRegion::North => 1,
        CspRegion::Central => 2,
        CspRegion::South => 3,
        CspRegion::North4G => 4,
        CspRegion::Central4G => 5,
        CspRegion::South4G => 6,
    }
}
