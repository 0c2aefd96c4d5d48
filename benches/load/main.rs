//! `just bench-load [ROUNDS]`: what a full national load costs, beside a bare walk of the same bytes.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a measurement says so by failing")]

#[path = "../measure/mod.rs"]
mod measure;
#[path = "../../tests/national/rig/mod.rs"]
mod rig;
mod steps;

use std::{fs, path::Path, process::ExitCode, time::Instant};

use measure::{Figures, Memory, Ratio, Stock, ask, disk, median, rounds, walk};
use rig::{CoverageFile, Served};
use steps::{Loaded, STEPS};

const LOAD: f64 = 5.0;
const PEAK_MB: f64 = 200.0;
const SERVING_MB: f64 = 120.0;
const ROW_BYTES: f64 = 35.0;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let stock = Stock::new();
    let (mut walks, mut loads) = (Vec::new(), Vec::new());
    let mut figures = Figures::default();
    let rounds = rounds(5);
    for round in 1..=rounds {
        let walked = timed_walk(&stock.files);
        let data_dir = stock.path(&format!("data-{round}"));
        let server = Served::start(&data_dir);
        let loaded = runtime.block_on(Loaded::measure(&stock, &server));
        println!(
            "round {round}: walk {walked:.2} s, load {:.2} s of which {:.2} s syncing, peak {:.0} MB",
            loaded.seconds, loaded.syncing, loaded.memory.peak
        );
        walks.push(walked);
        loads.push(loaded);
        if round == rounds {
            times(&mut figures, &stock, &walks, &loads);
            space(&mut figures, &stock, &data_dir);
            memory(&mut figures, &stock, &loads, server, &data_dir, &runtime);
        } else {
            drop(server);
            fs::remove_dir_all(&data_dir).unwrap();
        }
    }
    figures.end()
}

/// The control: one reused record through the same bytes, from the page cache. In seconds.
fn timed_walk(files: &[CoverageFile]) -> f64 {
    let started = Instant::now();
    let rows = walk(files.iter().map(|file| file.path.as_path()));
    assert_eq!(rows, files.iter().map(|file| file.rows).sum::<u64>());
    started.elapsed().as_secs_f64()
}

fn times(figures: &mut Figures, stock: &Stock, walks: &[f64], loads: &[Loaded]) {
    println!("\nmedians of {} alternating rounds; ratios of medians, and the rounds' least and greatest", loads.len());
    let of = |what: &dyn Fn(&Loaded) -> f64| loads.iter().map(what).collect::<Vec<_>>();
    let rate = |seconds: f64| format!("{seconds:.2} s, {:.0} MB/s", stock.bytes() / seconds);
    figures.tell("csv: read_byte_record, one reused record", rate(median(walks)));
    let seconds = of(&|load| load.seconds);
    figures.tell("five loads: first byte sent to last load active", rate(median(&seconds)));
    for (place, step) in STEPS.iter().enumerate() {
        figures.tell(&format!("  of these {step}"), format!("{:.2} s", median(&of(&|load| load.steps[place]))));
    }
    figures.tell("  of these waiting for the disk", format!("{:.2} s", median(&of(&|load| load.syncing))));
    let rest = of(&|load| load.seconds - load.syncing - load.steps.iter().sum::<f64>());
    figures.tell("  the rest: sent, hashed, kept, read row by row", format!("{:.2} s", median(&rest)));
    let ratio = Ratio::of(&of(&|load| load.seconds - load.syncing), walks);
    figures.hold("load / csv, waiting for the disk apart", ratio.medians, LOAD, ratio);
    figures.tell("load / csv, waiting for the disk included", Ratio::of(&seconds, walks));
}

fn space(figures: &mut Figures, stock: &Stock, data_dir: &Path) {
    let rows = stock.rows() as f64;
    let in_blocks = |path: &Path| path.components().any(|part| part.as_os_str() == "blocks");
    let [long, held] = disk(&data_dir.join("loads"), &in_blocks).map(|bytes| bytes as f64 / rows);
    figures.hold("sled data, bytes a row as long as the files are", long, ROW_BYTES, format!("{long:.1}"));
    figures.hold("sled data, bytes a row as the disk holds them", held, ROW_BYTES, format!("{held:.1}"));
    let kept = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("file.csv"));
    let [kept, _] = disk(&data_dir.join("loads"), &kept);
    figures.tell("files kept as sent", format!("{:.1} MB of {:.1} MB", kept as f64 / 1e6, stock.bytes()));
}

fn memory(
    figures: &mut Figures,
    stock: &Stock,
    loads: &[Loaded],
    server: Served,
    data_dir: &Path,
    runtime: &tokio::runtime::Runtime,
) {
    let megabytes = |figure: f64| format!("{figure:.0} MB");
    let peak = loads.iter().map(|load| load.memory.peak).fold(0.0, f64::max);
    figures.hold("greatest resident memory during the loads", peak, PEAK_MB, megabytes(peak));
    figures.tell("resident after the last load", megabytes(Memory::of(server.id()).now));
    runtime.block_on(ask(&server, stock));
    let serving = Memory::of(server.id()).now;
    figures.hold("resident while serving after the loads", serving, SERVING_MB, megabytes(serving));
    server.stop();
    let server = Served::start(data_dir);
    runtime.block_on(ask(&server, stock));
    let Memory { now, peak } = Memory::of(server.id());
    figures.hold("resident while serving after a restart", now, SERVING_MB, megabytes(now));
    figures.hold("greatest resident memory since the restart", peak, PEAK_MB, megabytes(peak));
}
