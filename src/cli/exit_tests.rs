use insta::assert_snapshot;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::{Exit, Failure};
use crate::cli::fake_server::{CENTRAL_LOAD, FakeServer, run, status};

#[tokio::test]
async fn every_way_a_server_can_fail_has_its_exit_code() {
    let (server, url) = FakeServer::start().await;
    for (code, reason, exit) in [
        (Code::InvalidArgument, "DATE_IMPLAUSIBLE", Exit::Unanswered),
        (Code::NotFound, "LOAD_NOT_FOUND", Exit::Unanswered),
        (Code::FailedPrecondition, "COVERAGE_INCOMPLETE", Exit::Unanswered),
        (Code::AlreadyExists, "LOAD_RETAINED", Exit::Unanswered),
        (Code::Aborted, "LOAD_IN_PROGRESS", Exit::Unanswered),
        (Code::ResourceExhausted, "LOAD_TOO_LARGE", Exit::Unanswered),
        (Code::PermissionDenied, "", Exit::Denied),
        (Code::PermissionDenied, "USER_ROLE_NOT_ELIGIBLE", Exit::Denied),
        (Code::Unauthenticated, "", Exit::Denied),
        (Code::Unavailable, "SHUTTING_DOWN", Exit::Unreachable),
        (Code::Unavailable, "COVERAGE_DAMAGED", Exit::Server),
        (Code::DeadlineExceeded, "", Exit::Unreachable),
        (Code::Internal, "INTERNAL", Exit::Server),
        (Code::Unimplemented, "", Exit::Server),
        (Code::OutOfRange, "", Exit::Server),
        (Code::Unknown, "", Exit::Server),
    ] {
        server.seen().fail = Some(status(code, reason, "why", &[]));
        for line in [&["active"][..], &["lookup", "AA1 1AA"], &["loads", "show", "x"], &["variants"]] {
            let ran = run(&url, line).await;
            assert_eq!(ran.exit, exit, "{code:?} {reason} {line:?}: {}", ran.notes);
            assert!(ran.notes.contains(crate::grpc::code_name(code)), "{}", ran.notes);
        }
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_69_and_says_what_to_try() {
    // Port 1 is reserved and nothing of ours listens there.
    let ran = run("http://127.0.0.1:1", &["active"]).await;
    assert_eq!(ran.exit, Exit::Unreachable);
    assert!(ran.notes.contains("no server answers at http"), "{}", ran.notes);
    assert!(ran.notes.contains("wan-matrix serve"), "{}", ran.notes);
}

/// Where something listens that says this to whoever comes, and closes. It ends with the test's runtime.
async fn says(words: &'static [u8]) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut tcp, _) = listener.accept().await.unwrap();
            tokio::io::AsyncWriteExt::write_all(&mut tcp, words).await.unwrap();
        }
    });
    url
}

#[tokio::test]
async fn what_listens_but_speaks_no_grpc_is_69_too() {
    let ran = run(&says(b"").await, &["active"]).await;
    assert_eq!(ran.exit, Exit::Unreachable, "{}", ran.notes);
}

/// It has said nothing that this side understands, so nothing is put into its mouth.
#[tokio::test]
async fn plain_text_to_a_server_that_speaks_tls_says_so() {
    // What TLS says to bytes that are none of its own: an alert, "decode error".
    let ran = run(&says(&[21, 3, 3, 0, 2, 2, 50]).await, &["active"]).await;
    assert_eq!(ran.exit, Exit::Unreachable, "{}", ran.notes);
    assert!(ran.notes.starts_with("error: http://SERVER gave no answer: "), "{}", ran.notes);
    assert!(ran.notes.contains("does the server speak TLS? Then name it as https://, with --ca"), "{}", ran.notes);
}

#[tokio::test]
async fn an_error_shows_every_detail_one_can_act_on() {
    let (server, url) = FakeServer::start().await;
    let mut details = ErrorDetails::with_error_info(
        "PAGE_TOKEN_INVALID",
        "wanmatrix",
        [("b".to_owned(), "2".to_owned()), ("a".to_owned(), "\u{1b}[1m".to_owned())],
    );
    details
        .add_bad_request_violation("page_token", "is not one that this server gave")
        .set_retry_info(Some(std::time::Duration::from_millis(1500)));
    server.seen().fail = Some(Status::with_error_details(Code::InvalidArgument, "the page token is wrong", details));
    let detailed = run(&url, &["loads", "list"]).await.notes;
    server.seen().fail = Some(Status::internal(""));
    let bare = run(&url, &["loads", "list"]).await.notes;
    server.seen().fail = Some(status(Code::AlreadyExists, "LOAD_RETAINED", "it is kept", &[("load_id", CENTRAL_LOAD)]));
    let retained = run(&url, &["loads", "list"]).await.notes;
    assert_snapshot!([detailed, bare, retained].join("\n"));
}

#[test]
fn a_reader_that_went_away_is_quiet_through_every_writer() {
    struct Gone;
    impl std::io::Write for Gone {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut csv = csv::WriterBuilder::new().buffer_capacity(1).from_writer(Gone);
    let through_csv = Failure::from(csv.write_record(["wider than the buffer"]).unwrap_err());
    assert!(through_csv.is_quiet(), "{through_csv}");
    assert!(Failure::from(std::io::Error::from(std::io::ErrorKind::BrokenPipe)).is_quiet());
    assert!(!Failure::from(std::io::Error::from(std::io::ErrorKind::StorageFull)).is_quiet());
}
