//! `just bench-disturb [ROUNDS]`: a steady stream of lookups, at rest, while national loads run back to back in the same
//! server, and while another process merely walks the same files.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a measurement says so by failing")]

mod loading;
#[path = "../measure/mod.rs"]
mod measure;
mod measured;
mod plot;
#[path = "../../tests/national/rig/mod.rs"]
mod rig;
mod stream;
mod versions;
mod walking;

use std::{
    fs::{self, File},
    path::Path,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use measure::{Drawn, Figures, Ratio, Stock, median, rounds, tiny};
use measured::{Kind, Phase, Round};
use rig::{Postcodes, Served};
use versions::Versions;

/// Whichever is larger: so many times the idle p99, or so many milliseconds.
const TO_IDLE: f64 = 2.0;
const FLOOR_MS: f64 = 2.0;
/// So many times the p99 beside the walk.
const TO_CONTROL: f64 = 1.5;
/// Postcodes that are asked, again and again.
const ASKED: usize = 5_000;

fn main() -> ExitCode {
    if walking::is_child() {
        walking::child();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (stock, length, rounds) = if tiny() {
        (Stock::of(Postcodes::Invented(20_000)), Duration::from_secs(3), 1)
    } else {
        (Stock::new(), Duration::from_secs(20), rounds(5))
    };
    let others = stock.other_files();
    let versions = [stock.files.clone(), others];
    let drawn = Drawn::of(&stock, ASKED);

    let mut measured: Vec<Round> = Vec::new();
    for number in 0..rounds {
        // A server of its own, so that each round begins with as many loads kept.
        let data_dir = stock.path(&format!("data-{number}"));
        let server = Served::start(&data_dir);
        let round = runtime.block_on(round(&server, &versions, &drawn, length, number));
        println!("round {}: {round}", number + 1);
        measured.push(round);
        drop(server);
        empty(&data_dir);
    }
    draw(&measured, &stock);
    held(&measured)
}

/// Gives back the memory and the disk that a round's loads took, so that each round writes into pages as used as the one
/// before, and leaves the files: a disk that has just deleted thousands makes new ones slowly.
fn empty(directory: &Path) {
    for item in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        if item.file_type().unwrap().is_dir() {
            empty(&item.path());
        } else {
            File::options().write(true).truncate(true).open(item.path()).unwrap();
        }
    }
}

/// The three phases, another first in each round: what the machine does besides must not always meet the same one.
async fn round(
    server: &Served,
    files: &[Vec<rig::CoverageFile>; 2],
    drawn: &Drawn,
    length: Duration,
    number: usize,
) -> Round {
    let channel = server.connect().await;
    let mut loads = loading::Loads::new(server.addr(), files.clone());
    let versions = Arc::new(Versions::learn(&channel, &mut loads, drawn).await);
    let mut order = Kind::ALL;
    order.rotate_left(number % Kind::ALL.len());
    let mut phases = Vec::new();
    for kind in order {
        let (streamed, activations) = match kind {
            Kind::Idle => (stream::steady(&channel, &versions, length).await, Vec::new()),
            Kind::Loads => {
                let running = loads.run();
                let streamed = stream::steady(&channel, &versions, length).await;
                (streamed, running.stop().await)
            }
            Kind::Control => {
                let _walking = walking::Walker::start(&files[0]);
                (stream::steady(&channel, &versions, length).await, Vec::new())
            }
        };
        phases.push(Phase::of(kind, length, streamed, &activations, &versions));
        // What one phase left behind on the disk and in the server is no part of the next.
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Round::of(phases)
}

/// The round whose p99 under loads is the middle one.
fn draw(rounds: &[Round], stock: &Stock) {
    let p99s: Vec<f64> = rounds.iter().map(|round| round.phase(Kind::Loads).p99).collect();
    let middle = median(&p99s);
    let shown = rounds.iter().min_by(|a, b| {
        let off = |round: &Round| (round.phase(Kind::Loads).p99 - middle).abs();
        off(a).total_cmp(&off(b))
    });
    let built = if cfg!(debug_assertions) { ", not optimised" } else { "" };
    let caption = format!("{}: {} rows in {} files{built}", stock.postcodes, stock.rows(), stock.files.len());
    let svg = plot::svg(shown.unwrap(), stream::CALLS_A_SECOND, &caption);
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/load-disturbance.svg");
    fs::write(&home, svg).unwrap();
    println!("\ndrawn: docs/load-disturbance.svg");
}

fn held(rounds: &[Round]) -> ExitCode {
    println!("medians of {} rounds; ratios of medians, and the rounds' least and greatest", rounds.len());
    let mut figures = Figures::default();
    let of = |kind: Kind, figure: fn(&Phase) -> f64| -> Vec<f64> {
        rounds.iter().map(|round| figure(round.phase(kind))).collect()
    };
    for kind in Kind::ALL {
        let [p50, p99, p999] = [|phase: &Phase| phase.p50, |phase: &Phase| phase.p99, |phase: &Phase| phase.p999]
            .map(|f| median(&of(kind, f)));
        figures.tell(kind.name(), format!("p50 {p50:.2} ms, p99 {p99:.2} ms, p99.9 {p999:.2} ms"));
    }
    let late = rounds.iter().flat_map(|round| Kind::ALL.map(|kind| round.phase(kind).late_p99)).fold(0.0, f64::max);
    figures.tell("  of these the caller's own lateness, p99, at most", format!("{late:.2} ms"));
    let activations: usize = rounds.iter().map(|round| round.phase(Kind::Loads).activations.len()).sum();
    figures.tell("loads that became active meanwhile", activations);

    let p99 = |kind| of(kind, |phase| phase.p99);
    let (idle, loads, control) = (p99(Kind::Idle), p99(Kind::Loads), p99(Kind::Control));
    let at_most = limit((TO_IDLE * median(&idle)).max(FLOOR_MS));
    figures.hold("p99 under loads, ms", median(&loads), at_most, format!("{:.2}", median(&loads)));
    figures.tell("p99 under loads / idle", Ratio::of(&loads, &idle));
    let ratio = Ratio::of(&loads, &control);
    figures.hold("p99 under loads / beside the walk", ratio.medians, limit(TO_CONTROL), ratio);
    let sum = |figure: fn(&Phase) -> usize| -> f64 {
        rounds.iter().flat_map(|round| Kind::ALL.map(|kind| figure(round.phase(kind)))).sum::<usize>() as f64
    };
    let failed = sum(|phase| phase.failures.len());
    figures.hold("calls that failed", failed, 0.0, failed);
    let mixed = sum(|phase| phase.mixed);
    figures.hold("answers that are not wholly of the loads they name", mixed, 0.0, mixed);
    for failure in rounds.iter().flat_map(|round| Kind::ALL.map(|kind| &round.phase(kind).failures)).flatten().take(5) {
        println!("  {failure}");
    }
    figures.end()
}

/// To the hundredth; none for figures that say nothing.
fn limit(of: f64) -> f64 {
    if tiny() { f64::INFINITY } else { (of * 100.0).round() / 100.0 }
}
