//! Calls, by method and code.

use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
};

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};
use tonic::Code;

use crate::{
    grpc::code_name,
    server::gate::{Class, Gate, Method},
};

use super::{
    Metrics,
    exposition::{NONE, Told},
};

#[derive(Debug)]
pub(super) struct Calls {
    pub(super) metrics: Arc<Metrics>,
    pub(super) gate: Arc<Gate>,
}

impl Collector for Calls {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Self { metrics, gate } = self;
        let encoder = &mut encoder;
        let methods = || Method::all().map(|method| method.rule().label).zip(&metrics.methods);

        let mut calls = Told::counter(encoder, "calls", "Calls that are over, by method and code")?;
        for (method, counted) in methods() {
            for (number, count) in (0..).zip(&counted.codes) {
                let (code, count) = (code_name(Code::from_i32(number)), count.load(Ordering::Relaxed));
                // Other codes appear with their first call; every method is there from the start.
                if count > 0 || code == "OK" {
                    calls.count(&[("method", method), ("code", code)], count)?;
                }
            }
        }
        let mut took = Told::histogram(encoder, "call_duration_seconds", "From a call's head to the end of its reply")?;
        for (method, counted) in methods() {
            took.took(&[("method", method)], &counted.took)?;
        }
        let mut in_flight = Told::gauge(encoder, "calls_in_flight", "Calls that are not over, by class")?;
        for class in Class::ALL {
            in_flight.is(&[("class", class.name())], gate.in_flight(class).into())?;
        }
        let mut shed = Told::counter(encoder, "calls_shed", "Calls that found no place in their class")?;
        for (class, count) in Class::ALL.into_iter().zip(&metrics.shed) {
            shed.count(&[("class", class.name())], count.load(Ordering::Relaxed))?;
        }
        let help = "Calls that came sooner than their caller may call";
        Told::counter(encoder, "calls_rate_limited", help)?
            .count(&NONE, metrics.rate_limited.load(Ordering::Relaxed))?;
        Told::gauge(encoder, "callers", "Callers of whom an account is kept")?.is(&NONE, gate.callers() as f64)?;
        let help = "Connections closed because a reply was not taken in time";
        Told::counter(encoder, "connections_closed_unread", help)?.count(&NONE, gate.readers().closed())
    }
}
