//! Loads that are refused: nothing changes, and the sender is told why.

use std::time::Duration;

use prost_types::Timestamp;
use tonic::Code;
use tonic_types::StatusExt;
use wan_matrix::grpc::proto::{
    CoverageLoadHeader, CoverageLoadState, CspRegion, GetCoverageLoadRequest, StreamCoverageRejectsRequest,
    SubmitCoverageLoadRequest,
};

use crate::{
    running::{Server, Told, config, told},
    uploads::{announce, chunk, csv, header},
};

#[tokio::test]
async fn a_header_is_checked_before_a_byte_is_taken() {
    let server = Server::empty().await;
    let file = csv(&["AA1 1AA,,,"]);
    let good = || header(CspRegion::South, 1, &file);
    let at = |seconds, nanos| Some(Timestamp { seconds, nanos });
    let malformed = |field: &str| Told::new(Code::InvalidArgument, "HEADER_MALFORMED", &[field]);
    let overriding = |guards: &[i32], note: &str| CoverageLoadHeader {
        overrides: guards.to_vec(),
        override_note: note.to_owned(),
        ..good()
    };
    for (header, error) in [
        (
            CoverageLoadHeader { csp_region: 0, ..good() },
            Told::new(Code::InvalidArgument, "REGION_MISSING", &["header.csp_region"]),
        ),
        (
            CoverageLoadHeader { csp_region: 7, ..good() },
            Told::new(Code::InvalidArgument, "REGION_MISSING", &["header.csp_region"]),
        ),
        (CoverageLoadHeader { base_load_id: "x".repeat(61), ..good() }, malformed("header.base_load_id")),
        (CoverageLoadHeader { base_load_id: "south\n".to_owned(), ..good() }, malformed("header.base_load_id")),
        // A note explains overrides, and overrides need a note.
        (CoverageLoadHeader { override_note: "why".to_owned(), ..good() }, malformed("header.override_note")),
        (CoverageLoadHeader { overrides: vec![1], ..good() }, malformed("header.override_note")),
        (overriding(&[1], "  "), malformed("header.override_note")),
        (overriding(&[1], &"x".repeat(501)), malformed("header.override_note")),
        (overriding(&[1], "\u{1b}[2J"), malformed("header.override_note")),
        (overriding(&[1, 0], "why"), malformed("header.overrides")),
        (overriding(&[8], "why"), malformed("header.overrides")),
        (CoverageLoadHeader { issue_time: None, ..good() }, malformed("header.issue_time")),
        (CoverageLoadHeader { issue_time: at(0, 0), ..good() }, malformed("header.issue_time")),
        (CoverageLoadHeader { issue_time: at(i64::MAX, 0), ..good() }, malformed("header.issue_time")),
        (CoverageLoadHeader { issue_time: at(1_777_636_800, 5), ..good() }, malformed("header.issue_time")),
        (CoverageLoadHeader { reference: "x".repeat(201), ..good() }, malformed("header.reference")),
        (CoverageLoadHeader { reference: "\u{1b}[2J".to_owned(), ..good() }, malformed("header.reference")),
        (CoverageLoadHeader { sha256: Vec::new(), ..good() }, malformed("header.sha256")),
        (CoverageLoadHeader { sha256: vec![0; 64], ..good() }, malformed("header.sha256")),
        (CoverageLoadHeader { row_count: Some(-1), ..good() }, malformed("header.row_count")),
        (CoverageLoadHeader { encoding: 9, ..good() }, malformed("header.encoding")),
        // Everything at once.
        (
            CoverageLoadHeader::default(),
            Told::new(
                Code::InvalidArgument,
                "REGION_MISSING",
                &["header.csp_region", "header.issue_time", "header.sha256"],
            ),
        ),
        (
            CoverageLoadHeader { issue_time: at(1_900_000_000, 0), ..good() },
            Told::new(Code::InvalidArgument, "LOAD_ISSUED_IN_FUTURE", &["header.issue_time"]),
        ),
    ] {
        let status = server.submit(header.clone(), &file).await.unwrap_err();
        assert_eq!(told(&status), error, "{header:?}: {status}");
    }
}

#[tokio::test]
async fn a_file_that_is_not_as_announced_is_refused() {
    let server = Server::with(&[("LIMITS_MAX_ROWS", "3"), ("LIMITS_MAX_UPLOAD_BYTES", "1000")]).await;
    let file = csv(&["AA1 1AA,,,", "AA1 1AB,,,"]);
    let good = || header(CspRegion::South, 1, &file);
    let many = csv(&["AA1 1AA,,,"; 4]);
    let large = csv(&["AA1 1AA,,,"; 200]);
    let columns = b"postcode,uprn\nAA1 1AA,1\n";
    let unreadable = || Told::new(Code::InvalidArgument, "LOAD_FILE_UNREADABLE", &["chunk"]);
    let too_large = || Told::new(Code::ResourceExhausted, "LOAD_TOO_LARGE", &[]);
    for (header, file, error) in [
        (
            CoverageLoadHeader { sha256: vec![7; 32], ..good() },
            &file[..],
            Told::new(Code::InvalidArgument, "LOAD_DIGEST_MISMATCH", &["header.sha256"]),
        ),
        (
            good(),
            &file[..file.len() - 11],
            Told::new(Code::InvalidArgument, "LOAD_DIGEST_MISMATCH", &["header.sha256"]),
        ),
        (
            CoverageLoadHeader { row_count: Some(3), ..good() },
            &file,
            Told::new(Code::InvalidArgument, "LOAD_ROW_COUNT_MISMATCH", &["header.row_count"]),
        ),
        (CoverageLoadHeader { encoding: 2, ..good() }, &file, unreadable()),
        (header(CspRegion::South, 1, columns), columns, unreadable()),
        (header(CspRegion::South, 1, &many), &many, too_large()),
        (header(CspRegion::South, 1, &large), &large, too_large()),
    ] {
        let status = server.submit(header.clone(), file).await.unwrap_err();
        assert_eq!(told(&status), error, "{header:?}: {status}");
        server.idle().await;
        assert_eq!(told(&server.ask("AA1 1AA").await.unwrap_err()).metadata["loads"], "");
    }
}

#[tokio::test]
async fn messages_out_of_order_end_the_upload() {
    let server = Server::empty().await;
    let file = csv(&["AA1 1AA,,,"]);
    let head = || announce(header(CspRegion::South, 1, &file));
    let nothing = SubmitCoverageLoadRequest { part: None };
    let malformed = |field: &str| Told::new(Code::InvalidArgument, "HEADER_MALFORMED", &[field]);
    let unreadable = |field: &str| Told::new(Code::InvalidArgument, "LOAD_FILE_UNREADABLE", &[field]);
    for (what, messages, error) in [
        ("nothing at all", vec![], malformed("header")),
        ("a chunk first", vec![chunk(&file)], malformed("header")),
        ("an empty message first", vec![nothing.clone()], malformed("part")),
        ("the header twice", vec![head(), head()], malformed("header")),
        ("the header after a chunk", vec![head(), chunk(&file), head()], malformed("header")),
        ("an empty message", vec![head(), nothing], unreadable("part")),
        ("an empty chunk", vec![head(), chunk(b"")], unreadable("chunk")),
        ("a chunk over 1 MiB", vec![head(), chunk(&vec![b'x'; (1 << 20) + 1])], unreadable("chunk")),
        ("no chunk", vec![head()], unreadable("chunk")),
    ] {
        let status = server.send(messages).await.unwrap_err();
        assert_eq!(told(&status), error, "{what}: {status}");
        // Each gives its turn back.
        server.idle().await;
    }
    server.load(CspRegion::South, 1, &["AA1 1AA,,,"]).await;
}

#[tokio::test]
async fn a_chunk_of_1_mib_is_taken() {
    let server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    let mut file = csv(&["AA1 1AA,,,"]);
    while file.len() + 11 <= 1 << 20 {
        file.extend_from_slice(b"AA1 1AA,,,\n");
    }
    // Blank lines fill it to the byte.
    file.resize(1 << 20, b'\n');
    let answer = server.send(vec![announce(header(CspRegion::South, 1, &file)), chunk(&file)]).await.unwrap();
    assert_eq!(answer.load.unwrap().report.unwrap().accepted, 1);
}

#[tokio::test]
async fn a_refusal_by_a_guard_can_be_looked_into() {
    let server = Server::empty().await;
    let mut rows = vec!["nowhere,,,"];
    let postcodes: Vec<_> = (0..900).map(|n| format!("AA{} {}AA,,,", n / 10 + 1, n % 10)).collect();
    rows.extend(postcodes.iter().map(String::as_str));
    let file = csv(&rows);
    let status = server.submit(header(CspRegion::North, 1, &file), &file).await.unwrap_err();
    let Told { code, reason, mut metadata, .. } = told(&status);
    assert_eq!((code, reason.as_str()), (Code::FailedPrecondition, "LOAD_GUARD_REJECTS"), "{status}");
    let load_id = metadata.remove("load_id").unwrap();
    let request = GetCoverageLoadRequest { load_id: load_id.clone() };
    let refused = server.loads.clone().get_coverage_load(request).await.unwrap().into_inner().load.unwrap();
    assert_eq!(refused.state(), CoverageLoadState::Refused);
    assert_eq!(refused.refusal, status.message());
    assert!(refused.activation_time.is_none() && refused.rows_sha256.is_empty());
    assert_eq!(refused.report.unwrap().set_aside, 1);
    let request = StreamCoverageRejectsRequest { load_id, after_line: 0 };
    let mut rejects = server.loads.clone().stream_coverage_rejects(request).await.unwrap().into_inner();
    assert_eq!(rejects.message().await.unwrap().unwrap().reject.unwrap().line, 2);
    assert!(rejects.message().await.unwrap().is_none());
}

#[tokio::test]
async fn a_file_without_a_row_to_accept_is_refused() {
    let server = Server::empty().await;
    let file = csv(&["nowhere,,,"]);
    let status = server.submit(header(CspRegion::North, 1, &file), &file).await.unwrap_err();
    let mut error = told(&status);
    assert!(error.metadata.remove("load_id").is_some_and(|id| id.starts_with("north-")));
    assert_eq!(error, Told::new(Code::InvalidArgument, "LOAD_FILE_UNREADABLE", &["chunk"]));
}

#[tokio::test]
async fn one_load_at_a_time_and_a_sender_who_leaves_gives_way() {
    let server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    let file = csv(&["AA1 1AA,,,"]);
    let upload = server.begin(CspRegion::South, &file).await;
    let status = server.submit(header(CspRegion::North, 1, &file), &file).await.unwrap_err();
    let busy = Told::new(Code::Aborted, "LOAD_IN_PROGRESS", &[]).with("csp_region", "south");
    assert_eq!(told(&status), busy);
    assert!(status.get_details_retry_info().unwrap().retry_delay.unwrap() > Duration::ZERO);

    upload.messages.send(chunk(&file[..file.len() - 5])).await.unwrap();
    upload.answer.abort();
    drop(upload.messages);
    server.idle().await;
    server.load(CspRegion::South, 2, &["AA1 1AB,,,"]).await;
    assert_eq!(told(&server.ask("AA1 1AA").await.unwrap_err()).reason, "LOCATION_NOT_IN_COVERAGE");
}

#[tokio::test]
async fn a_sender_who_falls_silent_is_not_waited_for() {
    let directory = std::sync::Arc::new(tempfile::TempDir::new().unwrap());
    let mut config = config(&directory, &[]);
    config.limits.max_upload_silence = Duration::from_millis(1);
    let server = Server::start(directory, &config).await;
    let file = csv(&["AA1 1AA,,,"]);
    let upload = server.upload();
    // The first message itself may come too late: it is the silence that is told of.
    let _sent = upload.messages.send(announce(header(CspRegion::South, 1, &file))).await;
    let status = upload.answer.await.unwrap().unwrap_err();
    assert_eq!(told(&status), Told::new(Code::DeadlineExceeded, "", &[]));
}
