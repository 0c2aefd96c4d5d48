//! Coverage files made for a test, and how they are sent.

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Response, Status};
use wan_matrix::grpc::proto::{
    CoverageLoad, CoverageLoadHeader, CspRegion, SubmitCoverageLoadRequest, SubmitCoverageLoadResponse,
    submit_coverage_load_request::Part,
};

use crate::running::{Server, told};

/// How often a test asks before it gives up.
const PATIENCE: usize = 10_000;

const HEADER_ROW: &str = "postcode,availability_date,wan_variant,connectivity_likelihood\n";

/// A file with these rows.
pub(crate) fn csv(rows: &[&str]) -> Vec<u8> {
    let mut file = HEADER_ROW.to_owned();
    for row in rows {
        file.push_str(row);
        file.push('\n');
    }
    file.into_bytes()
}

/// What announces a file: issued at midday of a day in May 2026.
pub(crate) fn header(region: CspRegion, day: i64, file: &[u8]) -> CoverageLoadHeader {
    /// 2026-05-01T12:00:00Z.
    const MAY: i64 = 1_777_636_800;
    CoverageLoadHeader {
        csp_region: region.into(),
        issue_time: Some(prost_types::Timestamp { seconds: MAY + (day - 1) * 86_400, nanos: 0 }),
        reference: "a test's".to_owned(),
        sha256: Sha256::digest(file).to_vec(),
        ..CoverageLoadHeader::default()
    }
}

pub(crate) fn announce(header: CoverageLoadHeader) -> SubmitCoverageLoadRequest {
    SubmitCoverageLoadRequest { part: Some(Part::Header(header)) }
}

pub(crate) fn chunk(bytes: &[u8]) -> SubmitCoverageLoadRequest {
    SubmitCoverageLoadRequest { part: Some(Part::Chunk(Bytes::copy_from_slice(bytes))) }
}

impl Server {
    /// Sends messages as they are.
    pub(crate) async fn send(
        &self,
        messages: Vec<SubmitCoverageLoadRequest>,
    ) -> Result<SubmitCoverageLoadResponse, Status> {
        self.loads.clone().submit_coverage_load(tokio_stream::iter(messages)).await.map(Response::into_inner)
    }

    /// Sends a file under a header.
    pub(crate) async fn submit(
        &self,
        header: CoverageLoadHeader,
        file: &[u8],
    ) -> Result<SubmitCoverageLoadResponse, Status> {
        let mut messages = vec![announce(header)];
        messages.extend(file.chunks(100_000).map(chunk));
        self.send(messages).await
    }

    /// Loads rows for a region, and expects them to become active.
    pub(crate) async fn load(&self, region: CspRegion, day: i64, rows: &[&str]) -> CoverageLoad {
        let file = csv(rows);
        self.submit(header(region, day, &file), &file).await.unwrap().load.unwrap()
    }

    /// Begins an upload that is in the test's hands, and that the server is known to have begun.
    pub(crate) async fn begin(&self, region: CspRegion, file: &[u8]) -> Upload {
        for _ in 0..PATIENCE {
            let upload = self.upload();
            upload.messages.send(announce(header(region, 1, file))).await.unwrap();
            // Room for another message: the first is on its way, and before the question below.
            drop(upload.messages.reserve().await);
            // A file without a byte asks for the turn and changes nothing. It may have been in the upload's way.
            while !upload.answer.is_finished() {
                let busy = told(&self.send(vec![announce(header(CspRegion::North4g, 1, b""))]).await.unwrap_err());
                let whose = busy.metadata.get("csp_region").map(String::as_str);
                if whose.is_some_and(|whose| whose != "4g-north") {
                    return upload;
                }
            }
        }
        panic!("the upload was never begun");
    }

    /// Waits until no upload has the turn.
    pub(crate) async fn idle(&self) {
        for _ in 0..PATIENCE {
            let probe = self.send(vec![announce(header(CspRegion::North4g, 1, b""))]).await;
            if told(&probe.unwrap_err()).reason != "LOAD_IN_PROGRESS" {
                return;
            }
            // The load's threads have the processor only while nobody else wants it.
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        panic!("the turn was never given back");
    }

    pub(crate) fn upload(&self) -> Upload {
        let (messages, receiver) = mpsc::channel(1);
        let mut client = self.loads.clone();
        let answer = tokio::spawn(async move { client.submit_coverage_load(ReceiverStream::new(receiver)).await });
        Upload { messages, answer }
    }
}

/// An upload in progress. Its end is sent when `messages` is dropped.
pub(crate) struct Upload {
    pub(crate) messages: mpsc::Sender<SubmitCoverageLoadRequest>,
    pub(crate) answer: tokio::task::JoinHandle<Result<Response<SubmitCoverageLoadResponse>, Status>>,
}

impl Upload {
    pub(crate) async fn finish(self) -> Result<SubmitCoverageLoadResponse, Status> {
        drop(self.messages);
        self.answer.await.unwrap().map(Response::into_inner)
    }
}
