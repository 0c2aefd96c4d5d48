//! Several batches in flight, their answers in order.

use tokio::{sync::mpsc, task::JoinHandle};
use tonic::{Status, transport::Channel};

use crate::{
    cli::{
        connect::{ServerUrl, soon},
        exit::Failure,
    },
    grpc::proto::{
        BatchRequestWanMatrixRequest, BatchRequestWanMatrixResponse, Location, PartialAddress, location::Kind,
        wan_matrix_service_client::WanMatrixServiceClient,
    },
};

/// Enough that the server never waits for this side, and few enough to be a polite guest.
const IN_FLIGHT: usize = 4;

/// What the inputs are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum By {
    /// Postcodes; with a comma after one, partial addresses: what follows tells the home apart.
    Place,
    Uprn,
}

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
    by: By,
    as_of: String,
    inputs: Inputs,
) -> Answers {
    // One call waits outside the channel, in the hands of each side.
    let (send, calls) = mpsc::channel(IN_FLIGHT - 2);
    tokio::spawn(start_calls(client, by, as_of, inputs, send));
    Answers { server, calls }
}

async fn start_calls(
    client: WanMatrixServiceClient<Channel>,
    by: By,
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
        let request = request(&batch, by, as_of.clone());
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

fn request(batch: &[String], by: By, as_of_date: String) -> BatchRequestWanMatrixRequest {
    let location = |text: &String| Location { kind: Some(kind(text, by)) };
    BatchRequestWanMatrixRequest { locations: batch.iter().map(location).collect(), as_of_date }
}

/// What a text asks for. The server judges it: nothing is checked twice.
fn kind(text: &str, by: By) -> Kind {
    match (by, text.split_once(',')) {
        (By::Uprn, _) => Kind::Uprn(text.to_owned()),
        (By::Place, None) => Kind::Postcode(text.to_owned()),
        (By::Place, Some((postcode, identifier))) => Kind::PartialAddress(PartialAddress {
            postcode: postcode.to_owned(),
            // A space after the comma is the writer's, and would count among the characters.
            address_identifier: identifier.trim().to_owned(),
        }),
    }
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
