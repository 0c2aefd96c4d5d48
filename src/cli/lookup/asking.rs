//! Several batches in flight, their answers in order.

use std::collections::VecDeque;

use tokio::{sync::mpsc, task::JoinHandle};
use tonic::{Status, transport::Channel};
use tonic_types::StatusExt as _;

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
type Call = JoinHandle<Result<VecDeque<Asked>, Status>>;

/// A batch and its answer: one result for each input.
#[derive(Debug)]
pub(super) struct Asked {
    pub inputs: Vec<String>,
    pub reply: BatchRequestWanMatrixResponse,
}

/// The answers, in the order of the inputs.
pub(super) struct Answers {
    server: ServerUrl,
    calls: mpsc::Receiver<Result<Call, Failure>>,
    /// Of the latest call, what is not told yet.
    asked: VecDeque<Asked>,
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
    Answers { server, calls, asked: VecDeque::new() }
}

async fn start_calls(
    client: WanMatrixServiceClient<Channel>,
    by: By,
    mut as_of: String,
    mut inputs: Inputs,
    send: mpsc::Sender<Result<Call, Failure>>,
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
        let call = ask_batch(client.clone(), batch, by, as_of.clone());
        let call = if as_of.is_empty() {
            let asked = call.await;
            if let Some(first) = asked.as_ref().ok().and_then(|asked| asked.front()) {
                as_of.clone_from(&first.reply.as_of_date);
            }
            tokio::spawn(std::future::ready(asked))
        } else {
            tokio::spawn(call)
        };
        if send.send(Ok(call)).await.is_err() {
            return;
        }
    }
}

/// One batch's answers. Where texts are so long that the reply would be more than a client takes, it is asked for by
/// halves.
async fn ask_batch(
    mut client: WanMatrixServiceClient<Channel>,
    batch: Vec<String>,
    by: By,
    as_of: String,
) -> Result<VecDeque<Asked>, Status> {
    let mut asked = VecDeque::new();
    let mut next = vec![batch];
    while let Some(mut inputs) = next.pop() {
        match client.batch_request_wan_matrix(soon(request(&inputs, by, as_of.clone()))).await {
            Ok(reply) => asked.push_back(Asked { inputs, reply: reply.into_inner() }),
            Err(status) if inputs.len() > 1 && is_too_large(&status) => {
                let second = inputs.split_off(inputs.len() / 2);
                next.extend([second, inputs]);
            }
            Err(status) => return Err(status),
        }
    }
    Ok(asked)
}

fn is_too_large(status: &Status) -> bool {
    status.get_details_error_info().is_some_and(|info| info.reason == "REPLY_TOO_LARGE")
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
    /// The next answers; `None` when all are told.
    pub(super) async fn next(&mut self) -> Option<Result<Asked, Failure>> {
        while self.asked.is_empty() {
            let call = match self.calls.recv().await? {
                Ok(call) => call,
                Err(failure) => return Some(Err(failure)),
            };
            match call.await {
                Ok(Ok(asked)) => self.asked = asked,
                Ok(Err(status)) => return Some(Err(self.server.refused(status))),
                Err(stopped) => return Some(Err(Failure::Machine(stopped.into()))),
            }
        }
        let asked = self.asked.pop_front()?;
        let (results, locations) = (asked.reply.results.len(), asked.inputs.len());
        if results != locations {
            return Some(Err(self.server.broke_contract(&format!("{results} results for {locations} locations"))));
        }
        Some(Ok(asked))
    }
}
