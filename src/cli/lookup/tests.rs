use std::io::Write;

use insta::assert_snapshot;

use crate::cli::{
    exit::Exit,
    fake_server::{FakeServer, run},
};

/// Every outcome of the contract, and one of a contract to come.
const ALL: [&str; 7] = ["lookup", "aa1 1aa", "AA11AB", "AA1 1AD", "AA1 1AE", "AA9 9ZZ", "nonsense"];

#[tokio::test]
async fn a_table_tells_people_each_outcome_and_who_was_asked() {
    let (_server, url) = FakeServer::start().await;
    let ran = run(&url, &ALL).await;
    assert_eq!(ran.exit, Exit::Unanswered);
    assert_snapshot!(ran.out);
    assert_eq!(ran.notes, "");
}

#[tokio::test]
async fn csv_has_a_row_for_each_input_and_region_with_outcome_and_reason() {
    let (_server, url) = FakeServer::start().await;
    let ran = run(&url, &[&ALL[..], &["--output", "csv", "--as-of", "2026-06-30"]].concat()).await;
    assert_snapshot!(ran.out);
    let mut rows = csv::Reader::from_reader(ran.out.as_bytes());
    for row in rows.records() {
        let row = row.unwrap();
        assert!(row.iter().take(3).all(|cell| !cell.is_empty()), "{row:?}");
        assert_eq!(row.len(), 17);
    }
    assert!(ran.notes.contains("not heard: North"), "{}", ran.notes);
}

#[tokio::test]
async fn json_is_one_result_a_line_and_carries_its_input() {
    let (_server, url) = FakeServer::start().await;
    let ran = run(&url, &[&ALL[..], &["--output", "json"]].concat()).await;
    assert_snapshot!(ran.out);
    for (line, input) in ran.out.lines().zip(&ALL[1..]) {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(value["correlationId"], *input);
    }
}

#[tokio::test]
async fn the_exit_code_says_whether_every_location_was_answered() {
    let (_server, url) = FakeServer::start().await;
    for (line, exit) in [
        (vec!["lookup", "AA1 1AA", "AA1 1AD"], Exit::Answered),
        (vec!["lookup", "AA1 1AA", "AA9 9ZZ"], Exit::Unanswered),
        (vec!["lookup", "nonsense"], Exit::Unanswered),
        (vec!["lookup", ""], Exit::Unanswered),
    ] {
        assert_eq!(run(&url, &line).await.exit, exit, "{line:?}");
    }
}

#[tokio::test]
async fn a_long_file_is_asked_in_batches_on_one_day_and_answered_in_order() {
    let (server, url) = FakeServer::start().await;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for n in 0..7_321 {
        write!(file, "AA1 {n}\r\n\n").unwrap();
    }
    let path = file.path().to_str().unwrap();
    let ran = run(&url, &["lookup", "AA1 first", "--file", path, "--output", "csv"]).await;
    assert_eq!(ran.exit, Exit::Answered, "{}", ran.notes);
    let mut rows = csv::Reader::from_reader(ran.out.as_bytes());
    let inputs: Vec<_> = rows.records().map(|row| row.unwrap()[0].to_owned()).collect();
    let expected = std::iter::once("AA1 first".to_owned()).chain((0..7_321).map(|n| format!("AA1 {n}")));
    assert_eq!(inputs, expected.collect::<Vec<_>>());
    // The calls may arrive in any order but for the first, which sets the day for the others.
    let mut batches = server.seen().batches.clone();
    assert_eq!(batches.remove(0), (1000, String::new()));
    batches.sort();
    let mut others = vec![(1000, "2026-03-01".to_owned()); 6];
    others.insert(0, (322, "2026-03-01".to_owned()));
    assert_eq!(batches, others);
}

#[tokio::test]
async fn a_failure_half_way_keeps_what_was_answered_and_says_how_much() {
    let (server, url) = FakeServer::start().await;
    server.seen().fail_batch = Some(2);
    let mut line = vec!["lookup", "--output", "json"];
    line.resize(line.len() + 1500, "AA1 1AA");
    let ran = run(&url, &line).await;
    assert_eq!(ran.exit, Exit::Server);
    assert_eq!(ran.out.lines().count(), 1000);
    assert_snapshot!(ran.notes);
}

#[tokio::test]
async fn a_reply_that_would_be_too_large_is_asked_for_by_halves() {
    let (server, url) = FakeServer::start().await;
    server.seen().largest_batch = Some(300);
    let mut line: Vec<String> = ["lookup", "--output", "csv"].map(str::to_owned).to_vec();
    line.extend((0..1_001).map(|n| format!("AA1 {n}")));
    let ran = run(&url, &line.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert_eq!(ran.exit, Exit::Answered, "{}", ran.notes);
    let mut rows = csv::Reader::from_reader(ran.out.as_bytes());
    let inputs: Vec<_> = rows.records().map(|row| row.unwrap()[0].to_owned()).collect();
    assert_eq!(inputs, line[3..]);
    // One location that is too large by itself cannot be halved.
    server.seen().largest_batch = Some(0);
    let ran = run(&url, &["lookup", "AA1 1AA"]).await;
    assert!(ran.notes.contains("too large"), "{}", ran.notes);
}

#[tokio::test]
async fn a_file_that_is_not_there_is_told_before_the_server_is_asked() {
    let ran = run("http://127.0.0.1:1", &["lookup", "--file", "no/such/file"]).await;
    assert_eq!(ran.exit, Exit::Usage);
    assert!(ran.notes.contains("cannot read no/such/file"), "{}", ran.notes);
}

#[tokio::test]
async fn an_empty_file_is_answered_with_a_header_and_a_remark() {
    let (server, url) = FakeServer::start().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let ran = run(&url, &["lookup", "--output", "csv", "--file", file.path().to_str().unwrap()]).await;
    assert_eq!(ran.exit, Exit::Answered);
    assert_eq!(ran.out.lines().count(), 1);
    assert_eq!(ran.notes, "no locations were given\n");
    assert!(server.seen().batches.is_empty());
}
