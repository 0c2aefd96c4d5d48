//! Dry runs: all that a load goes through, and nothing of it kept.

use std::{collections::BTreeSet, fs, path::Path};

use insta::assert_snapshot;
use prost::{Message as _, Name as _};
use tonic::{Code, Status};
use wan_matrix::grpc::proto::{CoverageLoad, CoverageLoadHeader, CoverageLoadState, CspRegion, LoadGuard};

use crate::{
    command::{active_id, load},
    country::{blanked, csv as country, south},
    deltas::{delta, on},
    running::{Server, Told, told},
    uploads::{csv, header},
};

const ROWS: [&str; 2] = ["AA1 1AA,2020-01-01,Cellular,High", "AA1 1AB,2020-01-01, ,Low"];

async fn server() -> (Server, String) {
    let server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    let base = server.load(CspRegion::South, 1, &ROWS).await.load_id;
    (server, base)
}

fn dry(header: CoverageLoadHeader) -> CoverageLoadHeader {
    CoverageLoadHeader { validate_only: true, ..header }
}

/// Every file and directory but the audit log, and what is in each file that is small.
fn kept(directory: &Path) -> BTreeSet<(String, Vec<u8>)> {
    let mut all = BTreeSet::new();
    for item in fs::read_dir(directory).unwrap() {
        let path = item.unwrap().path();
        let name = path.display().to_string();
        if path.is_dir() {
            all.extend(kept(&path));
            all.insert((name, Vec::new()));
        } else if !name.ends_with("audit.jsonl") && !name.contains("/blocks/") {
            all.insert((name, fs::read(&path).unwrap()));
        }
    }
    all
}

fn last_audit_line(server: &Server) -> serde_json::Value {
    let log = fs::read_to_string(server.directory.path().join("audit.jsonl")).unwrap();
    serde_json::from_str(log.lines().last().unwrap()).unwrap()
}

/// The load among an error's details.
fn carried(status: &Status) -> Option<CoverageLoad> {
    let details = tonic_types::pb::Status::decode(status.details()).unwrap().details;
    let ours = details.iter().find(|detail| detail.type_url.ends_with(&format!("/{}", CoverageLoad::full_name())))?;
    Some(CoverageLoad::decode(&ours.value[..]).unwrap())
}

#[tokio::test]
async fn a_dry_run_tells_what_would_change_and_keeps_nothing_but_a_line_in_the_log() {
    let (server, base) = server().await;
    let before = kept(server.directory.path());
    let full = csv(&["AA1 1AA,2019-01-01,Cellular,High", "AA1 1AB,2020-01-01,Cellular,Low"]);
    let changes = delta(&["AA1 1AA,2019-01-01,Cellular,High,upsert", "AA1 1AB,2020-01-01,Cellular,Low,upsert"]);
    for (header, file) in [(header(CspRegion::South, 2, &full), &full), (on(&base, 2, &changes), &changes)] {
        let answer = server.submit(dry(header.clone()), file).await.unwrap();
        assert!(!answer.already_present);
        let told = answer.load.unwrap();
        assert_eq!(told.state(), CoverageLoadState::Unspecified);
        assert_eq!((told.report.unwrap().accepted, told.rows_sha256.as_str()), (2, ""));
        let changed = told.comparison.unwrap();
        assert_eq!((changed.with_load_id.as_str(), changed.changed), (base.as_str(), 2));
        assert_eq!((changed.date_earlier, changed.unknown_to_confirmed), (1, 1));

        server.idle().await;
        assert_eq!(kept(server.directory.path()), before);
        assert_eq!(server.ask("AA1 1AB").await.unwrap().sources[0].load_id, base);
        let line = last_audit_line(&server);
        assert_eq!((&line["event"], &line["load_id"]), (&"dry-run".into(), &told.load_id.clone().into()));
        // A dry run leaves nothing that a load could meet: the real one is taken, and under the same id.
        if told.base_load_id.is_empty() {
            continue;
        }
        let real = server.submit(header, file).await.unwrap();
        assert!(!real.already_present);
        assert_eq!(real.load.unwrap().load_id, told.load_id);
    }
}

#[tokio::test]
async fn what_would_refuse_a_load_refuses_its_dry_run_and_the_error_carries_the_report() {
    let (server, base) = server().await;
    let before = kept(server.directory.path());
    let unknown = csv(&["AA1 1AA,2020-01-01, ,High", "AA1 1AB,2020-01-01, ,Low"]);
    let status = server.submit(dry(header(CspRegion::South, 2, &unknown)), &unknown).await.unwrap_err();
    let error = Told::new(Code::FailedPrecondition, "LOAD_GUARD_UNKNOWN", &[]);
    assert_eq!(told(&status), error.with("guards", "unknown").with("validate_only", "true"));
    let load = carried(&status).unwrap();
    assert_eq!(load.comparison.as_ref().unwrap().confirmed_to_unknown, 1);
    assert_eq!((load.guards[0].guard(), load.guards[0].overridden), (LoadGuard::Unknown, false));
    assert_eq!(load.report.unwrap().unknown, 2);

    let nothing = csv(&["nowhere,,,"]);
    let status = server.submit(dry(header(CspRegion::South, 2, &nothing)), &nothing).await.unwrap_err();
    let error = Told::new(Code::InvalidArgument, "LOAD_FILE_UNREADABLE", &["chunk"]);
    assert_eq!(told(&status), error.with("validate_only", "true"));
    assert_eq!(carried(&status).unwrap().report.unwrap().set_aside, 1);

    // The checks before the guards are told as ever.
    let wrong = CoverageLoadHeader { sha256: vec![7; 32], ..header(CspRegion::South, 2, &unknown) };
    let status = server.submit(dry(wrong), &unknown).await.unwrap_err();
    assert_eq!((told(&status).reason.as_str(), carried(&status)), ("LOAD_DIGEST_MISMATCH", None));
    let changes = delta(&["AA1 1AA,,,,upsert"]);
    let status = server.submit(dry(on("south-1", 2, &changes)), &changes).await.unwrap_err();
    assert_eq!(told(&status).reason, "LOAD_BASE_NOT_ACTIVE");

    server.idle().await;
    assert_eq!(kept(server.directory.path()), before);
    assert_eq!(server.ask("AA1 1AB").await.unwrap().sources[0].load_id, base);
}

#[tokio::test]
async fn a_guard_may_be_overridden_in_a_dry_run_too() {
    let (server, _) = server().await;
    let unknown = csv(&["AA1 1AA,2020-01-01, ,High", "AA1 1AB,2020-01-01, ,Low"]);
    let header = CoverageLoadHeader {
        overrides: vec![LoadGuard::Unknown.into()],
        override_note: "agreed".to_owned(),
        ..header(CspRegion::South, 2, &unknown)
    };
    let load = server.submit(dry(header), &unknown).await.unwrap().load.unwrap();
    assert!(load.guards[0].overridden);
    assert_eq!(load.override_note, "agreed");
    assert_eq!(last_audit_line(&server)["event"], "dry-run");
}

#[tokio::test]
async fn a_load_that_is_there_is_told_so() {
    let (server, base) = server().await;
    let file = csv(&ROWS);
    let again = server.submit(dry(header(CspRegion::South, 1, &file)), &file).await.unwrap();
    assert!(again.already_present);
    assert_eq!(again.load.unwrap().load_id, base);
}

#[tokio::test]
async fn the_command_shows_the_report_either_way() {
    let server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    assert_snapshot!("dry_run_of_a_first_load", load(&server, 1, &country(&south()), &["--dry-run"]).await);
    assert!(server.running.loads().active().load(wan_matrix::domain::CspRegion::South).is_none());
    assert!(load(&server, 1, &country(&south()), &[]).await.starts_with("exit 0"));
    let base = active_id(&server);
    let mut next = south();
    next[0][2] = "Cellular".to_owned();
    next[1][1] = "2014-01-01".to_owned();
    next.pop();
    assert_snapshot!("dry_run", load(&server, 2, &country(&next), &["--dry-run"]).await);
    let blank = country(&blanked(south(), "wan_variant"));
    assert_snapshot!("dry_run_refused", load(&server, 2, &blank, &["--dry-run"]).await);
    assert_eq!(active_id(&server), base);
}
