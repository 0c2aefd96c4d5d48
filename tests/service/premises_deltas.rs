//! Deltas about premises, as those who send them and those who ask afterwards meet them.

use insta::assert_snapshot;
use tonic::{Code, Status};
use wan_matrix::grpc::proto::{
    ActivateCoverageLoadRequest, CoverageChange, CoverageComparison, CoverageLoad, CoverageLoadHeader,
    CoverageMovement, CspRegion, ListActiveCoverageRequest, LoadGuard, Location, StreamCoverageChangesRequest,
    StreamCoverageRejectsRequest,
};

use crate::{
    command::{active_id, load, run},
    damage::{damage_blocks, damage_kept_file},
    deltas::on,
    premises::{ask, by_address, by_uprn, lines},
    running::{Server, by_postcode, told},
    uploads::header,
};

const COLUMNS: &str = "postcode,availability_date,wan_variant,connectivity_likelihood,uprn,address_identifier";

fn full(rows: &[impl AsRef<str>]) -> Vec<u8> {
    rows.iter().fold(format!("{COLUMNS}\n"), |file, row| file + row.as_ref() + "\n").into_bytes()
}

fn delta(rows: &[impl AsRef<str>]) -> Vec<u8> {
    rows.iter().fold(format!("{COLUMNS},change\n"), |file, row| file + row.as_ref() + "\n").into_bytes()
}

/// Twenty postcodes and twenty premises, of which some have no UPRN.
fn rows() -> Vec<String> {
    let units = "ABDEFGHJLNPQRSTUWXYZ".chars();
    let postcodes = units.clone().map(|unit| format!("AA1 1A{unit},2020-01-01,Cellular,High,,"));
    let premises = units.enumerate().map(|(n, unit)| match n % 4 {
        3 => format!("AA1 1A{unit},2020-01-01, ,Low,,Flat {n}"),
        _ => format!("AA1 1A{unit},,,,{},House {n}", 1_000 + n),
    });
    postcodes.chain(premises).collect()
}

async fn server() -> (Server, String) {
    let server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    let file = full(&rows());
    let base = server.submit(header(CspRegion::South, 1, &file), &file).await.unwrap().load.unwrap();
    (server, base.load_id)
}

async fn send(server: &Server, base: &str, day: i64, rows: &[&str]) -> Result<CoverageLoad, Status> {
    let file = delta(rows);
    Ok(server.submit(on(base, day, &file), &file).await?.load.unwrap())
}

/// The answer in words, or the reason why there is none.
async fn said(server: &Server, location: Location) -> String {
    match ask(server, location).await {
        Ok(matrix) => lines(&matrix).join("; "),
        Err(status) => told(&status).reason,
    }
}

async fn counted(server: &Server) -> (i64, i64, i64) {
    let active = server.lookups.clone().list_active_coverage(ListActiveCoverageRequest {}).await.unwrap().into_inner();
    let south = active.regions.iter().find(|region| region.csp_region() == CspRegion::South).unwrap();
    (south.postcode_rows, south.premises_rows, south.set_aside_locations)
}

async fn differing(server: &Server, before: &str, after: &str) -> Vec<CoverageChange> {
    let request = StreamCoverageChangesRequest {
        before_load_id: before.to_owned(),
        after_load_id: after.to_owned(),
        ..StreamCoverageChangesRequest::default()
    };
    let mut stream = server.loads.clone().stream_coverage_changes(request).await.unwrap().into_inner();
    let mut all = Vec::new();
    while let Some(message) = stream.message().await.unwrap() {
        all.push(message.change.unwrap());
    }
    all
}

/// The rows that are streamed come to the figures of a report.
fn come_to(all: &[CoverageChange], report: &CoverageComparison) {
    use CoverageMovement as M;
    let kinds = |kind| all.iter().filter(|change| change.kind().as_str_name().ends_with(kind)).count() as i64;
    assert_eq!((kinds("_NEW"), kinds("_REMOVED"), kinds("_CHANGED")), (report.new, report.removed, report.changed));
    let moved =
        |movement: M| all.iter().filter(|change| change.movements().any(|each| each == movement)).count() as i64;
    for (movement, figure) in [
        (M::CoverageGained, report.coverage_gained),
        (M::CoverageLost, report.coverage_lost),
        (M::UnknownToConfirmed, report.unknown_to_confirmed),
        (M::ConfirmedToUnknown, report.confirmed_to_unknown),
        (M::VariantChanged, report.variant_changed),
        (M::DateEarlier, report.date_earlier),
        (M::DateLater, report.date_later),
        (M::LikelihoodChanged, report.likelihood_changed),
        (M::TextsChanged, report.texts_changed),
        (M::NewlySetAside, report.newly_set_aside),
        (M::NoLongerSetAside, report.no_longer_set_aside),
        (M::PostcodeChanged, report.postcode_changed),
    ] {
        assert_eq!(moved(movement), figure, "{movement:?}");
    }
}

/// Deletes and upserts by each kind of key.
const CHANGES: [&str; 8] = [
    "AA1 1AA,2021-01-01,Cellular,High,,,upsert",
    "AA1 1AB,,,,,,delete",
    ",,,,1000,,delete",
    "AA1 1AZ,2020-01-01,Cellular,High,1001,House 1,upsert",
    "AA1 1AD,2031-01-01,Cellular and Mesh,Low,1002,The Barn,upsert",
    "AA1 1AE,,,,,flat 3,delete",
    "AA1 1AJ,2020-01-01,Cellular,Low,,FLAT 7,upsert",
    "AA1 1AA,,,,2000,House 0,upsert",
];

#[tokio::test]
async fn each_kind_of_key_is_changed_and_all_else_stays() {
    let (server, base) = server().await;
    assert_eq!(counted(&server).await, (20, 20, 0));
    let sent = send(&server, &base, 2, &CHANGES).await.unwrap();
    let report = sent.report.clone().unwrap();
    assert_eq!((report.rows, report.accepted, report.deletes, report.premises, report.set_aside), (8, 8, 3, 6, 0));
    assert_eq!(counted(&server).await, (19, 19, 0));
    for (location, wanted) in [
        // The postcode's row and its premises each have their own.
        (by_postcode("AA1 1AA"), "SOUTH postcode of 1 Cellular"),
        (by_uprn("2000"), r#"SOUTH premises "2000" AA1 1AA -"#),
        (by_address("AA1 1AA", "House 0"), r#"SOUTH premises "2000" AA1 1AA -"#),
        (by_uprn("1000"), "UPRN_NOT_IN_COVERAGE"),
        // The postcode is deleted; a premises that went elsewhere is asked for there, and no longer here.
        (by_postcode("AA1 1AB"), "LOCATION_NOT_IN_COVERAGE"),
        (by_address("AA1 1AB", "House 1"), "LOCATION_NOT_IN_COVERAGE"),
        (by_uprn("1001"), r#"SOUTH premises "1001" AA1 1AZ Cellular"#),
        (by_address("AA1 1AZ", "house 1"), r#"SOUTH premises "1001" AA1 1AZ Cellular"#),
        // Under another name.
        (by_address("AA1 1AD", "the barn"), r#"SOUTH premises "1002" AA1 1AD Cellular and Mesh"#),
        (by_address("AA1 1AD", "House 2"), "SOUTH postcode of 1 Cellular"),
        (by_address("AA1 1AE", "Flat 3"), "SOUTH postcode of 0 Cellular"),
        (by_address("AA1 1AJ", "Flat 7"), r#"SOUTH premises "" AA1 1AJ Cellular"#),
        // Nobody spoke of these.
        (by_uprn("1004"), r#"SOUTH premises "1004" AA1 1AF -"#),
        (by_address("AA1 1AQ", "Flat 11"), r#"SOUTH premises "" AA1 1AQ Unknown"#),
        (by_postcode("AA1 1AQ"), "SOUTH postcode of 1 Cellular"),
    ] {
        assert_eq!(said(&server, location.clone()).await, wanted, "{location:?}");
    }
    let all = differing(&server, &base, &sent.load_id).await;
    come_to(&all, sent.comparison.as_ref().unwrap());
    come_to(&differing(&server, &sent.load_id, &sent.load_id).await, &CoverageComparison::default());

    // As a full file it is the same load, but for its name.
    let mut whole = rows();
    whole.retain(|row| {
        !["AA1 1AA,2020-01-01,Cellular,High,,", "AA1 1AB,2020-01-01,Cellular,High,,"].contains(&row.as_str())
    });
    whole.retain(|row| ![",1000,", ",1001,", ",1002,", "Flat 3", "Flat 7"].iter().any(|gone| row.contains(gone)));
    whole.extend(CHANGES.iter().filter_map(|row| row.strip_suffix(",upsert")).map(str::to_owned));
    let file = full(&whole);
    let whole = server.submit(header(CspRegion::South, 3, &file), &file).await.unwrap().load.unwrap();
    assert_eq!(whole.rows_sha256, sent.rows_sha256);
    let compared = whole.comparison.unwrap();
    assert_eq!((compared.same, compared.new, compared.removed, compared.changed), (38, 0, 0, 0));
    assert_eq!(differing(&server, &sent.load_id, &whole.load_id).await, []);
}

#[tokio::test]
async fn a_delta_brings_the_first_premises_takes_the_last_and_leaves_them_alone() {
    let server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    let file = full(&["AA1 1AA,2020-01-01,Cellular,High,,"]);
    let base = server.submit(header(CspRegion::South, 1, &file), &file).await.unwrap().load.unwrap();
    let first = send(&server, &base.load_id, 2, &["AA1 1AA,,,,7,Flat 1,upsert"]).await.unwrap();
    assert_eq!(counted(&server).await, (1, 1, 0));
    assert_eq!(said(&server, by_address("AA1 1AA", "flat 1")).await, r#"SOUTH premises "7" AA1 1AA -"#);
    // Of postcodes alone, in a file that has no column for premises.
    let file = crate::deltas::delta(&["AA1 1AA,2021-01-01,Cellular,High,upsert"]);
    let alone = server.submit(on(&first.load_id, 3, &file), &file).await.unwrap().load.unwrap();
    assert_eq!(counted(&server).await, (1, 1, 0));
    assert_eq!(said(&server, by_uprn("7")).await, r#"SOUTH premises "7" AA1 1AA -"#);
    let compared = alone.comparison.unwrap();
    assert_eq!((compared.same, compared.changed, compared.date_later, compared.premises_in_both), (1, 1, 1, 1));

    let gone = delta(&[",,,,7,,delete"]);
    let refused = server.submit(on(&alone.load_id, 4, &gone), &gone).await.unwrap_err();
    assert_eq!(told(&refused).reason, "LOAD_GUARD_SHRINK");
    assert!(refused.message().contains("1 of 1 premises (100.00 %)"), "{refused}");
    let overriding = CoverageLoadHeader {
        overrides: vec![LoadGuard::Shrink.into()],
        override_note: "pulled down".to_owned(),
        ..on(&alone.load_id, 4, &gone)
    };
    let last = server.submit(overriding, &gone).await.unwrap().load.unwrap();
    assert_eq!(counted(&server).await, (1, 0, 0));
    assert_eq!(said(&server, by_uprn("7")).await, "UPRN_NOT_IN_COVERAGE");
    // A load that has none any more is one that never had any.
    let file = full(&["AA1 1AA,2021-01-01,Cellular,High,,"]);
    let whole = server.submit(header(CspRegion::South, 5, &file), &file).await.unwrap().load.unwrap();
    assert_eq!(whole.rows_sha256, last.rows_sha256);
    let format = |load_id: &str| {
        let path = server.directory.path().join("loads").join(load_id).join("manifest.json");
        serde_json::from_slice::<serde_json::Value>(&std::fs::read(path).unwrap()).unwrap()["format"].clone()
    };
    assert_eq!([&first, &last, &whole].map(|load| format(&load.load_id)), [2, 1, 1]);
}

#[tokio::test]
async fn what_cannot_be_deleted_or_believed_is_told_and_marked() {
    let (server, base) = server().await;
    let file = delta(&[
        "AA1 1AB,2021-01-01,Cellular,High,,,upsert",
        ",,,,9999,,delete",
        "AA1 1AA,,,,,Flat 99,delete",
        "AA9 9ZZ,,,,,,delete",
        "AB1 1AA,2021-13-01,Cellular,High,1001,House 1,upsert",
        "AA1 1AD,2021-01-01,Cellular,High,1002,House 2,delete",
        ",,,,1004,,delete",
        "AA1 1AF,,,,1004,House 4,upsert",
    ]);
    let refused = server.submit(on(&base, 2, &file), &file).await.unwrap_err();
    assert_eq!(told(&refused).reason, "LOAD_GUARD_REJECTS");
    assert!(refused.message().starts_with("rejects: 7 of 8 rows"), "{refused}");
    let overrides = [LoadGuard::Rejects, LoadGuard::Shrink].map(i32::from).to_vec();
    let overriding = CoverageLoadHeader { overrides, override_note: "a test's".to_owned(), ..on(&base, 2, &file) };
    let sent = server.submit(overriding, &file).await.unwrap().load.unwrap();
    let report = sent.report.clone().unwrap();
    assert_eq!((report.accepted, report.set_aside, report.deletes, report.premises), (1, 7, 0, 0));
    assert_eq!((report.set_aside_locations, counted(&server).await), (3, (20, 17, 3)));
    come_to(&differing(&server, &base, &sent.load_id).await, &sent.comparison.unwrap());

    let request = StreamCoverageRejectsRequest { load_id: sent.load_id, after_line: 0 };
    let mut rejects = server.loads.clone().stream_coverage_rejects(request).await.unwrap().into_inner();
    let mut all = String::new();
    while let Some(message) = rejects.message().await.unwrap() {
        let reject = message.reject.unwrap();
        let (reason, row) = (reject.reason().as_str_name(), String::from_utf8(reject.row.to_vec()).unwrap());
        all += &format!("{} {row}\n  {} {}: {}\n", reject.line, reason, reject.column, reject.message);
    }
    assert_snapshot!(all);
    // The mark stands where the answer did, so that nobody is answered by the postcode's row unawares.
    for location in
        [by_uprn("1001"), by_address("AA1 1AB", "House 1"), by_uprn("1002"), by_address("AA1 1AF", "house 4")]
    {
        assert_eq!(said(&server, location.clone()).await, "LOCATION_SET_ASIDE", "{location:?}");
    }
    for location in [by_uprn("9999"), by_postcode("AA9 9ZZ"), by_address("AB1 1AA", "House 1")] {
        assert!(said(&server, location.clone()).await.ends_with("NOT_IN_COVERAGE"), "{location:?}");
    }
}

#[tokio::test]
async fn the_guards_judge_the_premises_of_a_delta_apart() {
    let (server, base) = server().await;
    // Of forty locations 7.5 per cent, of twenty premises 15.
    let rows = [",,,,1000,,delete", ",,,,1001,,delete", "AA1 1AE,,,,,Flat 3,delete"];
    let refused = send(&server, &base, 2, &rows).await.unwrap_err();
    assert_eq!(told(&refused).reason, "LOAD_GUARD_SHRINK");
    assert!(refused.message().contains("3 of 20 premises (15.00 %)"), "{refused}");
    let rows: Vec<_> = (0..6).map(|n| format!("AA1 1AA,,,,{},New {n},upsert", 3_000 + n)).collect();
    let refused = send(&server, &base, 3, &rows.iter().map(String::as_str).collect::<Vec<_>>()).await.unwrap_err();
    assert_eq!(told(&refused).reason, "LOAD_GUARD_GROWTH");
    assert!(refused.message().contains("6 new beside 20 premises (30.00 %)"), "{refused}");
    assert_eq!(counted(&server).await, (20, 20, 0));
    // Deletes of what is not there are no rows to accept.
    let refused = send(&server, &base, 4, &[",,,,9999,,delete", "AA1 1AA,,,,,Nowhere,delete"]).await.unwrap_err();
    assert_eq!(told(&refused).reason, "LOAD_FILE_UNREADABLE", "{refused}");
    assert!(told(&refused).metadata.contains_key("load_id"), "its report can be fetched");
    assert_eq!(counted(&server).await, (20, 20, 0));
    // A dry run judges the same, and keeps nothing.
    let file = delta(&CHANGES);
    let dry = CoverageLoadHeader { validate_only: true, ..on(&base, 4, &file) };
    let judged = server.submit(dry, &file).await.unwrap().load.unwrap();
    assert_eq!(judged.comparison.unwrap().postcode_changed, 1);
    assert_eq!(active_id(&server), base);
    assert_eq!(std::fs::read_dir(server.directory.path().join("loads")).unwrap().count(), 1);
}

#[tokio::test]
async fn a_delta_load_with_premises_is_made_again_from_its_own_directory() {
    let (server, base) = server().await;
    let sent = send(&server, &base, 2, &CHANGES).await.unwrap();
    let wanted = [said(&server, by_uprn("1001")).await, said(&server, by_address("AA1 1AD", "the barn")).await];
    let all = differing(&server, &base, &sent.load_id).await;
    // While another answers, both are damaged, and what the base could be made from as well.
    let rest = send(&server, &sent.load_id, 3, &["AA1 1AA,,,,2000,House 0,upsert"]).await.unwrap();
    damage_blocks(server.directory.path(), &sent.load_id);
    assert_eq!(differing(&server, &base, &sent.load_id).await, all, "rebuilt to be compared");
    damage_blocks(server.directory.path(), &sent.load_id);
    damage_blocks(server.directory.path(), &base);
    damage_kept_file(server.directory.path(), &base);
    let request = ActivateCoverageLoadRequest { load_id: sent.load_id.clone() };
    let again = server.loads.clone().activate_coverage_load(request).await.unwrap().into_inner().load.unwrap();
    assert_eq!((again.load_id, again.rows_sha256), (sent.load_id.clone(), sent.rows_sha256));
    let now = [said(&server, by_uprn("1001")).await, said(&server, by_address("AA1 1AD", "the barn")).await];
    assert_eq!(now, wanted);
    assert_eq!(counted(&server).await, (19, 19, 0));

    // And what it keeps cannot be damaged unseen.
    damage_blocks(server.directory.path(), &rest.load_id);
    let kept = server.directory.path().join("loads").join(&rest.load_id).join("rows.zst");
    let mut bytes = std::fs::read(&kept).unwrap();
    let last = bytes.len() - 9;
    bytes[last] ^= 1;
    std::fs::write(&kept, bytes).unwrap();
    let request = ActivateCoverageLoadRequest { load_id: rest.load_id };
    let status = server.loads.clone().activate_coverage_load(request).await.unwrap_err();
    assert_eq!((status.code(), told(&status).reason.as_str()), (Code::Unavailable, "COVERAGE_DAMAGED"), "{status}");
    assert_eq!(active_id(&server), sent.load_id);
}

#[tokio::test]
async fn the_commands_tell_of_premises() {
    let server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    assert!(load(&server, 1, &full(&rows()), &[]).await.starts_with("exit 0"));
    let base = active_id(&server);
    assert_snapshot!("premises_delta", load(&server, 2, &delta(&CHANGES), &["--base", &base]).await);
    let merged = active_id(&server);
    for (name, output) in [("premises_changes", "table"), ("premises_changes_csv", "csv")] {
        assert_snapshot!(name, run(&server, &["loads", "changes", &base, &merged, "--output", output]).await);
    }
    let lines = async |after: &[&str]| {
        let words = [&["loads", "changes", &base, &merged, "--output", "json"][..], after].concat();
        run(&server, &words).await.matches("\"kind\"").count()
    };
    for (after, rest) in [
        (&[][..], 8),
        (&["--after", "AA1 1AA"], 7),
        (&["--after", "ZE9 9ZZ"], 6),
        (&["--after-uprn", "1001"], 4),
        (&["--after-uprn", "5000"], 2),
        (&["--after", "AA1 1AE, Flat 3"], 1),
        (&["--after", "AA1 1AJ, flat 7"], 0),
    ] {
        assert_eq!(lines(after).await, rest, "{after:?}");
    }
    let wrong = run(&server, &["loads", "changes", &base, &merged, "--after", "AA1 1AA, --"]).await;
    assert!(wrong.starts_with("exit 2") && wrong.contains("holds no letter and no digit"), "{wrong}");
}

#[tokio::test]
async fn a_place_to_resume_behind_must_be_one() {
    let (server, base) = server().await;
    for (postcode, uprn, identifier, reason, field) in [
        ("", "x", "", "UPRN_MALFORMED", "after_uprn"),
        ("AA1 1AA", "0", "", "UPRN_MALFORMED", "after_uprn"),
        ("", "", "1", "POSTCODE_MALFORMED", "after_postcode"),
        ("AA1 1AA", "", "--", "ADDRESS_IDENTIFIER_MALFORMED", "after_address_identifier"),
        ("AA1 1AA", "", "", "", ""),
    ] {
        let [after_postcode, after_uprn, after_address_identifier] = [postcode, uprn, identifier].map(str::to_owned);
        let (before_load_id, after_load_id) = (base.clone(), base.clone());
        let request = StreamCoverageChangesRequest {
            before_load_id,
            after_load_id,
            after_postcode,
            after_uprn,
            after_address_identifier,
        };
        match server.loads.clone().stream_coverage_changes(request).await {
            Ok(_) => assert_eq!(reason, "", "{postcode} {uprn} {identifier}"),
            Err(status) => {
                assert_eq!((told(&status).reason.as_str(), told(&status).fields), (reason, vec![field.to_owned()]));
            }
        }
    }
}

#[tokio::test]
async fn retention_takes_no_premises_away_from_under_a_reader() {
    const ROWS: usize = 50_000;
    let server = Server::with(&[("GUARDS_SHRINK_PERCENT", "100"), ("GUARDS_GROWTH_PERCENT", "100000")]).await;
    let load = async |day, rows: &[String]| {
        let file = full(rows);
        server.submit(header(CspRegion::South, day, &file), &file).await.unwrap().load.unwrap().load_id
    };
    // Without a UPRN: they lie on disk alone, and are more than what is on its way to the caller.
    let rows =
        |year| -> Vec<_> { (0..ROWS).map(|n| format!("AA1 1AA,{year}-01-01,Cellular,High,,House {n}")).collect() };
    let (before, after) = (load(1, &rows(2020)).await, load(2, &rows(2021)).await);
    let request = StreamCoverageChangesRequest {
        before_load_id: before.clone(),
        after_load_id: after.clone(),
        ..StreamCoverageChangesRequest::default()
    };
    let mut stream = server.loads.clone().stream_coverage_changes(request).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
    server.set_clock("2026-09-01T12:00:00Z");
    for day in 3..=8 {
        load(day, &[format!("AA1 1AA,202{day}-01-01,Cellular,High,,")]).await;
    }
    assert!([before, after].iter().all(|id| !server.directory.path().join("loads").join(id).exists()));
    let mut rest = 0;
    while let Some(message) = stream.message().await.unwrap() {
        assert_eq!(message.change.unwrap().movements().collect::<Vec<_>>(), [CoverageMovement::DateLater]);
        rest += 1;
    }
    assert_eq!(rest, ROWS - 1, "to its end, and every premises of it");
}
