//! `just premises [PREMISES]...`: at each size every row is asked and compared, and what the load, the memory, the disk and a
//! lookup cost is measured. Without sizes it goes up to the national 30 million. It writes `docs/premises.svg` once each of
//! its own sizes was measured, be it one at a time.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a measurement says so by failing")]

#[path = "../../benches/measure/mod.rs"]
mod measure;
mod measured;
mod plot;
mod proof;
#[path = "../national/rig/mod.rs"]
mod rig;
mod source;

use std::{env, fs, path::Path, process::ExitCode};

use measure::Figures;
use measured::Measured;

/// 1.7 million is what a postcode's load has: a lookup among 30 million must cost no more than a fifth above one there.
const SIZES: [u64; 5] = [100_000, 1_000_000, 1_700_000, 10_000_000, 30_000_000];

/// The limits are those of a national load. What five small ones cost is what any five do.
const HELD_FROM: u64 = 1_000_000;

const LOAD: f64 = 10.0;
const PEAK_MB: f64 = 1000.0;
const SERVING_MB: f64 = 500.0;
const PREMISES_BYTES: f64 = 64.0;
const UPRN: f64 = 1.5;
const GROWTH: f64 = 1.2;

fn main() -> ExitCode {
    let asked: Vec<u64> = env::args().skip(1).filter_map(|size| size.replace('_', "").parse().ok()).collect();
    let sizes = if asked.is_empty() { &SIZES[..] } else { &asked };
    let measure = |&size: &u64| {
        let measured = Measured::of(size);
        measured.keep();
        measured
    };
    let measured: Vec<_> = sizes.iter().map(measure).collect();
    let all: Option<Vec<_>> = SIZES.into_iter().map(Measured::kept).collect();

    let mut figures = Figures::default();
    for each in &measured {
        println!("\n{} premises in {} rows, {:.0} MB", each.premises, each.rows, each.megabytes);
        let mut hold = |name: &str, figure: f64, limit, shown: String| match each.asked_for {
            HELD_FROM.. => figures.hold(name, figure, limit, shown),
            _ => figures.tell(name, shown),
        };
        let (load, bytes) = (each.load_ratio(), each.disk / each.premises as f64);
        hold("load / csv, waiting for the disk apart", load, LOAD, format!("{load:.2}"));
        hold("greatest resident memory during the loads", each.peak, PEAK_MB, format!("{:.0} MB", each.peak));
        hold("resident while serving after a restart", each.serving, SERVING_MB, format!("{:.0} MB", each.serving));
        hold("bytes a premises in the store", bytes, PREMISES_BYTES, format!("{bytes:.1}"));
        let [postcode, uprn, address] = [each.postcode, each.uprn, each.address].map(|time| time.as_secs_f64() * 1e6);
        let ratio = uprn / postcode;
        let told = format!("{ratio:.2} ({uprn:.1} of {postcode:.1} µs)");
        hold("processor time by UPRN / by postcode", ratio, UPRN, told);
        figures.tell("processor time by address", format!("{address:.1} µs"));
    }
    let at = |size: u64| Measured::kept(size).map(|each| each.uprn.as_secs_f64());
    if let (Some(small), Some(national)) = (at(1_700_000), at(30_000_000)) {
        let growth = national / small;
        figures.hold("by UPRN among 30 million / among 1.7 million", growth, GROWTH, format!("{growth:.2}"));
    }
    if let Some(all) = all {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/premises.svg");
        fs::write(path, plot::svg(&all)).unwrap();
        println!("\n{}", plot::table(&all));
    }
    figures.end()
}
