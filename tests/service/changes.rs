//! What differs between two loads, streamed.

use tokio_stream::StreamExt as _;
use tonic::{Code, Status};
use wan_matrix::grpc::proto::{
    ActivateCoverageLoadRequest, CoverageChange, CoverageFacts, CoverageLoadState, CspRegion, GetCoverageLoadRequest,
    StreamCoverageChangesRequest,
};

use crate::{
    damage::{damage_blocks, damage_kept_file},
    running::{Server, Told, told},
    uploads::{csv, header},
};

const BEFORE: [&str; 7] = [
    "AA1 1AA,2027-03-01,Cellular,High",
    "AA1 1AB,2020-01-01, ,Low",
    "AA1 1AD,,,",
    "AA1 1AE,2020-01-01,Cellular,High",
    "AA2 1AA,2020-01-01,Cellular,High",
    "AA2 1AB,2021-13-01,Cellular,High",
    "B1 1AA,2020-01-01,Cellular,High",
];
const AFTER: [&str; 7] = [
    "B1 1AA,2020-01-01,Cellular,High",
    "AA1 1AA,2027-02-01,Cellular,Medium",
    "AA1 1AB,2020-01-01,Cellular and Mesh,Low",
    "AA1 1AD,2030-01-01,Unknown,High",
    "AA2 1AA,2020-13-01,Cellular,High",
    "AA2 1AB,2021-12-01,Cellular,High",
    "AA3 1AA,,,",
];

/// Guards that let every load through: what is compared here differs in every row.
const UNGUARDED: [(&str, &str); 6] = [
    ("GUARDS_REJECTS_PERCENT", "100"),
    ("GUARDS_COVERAGE_LOST_PERCENT", "100"),
    ("GUARDS_VARIANT_CHANGED_PERCENT", "100"),
    ("GUARDS_UNKNOWN_PERCENT", "100"),
    ("GUARDS_SHRINK_PERCENT", "100"),
    ("GUARDS_GROWTH_PERCENT", "100000"),
];

async fn changes(
    server: &Server,
    before: &str,
    after: &str,
    after_postcode: &str,
) -> Result<Vec<CoverageChange>, Status> {
    let request = StreamCoverageChangesRequest {
        before_load_id: before.to_owned(),
        after_load_id: after.to_owned(),
        after_postcode: after_postcode.to_owned(),
        ..StreamCoverageChangesRequest::default()
    };
    let stream = server.loads.clone().stream_coverage_changes(request).await?.into_inner();
    stream.map(|change| change.map(|change| change.change.unwrap())).collect().await
}

fn said(facts: Option<&CoverageFacts>) -> String {
    match facts {
        None => "-".to_owned(),
        Some(facts) if facts.set_aside => "set aside".to_owned(),
        Some(CoverageFacts { availability_date: None, .. }) => "none planned".to_owned(),
        Some(facts) => {
            let (date, variant) = (facts.availability_date(), facts.wan_variant.as_ref().unwrap());
            let status = variant.status().as_str_name().trim_start_matches("WAN_VARIANT_STATUS_");
            let likelihood =
                facts.connectivity_likelihood().as_str_name().trim_start_matches("CONNECTIVITY_LIKELIHOOD_");
            format!("{date} {} {status} {likelihood}", variant.name)
        }
    }
}

fn line(change: &CoverageChange) -> String {
    let kind = change.kind().as_str_name().trim_start_matches("COVERAGE_CHANGE_KIND_");
    let movements = change.movements().map(|moved| moved.as_str_name().trim_start_matches("COVERAGE_MOVEMENT_"));
    let moved: Vec<_> = movements.collect();
    let (before, after) = (said(change.before.as_ref()), said(change.after.as_ref()));
    format!("{} {kind}: {before} → {after} {moved:?}", change.postcode)
}

#[tokio::test]
async fn what_differs_is_streamed_in_postcode_order_and_from_any_postcode() {
    let server = Server::with(&UNGUARDED).await;
    let before = server.load(CspRegion::South, 1, &BEFORE).await.load_id;
    let after = server.load(CspRegion::South, 2, &AFTER).await.load_id;
    let all = changes(&server, &before, &after, "").await.unwrap();
    insta::assert_snapshot!(all.iter().map(line).collect::<Vec<_>>().join("\n"));
    // Behind each of them, as its caller may spell it, and behind one that no load has.
    for (place, change) in all.iter().enumerate() {
        let spelt = change.postcode.to_lowercase().replace(' ', "");
        assert_eq!(changes(&server, &before, &after, &spelt).await.unwrap(), all[place + 1..], "behind {spelt}");
    }
    assert_eq!(changes(&server, &before, &after, "AA1 9ZZ").await.unwrap(), all[4..]);

    // Back: what was new is removed, and what each load says is told on the other side.
    let back = changes(&server, &after, &before, "").await.unwrap();
    let sides = |change: &CoverageChange| (change.postcode.clone(), change.before.clone(), change.after.clone());
    let turned: Vec<_> = back.iter().map(sides).map(|(postcode, before, after)| (postcode, after, before)).collect();
    assert_eq!(turned, all.iter().map(sides).collect::<Vec<_>>());
    assert_eq!(changes(&server, &before, &before, "").await.unwrap(), []);
}

#[tokio::test]
async fn any_two_retained_loads_can_be_compared_and_neither_need_answer() {
    let server = Server::with(&UNGUARDED).await;
    let mut ids = Vec::new();
    for day in 1..=4 {
        let row = format!("AA1 1A{},202{day}-01-01,Cellular,High", ["A", "A", "B", "B"][day as usize - 1]);
        ids.push(server.load(CspRegion::South, day, &[&row]).await.load_id);
    }
    for (before, first) in ids.iter().enumerate() {
        for (after, second) in ids.iter().enumerate() {
            let kinds: Vec<_> = changes(&server, first, second, "").await.unwrap().iter().map(line).collect();
            let wanted = match (before == after, before / 2 == after / 2) {
                (true, _) => 0,
                (false, true) => 1,
                (false, false) => 2,
            };
            assert_eq!(kinds.len(), wanted, "{kinds:?}");
        }
    }
}

#[tokio::test]
async fn loads_that_cannot_be_compared_say_why() {
    let server = Server::with(&[("GUARDS_REJECTS_PERCENT", "0")]).await;
    let south = server.load(CspRegion::South, 1, &["AA1 1AA,,,"]).await.load_id;
    let north = server.load(CspRegion::North, 1, &["AA1 1AA,,,"]).await.load_id;
    let file = csv(&["AA1 1AA,,,", "nowhere,,,"]);
    let refused =
        told(&server.submit(header(CspRegion::South, 2, &file), &file).await.unwrap_err()).metadata["load_id"].clone();
    let not_found = |id: &str| Told::new(Code::NotFound, "LOAD_NOT_FOUND", &[]).with("load_id", id);
    for (before, after, from, error) in [
        (south.as_str(), "south-x", "", not_found("south-x")),
        ("south-x", &south, "", not_found("south-x")),
        ("", "", "", not_found("")),
        (&south, &refused, "", Told::new(Code::FailedPrecondition, "LOAD_REFUSED", &[]).with("load_id", &refused)),
        (&refused, &south, "", Told::new(Code::FailedPrecondition, "LOAD_REFUSED", &[]).with("load_id", &refused)),
        (&south, &north, "", Told::new(Code::InvalidArgument, "LOAD_REGIONS_DIFFER", &["after_load_id"])),
        (&south, &south, "nowhere", Told::new(Code::InvalidArgument, "POSTCODE_MALFORMED", &["after_postcode"])),
    ] {
        let status = changes(&server, before, after, from).await.unwrap_err();
        assert_eq!(told(&status), error, "{before} {after} {from}: {status}");
    }
}

#[tokio::test]
async fn a_premises_that_was_set_aside_is_told_with_the_postcode_that_is_known_and_a_mark_does_not_move() {
    let server = Server::with(&UNGUARDED).await;
    let load = async |day, rows: &[&str]| {
        let columns = "postcode,availability_date,wan_variant,connectivity_likelihood,uprn";
        let file = format!("{columns}\nAA1 1AA,,,,\n{}\n", rows.join("\n")).into_bytes();
        server.submit(header(CspRegion::South, day, &file), &file).await.unwrap().load.unwrap().load_id
    };
    let before = load(1, &["AA1 1AA,,,,7", "AA1 1AB,soon,,,8"]).await;
    let after = load(2, &["nowhere,,,,7", "AA1 1AD,soon,,,8"]).await;
    let all = changes(&server, &before, &after, "").await.unwrap();
    let [change] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((change.uprn.as_str(), change.postcode_before.as_str()), ("7", ""));
    assert_eq!(line(change), r#"AA1 1AA CHANGED: none planned → set aside ["NEWLY_SET_ASIDE"]"#);
}

#[tokio::test]
async fn a_damaged_load_is_rebuilt_to_be_compared_and_one_that_cannot_be_is_told_and_listed() {
    let server = Server::with(&UNGUARDED).await;
    let before = server.load(CspRegion::South, 1, &BEFORE).await.load_id;
    let after = server.load(CspRegion::South, 2, &AFTER).await.load_id;
    let all = changes(&server, &before, &after, "").await.unwrap();
    // Nobody holds it any more once its image is dropped; it is read from disk again.
    damage_blocks(server.directory.path(), &before);
    assert_eq!(changes(&server, &before, &after, "").await.unwrap(), all, "rebuilt");

    let kept_file = server.directory.path().join("loads").join(&before).join("file.csv.zst");
    let whole = std::fs::read(&kept_file).unwrap();
    damage_blocks(server.directory.path(), &before);
    damage_kept_file(server.directory.path(), &before);
    let status = changes(&server, &before, &after, "").await.unwrap_err();
    assert_eq!(told(&status).reason, "COVERAGE_DAMAGED", "{status}");
    let state = async || {
        let request = GetCoverageLoadRequest { load_id: before.clone() };
        server.loads.clone().get_coverage_load(request).await.unwrap().into_inner().load.unwrap().state()
    };
    assert_eq!(state().await, CoverageLoadState::Damaged);
    let request = ActivateCoverageLoadRequest { load_id: before.clone() };
    let status = server.loads.clone().activate_coverage_load(request).await.unwrap_err();
    assert_eq!(told(&status).reason, "COVERAGE_DAMAGED", "{status}");
    assert_eq!(server.ask("AA3 1AA").await.unwrap().sources[0].load_id, after, "what answers is not touched");

    // Its file is put back from a backup.
    std::fs::write(kept_file, whole).unwrap();
    assert_eq!(changes(&server, &before, &after, "").await.unwrap(), all);
    assert_eq!(state().await, CoverageLoadState::Superseded);
}

#[tokio::test]
async fn retention_takes_nothing_away_from_under_a_reader() {
    let server = Server::with(&UNGUARDED).await;
    let rows = |year| -> Vec<String> {
        (0..900).map(|n| format!("AA{} {}AA,{year}-01-01,Cellular,High", n / 10 + 1, n % 10)).collect()
    };
    let load = async |day, year| {
        let rows = rows(year);
        server.load(CspRegion::South, day, &rows.iter().map(String::as_str).collect::<Vec<_>>()).await.load_id
    };
    let (before, after) = (load(1, 2020).await, load(2, 2021).await);
    let request = StreamCoverageChangesRequest {
        before_load_id: before.clone(),
        after_load_id: after.clone(),
        ..StreamCoverageChangesRequest::default()
    };
    let mut stream = server.loads.clone().stream_coverage_changes(request).await.unwrap().into_inner();
    let mut postcodes = vec![stream.message().await.unwrap().unwrap().change.unwrap().postcode];

    // Both are deleted in the middle of it.
    server.set_clock("2026-09-01T12:00:00Z");
    for day in 3..=8 {
        load(day, 2020 + day).await;
    }
    for id in [&before, &after] {
        let status = changes(&server, id, id, "").await.unwrap_err();
        assert_eq!(told(&status).reason, "LOAD_NOT_FOUND", "{status}");
        assert!(!server.directory.path().join("loads").join(id).exists());
    }
    while let Some(message) = stream.message().await.unwrap() {
        postcodes.push(message.change.unwrap().postcode);
    }
    assert_eq!(postcodes.len(), 900, "to its end, and every location of it");
}
