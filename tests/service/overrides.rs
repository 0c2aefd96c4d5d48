//! Guards overridden by an operator, for one load and with a note.

use std::fs;

use insta::assert_snapshot;
use wan_matrix::grpc::proto::{
    CoverageLoad, CoverageLoadHeader, CoverageLoadState, CspRegion, GetCoverageLoadRequest, LoadGuard,
};

use crate::{
    command::{active_id, load, run},
    country::{blanked, csv as country, south},
    running::{Server, told},
    uploads::{csv, header},
};

async fn server(variables: &[(&str, &str)]) -> Server {
    let server = Server::with(&[&[("EXPECTED_REGIONS", "south")], variables].concat()).await;
    server.load(CspRegion::South, 2, &["AA1 1AA,2020-01-01,Cellular,High", "AA1 1AB,2020-01-01,Cellular,Low"]).await;
    server
}

fn overriding(header: CoverageLoadHeader, guards: &[LoadGuard]) -> CoverageLoadHeader {
    let overrides = guards.iter().map(|&guard| guard.into()).collect();
    CoverageLoadHeader { overrides, override_note: "the CSP confirms it".to_owned(), ..header }
}

fn findings(load: &CoverageLoad) -> Vec<(LoadGuard, bool)> {
    load.guards.iter().map(|finding| (finding.guard(), finding.overridden)).collect()
}

async fn shown(server: &Server, load_id: &str) -> CoverageLoad {
    let request = GetCoverageLoadRequest { load_id: load_id.to_owned() };
    server.loads.clone().get_coverage_load(request).await.unwrap().into_inner().load.unwrap()
}

/// Events of the audit log with their notes, the newest last.
fn audited(server: &Server) -> Vec<(String, String)> {
    let log = fs::read_to_string(server.directory.path().join("audit.jsonl")).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let lines = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.map(|line| (text(&line["event"]), text(&line["note"]))).collect()
}

/// Older than the active load, half of it gone, and the rest Unknown.
const BROKEN: [&str; 1] = ["AA1 1AA,2020-01-01, ,High"];

#[tokio::test]
async fn every_guard_that_stands_against_a_load_must_be_overridden() {
    use LoadGuard::{Growth, IssueOrder, Rejects, Shrink, Unknown};
    let server = server(&[]).await;
    let file = csv(&BROKEN);
    let before = server.running.loads().active().digest().to_owned();
    for (overrides, reason, found) in [
        (&[][..], "LOAD_GUARD_UNKNOWN", [(Unknown, false), (Shrink, false), (IssueOrder, false)]),
        (&[Unknown], "LOAD_GUARD_SHRINK", [(Unknown, true), (Shrink, false), (IssueOrder, false)]),
        (&[Unknown, Shrink], "LOAD_GUARD_ISSUE_ORDER", [(Unknown, true), (Shrink, true), (IssueOrder, false)]),
        (&[IssueOrder, Growth], "LOAD_GUARD_UNKNOWN", [(Unknown, false), (Shrink, false), (IssueOrder, true)]),
    ] {
        let header = header(CspRegion::South, 1, &file);
        let header = if overrides.is_empty() { header } else { overriding(header, overrides) };
        let error = told(&server.submit(header, &file).await.unwrap_err());
        assert_eq!(error.reason, reason, "{overrides:?}");
        // Refused each time afresh, and the record is that of the last time.
        let refused = shown(&server, &error.metadata["load_id"]).await;
        assert_eq!(refused.state(), CoverageLoadState::Refused);
        assert_eq!(findings(&refused), found, "{overrides:?}");
        assert_eq!(refused.comparison.unwrap().confirmed_to_unknown, 1);
        assert_eq!(server.running.loads().active().digest(), before);
    }
    // Of those that are overridden only those that would have refused it are recorded.
    let header = overriding(header(CspRegion::South, 1, &file), &[Rejects, Unknown, Shrink, Growth, IssueOrder]);
    let taken = server.submit(header, &file).await.unwrap().load.unwrap();
    assert_eq!(taken.state(), CoverageLoadState::Active);
    assert_eq!(findings(&taken), [(Unknown, true), (Shrink, true), (IssueOrder, true)]);
    assert_eq!(taken.override_note, "the CSP confirms it");
    assert_eq!(shown(&server, &taken.load_id).await, taken);
    let audited = audited(&server);
    let (overridden, note) = &audited[audited.len() - 2];
    assert_eq!(
        (overridden.as_str(), note.as_str()),
        ("overridden", "unknown, shrink, issue-order: the CSP confirms it")
    );
    assert_eq!(audited.last().unwrap().0, "activated");
    assert_eq!(audited.iter().filter(|(event, _)| event == "refused").count(), 4);
}

#[tokio::test]
async fn an_override_that_was_not_needed_leaves_no_trace() {
    let server = server(&[]).await;
    let file = csv(&["AA1 1AA,2020-01-01,Cellular,High", "AA1 1AB,2021-01-01,Cellular,Low"]);
    let header = overriding(header(CspRegion::South, 3, &file), &[LoadGuard::Shrink]);
    let taken = server.submit(header, &file).await.unwrap().load.unwrap();
    assert!(taken.guards.is_empty());
    assert_eq!(taken.override_note, "");
    assert!(audited(&server).iter().all(|(event, _)| event != "overridden"));
}

#[tokio::test]
async fn no_override_helps_a_file_that_is_not_what_was_announced() {
    let server = server(&[]).await;
    let file = csv(&["nowhere,,,"]);
    let all = [1, 2, 3, 4, 5, 6, 7].map(|number| LoadGuard::try_from(number).unwrap());
    let good = || overriding(header(CspRegion::South, 3, &file), &all);
    for (header, reason) in [
        (good(), "LOAD_FILE_UNREADABLE"),
        (CoverageLoadHeader { sha256: vec![7; 32], ..good() }, "LOAD_DIGEST_MISMATCH"),
        (CoverageLoadHeader { row_count: Some(2), ..good() }, "LOAD_ROW_COUNT_MISMATCH"),
    ] {
        assert_eq!(told(&server.submit(header, &file).await.unwrap_err()).reason, reason);
    }
}

#[tokio::test]
async fn every_guard_is_as_strict_as_it_is_configured() {
    let lenient = [("GUARDS_UNKNOWN_PERCENT", "100"), ("GUARDS_SHRINK_PERCENT", "50"), ("GUARDS_ISSUE_ORDER", "false")];
    let file = csv(&BROKEN);
    for (place, left) in ["LOAD_GUARD_UNKNOWN", "LOAD_GUARD_SHRINK", "LOAD_GUARD_ISSUE_ORDER"].into_iter().enumerate() {
        let others: Vec<_> = lenient.into_iter().enumerate().filter(|(n, _)| *n != place).map(|(_, key)| key).collect();
        let server = server(&others).await;
        let status = server.submit(header(CspRegion::South, 1, &file), &file).await.unwrap_err();
        let error = told(&status);
        assert_eq!(error.reason, left, "{status}");
    }
}

#[tokio::test]
async fn the_command_overrides_with_a_note_and_shows_both() {
    let server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    assert!(load(&server, 1, &country(&south()), &[]).await.starts_with("exit 0"));
    let blank = country(&blanked(south(), "wan_variant"));
    let flags = ["--override", "unknown,growth", "--note", "new hubs are being chosen"];
    assert_snapshot!("overridden", load(&server, 2, &blank, &flags).await);
    let shown = run(&server, &["loads", "show", &active_id(&server)]).await;
    assert!(shown.contains("overridden because: new hubs are being chosen"), "{shown}");
}
