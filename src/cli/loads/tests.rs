use insta::assert_snapshot;

use super::changes::Seen;
use crate::{
    cli::{
        exit::Exit,
        fake_server::{CENTRAL_LOAD, FakeServer, REFUSED_LOAD, run},
    },
    grpc::proto::CoverageChange,
};

#[tokio::test]
async fn every_page_is_listed_up_to_the_limit() {
    let (_server, url) = FakeServer::start().await;
    let ran = run(&url, &["loads", "list"]).await;
    assert_eq!(ran.exit, Exit::Answered);
    assert_snapshot!(ran.out);
    for (filter, loads) in [
        (vec!["--limit", "1"], 1),
        (vec!["--limit", "0"], 0),
        (vec!["--state", "active"], 1),
        (vec!["--region", "north"], 0),
        (vec!["--region", "central"], 2),
    ] {
        let ran = run(&url, &[&["loads", "list", "--output", "json"][..], &filter].concat()).await;
        assert_eq!(ran.out.lines().count(), loads, "{filter:?}: {}", ran.out);
    }
}

#[tokio::test]
async fn one_load_is_shown_with_its_report() {
    let (_server, url) = FakeServer::start().await;
    assert_snapshot!("active", run(&url, &["loads", "show", CENTRAL_LOAD]).await.out);
    assert_snapshot!("refused", run(&url, &["loads", "show", REFUSED_LOAD]).await.out);
    assert_snapshot!("json", run(&url, &["loads", "show", CENTRAL_LOAD, "--output", "json"]).await.out);
}

#[tokio::test]
async fn rejects_are_listed_after_a_line() {
    let (_server, url) = FakeServer::start().await;
    let ran = run(&url, &["loads", "rejects", CENTRAL_LOAD, "--after-line", "1100"]).await;
    assert_eq!(ran.exit, Exit::Answered);
    assert_snapshot!(ran.out);
    let ran = run(&url, &["loads", "rejects", CENTRAL_LOAD, "--after-line", "1200", "--output", "json"]).await;
    assert_eq!(ran.out.lines().count(), 1);
    let ran = run(&url, &["loads", "rejects", CENTRAL_LOAD, "--after-line", "1300"]).await;
    assert_eq!(ran.out, "no rejects are kept after that line\n");
}

#[tokio::test]
async fn a_stream_that_breaks_off_says_where_to_go_on() {
    let (_server, url) = FakeServer::start().await;
    let ran = run(&url, &["loads", "rejects", REFUSED_LOAD, "--after-line", "1000"]).await;
    assert_eq!(ran.exit, Exit::Unreachable);
    assert_eq!(ran.out.lines().count(), 4, "{}", ran.out);
    assert!(ran.notes.starts_with("stopped; --after-line 1300 goes on from here\n"), "{}", ran.notes);
}

#[tokio::test]
async fn an_activation_says_what_answers_now() {
    let (_server, url) = FakeServer::start().await;
    let ran = run(&url, &["loads", "activate", CENTRAL_LOAD]).await;
    assert_eq!(ran.exit, Exit::Answered);
    assert_snapshot!(ran.out, @"Central answers from central-20260201T030000Z-0123456789ab since 2026-02-01T04:00:00Z");
}

const CHANGES: [&str; 4] = ["loads", "changes", CENTRAL_LOAD, "central-20260208T030000Z-0123456789ab"];

#[tokio::test]
async fn what_differs_is_told_to_people_and_to_programs() {
    let (_server, url) = FakeServer::start().await;
    for (name, output) in [("changes", "table"), ("changes_json", "json"), ("changes_csv", "csv")] {
        let ran = run(&url, &[&CHANGES[..], &["--output", output]].concat()).await;
        assert_eq!(ran.exit, Exit::Answered);
        assert_snapshot!(name, ran.out);
    }
    let ran = run(&url, &[&CHANGES[..], &["--after", "aa11ad", "--output", "csv"]].concat()).await;
    assert_eq!(ran.out.lines().count(), 5, "a header row and four locations: {}", ran.out);
    let ran = run(&url, &["loads", "changes", CENTRAL_LOAD, CENTRAL_LOAD]).await;
    assert_eq!(ran.out, "no location differs\n");
}

#[test]
fn what_was_seen_last_is_told_as_the_option_that_goes_on_behind_it() {
    for (postcode, uprn, identifier, told) in [
        ("", "", "", ""),
        ("AA1 1AA", "", "", "; --after \"AA1 1AA\" goes on from here"),
        ("AA1 1AA", "7", "", "; --after-uprn 7 goes on from here"),
        ("", "7", "", "; --after-uprn 7 goes on from here"),
        ("AA1 1AA", "", "flat 1", "; --after \"AA1 1AA, flat 1\" goes on from here"),
    ] {
        let [postcode, uprn, address_identifier] = [postcode, uprn, identifier].map(str::to_owned);
        let change = CoverageChange { postcode, uprn, address_identifier, ..CoverageChange::default() };
        let mut seen = Seen::default();
        seen.see(&change);
        assert_eq!(seen.to_string(), told);
    }
}

#[tokio::test]
async fn changes_that_break_off_say_where_to_go_on() {
    let (_server, url) = FakeServer::start().await;
    for (after, out, notes) in [
        (&[][..], 8, "stopped; --after \"AA1 1AG, flat 1\" goes on from here\n"),
        (&["--after", "AA1 1AG"][..], 3, "stopped; --after \"AA1 1AG, flat 1\" goes on from here\n"),
        (&["--after-uprn", "0007"][..], 2, "stopped; --after \"AA1 1AG, flat 1\" goes on from here\n"),
        (&["--after", "aa11ag, FLAT 1"][..], 0, "stopped; --after \"AA1 1AG, flat 1\" goes on from here\n"),
    ] {
        let ran = run(&url, &[&["loads", "changes", REFUSED_LOAD, CENTRAL_LOAD][..], after].concat()).await;
        assert_eq!(ran.exit, Exit::Unreachable);
        assert_eq!(ran.out.lines().count(), out, "{}", ran.out);
        assert!(ran.notes.starts_with(notes), "{}", ran.notes);
    }
}
