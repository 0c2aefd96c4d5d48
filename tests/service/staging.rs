//! Loads that are kept ready and activated later.

use insta::assert_snapshot;
use tonic::{Code, Status};
use wan_matrix::grpc::proto::{
    ActivateCoverageLoadRequest, CoverageLoad, CoverageLoadHeader, CoverageLoadState, CspRegion, GetCoverageLoadRequest,
};

use crate::{
    command::{active_id, load, run},
    country::{csv as country, south},
    deltas::{delta, on},
    running::{Server, Told, config, told},
    uploads::{csv, header},
};

const FIRST: [&str; 2] = ["AA1 1AA,2020-01-01,Cellular,High", "AA1 1AB,2020-01-01, ,Low"];
const SECOND: [&str; 2] = ["AA1 1AA,2020-01-01,Cellular,High", "AA1 1AB,2020-01-01,Cellular,Low"];
const THIRD: [&str; 2] = ["AA1 1AA,2020-01-01,Cellular,Low", "AA1 1AB,2020-01-01, ,Low"];

async fn server() -> (Server, String) {
    let server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    let first = server.load(CspRegion::South, 1, &FIRST).await.load_id;
    (server, first)
}

fn staged(header: CoverageLoadHeader) -> CoverageLoadHeader {
    CoverageLoadHeader { activate: Some(false), ..header }
}

async fn stage(server: &Server, day: i64, rows: &[&str]) -> CoverageLoad {
    let file = csv(rows);
    server.submit(staged(header(CspRegion::South, day, &file)), &file).await.unwrap().load.unwrap()
}

async fn activate(server: &Server, load_id: &str) -> Result<CoverageLoad, Status> {
    let request = ActivateCoverageLoadRequest { load_id: load_id.to_owned() };
    server.loads.clone().activate_coverage_load(request).await.map(|reply| reply.into_inner().load.unwrap())
}

async fn state(server: &Server, load_id: &str) -> CoverageLoadState {
    let request = GetCoverageLoadRequest { load_id: load_id.to_owned() };
    server.loads.clone().get_coverage_load(request).await.unwrap().into_inner().load.unwrap().state()
}

async fn answering(server: &Server) -> String {
    server.ask("AA1 1AA").await.unwrap().sources[0].load_id.clone()
}

#[tokio::test]
async fn a_staged_load_answers_from_the_moment_it_is_activated_also_after_a_restart() {
    let (server, first) = server().await;
    let load = stage(&server, 2, &SECOND).await;
    assert_eq!(load.state(), CoverageLoadState::Staged);
    assert!(load.activation_time.is_none() && !load.rows_sha256.is_empty());
    assert_eq!(load.comparison.as_ref().unwrap().unknown_to_confirmed, 1);
    assert_eq!(answering(&server).await, first);

    let Server { running, directory, .. } = server;
    running.shutdown().await.unwrap();
    let config = config(&directory, &[("EXPECTED_REGIONS", "south")]);
    let server = Server::start(directory, &config).await;
    assert_eq!(state(&server, &load.load_id).await, CoverageLoadState::Staged);
    assert_eq!(answering(&server).await, first);

    let active = activate(&server, &load.load_id).await.unwrap();
    assert_eq!((active.state(), active.load_id.as_str()), (CoverageLoadState::Active, load.load_id.as_str()));
    assert_eq!((active.activated_by.as_str(), active.submitter.as_str()), ("127.0.0.1", "127.0.0.1"));
    assert_eq!(answering(&server).await, load.load_id);
    assert_eq!(state(&server, &first).await, CoverageLoadState::Superseded);
}

#[tokio::test]
async fn the_guards_judge_a_staged_load_as_any_other() {
    let (server, _) = server().await;
    let file = csv(&FIRST[..1]);
    let status = server.submit(staged(header(CspRegion::South, 2, &file)), &file).await.unwrap_err();
    assert_eq!(told(&status).reason, "LOAD_GUARD_SHRINK");
}

#[tokio::test]
async fn a_staged_load_sent_again_is_there_already_and_sending_it_never_activates_it() {
    let (server, first) = server().await;
    let load = stage(&server, 2, &SECOND).await;
    let file = csv(&SECOND);
    let again = server.submit(staged(header(CspRegion::South, 2, &file)), &file).await.unwrap();
    assert!(again.already_present);
    assert_eq!(again.load.unwrap(), load);
    let status = server.submit(header(CspRegion::South, 2, &file), &file).await.unwrap_err();
    assert_eq!(told(&status), Told::new(Code::AlreadyExists, "LOAD_RETAINED", &[]).with("load_id", &load.load_id));
    assert!(status.message().contains("ActivateCoverageLoad"), "{status}");
    assert_eq!(answering(&server).await, first);
    // Once it is active, staging it again is nothing to do either.
    activate(&server, &load.load_id).await.unwrap();
    let again = server.submit(staged(header(CspRegion::South, 2, &file)), &file).await.unwrap();
    assert!(again.already_present);
    assert_eq!(again.load.unwrap().state(), CoverageLoadState::Active);
}

#[tokio::test]
async fn a_staged_load_that_was_judged_against_another_is_judged_afresh_before_it_answers() {
    let (server, first) = server().await;
    let load = stage(&server, 2, &SECOND).await;
    let third = server.load(CspRegion::South, 3, &THIRD).await.load_id;
    let status = activate(&server, &load.load_id).await.unwrap_err();
    let overtaken = Told::new(Code::Aborted, "LOAD_OVERTAKEN", &[]).with("load_id", &load.load_id);
    assert_eq!(told(&status), overtaken.with("active_load_id", &third));
    assert!(status.message().contains(&first), "{status}");
    assert_eq!(answering(&server).await, third);
    // It is kept, for what it was judged against may come back.
    assert_eq!(state(&server, &load.load_id).await, CoverageLoadState::Staged);

    // Sent again it is judged against what answers now: by then it is the older one.
    let file = csv(&SECOND);
    let status = server.submit(staged(header(CspRegion::South, 2, &file)), &file).await.unwrap_err();
    assert_eq!(told(&status).reason, "LOAD_GUARD_ISSUE_ORDER");
    let request = GetCoverageLoadRequest { load_id: load.load_id.clone() };
    let shown = server.loads.clone().get_coverage_load(request).await.unwrap().into_inner().load.unwrap();
    assert_eq!((shown.state(), shown.refusal.as_str()), (CoverageLoadState::Staged, status.message()));
    let overriding = CoverageLoadHeader {
        overrides: vec![7],
        override_note: "the third was a mistake".to_owned(),
        ..staged(header(CspRegion::South, 2, &file))
    };
    let again = server.submit(overriding, &file).await.unwrap();
    assert!(!again.already_present);
    let again = again.load.unwrap();
    assert_eq!((again.load_id.as_str(), again.state()), (load.load_id.as_str(), CoverageLoadState::Staged));
    assert_eq!(again.comparison.unwrap().with_load_id, third);
    activate(&server, &load.load_id).await.unwrap();
    assert_eq!(answering(&server).await, load.load_id);

    // What answered once is history: an operator goes back to it without being judged.
    for load_id in [&first, &third, &load.load_id] {
        activate(&server, load_id).await.unwrap();
        assert_eq!(&answering(&server).await, load_id);
    }
}

#[tokio::test]
async fn a_staged_load_is_activated_once_what_it_was_judged_against_is_back() {
    let (server, first) = server().await;
    let load = stage(&server, 2, &SECOND).await.load_id;
    server.load(CspRegion::South, 3, &THIRD).await;
    activate(&server, &first).await.unwrap();
    activate(&server, &load).await.unwrap();
    assert_eq!(answering(&server).await, load);
}

#[tokio::test]
async fn a_staged_delta_must_still_find_its_base() {
    let (server, first) = server().await;
    let one = delta(&["AA1 1AA,2019-01-01,Cellular,High,upsert"]);
    let two = delta(&["AA1 1AB,2019-01-01,Cellular,Low,upsert"]);
    let mut ids = Vec::new();
    for (day, file) in [(2, &one), (3, &two)] {
        let load = server.submit(staged(on(&first, day, file)), file).await.unwrap().load.unwrap();
        assert_eq!((load.state(), load.base_load_id.as_str()), (CoverageLoadState::Staged, first.as_str()));
        ids.push(load.load_id);
    }
    activate(&server, &ids[0]).await.unwrap();
    // The second was made from the first load, and does not have what the first delta changed.
    let status = activate(&server, &ids[1]).await.unwrap_err();
    let stale = Told::new(Code::Aborted, "LOAD_BASE_NOT_ACTIVE", &[]).with("base_load_id", &first);
    assert_eq!(told(&status), stale.with("active_load_id", &ids[0]));
    assert_eq!(answering(&server).await, ids[0]);
    let status = server.submit(staged(on(&first, 3, &two)), &two).await.unwrap_err();
    assert_eq!(told(&status).reason, "LOAD_BASE_NOT_ACTIVE");
    // Sent with the base that answers now, it is a load of its own.
    let again = server.submit(on(&ids[0], 3, &two), &two).await.unwrap().load.unwrap();
    assert_eq!(again.state(), CoverageLoadState::Active);
    for postcode in ["AA1 1AA", "AA1 1AB"] {
        let matrix = server.ask(postcode).await.unwrap().wan_matrix.unwrap();
        assert_eq!(matrix.coverage[0].availability_date(), "2019-01-01", "{postcode}");
    }
}

#[tokio::test]
async fn a_first_load_may_be_staged_and_nothing_answers_until_it_is_activated() {
    let server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    let load = stage(&server, 1, &FIRST).await;
    assert!(load.comparison.is_none());
    assert_eq!(told(&server.ask("AA1 1AA").await.unwrap_err()).reason, "COVERAGE_INCOMPLETE");
    activate(&server, &load.load_id).await.unwrap();
    assert_eq!(answering(&server).await, load.load_id);
}

#[tokio::test]
async fn the_command_stages_and_activates() {
    let server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    assert!(load(&server, 1, &country(&south()), &[]).await.starts_with("exit 0"));
    let first = active_id(&server);
    let mut next = south();
    next[0][2] = "Cellular".to_owned();
    let said = load(&server, 2, &country(&next), &["--stage"]).await;
    assert_snapshot!("staged", said);
    let id = said.split(' ').find(|word| word.starts_with("south-20260602")).unwrap().to_owned();
    assert_eq!(active_id(&server), first);
    next[1][2] = "Cellular and Mesh".to_owned();
    assert!(load(&server, 3, &country(&next), &[]).await.starts_with("exit 0"));
    assert_snapshot!("staged_and_overtaken", run(&server, &["loads", "activate", &id]).await);
    run(&server, &["loads", "activate", &first]).await;
    let said = run(&server, &["loads", "activate", &id]).await;
    assert!(said.contains(&format!("South answers from {id} since 2026-06-15T12:00:00Z")), "{said}");
}
