//! How far an upload is: a bar on a terminal, a line for each tenth elsewhere.

use std::{io::Write, time::Duration};

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

/// A file smaller than this is sent before a line about it could be read.
const WORTH_TELLING: u64 = 16 * 1024 * 1024;

/// The progress of one upload.
pub(super) enum Progress {
    Bar(ProgressBar, &'static str),
    Lines { length: u64, told: u64, then: &'static str },
}

impl Progress {
    /// Starts at nothing sent, of `length` bytes. Of a dry run the server stores nothing.
    pub(super) fn start(length: u64, live: bool, dry_run: bool) -> Self {
        let then = if dry_run { "the server checks it" } else { "the server checks and stores it" };
        if !live {
            return Self::Lines { length, told: 0, then };
        }
        let bar = ProgressBar::new(length);
        // A template that does not parse would only cost the looks.
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self::Bar(bar, then)
    }

    /// So many bytes have left. What is said is best effort, as all progress.
    pub(super) fn sent(&mut self, bytes: u64, notes: &mut dyn Write) {
        match self {
            Self::Bar(bar, _) => bar.set_position(bytes),
            Self::Lines { length, told, .. } => {
                let tenth = bytes.saturating_mul(10).checked_div(*length).unwrap_or(10);
                if *length >= WORTH_TELLING && tenth > *told && tenth < 10 {
                    *told = tenth;
                    let _ = writeln!(notes, "sent {} of {} ({tenth}0 %)", HumanBytes(bytes), HumanBytes(*length));
                }
            }
        }
    }

    /// The file has left; the server still checks, sorts and stores.
    pub(super) fn all_sent(&mut self, notes: &mut dyn Write) {
        match self {
            Self::Bar(bar, then) => {
                bar.set_position(bar.length().unwrap_or_default());
                bar.set_message(format!("sent; {then}"));
            }
            Self::Lines { length, then, .. } => {
                let _ = writeln!(notes, "sent {}; {then}", HumanBytes(*length));
            }
        }
    }

    /// Clears the bar: what follows is the report.
    pub(super) fn done(self) {
        if let Self::Bar(bar, _) = self {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn off_a_terminal_a_large_file_is_told_by_tenths_and_a_small_one_once() {
        for (length, lines) in [(WORTH_TELLING * 2, 10), (WORTH_TELLING - 1, 1), (0, 1)] {
            let mut notes = Vec::new();
            let mut progress = Progress::start(length, false, false);
            for step in 0..=1000 {
                progress.sent(length / 1000 * step, &mut notes);
            }
            progress.all_sent(&mut notes);
            let notes = String::from_utf8(notes).unwrap();
            assert_eq!(notes.lines().count(), lines, "{notes}");
        }
    }
}
