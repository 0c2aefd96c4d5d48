//! A CSP and the loads of its own regions.

use std::fs;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tonic::{Code, Response, Status, transport::Channel};
use wan_matrix::grpc::proto::{
    ActivateCoverageLoadRequest, CoverageLoad, CoverageLoadHeader, CoverageLoadState, CspRegion,
    GetCoverageLoadRequest, ListCoverageLoadsRequest, LoadGuard, StreamCoverageRejectsRequest,
    SubmitCoverageLoadRequest, coverage_load_service_client::CoverageLoadServiceClient,
    submit_coverage_load_request::Part,
};

use crate::server::{CSP, OPERATOR, Server, config};

/// One of its rows is set aside, so that there are rejects to ask for.
fn file(number: i64) -> Vec<u8> {
    let rows: String =
        (0..2000).map(|row| format!("AA1 {}{}{},,,\n", row / 400, letter(row / 20 % 20), letter(row % 20))).collect();
    format!("postcode,availability_date,wan_variant,connectivity_likelihood\n{rows}nonsense {number},,,\n").into_bytes()
}

fn letter(index: usize) -> char {
    char::from(b"ABDEFGHJLNPQRSTUWXYZ"[index])
}

async fn submit(
    client: &mut CoverageLoadServiceClient<Channel>,
    region: CspRegion,
    number: i64,
    override_note: &str,
) -> Result<CoverageLoad, Status> {
    let announced = CoverageLoadHeader { override_note: override_note.to_owned(), ..CoverageLoadHeader::default() };
    submit_file(client, region, number, file(number), announced).await
}

async fn stage(
    client: &mut CoverageLoadServiceClient<Channel>,
    number: i64,
    file: Vec<u8>,
    overrides: &[LoadGuard],
) -> CoverageLoad {
    let announced = CoverageLoadHeader {
        activate: Some(false),
        overrides: overrides.iter().map(|&guard| guard.into()).collect(),
        override_note: if overrides.is_empty() { String::new() } else { "known".to_owned() },
        ..CoverageLoadHeader::default()
    };
    submit_file(client, CspRegion::Central, number, file, announced).await.unwrap()
}

async fn submit_file(
    client: &mut CoverageLoadServiceClient<Channel>,
    region: CspRegion,
    number: i64,
    file: Vec<u8>,
    announced: CoverageLoadHeader,
) -> Result<CoverageLoad, Status> {
    let header = CoverageLoadHeader {
        csp_region: region.into(),
        issue_time: Some(prost_types::Timestamp { seconds: 1_767_225_600 + number, nanos: 0 }),
        sha256: Sha256::digest(&file).to_vec(),
        ..announced
    };
    let parts = [Part::Header(header), Part::Chunk(Bytes::from(file))];
    let messages = parts.map(|part| SubmitCoverageLoadRequest { part: Some(part) });
    let reply = client.submit_coverage_load(tokio_stream::iter(messages)).await?;
    Ok(reply.into_inner().load.unwrap())
}

fn refused<T: std::fmt::Debug>(answer: Result<T, Status>) -> (Code, String) {
    let status = answer.unwrap_err();
    (status.code(), status.message().to_owned())
}

#[tokio::test]
async fn a_csp_has_its_own_regions_and_no_others() {
    let server = Server::start().await;
    let mut csp = CoverageLoadServiceClient::new(server.channel(CSP).await);
    let mut operator = CoverageLoadServiceClient::new(server.channel(OPERATOR).await);
    let own = submit(&mut csp, CspRegion::Central, 1, "").await.unwrap();
    let other = submit(&mut operator, CspRegion::South, 1, "").await.unwrap();
    assert_eq!(own.state(), CoverageLoadState::Active);

    // What it names itself is denied.
    let (code, words) = refused(submit(&mut csp, CspRegion::South, 2, "").await);
    assert_eq!(code, Code::PermissionDenied);
    assert_eq!(words, format!("{CSP} is csp:central+4g-central here, and loads of South are not its business"));
    let south = ListCoverageLoadsRequest { csp_region: CspRegion::South.into(), ..Default::default() };
    assert_eq!(refused(csp.list_coverage_loads(south).await).0, Code::PermissionDenied);
    assert_eq!(refused(submit(&mut csp, CspRegion::Central, 3, "please").await).0, Code::PermissionDenied);

    // A list has its own.
    for (client, loads) in [(&mut csp, 1), (&mut operator, 2)] {
        let list = client.list_coverage_loads(ListCoverageLoadsRequest::default()).await.unwrap().into_inner();
        assert_eq!(list.loads.len(), loads);
        assert!(list.loads.iter().any(|load| load.load_id == own.load_id));
    }

    // Another's load is as one that never was, word for word.
    let never = other.load_id.replace(|digit: char| digit.is_ascii_digit(), "7");
    for method in ["get", "activate", "rejects"] {
        let mut said = Vec::new();
        for load_id in [&other.load_id, &never] {
            let id = load_id.clone();
            let answer = match method {
                "get" => csp.get_coverage_load(GetCoverageLoadRequest { load_id: id }).await.map(drop),
                "activate" => csp.activate_coverage_load(ActivateCoverageLoadRequest { load_id: id }).await.map(drop),
                _ => {
                    let request = StreamCoverageRejectsRequest { load_id: id, after_line: 0 };
                    csp.stream_coverage_rejects(request).await.map(drop)
                }
            };
            let (code, words) = refused(answer);
            said.push((code, words.replace(load_id, "ID")));
        }
        assert_eq!(said[0], said[1], "{method}");
        assert_eq!(said[0].0, Code::NotFound, "{method}");
    }
    // And its own is there.
    let get = GetCoverageLoadRequest { load_id: own.load_id.clone() };
    assert!(csp.get_coverage_load(get).await.is_ok());
    let rejects = StreamCoverageRejectsRequest { load_id: own.load_id.clone(), after_line: 0 };
    let mut rejects = csp.stream_coverage_rejects(rejects).await.unwrap().into_inner();
    assert!(rejects.message().await.unwrap().is_some());
    assert!(rejects.message().await.unwrap().is_none());

    let noted = server.audited("denied", 4).await;
    assert!(noted.iter().all(|line| line["by"] == CSP), "{noted:?}");
    assert!(server.audited("activated", 2).await.iter().any(|line| line["by"] == CSP));
}

#[tokio::test]
async fn the_way_back_is_an_operators() {
    let server = Server::start().await;
    let mut csp = CoverageLoadServiceClient::new(server.channel(CSP).await);
    let mut operator = CoverageLoadServiceClient::new(server.channel(OPERATOR).await);
    let first = submit(&mut csp, CspRegion::Central, 1, "").await.unwrap().load_id;
    let second = submit(&mut csp, CspRegion::Central, 2, "").await.unwrap().load_id;
    let activate = |load_id: &str| ActivateCoverageLoadRequest { load_id: load_id.to_owned() };
    let (code, words) = refused(csp.activate_coverage_load(activate(&first)).await);
    assert_eq!(code, Code::PermissionDenied);
    assert!(words.ends_with("only an operator goes back to an earlier load"), "{words}");
    // One that is active already stays so, whoever says it.
    csp.activate_coverage_load(activate(&second)).await.unwrap();
    let back = operator.activate_coverage_load(activate(&first)).await.map(Response::into_inner).unwrap();
    assert_eq!(back.load.unwrap().load_id, first);
    // An operator who may override is told that there is nothing to override yet.
    assert_eq!(refused(submit(&mut operator, CspRegion::Central, 3, "note").await).0, Code::InvalidArgument);
}

#[tokio::test]
async fn what_an_operator_staged_an_operator_activates() {
    let server = Server::start().await;
    let mut csp = CoverageLoadServiceClient::new(server.channel(CSP).await);
    let mut operator = CoverageLoadServiceClient::new(server.channel(OPERATOR).await);
    submit(&mut csp, CspRegion::Central, 1, "").await.unwrap();
    let activate = |load_id: &str| ActivateCoverageLoadRequest { load_id: load_id.to_owned() };

    let guarded = format!("{}{}", String::from_utf8(file(2)).unwrap(), "nonsense,,,\n".repeat(50)).into_bytes();
    let passed = stage(&mut operator, 2, guarded, &[LoadGuard::Rejects]).await;
    let plain = stage(&mut operator, 3, file(3), &[]).await;
    for load in [&passed, &plain] {
        assert_eq!(load.state(), CoverageLoadState::Staged);
        let (code, words) = refused(csp.activate_coverage_load(activate(&load.load_id)).await);
        assert_eq!(code, Code::PermissionDenied);
        assert!(words.ends_with("only who staged a load, or an operator, activates it"), "{words}");
    }
    let own = stage(&mut csp, 4, file(4), &[]).await;
    let activated = csp.activate_coverage_load(activate(&own.load_id)).await.unwrap().into_inner().load.unwrap();
    assert_eq!(activated.state(), CoverageLoadState::Active);
    // What was staged before it was judged against another load, whoever asks.
    assert_eq!(refused(operator.activate_coverage_load(activate(&plain.load_id)).await).0, Code::Aborted);
    let again = stage(&mut operator, 5, file(5), &[]).await;
    assert!(operator.activate_coverage_load(activate(&again.load_id)).await.is_ok());
}

/// Whoever staged a load past a guard was an operator then. One who is a CSP by now does not activate it, though it is its own.
#[tokio::test]
async fn a_load_that_a_guard_stood_against_is_an_operators_whoever_staged_it() {
    let server = Server::start().await;
    let mut csp = CoverageLoadServiceClient::new(server.channel(CSP).await);
    let mut once = CoverageLoadServiceClient::new(server.channel(OPERATOR).await);
    submit(&mut csp, CspRegion::Central, 1, "").await.unwrap();
    let guarded = format!("{}{}", String::from_utf8(file(2)).unwrap(), "nonsense,,,\n".repeat(50)).into_bytes();
    let passed = stage(&mut once, 2, guarded, &[LoadGuard::Rejects]).await.load_id;
    let plain = stage(&mut once, 3, file(3), &[]).await.load_id;

    // Of the two, roles change places.
    let path = server.directory.path().join("wan-matrix.toml");
    let text = fs::read_to_string(&path).unwrap();
    let text = text.replace(OPERATOR, "SOMEBODY").replace(CSP, OPERATOR).replace("SOMEBODY", CSP);
    fs::write(&path, text).unwrap();
    assert!(server.running.reload(config(&server.directory).unwrap()).await);
    let activate = |load_id: &str| ActivateCoverageLoadRequest { load_id: load_id.to_owned() };
    let (code, words) = refused(once.activate_coverage_load(activate(&passed)).await);
    assert_eq!(code, Code::PermissionDenied);
    assert_eq!(
        words,
        format!(
            "{OPERATOR} is csp:central+4g-central here, and only an operator activates a load that a guard stood against"
        )
    );
    let activated = once.activate_coverage_load(activate(&plain)).await.unwrap().into_inner().load.unwrap();
    assert_eq!(activated.state(), CoverageLoadState::Active);
    let denied = server.audited("denied", 1).await;
    assert_eq!(denied[0]["by"], OPERATOR);
}

#[tokio::test]
async fn what_was_staged_past_a_guard_an_operator_activates() {
    let server = Server::start().await;
    let mut operator = CoverageLoadServiceClient::new(server.channel(OPERATOR).await);
    submit(&mut operator, CspRegion::Central, 1, "").await.unwrap();
    let guarded = format!("{}{}", String::from_utf8(file(2)).unwrap(), "nonsense,,,\n".repeat(50)).into_bytes();
    let staged = stage(&mut operator, 2, guarded, &[LoadGuard::Rejects]).await;
    assert_eq!(
        staged.guards.iter().map(|found| (found.guard(), found.overridden)).collect::<Vec<_>>(),
        [(LoadGuard::Rejects, true)]
    );
    let request = ActivateCoverageLoadRequest { load_id: staged.load_id.clone() };
    let activated = operator.activate_coverage_load(request).await.unwrap().into_inner().load.unwrap();
    assert_eq!((activated.state(), activated.load_id), (CoverageLoadState::Active, staged.load_id.clone()));
    assert_eq!((activated.guards, activated.override_note.as_str()), (staged.guards, "known"));
    let overridden = server.audited("overridden", 1).await;
    assert_eq!((&overridden[0]["load_id"], &overridden[0]["by"]), (&staged.load_id.into(), &OPERATOR.into()));
}
