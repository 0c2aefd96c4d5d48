//! Every method this server may have: its label, the class it shares with others, where it runs, and how long it may.
//!
//! One table, so that what is counted, limited and timed cannot differ. A path that is not in it has one name for all of
//! them: what callers invent must not grow what is kept.

/// Calls that share one bound of how many may be in flight.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    /// Somebody waits at a door: small questions, small answers.
    Interactive,
    /// A night of planning: much is asked, and it may take its time.
    Bulk,
    /// Held open for long, and mostly silent.
    Watch,
    /// The same, of whoever watches whether the server is well: other watches must not stand in its way.
    HealthWatch,
    /// A coverage file on its way in.
    Upload,
    /// Never turned away: whoever asks whether the server is well must hear.
    Probe,
}

impl Class {
    pub(crate) const ALL: [Self; 6] =
        [Self::Interactive, Self::Bulk, Self::Watch, Self::HealthWatch, Self::Upload, Self::Probe];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Interactive => "interactive",
            Self::Bulk => "bulk",
            Self::Watch => "watch",
            Self::HealthWatch => "health-watch",
            Self::Upload => "upload",
            Self::Probe => "probe",
        }
    }
}

/// Where a method's work is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lane {
    /// On the threads that serve the network.
    Front,
    /// On threads of lower priority, encoding included.
    Back,
    /// On the thread that takes in a load's file.
    Upload,
}

/// How long a call may take, whatever its caller allows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Time {
    /// As long as any question.
    Request,
    /// As long as a stream.
    Stream,
    /// As long as its caller wants: silence has limits elsewhere.
    Open,
}

/// A method's row in the table.
#[derive(Debug)]
pub(crate) struct Rule {
    path: &'static str,
    /// The label of metrics and log lines.
    pub(crate) label: &'static str,
    pub(crate) class: Class,
    pub(crate) lane: Lane,
    pub(crate) time: Time,
}

impl Rule {
    /// Coverage may be another afterwards.
    pub(crate) fn changes_coverage(&self) -> bool {
        ["SubmitCoverageLoad", "ActivateCoverageLoad"].contains(&self.label)
    }

    /// It would go on for as long as its caller likes, and nobody but the gate ends it with the server. What is watched of
    /// health ends after its last word, and what is done elsewhere ends there.
    pub(super) fn ends_with_server(&self) -> bool {
        self.class == Class::Watch && self.lane == Lane::Front && self.time == Time::Open
    }
}

const fn rule(path: &'static str, label: &'static str, class: Class, lane: Lane, time: Time) -> Rule {
    Rule { path, label, class, lane, time }
}

/// The table. The first row stands for every path that has none.
static RULES: [Rule; 20] = {
    use {
        Class::{Bulk, HealthWatch, Interactive, Probe, Watch},
        Lane::{Back, Front},
        Time::{Open, Request, Stream},
    };
    [
        rule("", "unknown", Interactive, Front, Request),
        rule("/wanmatrix.v1.WanMatrixService/RequestWanMatrix", "RequestWanMatrix", Interactive, Front, Request),
        rule(
            "/wanmatrix.v1.WanMatrixService/RequestWanMatrixDuis",
            "RequestWanMatrixDuis",
            Interactive,
            Front,
            Request,
        ),
        rule("/wanmatrix.v1.WanMatrixService/ListWanVariants", "ListWanVariants", Interactive, Front, Request),
        rule("/wanmatrix.v1.WanMatrixService/ListActiveCoverage", "ListActiveCoverage", Interactive, Front, Request),
        rule("/wanmatrix.v1.WanMatrixService/BatchRequestWanMatrix", "BatchRequestWanMatrix", Bulk, Back, Request),
        rule("/wanmatrix.v1.WanMatrixService/SummarizeCoverage", "SummarizeCoverage", Bulk, Back, Request),
        rule("/wanmatrix.v1.WanMatrixService/StreamWanMatrix", "StreamWanMatrix", Bulk, Back, Stream),
        rule("/wanmatrix.v1.WanMatrixService/WatchCoverage", "WatchCoverage", Watch, Back, Open),
        rule(
            "/wanmatrix.v1.CoverageLoadService/SubmitCoverageLoad",
            "SubmitCoverageLoad",
            Class::Upload,
            Lane::Upload,
            Open,
        ),
        rule("/wanmatrix.v1.CoverageLoadService/GetCoverageLoad", "GetCoverageLoad", Interactive, Front, Request),
        rule("/wanmatrix.v1.CoverageLoadService/ListCoverageLoads", "ListCoverageLoads", Bulk, Back, Request),
        rule(
            "/wanmatrix.v1.CoverageLoadService/ActivateCoverageLoad",
            "ActivateCoverageLoad",
            Interactive,
            Front,
            Request,
        ),
        rule("/wanmatrix.v1.CoverageLoadService/StreamCoverageRejects", "StreamCoverageRejects", Bulk, Back, Stream),
        rule("/wanmatrix.v1.CoverageLoadService/StreamCoverageChanges", "StreamCoverageChanges", Bulk, Back, Stream),
        rule("/grpc.health.v1.Health/Check", "health.Check", Probe, Front, Request),
        rule("/grpc.health.v1.Health/List", "health.List", Probe, Front, Request),
        rule("/grpc.health.v1.Health/Watch", "health.Watch", HealthWatch, Front, Open),
        rule("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "reflection.v1", Watch, Front, Open),
        rule(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            "reflection.v1alpha",
            Watch,
            Front,
            Open,
        ),
    ]
};

/// A method by its row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Method(u8);

impl Method {
    pub(crate) const COUNT: usize = RULES.len();

    /// The method a path names.
    pub(crate) fn of(path: &str) -> Self {
        // Twenty comparisons of lengths, and one or two of bytes: a hash of the path costs more.
        let row = RULES.iter().position(|rule| rule.path == path).unwrap_or_default();
        Self(u8::try_from(row).unwrap_or_default())
    }

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..).take(RULES.len()).map(Self)
    }

    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }

    pub(crate) fn rule(self) -> &'static Rule {
        RULES.get(self.index()).unwrap_or(&RULES[0])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use prost::Message as _;
    use prost_types::FileDescriptorSet;

    use super::*;

    /// A method that is added to a proto must be given its class, its lane and its time.
    #[test]
    fn every_method_that_is_served_has_its_row() {
        let sets = [
            crate::grpc::DESCRIPTORS,
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
        ];
        let mut methods = 0;
        for file in sets.into_iter().flat_map(|set| FileDescriptorSet::decode(set).unwrap().file) {
            for service in &file.service {
                for method in &service.method {
                    let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                    let rule = Method::of(&path).rule();
                    assert_eq!(rule.path, path);
                    // What streams has not the time of a question, and what does not has.
                    let streams = method.client_streaming() || method.server_streaming();
                    assert_eq!(rule.time != Time::Request, streams, "{path}");
                    methods += 1;
                }
            }
        }
        assert!(methods >= 13, "the descriptors were not read: {methods} methods");
    }

    #[test]
    fn labels_are_distinct_and_any_other_path_has_one() {
        let labels: BTreeSet<_> = Method::all().map(|method| method.rule().label).collect();
        assert_eq!(labels.len(), Method::COUNT);
        for path in
            ["", "/", "/x/Y", "/wanmatrix.v1.WanMatrixService/", "/wanmatrix.v1.WanMatrixService/requestwanmatrix"]
        {
            assert_eq!(Method::of(path).rule().label, "unknown", "{path}");
        }
    }
}
