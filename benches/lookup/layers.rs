//! What each part of the gate costs one lookup, one part at a time, in process.

use std::time::Instant;

use wan_matrix::server::{Config, Flags, gate_parts};

use crate::measure::{Figures, median};

const TIMES: u32 = 200_000;

pub(crate) fn tell(figures: &Figures) {
    println!("\nthe parts of the gate, each by itself, medians of nine");
    // All one caller's, and more than any caller may ask for.
    let variables = [("WAN_MATRIX_LIMITS_CALLS_PER_SECOND".to_owned(), "1000000000".to_owned())];
    let config = Config::read(Flags::default(), variables.into_iter()).unwrap();
    for (name, mut part) in gate_parts(&config) {
        let mut took = Vec::new();
        for _ in 0..9 {
            let started = Instant::now();
            (0..TIMES).for_each(|_| part());
            took.push(started.elapsed().as_secs_f64() * 1e9 / f64::from(TIMES));
        }
        figures.tell(name, format!("{:.0} ns", median(&took)));
    }
}
