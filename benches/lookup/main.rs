//! `just bench-lookup [ROUNDS]`: the processor time a lookup costs the server, beside a bare tonic service that answers
//! the same message from a constant, beside a second such service, and beside its own handlers with nothing before them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a measurement says so by failing")]

mod bare;
mod in_process;
mod layers;
#[path = "../measure/mod.rs"]
mod measure;
#[path = "../../tests/national/rig/mod.rs"]
mod rig;

use std::{env, process::ExitCode, sync::Arc};

use bare::Bare;
use measure::{Drawn, Figures, Ratio, Stock, ask_each, ask_one, copy_tree, cpu_time, median, rounds};
use prost::Message as _;
use rig::{Served, connect};
use tokio::runtime::Runtime;
use tonic::transport::Channel;
use wan_matrix::grpc::proto::{
    RequestWanMatrixRequest, RequestWanMatrixResponse, wan_matrix_service_client::WanMatrixServiceClient,
};

/// What the handlers may cost beside a constant, and the server as it is served: behind its gate, with access rules and
/// accounts of every call.
const HANDLERS: f64 = 1.15;
const WHOLE: f64 = 1.25;
/// Calls of one round to one server.
const CALLS: usize = 20_000;
/// Requests, drawn once; each round asks the next of them.
const DRAWN: usize = 200_000;

/// A server under measurement.
struct Contender {
    name: &'static str,
    process: u32,
    channel: Channel,
    /// Processor time of each round, in microseconds a call.
    rounds: Vec<f64>,
}

fn main() -> ExitCode {
    if let Some(answer) = env::var_os(bare::CHILD) {
        bare::child(&answer.into_string().unwrap());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stock = Stock::new();
    let data_dir = runtime.block_on(stock.data_dir());
    let drawn = Drawn::of(&stock, DRAWN);
    let mut figures = Figures::default();

    let server = Served::start(&data_dir);
    let channel = runtime.block_on(server.connect());
    let answer = stock.path("answer");
    let typical = runtime.block_on(typical(&channel, &drawn));
    println!("the constant answer: {} bytes, {} regions", typical.encoded_len(), regions(&typical));
    std::fs::write(&answer, typical.encode_to_vec()).unwrap();
    let own = stock.path("handlers");
    // One process owns a data directory, so this one has a copy: as it is on disk while nobody writes.
    copy_tree(&data_dir, &own).unwrap();
    let bares = [Bare::start(&answer), Bare::start(&answer), Bare::handlers(&own)];

    let contender = |name, process, channel| Contender { name, process, channel, rounds: Vec::new() };
    let mut contenders = vec![
        contender("bare", bares[0].id(), runtime.block_on(connect(bares[0].addr()))),
        contender("bare'", bares[1].id(), runtime.block_on(connect(bares[1].addr()))),
        contender("the handlers alone", bares[2].id(), runtime.block_on(connect(bares[2].addr()))),
        contender("the server", server.id(), channel.clone()),
    ];
    unary(&runtime, &mut contenders, &drawn);
    tell_unary(&mut figures, &contenders);
    batches(&figures, &runtime, &server, &channel, &drawn);
    drop((contenders, bares));
    server.stop();
    in_process::tell(&figures, &data_dir, &drawn);
    layers::tell(&figures);
    figures.end()
}

/// The answer whose length is nearest the mean: what is answered from a constant must weigh what is answered in earnest.
async fn typical(channel: &Channel, drawn: &Drawn) -> RequestWanMatrixResponse {
    let mut answers = Vec::new();
    for postcode in drawn.postcodes().iter().take(2000) {
        answers.push(ask_one(channel, postcode).await);
    }
    let mean = answers.iter().map(|answer| answer.encoded_len()).sum::<usize>() / answers.len();
    answers.into_iter().min_by_key(|answer| answer.encoded_len().abs_diff(mean)).unwrap()
}

fn regions(answer: &RequestWanMatrixResponse) -> usize {
    answer.wan_matrix.as_ref().map_or(0, |matrix| matrix.coverage.len())
}

/// In every round each answers the same calls, another first each time. The first round only warms up.
fn unary(runtime: &Runtime, contenders: &mut [Contender], drawn: &Drawn) {
    let requests = drawn.requests();
    let calls: Vec<Arc<Vec<RequestWanMatrixRequest>>> =
        requests.chunks(CALLS).map(|chunk| Arc::new(chunk.to_vec())).collect();
    let contestants = contenders.len();
    for round in 0..=rounds(30) {
        for turn in 0..contestants {
            let contender = &mut contenders[(round + turn) % contestants];
            let before = cpu_time(contender.process);
            runtime.block_on(ask_each(&contender.channel, &calls[round % calls.len()]));
            let spent = cpu_time(contender.process) - before;
            if round > 0 {
                contender.rounds.push(spent.as_secs_f64() * 1e6 / CALLS as f64);
            }
        }
    }
}

fn tell_unary(figures: &mut Figures, contenders: &[Contender]) {
    let [bare, other, handlers, server] = contenders else { panic!("four contenders") };
    println!(
        "\nunary, {} calls in flight, medians of {} alternating rounds of {CALLS} calls; ratios of medians, and the \
         rounds' least and greatest",
        measure::IN_FLIGHT,
        bare.rounds.len()
    );
    for contender in contenders {
        figures.tell(contender.name, format!("{:.1} µs of processor time a call", median(&contender.rounds)));
    }
    figures.tell("bare' / bare, the control", Ratio::of(&other.rounds, &bare.rounds));
    let ratio = Ratio::of(&handlers.rounds, &bare.rounds);
    figures.hold("handlers / bare", ratio.medians, HANDLERS, ratio);
    let ratio = Ratio::of(&server.rounds, &bare.rounds);
    figures.hold("server / bare, with every layer on", ratio.medians, WHOLE, ratio);
    figures.tell("server / bare'", Ratio::of(&server.rounds, &other.rounds));
    figures.tell("server / handlers: all that lies before them", Ratio::of(&server.rounds, &handlers.rounds));
}

fn batches(figures: &Figures, runtime: &Runtime, server: &Served, channel: &Channel, drawn: &Drawn) {
    let mut rates = Vec::new();
    for _ in 0..5 {
        let before = cpu_time(server.id());
        runtime.block_on(async {
            let mut client = WanMatrixServiceClient::new(channel.clone());
            for batch in drawn.batches() {
                let results = client.batch_request_wan_matrix(batch).await.unwrap().into_inner().results;
                assert_eq!(results.len(), 1000);
            }
        });
        rates.push(DRAWN as f64 / (cpu_time(server.id()) - before).as_secs_f64());
    }
    figures.tell("by batches of 1000", format!("{:.2} M lookups a second of processor time", median(&rates) / 1e6));
}
