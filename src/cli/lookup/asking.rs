//! Several batches in flight, their answers in order.

use tokio::{sync::mpsc, task::JoinHandle};
use tonic::{Status, transport::Channel};

use crate::{
    cli::{
        connect::{ServerUrl, soon},
        exit::Failure,
    },
    grpc::proto::{
        BatchRequestWanMatrixRequest, BatchRequestWanMatrixResponse, Location, location::Kind,
        wan_matrix_service_client::WanMatrixServiceClient,
    },
};

/// Enough that the server never waits for this side, and few enough to be a polite guest.
const IN_FLIGHT: usize = 4;

type Inputs = mpsc::Receiver<Result<Vec<String>, Failure>>;
type Call = JoinHandle<Result<BatchRequestWanMatrixResponse, Status>>;

/// A batch and its answer: one result for each input.
#[derive(Debug)]
pub(super) struct Asked {
    pub inputs: Vec<String>,
    pub reply: BatchRequestWanMatrixResponse,
}

/// The answers, in the order of the inputs.
pub(super) struct Answers {
    server: ServerUrl,
    calls: mpsc::Receiver<Result<(Vec<String>, Call), Failure>>,
}

/// Asks every batch. An empty `as_of` is today, as the first answer says it: a run that passes midnight keeps its day.
pub(super) fn ask(
    client: WanMatrixServiceClient<Channel>,
    server: ServerUrl,
    as_of: String,
    inputs: Inputs,
) -> Answers {
    // One call waits outside the channel, in the hands of each side.
    let (send, calls) = mpsc::channel(IN_FLIGHT - 2);
    tokio::spawn(start_calls(client, as_of, inputs, send));
    Answers { server, calls }
}

async fn start_calls(
    client: WanMatrixServiceClient<Channel>,
    mut as_of: String,
    mut inputs: Inputs,
    send: mpsc::Sender<Result<(Vec<String>, Call), Failure>>,
) {
    while let Some(batch) = inputs.recv().await {
        let batch = match batch {
            Ok(batch) => batch,
            Err(failure) => {
                // Nobody listening is as good as told.
                let _ = send.send(Err(failure)).await;
                return;
            }
        };
        let request = request(&batch, as_of.clone());
        let mut client = client.clone();
        let call = async move { client.batch_request_wan_matrix(soon(request)).await.map(tonic::Response::into_inner) };
        let call = if as_of.is_empty() {
            let reply = call.await;
            if let Ok(reply) = &reply {
                as_of.clone_from(&reply.as_of_date);
            }
            tokio::spawn(std::future::ready(reply))
        } else {
            tokio::spawn(call)
        };
        if send.send(Ok((batch, call))).await.is_err() {
            return;
        }
    }
}

fn request(batch: &[String], as_of_date: String) -> BatchRequestWanMatrixRequest {
    let location = |text: &String| Location { kind: Some(Kind::Postcode(text.clone())) };
    BatchRequestWanMatrixRequest { locations: batch.iter().map(location).collect(), as_of_date }
}

impl Answers {
    /// The next batch's answer; `None` when all are told.
    pub(super) async fn next(&mut self) -> Option<Result<Asked, Failure>> {
        let (inputs, call) = match self.calls.recv().await? {
            Ok(asked) => asked,
            Err(failure) => return Some(Err(failure)),
        };
        Some(match call.await {
            Ok(Ok(reply)) if reply.results.len() == inputs.len() => Ok(Asked { inputs, reply }),
            Ok(Ok(reply)) => Err(self.server.broke_contract(&format!(
                "{} results for {} locations",
                reply.results.len(),
                inputs.len()
            ))),
            Ok(Err(status)) => Err(self.server.refused(status)),
            Err(stopped) => Err(Failure::Machine(stopped.into())),
        })
    }
}
