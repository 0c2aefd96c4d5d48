//! What the audit log says of a server's life, and what it never says.

use std::fs;

use wan_matrix::grpc::proto::{ActivateCoverageLoadRequest, CoverageLoadHeader, CspRegion, LoadGuard};

use crate::{
    running::{Server, told},
    uploads::{chunk, csv, header},
};

fn log(server: &Server) -> String {
    fs::read_to_string(server.directory.path().join("audit.jsonl")).unwrap()
}

#[tokio::test]
async fn a_servers_life_is_in_the_log_line_by_line() {
    let server = Server::with(&[("GUARDS_REJECTS_PERCENT", "0"), ("GUARDS_GROWTH_PERCENT", "100")]).await;
    let first = server.load(CspRegion::South, 1, &["AA1 1AA,,,"]).await.load_id;
    server.load(CspRegion::South, 2, &["AA1 1AA,,,", "AA1 1AB,,,"]).await;
    let request = ActivateCoverageLoadRequest { load_id: first.clone() };
    server.loads.clone().activate_coverage_load(request).await.unwrap();
    let file = csv(&["AA1 1AA,,,", "AA1 1ABC,,,"]);
    server.submit(header(CspRegion::South, 3, &file), &file).await.unwrap_err();
    let bad = csv(&["AA1 1ABC,,,"]);
    server.submit(header(CspRegion::South, 4, &bad), &bad).await.unwrap_err();
    let lying = CoverageLoadHeader { sha256: vec![7; 32], ..header(CspRegion::South, 5, &file) };
    server.submit(lying, &file).await.unwrap_err();
    let again = csv(&["AA1 1AA,,,", "AA1 1AB,,,"]);
    let status = server.submit(header(CspRegion::South, 2, &again), &again).await.unwrap_err();
    assert_eq!(told(&status).reason, "LOAD_RETAINED");
    // A load that is there already was not loaded again.
    let same = csv(&["AA1 1AA,,,"]);
    assert!(server.submit(header(CspRegion::South, 1, &same), &same).await.unwrap().already_present);
    // What would go is too much, unless an operator says otherwise; first he asks.
    let half = csv(&["AA1 1AA,2020-01-01,Cellular,High"]);
    let judged = CoverageLoadHeader { validate_only: true, ..header(CspRegion::South, 6, &half) };
    server.submit(judged, &half).await.unwrap();
    let other = csv(&["AA1 1AB,,,"]);
    let judged = CoverageLoadHeader { validate_only: true, ..header(CspRegion::South, 7, &other) };
    server.submit(judged, &other).await.unwrap_err();
    let overridden = CoverageLoadHeader {
        overrides: vec![LoadGuard::Shrink.into(), LoadGuard::Growth.into()],
        override_note: "moved to the other region, ticket 12".to_owned(),
        ..header(CspRegion::South, 7, &other)
    };
    server.submit(overridden, &other).await.unwrap();
    insta::assert_snapshot!(log(&server));
}

#[tokio::test]
async fn no_line_holds_a_postcode_whatever_a_file_says() {
    let server = Server::with(&[("GUARDS_REJECTS_PERCENT", "0")]).await;
    let plain = csv(&["SW1A 1AAX,,,"]);
    let columns = b"postcode,SW1A 1AA\n".to_vec();
    let no_header = b"SW1A 1AA,,,\n".to_vec();
    let mixed = csv(&["SW1A 1AA,,,", "SW1A 1AA,2020-01-01,Cellular,High", "SW1A 1AB,,,", "SW1A 1AB,,,High"]);
    for file in [plain, columns, no_header, mixed] {
        server.submit(header(CspRegion::South, 1, &file), &file).await.unwrap_err();
    }
    let log = log(&server);
    assert_eq!(log.lines().count(), 4, "{log}");
    let unspaced = log.replace(' ', "");
    assert!(!unspaced.contains("SW1A"), "{log}");
}

#[tokio::test]
async fn an_upload_that_ends_before_its_header_has_a_line_but_not_each_time() {
    let server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    for _ in 0..3 {
        server.send(vec![chunk(b"no header")]).await.unwrap_err();
    }
    let lines = || fs::read_to_string(server.directory.path().join("audit.jsonl")).unwrap_or_default();
    for _ in 0..200 {
        if !lines().is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let lines: Vec<serde_json::Value> = lines().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!((&lines[0]["event"], &lines[0]["reason"]), (&"failed".into(), &"message-malformed".into()));
    assert!(lines[0]["note"].as_str().unwrap().starts_with("before its header: "), "{lines:?}");
}

#[tokio::test]
async fn what_is_turned_away_before_it_begins_or_cannot_be_activated_has_a_line_but_not_each_time() {
    let server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    let first = server.load(CspRegion::South, 1, &["AA1 1AA,,,"]).await.load_id;
    let file = csv(&["AA1 1AA,2020-01-01,Cellular,High"]);
    let staging = CoverageLoadHeader { activate: Some(false), ..header(CspRegion::South, 2, &file) };
    let staged = server.submit(staging, &file).await.unwrap().load.unwrap().load_id;
    server.load(CspRegion::South, 3, &["AA1 1AA,2021-01-01,Cellular,High"]).await;
    for _ in 0..3 {
        let on_the_first =
            CoverageLoadHeader { base_load_id: "south-none".to_owned(), ..header(CspRegion::South, 4, &file) };
        server.submit(on_the_first, &file).await.unwrap_err();
        server.submit(header(CspRegion::South, 4_000, &file), &file).await.unwrap_err();
        let request = ActivateCoverageLoadRequest { load_id: staged.clone() };
        let status = server.loads.clone().activate_coverage_load(request).await.unwrap_err();
        assert_eq!(told(&status).reason, "LOAD_OVERTAKEN");
    }
    let failed = || {
        let log = log(&server);
        let lines = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let failed = lines.filter(|line| line["event"] == "failed");
        let mut failed: Vec<_> = failed
            .map(|line| [&line["reason"], &line["load_id"]].map(|word| word.as_str().unwrap_or_default().to_owned()))
            .collect();
        failed.sort();
        failed
    };
    let wanted = [["base-not-active", ""], ["issued-in-future", ""], ["overtaken", &staged]];
    // They are written by a thread of their own.
    for _ in 0..200 {
        if failed().len() >= wanted.len() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(failed(), wanted);
    assert_ne!(first, staged);
}
