//! Loads that succeed, and how they are shown.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use tokio_stream::StreamExt;
use tonic::Code;
use wan_matrix::grpc::proto::{
    ActivateCoverageLoadRequest, CoverageLoadState, CoverageReject, CspRegion, Encoding, GetCoverageLoadRequest,
    ListCoverageLoadsRequest, RejectReason, StreamCoverageRejectsRequest,
};

use crate::{
    running::{Server, Told, told},
    uploads::{csv, header},
};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

#[tokio::test]
async fn a_file_becomes_the_truth_however_it_is_packed() {
    let server = Server::with(&[("EXPECTED_REGIONS", "central")]).await;
    let rows = ["AA1 1AB,2020-01-01,,Low", "AA1 1AA,2020-01-01, ,High", "AA1 1AD,,,", "AA1 1AD,,,"];
    let plain = csv(&rows);
    server.set_clock("2026-06-15T12:00:00Z");
    let now = prost_types::Timestamp { seconds: 1_781_524_800, nanos: 0 };
    let mut rows_sha256 = None;
    for (day, encoding, sent) in [
        (1, Encoding::Unspecified, plain.clone()),
        (2, Encoding::Gzip, gzip(&plain)),
        (3, Encoding::Zstd, zstd::encode_all(plain.as_slice(), 1).unwrap()),
        (4, Encoding::Identity, plain.clone()),
    ] {
        let mut header = header(CspRegion::Central, day, &sent);
        header.encoding = encoding.into();
        header.row_count = Some(4);
        let answer = server.submit(header.clone(), &sent).await.unwrap();
        assert!(!answer.already_present);
        let load = answer.load.unwrap();
        assert!(load.load_id.starts_with(&format!("central-2026050{day}T120000Z-")), "{}", load.load_id);
        assert_eq!(load.state(), CoverageLoadState::Active);
        assert_eq!(load.issue_time, header.issue_time);
        assert_eq!(load.reference, "a test's");
        assert_eq!(load.sha256, hex::encode(&header.sha256));
        assert_eq!(load.bytes_sent, sent.len() as i64);
        assert_eq!(load.bytes_decompressed, plain.len() as i64);
        let packed = if encoding == Encoding::Unspecified { Encoding::Identity } else { encoding };
        assert_eq!(load.encoding(), packed);
        assert_eq!((load.received_time, load.activation_time), (Some(now), Some(now)));
        assert_eq!(load.refusal, "");
        // The same rows have the same digest, whatever carried them.
        assert_eq!(rows_sha256.get_or_insert(load.rows_sha256.clone()), &load.rows_sha256);
        let report = load.report.clone().unwrap();
        let counts = (report.rows, report.accepted, report.set_aside, report.repeats, report.none_planned);
        assert_eq!(counts, (4, 3, 0, 1, 1));
        assert_eq!((report.unknown, report.unknown_from_empty), (2, 1));

        let request = GetCoverageLoadRequest { load_id: load.load_id.clone() };
        let shown = server.loads.clone().get_coverage_load(request).await.unwrap().into_inner().load.unwrap();
        assert_eq!(shown, load);
        assert_eq!(server.ask("AA1 1AA").await.unwrap().sources[0].load_id, load.load_id);
    }
}

#[tokio::test]
async fn the_same_file_again_changes_nothing() {
    let server = Server::empty().await;
    let file = csv(&["AA1 1AA,,,"]);
    let first = server.submit(header(CspRegion::South, 1, &file), &file).await.unwrap();
    server.set_clock("2026-06-16T12:00:00Z");
    let again = server.submit(header(CspRegion::South, 1, &file), &file).await.unwrap();
    assert!(!first.already_present && again.already_present);
    assert_eq!(first.load, again.load);
}

#[tokio::test]
async fn a_retained_load_is_not_activated_by_sending_it_again() {
    let server = Server::empty().await;
    let first = server.load(CspRegion::South, 1, &["AA1 1AA,,,"]).await.load_id;
    let second = server.load(CspRegion::South, 2, &["AA1 1AA,2020-01-01,Cellular,High"]).await.load_id;
    let file = csv(&["AA1 1AA,,,"]);
    let status = server.submit(header(CspRegion::South, 1, &file), &file).await.unwrap_err();
    assert_eq!(told(&status), Told::new(Code::AlreadyExists, "LOAD_RETAINED", &[]).with("load_id", &first));
    assert!(status.message().contains("ActivateCoverageLoad"), "{status}");
    assert_eq!(server.ask("AA1 1AA").await.unwrap().sources[0].load_id, second);
    let superseded = GetCoverageLoadRequest { load_id: first };
    let shown = server.loads.clone().get_coverage_load(superseded).await.unwrap().into_inner().load.unwrap();
    assert_eq!(shown.state(), CoverageLoadState::Superseded);
}

#[tokio::test]
async fn a_retained_load_is_activated_when_it_is_asked_for() {
    let server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    let first = server.load(CspRegion::South, 1, &["AA1 1AA,,,"]).await.load_id;
    let second = server.load(CspRegion::South, 2, &["AA1 1AA,2020-01-01,Cellular,High"]).await.load_id;
    let mut loads = server.loads.clone();
    for load_id in [&first, &second, &second] {
        let request = ActivateCoverageLoadRequest { load_id: load_id.clone() };
        let load = loads.activate_coverage_load(request).await.unwrap().into_inner().load.unwrap();
        assert_eq!((&load.load_id, load.state()), (load_id, CoverageLoadState::Active));
        assert_eq!(&server.ask("AA1 1AA").await.unwrap().sources[0].load_id, load_id);
    }
    let record = server.running.loads().activate_retained(&first, "somebody else").unwrap();
    let request = GetCoverageLoadRequest { load_id: first };
    let shown = loads.get_coverage_load(request).await.unwrap().into_inner().load.unwrap();
    assert_eq!((shown.submitter, shown.activated_by.as_str()), (record.manifest.submitter, "somebody else"));
    let request = ActivateCoverageLoadRequest { load_id: "south-1".to_owned() };
    let status = loads.activate_coverage_load(request).await.unwrap_err();
    assert_eq!(told(&status), Told::new(Code::NotFound, "LOAD_NOT_FOUND", &[]).with("load_id", "south-1"));
}

#[tokio::test]
async fn loads_are_listed_newest_first_in_pages() {
    let server = Server::empty().await;
    let mut ids = Vec::new();
    for (day, region) in [(1, CspRegion::South), (2, CspRegion::North), (3, CspRegion::South)] {
        server.set_clock(&format!("2026-06-1{day}T12:00:00Z"));
        ids.insert(0, server.load(region, day, &["AA1 1AA,,,"]).await.load_id);
    }
    let list = async |page_size, page_token: &str, region: CspRegion, state: CoverageLoadState| {
        let request = ListCoverageLoadsRequest {
            page_size,
            page_token: page_token.to_owned(),
            csp_region: region.into(),
            state: state.into(),
        };
        let page = server.loads.clone().list_coverage_loads(request).await.unwrap().into_inner();
        let listed: Vec<_> = page.loads.into_iter().map(|load| load.load_id).collect();
        (listed, page.next_page_token)
    };
    let (any_region, any_state) = (CspRegion::Unspecified, CoverageLoadState::Unspecified);
    for page_size in [0, 3, 200, 5000] {
        assert_eq!(list(page_size, "", any_region, any_state).await, (ids.clone(), String::new()), "{page_size}");
    }
    let (first, token) = list(2, "", any_region, any_state).await;
    assert_eq!(first, ids[..2]);
    assert_eq!(list(2, &token, any_region, any_state).await, (ids[2..].to_vec(), String::new()));
    let south = vec![ids[0].clone(), ids[2].clone()];
    assert_eq!(list(0, "", CspRegion::South, any_state).await.0, south);
    assert_eq!(list(0, "", any_region, CoverageLoadState::Superseded).await.0, ids[2..]);
    assert!(list(0, "", CspRegion::Central, any_state).await.0.is_empty());
}

#[tokio::test]
async fn a_request_for_loads_that_cannot_be_understood_says_where() {
    let server = Server::empty().await;
    let default = ListCoverageLoadsRequest::default;
    for (request, error) in [
        (
            ListCoverageLoadsRequest { page_size: -1, ..default() },
            Told::new(Code::InvalidArgument, "REQUEST_MALFORMED", &["page_size"]),
        ),
        (
            ListCoverageLoadsRequest { page_token: "mine".to_owned(), ..default() },
            Told::new(Code::InvalidArgument, "PAGE_TOKEN_INVALID", &["page_token"]),
        ),
        (
            ListCoverageLoadsRequest { csp_region: 42, ..default() },
            Told::new(Code::InvalidArgument, "REQUEST_MALFORMED", &["csp_region"]),
        ),
        (
            ListCoverageLoadsRequest { state: 42, ..default() },
            Told::new(Code::InvalidArgument, "REQUEST_MALFORMED", &["state"]),
        ),
    ] {
        let status = server.loads.clone().list_coverage_loads(request.clone()).await.unwrap_err();
        assert_eq!(told(&status), error, "{request:?}");
    }
    let not_found = || Told::new(Code::NotFound, "LOAD_NOT_FOUND", &[]).with("load_id", "south-x");
    let load_id = || "south-x".to_owned();
    let request = GetCoverageLoadRequest { load_id: load_id() };
    assert_eq!(told(&server.loads.clone().get_coverage_load(request).await.unwrap_err()), not_found());
    let request = StreamCoverageRejectsRequest { load_id: load_id(), after_line: 0 };
    assert_eq!(told(&server.loads.clone().stream_coverage_rejects(request).await.unwrap_err()), not_found());
    let request = StreamCoverageRejectsRequest { load_id: load_id(), after_line: -1 };
    let status = server.loads.clone().stream_coverage_rejects(request).await.unwrap_err();
    assert_eq!(told(&status), Told::new(Code::InvalidArgument, "REQUEST_MALFORMED", &["after_line"]));
}

async fn rejects(server: &Server, load_id: &str, after_line: i64) -> Vec<CoverageReject> {
    let request = StreamCoverageRejectsRequest { load_id: load_id.to_owned(), after_line };
    let stream = server.loads.clone().stream_coverage_rejects(request).await.unwrap().into_inner();
    stream.map(|reject| reject.unwrap().reject.unwrap()).collect().await
}

#[tokio::test]
async fn rejects_are_streamed_in_order_and_from_any_line() {
    let server = Server::with(&[("GUARDS_REJECTS_PERCENT", "100")]).await;
    let mut rows = vec!["AA1 1AA,,,", "AA1 1AB,2020-01-01,cellular,High", "nowhere,,,"];
    rows.extend(["AA1 1AD,,Cellular,"; 200]);
    let load = server.load(CspRegion::South, 1, &rows).await;
    let all = rejects(&server, &load.load_id, 0).await;
    assert_eq!(all.len(), 202);
    let first = &all[0];
    assert_eq!((first.line, first.column.as_str()), (3, "wan_variant"));
    assert_eq!(first.reason(), RejectReason::VariantNotListed);
    assert!(first.message.contains("did you mean \"Cellular\""), "{}", first.message);
    assert_eq!(&*first.row, b"AA1 1AB,2020-01-01,cellular,High");
    assert!(!first.row_truncated);
    assert_eq!((all[1].line, all[1].reason()), (4, RejectReason::PostcodeMalformed));
    assert!(all.iter().map(|reject| reject.line).eq(3..=204));
    for after in [3, 4, 100, 203] {
        assert_eq!(rejects(&server, &load.load_id, after).await, all[after as usize - 2..], "after line {after}");
    }
    for after in [204, 205, i64::MAX] {
        assert!(rejects(&server, &load.load_id, after).await.is_empty(), "after line {after}");
    }
}
