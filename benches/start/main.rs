//! `just bench-start [ROUNDS]`: how soon a server answers after a restart, beside a bare process that only opens the same
//! databases.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a measurement says so by failing")]

#[path = "../measure/mod.rs"]
mod measure;
mod opening;
#[path = "../../tests/national/rig/mod.rs"]
mod rig;

use std::{env, fs, path::Path, process::ExitCode, time::Instant};

use measure::{Drawn, Figures, Ratio, Stock, ask_one, copy_tree, median, rounds};
use rig::{Served, connect};

const LIMIT: f64 = 4.0;

fn main() -> ExitCode {
    if let Some(data_dir) = env::var_os(opening::CHILD) {
        return opening::child(Path::new(&data_dir));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stock = Stock::new();
    let stocked = runtime.block_on(stock.data_dir());
    let asked = &Drawn::of(&stock, 1).postcodes()[0].clone();

    let (mut bare, mut served) = (Vec::new(), Vec::new());
    let mut first = None;
    for round in 0..rounds(15) {
        // sled rewrites its files as it opens: each opens a copy of its own, in turns first.
        for turn in 0..2 {
            let copy = stock.path("copy");
            copy_tree(&stocked, &copy).unwrap();
            if (round + turn) % 2 == 0 {
                bare.push(opening::measure(&copy));
            } else {
                let started = Instant::now();
                let server = Served::start(&copy);
                let answer = runtime.block_on(async { ask_one(&connect(server.addr()).await, asked).await });
                served.push(started.elapsed().as_secs_f64());
                let matrix = answer.wan_matrix.unwrap();
                assert_eq!(matrix.postcode, *asked);
                assert_eq!(answer.sources.len(), stock.files.len());
                assert_eq!(*first.get_or_insert_with(|| matrix.clone()), matrix);
            }
            fs::remove_dir_all(&copy).unwrap();
        }
    }
    println!("\nmedians of {} alternating rounds; ratios of medians, and the rounds' least and greatest", bare.len());
    let mut figures = Figures::default();
    let milliseconds = |seconds: f64| format!("{:.0} ms", seconds * 1e3);
    figures.tell("a bare process: five sled directories open", milliseconds(median(&bare)));
    figures.tell("the server: first correct answer, every block checked", milliseconds(median(&served)));
    let ratio = Ratio::of(&served, &bare);
    figures.hold("server / bare", ratio.medians, LIMIT, ratio);
    figures.end()
}
