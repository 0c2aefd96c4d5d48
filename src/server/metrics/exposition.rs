//! The metrics in Prometheus' words.

use std::{fmt, sync::Arc};

use prometheus_client::{
    encoding::{DescriptorEncoder, EncodeLabelSet, MetricEncoder, NoLabelSet, prometheus_text},
    metrics::{MetricType, exemplar::Exemplar},
    registry::Registry,
};

use crate::server::gate::Gate;

use super::{Metrics, calls::Calls, coverage::Coverage, log::Log, network::Network};

/// Before every name of ours.
const PREFIX: &str = "wan_matrix";

/// Answers scrapes.
#[derive(Debug)]
pub(in crate::server) struct Exposition(Registry);

impl Exposition {
    pub(in crate::server) fn new(metrics: Arc<Metrics>, gate: Arc<Gate>, network: Network, coverage: Coverage) -> Self {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(super::process::Collected));
        let ours = registry.sub_registry_with_prefix(PREFIX);
        ours.register_collector(Box::new(Calls { metrics, gate }));
        ours.register_collector(Box::new(network));
        ours.register_collector(Box::new(coverage));
        ours.register_collector(Box::new(Log));
        Self(registry)
    }

    /// Everything as it is now. Reads what the disk holds: call it where that is allowed.
    ///
    /// # Errors
    /// When memory cannot be written, so never.
    pub(in crate::server) fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::with_capacity(32 << 10);
        prometheus_text::encode(&mut text, &self.0)?;
        Ok(text)
    }
}

const NO_EXEMPLAR: Option<&Exemplar<NoLabelSet, u64>> = None;

/// One metric under its name, told value by value.
pub(super) struct Told<'a>(MetricEncoder<'a>);

impl<'a> Told<'a> {
    pub(super) fn counter(
        encoder: &'a mut DescriptorEncoder<'_>,
        name: &'a str,
        help: &str,
    ) -> Result<Self, fmt::Error> {
        Ok(Self(encoder.encode_descriptor(name, help, None, MetricType::Counter)?))
    }

    pub(super) fn gauge(encoder: &'a mut DescriptorEncoder<'_>, name: &'a str, help: &str) -> Result<Self, fmt::Error> {
        Ok(Self(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?))
    }

    pub(super) fn histogram(
        encoder: &'a mut DescriptorEncoder<'_>,
        name: &'a str,
        help: &str,
    ) -> Result<Self, fmt::Error> {
        Ok(Self(encoder.encode_descriptor(name, help, None, MetricType::Histogram)?))
    }

    /// A counter of seconds, which are not whole.
    pub(super) fn seconds(
        encoder: &'a mut DescriptorEncoder<'_>,
        name: &'a str,
        help: &str,
        seconds: f64,
    ) -> fmt::Result {
        let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        metric.encode_counter(&seconds, None::<&Exemplar<NoLabelSet, f64>>)
    }

    pub(super) fn count(&mut self, labels: &impl EncodeLabelSet, count: u64) -> fmt::Result {
        self.0.encode_family(labels)?.encode_counter(&count, NO_EXEMPLAR)
    }

    pub(super) fn is(&mut self, labels: &impl EncodeLabelSet, value: f64) -> fmt::Result {
        self.0.encode_family(labels)?.encode_gauge(&value)
    }

    pub(super) fn took(&mut self, labels: &impl EncodeLabelSet, took: &super::Histogram) -> fmt::Result {
        let (sum, count, buckets) = took.read();
        self.0.encode_family(labels)?.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }
}

/// Of a metric that has no labels.
pub(super) const NONE: [(&str, &str); 0] = [];
