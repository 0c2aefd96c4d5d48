//! Figures, each beside its limit.

use std::{env, fmt, process::ExitCode};

/// How many rounds: the first number among the arguments, so that `just bench-load 9` is nine.
pub fn rounds(default: usize) -> usize {
    env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(default)
}

/// The middle one; of an even number, the mean of the middle two.
pub fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) }
}

/// Whether only to show that the recipe works: small files and little time, and figures that say nothing.
pub fn tiny() -> bool {
    env::args().any(|argument| argument == "--tiny")
}

/// The figure that this share of them does not pass; they are sorted.
pub fn percentile(sorted: &[f64], share: f64) -> f64 {
    let place = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(place.saturating_sub(1)).or(sorted.last()).copied().unwrap_or(f64::NAN)
}

/// The ratio of two medians, and of the rounds one by one the least and the greatest.
#[derive(Clone, Copy, Debug)]
pub struct Ratio {
    pub medians: f64,
    pub least: f64,
    pub most: f64,
}

impl Ratio {
    /// `measured` and `control` are of the same rounds.
    pub fn of(measured: &[f64], control: &[f64]) -> Self {
        let each = || measured.iter().zip(control).map(|(measured, control)| measured / control);
        Self {
            medians: median(measured) / median(control),
            least: each().fold(f64::INFINITY, f64::min),
            most: each().fold(0.0, f64::max),
        }
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ({:.2} to {:.2})", self.medians, self.least, self.most)
    }
}

/// Prints figures and remembers whether one is over its limit.
#[derive(Debug, Default)]
pub struct Figures {
    over: usize,
}

impl Figures {
    /// A figure that has no limit.
    pub fn tell(&self, name: &str, figure: impl fmt::Display) {
        println!("{name:<58} {figure}");
    }

    /// A figure that may not pass a limit; `shown` is how it reads.
    pub fn hold(&mut self, name: &str, figure: f64, limit: f64, shown: impl fmt::Display) {
        let ok = figure <= limit;
        self.over += usize::from(!ok);
        println!("{name:<58} {shown:<24} limit {limit}: {}", if ok { "ok" } else { "OVER" });
    }

    /// Fails the process when a figure was over.
    pub fn end(&self) -> ExitCode {
        if self.over > 0 {
            println!("{} over", self.over);
            return ExitCode::FAILURE;
        }
        ExitCode::SUCCESS
    }
}
