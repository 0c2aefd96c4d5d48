//! `just bench-classes [ROUNDS]`: how long a lookup takes while others do a night's planning.
//!
//! Lookups come at 500 a second, whatever became of those before (so a server that stalls cannot slow the question down), and
//! each is timed from the moment it was due. In one half of a round several clients keep the server busy with batches; in the
//! other half they are gone, and processes that only burn the processor keep the machine as busy. What is compared is the
//! 99th of 100 lookups.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a measurement says so by failing")]

mod bulk;
#[path = "../measure/mod.rs"]
mod measure;
mod paced;
#[path = "../../tests/national/rig/mod.rs"]
mod rig;

use std::{env, process::ExitCode, thread, time::Duration};

use bulk::{Others, child};
use measure::{Drawn, Figures, Ratio, Stock, median, rounds};
use paced::{Paced, percentile};
use rig::{Postcodes, Served};

const LIMIT: f64 = 3.0;
/// Of each half of a round.
const LASTS: Duration = Duration::from_secs(5);
/// Before it is measured, so that whoever makes the machine busy is at it.
const WARM: Duration = Duration::from_millis(500);
/// A region's worth; how many there are changes little.
const POSTCODES: u64 = 200_000;

fn main() -> ExitCode {
    if let Some(what) = env::var_os(bulk::CHILD) {
        child(&what.into_string().unwrap());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stock = Stock::of(Postcodes::Invented(POSTCODES));
    let data_dir = runtime.block_on(stock.data_dir());
    let drawn = Drawn::of(&stock, 20_000);
    let server = Served::start(&data_dir);
    let paced = Paced::new(server.addr(), drawn.requests());
    let locations = stock.path("locations");
    std::fs::write(&locations, drawn.postcodes().join("\n")).unwrap();

    let mut figures = Figures::default();
    let (mut bulk, mut control, mut quiet, mut batches) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds(15) {
        let measured = |others: Option<Others>| {
            thread::sleep(WARM);
            let before = others.as_ref().map(Others::answered);
            let p99 = percentile(&paced.run(LASTS), 0.99);
            let answered =
                others.as_ref().map(Others::answered).zip(before).map_or(0, |(after, before)| after - before);
            (p99, answered)
        };
        // Another first each time.
        for turn in 0..2 {
            if (round + turn) % 2 == 0 {
                let (p99, answered) = measured(Some(Others::planning(server.addr(), &locations)));
                bulk.push(p99);
                batches.push(answered as f64 / LASTS.as_secs_f64());
            } else {
                control.push(measured(Some(Others::burning())).0);
            }
        }
        quiet.push(measured(None).0);
    }
    println!("\n500 lookups a second for {LASTS:?}, {} rounds; the 99th of 100, medians of rounds", bulk.len());
    let millis = |figures: &[f64]| format!("{:.2} ms", median(figures) * 1e3);
    figures.tell("with nothing else", millis(&quiet));
    figures.tell("with others who burn the processor, the control", millis(&control));
    figures.tell("with planners", millis(&bulk));
    figures.tell("their batches of 1000, meanwhile", format!("{:.0} a second", median(&batches)));
    let ratio = Ratio::of(&bulk, &control);
    figures.hold("with planners / with others", ratio.medians, LIMIT, ratio);
    server.stop();
    figures.end()
}
