//! What was measured, in milliseconds.

use std::{fmt, time::Duration};

use crate::{
    loading::Activation,
    measure::percentile,
    stream::{Call, Streamed},
    versions::Versions,
};

/// What goes on besides the calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Idle,
    Loads,
    Control,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Idle, Self::Loads, Self::Control];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Loads => "under national loads, back to back",
            Self::Control => "beside a walk of the same files",
        }
    }
}

/// One phase of a round.
pub(crate) struct Phase {
    pub(crate) kind: Kind,
    pub(crate) length: Duration,
    /// When each call was due, in seconds, and its latency.
    pub(crate) latencies: Vec<(f64, f64)>,
    /// When loads became active, in seconds.
    pub(crate) activations: Vec<f64>,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) late_p99: f64,
    pub(crate) failures: Vec<String>,
    /// Answers that are not of the loads they name.
    pub(crate) mixed: usize,
}

/// The three phases of a round.
pub(crate) struct Round(Vec<Phase>);

impl Phase {
    pub(crate) fn of(
        kind: Kind,
        length: Duration,
        streamed: Streamed,
        activations: &[Activation],
        versions: &Versions,
    ) -> Self {
        let Streamed { begun, calls } = streamed;
        let milliseconds = |duration: Duration| duration.as_secs_f64() * 1e3;
        let sorted = |figure: fn(&Call) -> Duration| {
            let mut figures: Vec<f64> = calls.iter().map(|call| milliseconds(figure(call))).collect();
            figures.sort_unstable_by(f64::total_cmp);
            figures
        };
        let (latencies, late) = (sorted(|call| call.latency), sorted(|call| call.late));
        let mut failures = Vec::new();
        let mut mixed = 0;
        for call in &calls {
            match &call.answer {
                Ok(answer) => mixed += usize::from(!versions.is_of_its_loads(call.asked, answer)),
                Err(status) => failures.push(status.to_string()),
            }
        }
        let seconds = |activation: &Activation| activation.0.saturating_duration_since(begun).as_secs_f64();
        let mut by_time: Vec<_> =
            calls.iter().map(|call| (call.due.as_secs_f64(), milliseconds(call.latency))).collect();
        by_time.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        Self {
            kind,
            length,
            latencies: by_time,
            activations: activations.iter().map(seconds).filter(|&at| at <= length.as_secs_f64()).collect(),
            p50: percentile(&latencies, 0.5),
            p99: percentile(&latencies, 0.99),
            p999: percentile(&latencies, 0.999),
            late_p99: percentile(&late, 0.99),
            failures,
            mixed,
        }
    }
}

impl Round {
    pub(crate) fn of(mut phases: Vec<Phase>) -> Self {
        phases.sort_unstable_by_key(|phase| Kind::ALL.iter().position(|&kind| kind == phase.kind));
        Self(phases)
    }

    pub(crate) fn phases(&self) -> &[Phase] {
        &self.0
    }

    pub(crate) fn phase(&self, kind: Kind) -> &Phase {
        self.0.iter().find(|phase| phase.kind == kind).unwrap()
    }
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [idle, loads, control] = Kind::ALL.map(|kind| self.phase(kind).p99);
        let activations = self.phase(Kind::Loads).activations.len();
        write!(f, "p99 idle {idle:.2} ms, under {activations} loads {loads:.2} ms, beside the walk {control:.2} ms")
    }
}
