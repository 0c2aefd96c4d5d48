use std::io::Write;

use tempfile::NamedTempFile;
use tonic::Code;

use crate::cli::{
    exit::Exit,
    fake_server::{FakeServer, run, status},
};

fn file(bytes: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

#[tokio::test]
async fn the_document_goes_in_as_it_is_and_the_response_comes_out_alone() {
    let (server, url) = FakeServer::start().await;
    let known = b"<known>\r\n\xff</known>";
    let document = file(known);
    let ran = run(&url, &["duis", document.path().to_str().unwrap()]).await;
    assert_eq!((ran.exit, ran.out.as_str()), (Exit::Answered, "<answered/>\n"));
    assert_eq!(ran.notes, "note: not heard, for want of an active load: North\n");
    assert_eq!(server.seen().documents, [known]);
}

#[tokio::test]
async fn a_response_without_a_wan_matrix_is_written_and_told() {
    let (_server, url) = FakeServer::start().await;
    let document = file(b"<other/>");
    let ran = run(&url, &["duis", document.path().to_str().unwrap()]).await;
    assert_eq!((ran.exit, ran.out.as_str()), (Exit::Unanswered, "<unanswered/>\n"));
    assert_eq!(ran.notes, "LOCATION_NOT_IN_COVERAGE: AA9 9ZZ is in no active load\\u{7}\n");
}

#[tokio::test]
async fn a_document_that_cannot_be_sent_or_is_not_taken_leaves_the_output_empty() {
    let (server, url) = FakeServer::start().await;
    let ran = run(&url, &["duis", "/nowhere/request.xml"]).await;
    assert_eq!((ran.exit, ran.out.as_str()), (Exit::Usage, ""));
    assert!(ran.notes.contains("cannot read /nowhere/request.xml"), "{}", ran.notes);

    let long = file(&vec![b' '; 65_537]);
    let ran = run(&url, &["duis", long.path().to_str().unwrap()]).await;
    assert_eq!((ran.exit, ran.out.as_str()), (Exit::Usage, ""));
    assert!(ran.notes.contains("more than 65536 bytes"), "{}", ran.notes);
    assert!(server.seen().documents.is_empty());

    let malformed = status(Code::InvalidArgument, "DUIS_DOCUMENT_MALFORMED", "line 1, column 1: no", &[]);
    server.seen().fail = Some(malformed);
    let document = file(b"<known/>");
    let ran = run(&url, &["duis", document.path().to_str().unwrap()]).await;
    assert_eq!((ran.exit, ran.out.as_str()), (Exit::Unanswered, ""));
    assert!(ran.notes.contains("DUIS_DOCUMENT_MALFORMED") && ran.notes.contains("line 1, column 1"), "{}", ran.notes);
}
