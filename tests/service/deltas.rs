//! Delta files: merged with the load that answers, and a load like any other then.

use insta::assert_snapshot;
use tonic::Code;
use wan_matrix::grpc::proto::{
    ActivateCoverageLoadRequest, CoverageLoadHeader, CoverageLoadState, CspRegion, GetCoverageLoadRequest,
    ListActiveCoverageRequest, LoadGuard, RejectReason, StreamCoverageRejectsRequest,
};

use crate::{
    command::{load, run},
    country::{COLUMNS, csv as country, south},
    running::{Server, Told, config, told},
    uploads::{announce, csv, header},
};

const HEADER: &str = "postcode,availability_date,wan_variant,connectivity_likelihood,change\n";

pub(crate) fn delta(rows: &[&str]) -> Vec<u8> {
    format!("{HEADER}{}\n", rows.join("\n")).into_bytes()
}

pub(crate) fn on(base: &str, day: i64, file: &[u8]) -> CoverageLoadHeader {
    CoverageLoadHeader { base_load_id: base.to_owned(), ..header(CspRegion::South, day, file) }
}

async fn server() -> (Server, String) {
    let server = Server::with(&[
        ("EXPECTED_REGIONS", "south"),
        ("GUARDS_SHRINK_PERCENT", "50"),
        ("GUARDS_GROWTH_PERCENT", "50"),
    ])
    .await;
    let rows = ["AA1 1AA,2020-01-01,Cellular,High", "AA1 1AB,2020-01-01, ,Low", "AA1 1AD,,,"];
    let base = server.load(CspRegion::South, 1, &rows).await.load_id;
    (server, base)
}

#[tokio::test]
async fn upserts_and_deletes_make_one_load_with_the_rest_of_the_base() {
    let (server, base) = server().await;
    let file = delta(&[
        "AA1 1AB,2020-01-01,Cellular,Low,upsert",
        "AA1 1AE,2030-01-01,Cellular,High,upsert",
        "aa11ad,,,,delete",
    ]);
    let sent = server.submit(on(&base, 2, &file), &file).await.unwrap().load.unwrap();
    assert_eq!((sent.state(), sent.base_load_id.as_str()), (CoverageLoadState::Active, base.as_str()));
    let report = sent.report.clone().unwrap();
    assert_eq!((report.rows, report.accepted, report.deletes, report.set_aside), (3, 3, 1, 0));
    let changes = sent.comparison.clone().unwrap();
    assert_eq!(changes.with_load_id, base);
    assert_eq!((changes.new, changes.removed, changes.same, changes.changed), (1, 1, 1, 1));
    assert_eq!((changes.unknown_to_confirmed, changes.answers_before, changes.answers_after), (1, 3, 3));

    for (postcode, variant) in [("AA1 1AA", "Cellular"), ("AA1 1AB", "Cellular"), ("AA1 1AE", "Cellular")] {
        let answer = server.ask(postcode).await.unwrap();
        assert_eq!(answer.sources[0].load_id, sent.load_id);
        assert_eq!(answer.wan_matrix.unwrap().coverage[0].wan_variant.clone().unwrap().name, variant);
    }
    assert_eq!(told(&server.ask("AA1 1AD").await.unwrap_err()).reason, "LOCATION_NOT_IN_COVERAGE");

    // The same rows as a full file are the same load, but for what it is called.
    let whole =
        ["AA1 1AA,2020-01-01,Cellular,High", "AA1 1AB,2020-01-01,Cellular,Low", "AA1 1AE,2030-01-01,Cellular,High"];
    let full = server.load(CspRegion::South, 3, &whole).await;
    assert_eq!(full.rows_sha256, sent.rows_sha256);
    assert_ne!(full.load_id, sent.load_id);
    let changes = full.comparison.unwrap();
    assert_eq!((changes.same, changes.new, changes.removed, changes.changed), (3, 0, 0, 0));
}

#[tokio::test]
async fn what_a_region_answers_for_is_counted_whole_after_a_delta() {
    let server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    let units = "ABDEFGHJLNPQRSTUWXYZ".chars();
    let rows: Vec<_> =
        units.flat_map(|unit| ["A", "B"].map(|first| format!("AA1 1{first}{unit},2016-04-01,Cellular,High"))).collect();
    server.load(CspRegion::South, 1, &rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let south = || async {
        let active = server.lookups.clone().list_active_coverage(ListActiveCoverageRequest {}).await.unwrap();
        let regions = active.into_inner().regions;
        let south = regions.into_iter().find(|region| region.csp_region() == CspRegion::South).unwrap();
        (south.source.unwrap().load_id, south.postcode_rows, south.set_aside_locations)
    };
    let (base, rows, marks) = south().await;
    assert_eq!((rows, marks), (40, 0));
    let one = delta(&["AA1 1AA,2030-01-01,Cellular,High,upsert"]);
    let id = server.submit(on(&base, 2, &one), &one).await.unwrap().load.unwrap().load_id;
    assert_eq!(south().await, (id.clone(), 40, 0), "the file has one row, and the region as many as ever");
    let gone = delta(&["AA1 1AA,,,,delete"]);
    let id = server.submit(on(&id, 3, &gone), &gone).await.unwrap().load.unwrap().load_id;
    assert_eq!(south().await, (id.clone(), 39, 0));
    // A mark stays when a later file does not speak of its location.
    let spoilt = delta(&["AA1 1AB,2021-13-01,Cellular,High,upsert", "AA1 1AD,2016-04-01,Cellular,High,upsert"]);
    let overriding = CoverageLoadHeader {
        overrides: vec![LoadGuard::Rejects.into()],
        override_note: "a test's".to_owned(),
        ..on(&id, 4, &spoilt)
    };
    let id = server.submit(overriding, &spoilt).await.unwrap().load.unwrap().load_id;
    assert_eq!(south().await, (id.clone(), 38, 1));
    let one = delta(&["AA1 1AD,2030-01-01,Cellular,High,upsert"]);
    let id = server.submit(on(&id, 5, &one), &one).await.unwrap().load.unwrap().load_id;
    assert_eq!(south().await, (id, 38, 1));
}

#[tokio::test]
async fn the_base_must_be_the_load_that_answers() {
    let (server, base) = server().await;
    let rows = ["AA1 1AA,2020-01-01,Cellular,High", "AA1 1AB,2020-01-01,Cellular,Low", "AA1 1AD,,,"];
    let now = server.load(CspRegion::South, 2, &rows).await.load_id;
    let file = delta(&["AA1 1AA,2021-01-01,Cellular,High,upsert"]);
    for named in [base.as_str(), "south-20260101T000000Z-000000000000", "nonsense"] {
        let status = server.submit(on(named, 3, &file), &file).await.unwrap_err();
        let error = Told::new(Code::Aborted, "LOAD_BASE_NOT_ACTIVE", &[]);
        assert_eq!(told(&status), error.with("base_load_id", named).with("active_load_id", &now), "{status}");
        assert!(status.message().contains(&now), "{status}");
    }
    // Another region's active load is no base either, and a region without one has none.
    let central = CoverageLoadHeader { csp_region: CspRegion::Central.into(), ..on(&now, 3, &file) };
    let status = server.submit(central, &file).await.unwrap_err();
    let error = Told::new(Code::Aborted, "LOAD_BASE_NOT_ACTIVE", &[]);
    assert_eq!(told(&status), error.with("base_load_id", &now).with("active_load_id", ""), "{status}");
    assert!(status.message().contains("send a full file"), "{status}");
    assert_eq!(server.ask("AA1 1AA").await.unwrap().sources[0].load_id, now);
    assert!(server.submit(on(&now, 3, &file), &file).await.is_ok());
}

#[tokio::test]
async fn a_delta_is_the_same_load_only_on_the_same_base() {
    let (server, base) = server().await;
    let file = delta(&["AA1 1AA,2020-01-01,Cellular,High,upsert"]);
    let first = server.submit(on(&base, 2, &file), &file).await.unwrap();
    assert!(!first.already_present);
    let first = first.load.unwrap();
    // Its base no longer answers, for it does itself: sent again by a client that lost the answer, it is done.
    let again = server.submit(on(&base, 2, &file), &file).await.unwrap();
    assert!(again.already_present);
    assert_eq!(again.load.unwrap(), first);
    // On the load it made itself it is another one.
    let next = server.submit(on(&first.load_id, 2, &file), &file).await.unwrap_err();
    assert_eq!(told(&next).reason, "LOAD_GUARD_ISSUE_ORDER");
    let next = server.submit(on(&first.load_id, 3, &file), &file).await.unwrap().load.unwrap();
    assert_ne!(next.load_id, first.load_id);
    assert_eq!(next.rows_sha256, first.rows_sha256);
}

#[tokio::test]
async fn a_delete_of_what_the_base_does_not_have_is_set_aside() {
    let (server, base) = server().await;
    let file = delta(&["AA1 1AA,,,,upsert", "AA9 9ZZ,,,,delete"]);
    let lenient = CoverageLoadHeader {
        overrides: vec![1, 2],
        override_note: "they deleted it twice".to_owned(),
        ..on(&base, 2, &file)
    };
    let sent = server.submit(lenient, &file).await.unwrap().load.unwrap();
    let report = sent.report.unwrap();
    assert_eq!((report.accepted, report.set_aside, report.deletes, report.set_aside_locations), (1, 1, 0, 0));
    let request = StreamCoverageRejectsRequest { load_id: sent.load_id, after_line: 0 };
    let mut rejects = server.loads.clone().stream_coverage_rejects(request).await.unwrap().into_inner();
    let reject = rejects.message().await.unwrap().unwrap().reject.unwrap();
    assert_eq!((reject.line, reject.reason()), (3, RejectReason::DeleteUnknown));
    assert_eq!(&*reject.row, b"AA9 9ZZ,,,,delete");
    // Nothing was known of it, and still nothing is: it leaves no mark.
    assert_eq!(told(&server.ask("AA9 9ZZ").await.unwrap_err()).reason, "LOCATION_NOT_IN_COVERAGE");
    assert!(rejects.message().await.unwrap().is_none());
}

#[tokio::test]
async fn a_delta_without_a_row_to_accept_is_no_load() {
    let (server, base) = server().await;
    let file = delta(&["AA9 9ZZ,,,,delete"]);
    let status = server.submit(on(&base, 2, &file), &file).await.unwrap_err();
    let load_id = told(&status).metadata["load_id"].clone();
    assert_eq!(told(&status).reason, "LOAD_FILE_UNREADABLE");
    let request = GetCoverageLoadRequest { load_id };
    let refused = server.loads.clone().get_coverage_load(request).await.unwrap().into_inner().load.unwrap();
    assert_eq!((refused.state(), refused.base_load_id.as_str()), (CoverageLoadState::Refused, base.as_str()));
    assert_eq!(refused.refusal, status.message());
}

#[tokio::test]
async fn a_file_is_what_it_is_announced_as() {
    let (server, base) = server().await;
    let (full, changes) = (csv(&["AA1 1AA,,,"]), delta(&["AA1 1AA,,,,upsert"]));
    for (header, file) in [(on(&base, 2, &full), &full), (header(CspRegion::South, 2, &changes), &changes)] {
        let status = server.submit(header, file).await.unwrap_err();
        assert_eq!(told(&status), Told::new(Code::InvalidArgument, "LOAD_FILE_UNREADABLE", &["chunk"]), "{status}");
        assert!(status.message().contains("base_load_id"), "{status}");
    }
}

#[tokio::test]
async fn the_guards_judge_what_a_delta_makes_of_its_base() {
    let (server, base) = server().await;
    // Two of the three places would be gone.
    let file = delta(&["AA1 1AA,,,,delete", "AA1 1AB,,,,delete"]);
    let status = server.submit(on(&base, 2, &file), &file).await.unwrap_err();
    let error = told(&status);
    assert_eq!((error.code, error.reason.as_str()), (Code::FailedPrecondition, "LOAD_GUARD_SHRINK"), "{status}");
    let said =
        "shrink: 2 of 3 locations (66.67 %) that answer in the active load would answer no more, and at most 1 (50 %)";
    assert!(status.message().starts_with(said), "{status}");
}

#[tokio::test]
async fn a_base_that_cannot_be_is_told_of_before_the_file_is_sent() {
    let (server, base) = server().await;
    let file = delta(&["AA1 1AA,2021-01-01,Cellular,High,upsert"]);
    let first = server.submit(on(&base, 2, &file), &file).await.unwrap().load.unwrap().load_id;
    let only_announced = |base: &str| server.send(vec![announce(on(base, 3, &file))]);
    assert_eq!(told(&only_announced("south-x").await.unwrap_err()).reason, "LOAD_BASE_NOT_ACTIVE");
    // Of the load's own base, and of what was made from it, only the file tells.
    for base in [&base, &first] {
        assert_eq!(told(&only_announced(base).await.unwrap_err()).reason, "LOAD_FILE_UNREADABLE");
    }
}

#[tokio::test]
async fn a_delta_speaks_the_table_3_of_today_and_its_base_that_of_its_day() {
    let (server, base) = server().await;
    let Server { running, directory, .. } = server;
    running.shutdown().await.unwrap();
    let table = |south: &[&str]| {
        let mut csv = "csp_region,wan_variant,description,provenance\nCentral,Unknown,,DP106\n".to_owned();
        ["Unknown"].iter().chain(south).for_each(|name| csv += &format!("South,{name},,assumed\n"));
        let path = directory.path().join("annex-e.csv");
        std::fs::write(&path, csv).unwrap();
        path.display().to_string()
    };
    let file = delta(&["AA1 1AD,2030-01-01,New,High,upsert"]);

    // A variant that the delta leaves in place is not listed any more.
    let path = table(&["New"]);
    let configured = config(&directory, &[("EXPECTED_REGIONS", "south"), ("WAN_VARIANTS", &path)]);
    let server = Server::start(std::sync::Arc::clone(&directory), &configured).await;
    let status = server.submit(on(&base, 2, &file), &file).await.unwrap_err();
    let error = Told::new(Code::FailedPrecondition, "LOAD_BASE_TABLE_CHANGED", &[]);
    assert_eq!(told(&status), error.with("base_load_id", &base));
    assert!(status.message().contains("no longer lists the variant \"Cellular\" for South"), "{status}");
    server.running.shutdown().await.unwrap();

    // In another place it is the same variant still.
    let path = table(&["New", "Mesh", "Cellular"]);
    let configured = config(&directory, &[("EXPECTED_REGIONS", "south"), ("WAN_VARIANTS", &path)]);
    let server = Server::start(directory, &configured).await;
    let load = server.submit(on(&base, 2, &file), &file).await.unwrap().load.unwrap();
    let changes = load.comparison.unwrap();
    assert_eq!((changes.same, changes.changed, changes.coverage_gained, changes.variant_changed), (2, 1, 1, 0));
    for (postcode, variant) in [("AA1 1AA", "Cellular"), ("AA1 1AB", "Unknown"), ("AA1 1AD", "New")] {
        let matrix = server.ask(postcode).await.unwrap().wan_matrix.unwrap();
        assert_eq!(matrix.coverage[0].wan_variant.clone().unwrap().name, variant);
    }
}

#[tokio::test]
async fn going_back_past_a_delta_and_forward_again() {
    let (server, base) = server().await;
    let file = delta(&["AA1 1AB,2020-01-01,Cellular,Low,upsert"]);
    let changed = server.submit(on(&base, 2, &file), &file).await.unwrap().load.unwrap().load_id;
    for load_id in [&base, &changed, &base] {
        let request = ActivateCoverageLoadRequest { load_id: load_id.clone() };
        server.loads.clone().activate_coverage_load(request).await.unwrap();
        assert_eq!(&server.ask("AA1 1AB").await.unwrap().sources[0].load_id, load_id);
    }
    // Its base answers again, and the delta itself is kept: it is activated, not sent.
    let status = server.submit(on(&base, 2, &file), &file).await.unwrap_err();
    assert_eq!(told(&status), Told::new(Code::AlreadyExists, "LOAD_RETAINED", &[]).with("load_id", &changed));
}

#[tokio::test]
async fn the_command_tells_of_a_delta_as_of_any_load() {
    let server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    assert!(load(&server, 1, &country(&south()), &[]).await.starts_with("exit 0"));
    let base = crate::command::active_id(&server);
    let columns = [&COLUMNS[..], &["change"]].concat();
    let mut rows = south();
    rows.drain(30..);
    for (place, cell) in [(1, 3), (2, 2), (4, 1)] {
        rows[place][cell] = ["", "2031-01-01", "Cellular and Mesh", "Low"][cell].to_owned();
    }
    rows[20][2] = "Cellular".to_owned();
    let file = crate::country::csv_of(&columns, &rows);
    assert_snapshot!("delta", load(&server, 2, &file, &["--base", &base]).await);
    let stale = load(&server, 3, &file, &["--base", &base]).await;
    assert_snapshot!("delta_on_another_base", stale);
    let shown = run(&server, &["loads", "show", &crate::command::active_id(&server)]).await;
    assert!(shown.contains(&format!("delta on          {base}")), "{shown}");
}
