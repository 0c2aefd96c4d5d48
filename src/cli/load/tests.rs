use std::io::Write;

use clap::Parser;
use insta::assert_snapshot;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use crate::{
    cli::{
        Cli,
        coverage_file::CHUNK,
        exit::Exit,
        fake_server::{FakeServer, run, run_args},
    },
    grpc::proto::{CspRegion, Encoding, LoadGuard},
};

const ISSUED: [&str; 2] = ["--issued", "2026-02-01T03:00:00Z"];

fn file(bytes: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn path(file: &NamedTempFile) -> &str {
    file.path().to_str().unwrap()
}

#[tokio::test]
async fn the_header_comes_first_then_the_file_in_chunks_and_the_digest_is_of_what_was_sent() {
    let (server, url) = FakeServer::start().await;
    let bytes: Vec<u8> = b"\x28\xb5\x2f\xfd".iter().copied().chain((0..CHUNK * 3).map(|n| (n % 251) as u8)).collect();
    let file = file(&bytes);
    let line = ["load", "--region", "central", "--reference", "week 6", "--rows", "2000", path(&file)];
    let ran = run(&url, &[&line[..], &ISSUED].concat()).await;
    assert_eq!(ran.exit, Exit::Answered, "{}", ran.notes);
    let upload = server.seen().uploads[0].clone();
    assert_eq!(upload.chunks.iter().sum::<usize>(), bytes.len());
    assert!(upload.chunks.iter().all(|size| (1..=1024 * 1024).contains(size)), "{:?}", upload.chunks);
    assert_eq!(upload.bytes, bytes);
    let header = upload.header.unwrap();
    assert_eq!(header.sha256, Sha256::digest(&bytes).to_vec());
    assert_eq!(header.csp_region, i32::from(CspRegion::Central));
    assert_eq!(header.issue_time.unwrap().seconds, 1_769_914_800);
    assert_eq!(header.reference, "week 6");
    assert_eq!(header.row_count, Some(2000));
    assert_eq!(header.encoding, i32::from(Encoding::Zstd));
    assert_snapshot!(ran.out);
    assert!(ran.notes.contains("the server checks and stores it"), "{}", ran.notes);
}

#[tokio::test]
async fn the_time_of_issue_may_come_from_the_file() {
    let (server, url) = FakeServer::start().await;
    let file = file(b"postcode\n");
    let modified = std::time::UNIX_EPOCH + std::time::Duration::from_millis(1_700_000_000_999);
    file.as_file().set_modified(modified).unwrap();
    let ran = run(&url, &["load", "--region", "4g-north", "--issued-from-mtime", path(&file)]).await;
    assert_eq!(ran.exit, Exit::Answered);
    let header = server.seen().uploads[0].header.clone().unwrap();
    assert_eq!(header.issue_time, Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 0 }));
    assert_eq!(header.encoding, i32::from(Encoding::Identity));
    assert_eq!(header.row_count, None);
}

#[tokio::test]
async fn a_load_that_a_guard_refused_shows_its_report_and_first_rejects() {
    let (_server, url) = FakeServer::start().await;
    let file = file(b"postcode\n");
    let line = ["load", "--region", "central", "--reference", "guarded", path(&file)];
    let ran = run(&url, &[&line[..], &ISSUED].concat()).await;
    assert_eq!(ran.exit, Exit::Unanswered);
    assert_snapshot!(format!("{}-- standard error\n{}", ran.out, ran.notes));
    let json = run(&url, &[&line[..], &ISSUED, &["--output", "json"]].concat()).await;
    assert_eq!(json.exit, Exit::Unanswered);
    let value: serde_json::Value = serde_json::from_str(json.out.trim_end()).unwrap();
    assert_eq!(value["load"]["state"], "COVERAGE_LOAD_STATE_REFUSED");
}

#[tokio::test]
async fn a_refusal_before_the_file_is_read_is_told_as_it_is() {
    let (_server, url) = FakeServer::start().await;
    let file = file(&vec![b'x'; CHUNK * 40]);
    let line = ["load", "--region", "central", "--reference", "too large", path(&file)];
    let ran = run(&url, &[&line[..], &ISSUED].concat()).await;
    assert_eq!(ran.exit, Exit::Unanswered, "{}", ran.notes);
    assert!(ran.notes.contains("RESOURCE_EXHAUSTED (LOAD_TOO_LARGE)"), "{}", ran.notes);
}

#[tokio::test]
async fn a_load_that_was_there_already_says_so() {
    let (_server, url) = FakeServer::start().await;
    let file = file(b"postcode\n");
    let line = ["load", "--region", "central", "--reference", "again", path(&file)];
    let ran = run(&url, &[&line[..], &ISSUED].concat()).await;
    assert_eq!(ran.exit, Exit::Answered);
    assert!(ran.out.contains("is active already; nothing changed"), "{}", ran.out);
}

#[tokio::test]
async fn each_server_is_loaded_and_the_worst_end_counts() {
    let (server, url) = FakeServer::start().await;
    let file = file(b"postcode\n");
    let line = ["wan-matrix", "load", "--region", "central", path(&file)];
    let servers = ["--server", "http://127.0.0.1:1", "--server", &url];
    let ran = run_args(&[&line[..], &ISSUED, &servers].concat(), &url).await;
    assert_eq!(ran.exit, Exit::Unreachable);
    assert!(ran.notes.contains("no server answers at http://127.0.0.1:1"), "{}", ran.notes);
    assert_eq!(server.seen().uploads.len(), 1);
    assert!(ran.out.contains("is active"), "{}", ran.out);
}

#[tokio::test]
async fn what_cannot_be_read_twice_is_not_sent() {
    for path in ["/dev/null", "no/such/file", "."] {
        let ran = run("http://127.0.0.1:1", &[&["load", "--region", "south", path][..], &ISSUED].concat()).await;
        assert_eq!(ran.exit, Exit::Usage, "{path}: {}", ran.notes);
    }
}

#[tokio::test]
async fn a_time_of_issue_is_a_whole_second() {
    let file = file(b"postcode\n");
    let line = ["load", "--region", "south", "--issued", "2026-02-01T03:00:00.5Z", path(&file)];
    let ran = run("http://127.0.0.1:1", &line).await;
    assert_eq!(ran.exit, Exit::Usage, "{}", ran.notes);
}

#[tokio::test]
async fn what_is_wanted_of_a_load_goes_into_the_header() {
    let (server, url) = FakeServer::start().await;
    let file = file(b"postcode\n");
    let base = "central-20260101T030000Z-aabbccddeeff";
    let line = ["load", "--region", "central", "--base", base, "--dry-run", path(&file)];
    let overrides = ["--override", "growth,issue-order", "--override", "unknown", "--note", "two areas taken over"];
    let ran = run(&url, &[&line[..], &ISSUED, &overrides].concat()).await;
    assert_eq!(ran.exit, Exit::Answered, "{}", ran.notes);
    let header = server.seen().uploads[0].header.clone().unwrap();
    assert_eq!(header.base_load_id, base);
    let named = [LoadGuard::Growth, LoadGuard::IssueOrder, LoadGuard::Unknown].map(i32::from);
    assert_eq!(header.overrides, named);
    assert_eq!(header.override_note, "two areas taken over");
    assert_eq!((header.validate_only, header.activate), (true, None));
    assert_snapshot!("dry_run", ran.out);

    let line = ["load", "--region", "central", "--stage", path(&file)];
    let ran = run(&url, &[&line[..], &ISSUED].concat()).await;
    let header = server.seen().uploads[1].header.clone().unwrap();
    assert_eq!((header.validate_only, header.activate), (false, Some(false)));
    assert_eq!((header.base_load_id.as_str(), header.override_note.as_str()), ("", ""));
    assert_snapshot!("staged", ran.out);
}

#[tokio::test]
async fn a_dry_run_that_is_refused_shows_its_report() {
    let (_server, url) = FakeServer::start().await;
    let file = file(b"postcode\n");
    let line = ["load", "--region", "central", "--reference", "refused dry run", "--dry-run", path(&file)];
    let ran = run(&url, &[&line[..], &ISSUED].concat()).await;
    assert_eq!(ran.exit, Exit::Unanswered);
    assert_snapshot!(format!("{}-- standard error\n{}", ran.out, ran.notes));
    let json = run(&url, &[&line[..], &ISSUED, &["--output", "json"]].concat()).await;
    let value: serde_json::Value = serde_json::from_str(json.out.trim_end()).unwrap();
    assert_eq!(value["load"]["guards"][0]["guard"], "LOAD_GUARD_UNKNOWN");
}

#[test]
fn flags_that_do_not_go_together_are_refused() {
    let parse = |flags: &[&str]| {
        let line = ["wan-matrix", "load", "--region", "south", "--issued-from-mtime", "south.csv"];
        Cli::try_parse_from([&line[..], flags].concat()).map(drop).map_err(|error| error.to_string())
    };
    assert!(parse(&["--override", "unknown", "--note", "why"]).is_ok());
    for (flags, said) in [
        (&["--override", "unknown"][..], "--note"),
        (&["--note", "why"], "--override"),
        (&["--override", "unknwon", "--note", "why"], "the guards are rejects, coverage-lost"),
        (&["--dry-run", "--stage"], "cannot be used with"),
    ] {
        let error = parse(flags).unwrap_err();
        assert!(error.contains(said), "{flags:?}: {error}");
    }
}
