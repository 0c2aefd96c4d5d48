//! Loads that can no longer be read: nothing of them is lost from sight, and nothing of them answers.

use std::{fs, sync::Arc};

use tonic::Code;
use wan_matrix::grpc::proto::{
    ActivateCoverageLoadRequest, CoverageLoad, CoverageLoadHeader, CoverageLoadState, CspRegion,
    ListActiveCoverageRequest, ListCoverageLoadsRequest, LoadGuard,
};

use crate::{
    command::run,
    damage::{damage_blocks, damage_kept_file},
    running::{Server, config, told},
    uploads::{csv, header},
};

/// What is done to a database, and how.
type Spoil = (&'static str, fn(&std::path::Path));

async fn restarted(server: Server) -> Server {
    restarted_with(server, &[("EXPECTED_REGIONS", "south")]).await
}

async fn restarted_with(server: Server, variables: &[(&str, &str)]) -> Server {
    let directory = Arc::clone(&server.directory);
    server.running.shutdown().await.unwrap();
    let config = config(&directory, variables);
    Server::start(directory, &config).await
}

async fn listed(server: &Server, state: CoverageLoadState) -> Vec<CoverageLoad> {
    let request = ListCoverageLoadsRequest { state: state.into(), ..ListCoverageLoadsRequest::default() };
    server.loads.clone().list_coverage_loads(request).await.unwrap().into_inner().loads
}

#[tokio::test]
async fn a_region_whose_load_is_damaged_is_listed_though_nobody_expects_it() {
    let server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    server.load(CspRegion::South, 1, &["AA1 1AA,,,"]).await;
    let id = server.load(CspRegion::South4g, 1, &["AA1 1AB,,,"]).await.load_id;
    damage_blocks(server.directory.path(), &id);
    damage_kept_file(server.directory.path(), &id);
    let server = restarted(server).await;
    let active = server.lookups.clone().list_active_coverage(ListActiveCoverageRequest {}).await.unwrap().into_inner();
    let told_of: Vec<_> = active
        .regions
        .iter()
        .map(|region| (region.csp_region(), region.source.is_some(), region.expected, region.damaged))
        .collect();
    assert_eq!(told_of, [(CspRegion::South, true, true, false), (CspRegion::South4g, false, false, true)]);
    assert_eq!(told(&server.ask("AA1 1AB").await.unwrap_err()).reason, "COVERAGE_DAMAGED");
    assert_eq!(listed(&server, CoverageLoadState::Damaged).await[0].load_id, id);

    // Sent again, it answers again.
    let file = csv(&["AA1 1AB,,,"]);
    server.submit(header(CspRegion::South4g, 1, &file), &file).await.unwrap();
    assert_eq!(server.ask("AA1 1AB").await.unwrap().sources.len(), 2);
    assert!(listed(&server, CoverageLoadState::Damaged).await.is_empty());
}

#[tokio::test]
async fn the_commands_do_not_say_of_a_damaged_region_that_it_has_no_load() {
    let server = Server::with(&[("EXPECTED_REGIONS", "north,south"), ("GUARDS_REJECTS_PERCENT", "100")]).await;
    let rows = ["AA1 1AA,,,", "AA1 1AB,nonsense,,"];
    server.load(CspRegion::North, 1, &rows).await;
    let id = server.load(CspRegion::South, 1, &rows).await.load_id;
    damage_blocks(server.directory.path(), &id);
    damage_kept_file(server.directory.path(), &id);
    let server = restarted(server).await;
    let said = run(&server, &["lookup", "AA1 1AA"]).await;
    assert!(said.contains("not heard: South has no active load, or one that is damaged"), "{said}");
    let said = run(&server, &["active"]).await;
    assert!(said.contains("expected, and DAMAGED: load it again; misses answer COVERAGE_DAMAGED"), "{said}");
    // A row that was set aside is one that no region answers with.
    let status = server.ask("AA1 1AB").await.unwrap_err();
    assert_eq!(told(&status).reason, "COVERAGE_DAMAGED");
    assert!(status.message().contains("no other region answers for the location"), "{status}");
}

#[tokio::test]
async fn a_damaged_active_load_still_stands_against_a_part_of_its_region_and_an_old_file() {
    let server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    let rows = ["AA1 1AA,,,", "AA1 1AB,,,", "AA1 1AD,,,", "AA1 1AE,,,", "AA1 1AF,,,"];
    let id = server.load(CspRegion::South, 2, &rows).await.load_id;
    damage_blocks(server.directory.path(), &id);
    damage_kept_file(server.directory.path(), &id);
    let server = restarted(server).await;

    let fifth = csv(&rows[..1]);
    let status = server.submit(header(CspRegion::South, 1, &fifth), &fifth).await.unwrap_err();
    assert_eq!(told(&status).reason, "LOAD_GUARD_SHRINK");
    assert!(status.message().contains(&format!("the active load {id}, which is damaged")), "{status}");
    assert!(status.message().contains("issue-order"), "{status}");
    assert_eq!(told(&server.ask("AA1 1AA").await.unwrap_err()).reason, "COVERAGE_DAMAGED");
    // An operator may know better.
    let overriding = CoverageLoadHeader {
        overrides: vec![LoadGuard::Shrink.into(), LoadGuard::IssueOrder.into()],
        override_note: "all there is".to_owned(),
        ..header(CspRegion::South, 1, &fifth)
    };
    server.submit(overriding, &fifth).await.unwrap();
    assert!(server.ask("AA1 1AA").await.is_ok());
}

#[tokio::test]
async fn a_damaged_load_that_is_sent_again_is_whole_again_and_staged_where_that_was_asked() {
    let server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    let file = |year: u32| csv(&[&format!("AA1 1AA,20{year}-01-01,Cellular,High")]);
    let send = async |server: &Server, day: u32, stage: bool| {
        let file = file(20 + day);
        let header = CoverageLoadHeader { activate: Some(!stage), ..header(CspRegion::South, i64::from(day), &file) };
        server.submit(header, &file).await.unwrap().load.unwrap()
    };
    let active = send(&server, 1, false).await.load_id;
    let staged = send(&server, 2, true).await.load_id;
    for id in [&active, &staged] {
        damage_blocks(server.directory.path(), id);
        damage_kept_file(server.directory.path(), id);
    }
    let server = restarted(server).await;
    let request = ActivateCoverageLoadRequest { load_id: staged.clone() };
    let status = server.loads.clone().activate_coverage_load(request).await.unwrap_err();
    assert_eq!(told(&status).reason, "COVERAGE_DAMAGED", "{status}");
    assert_eq!(listed(&server, CoverageLoadState::Damaged).await.len(), 2);

    // It is the one that answers, whatever is asked of it, for `active.json` names it.
    let again = send(&server, 1, true).await;
    assert_eq!((&again.load_id, again.state()), (&active, CoverageLoadState::Active));
    assert_eq!(server.ask("AA1 1AA").await.unwrap().sources[0].load_id, active);
    let again = send(&server, 2, true).await;
    assert_eq!((&again.load_id, again.state()), (&staged, CoverageLoadState::Staged));
    assert_eq!(listed(&server, CoverageLoadState::Damaged).await, []);
    assert_eq!(server.ask("AA1 1AA").await.unwrap().sources[0].load_id, active);
}

#[tokio::test]
async fn a_retained_load_of_which_a_file_is_missing_is_damaged() {
    let server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    let first = server.load(CspRegion::South, 1, &["AA1 1AA,,,"]).await.load_id;
    server.load(CspRegion::South, 2, &["AA1 1AA,2020-01-01,Cellular,High"]).await;
    damage_blocks(server.directory.path(), &first);
    fs::remove_file(server.directory.path().join("loads").join(&first).join("file.csv.zst")).unwrap();
    let request = ActivateCoverageLoadRequest { load_id: first.clone() };
    let status = server.loads.clone().activate_coverage_load(request).await.unwrap_err();
    assert_eq!((status.code(), told(&status).reason.as_str()), (Code::Unavailable, "COVERAGE_DAMAGED"), "{status}");
    assert_eq!(listed(&server, CoverageLoadState::Damaged).await[0].load_id, first);
}

#[tokio::test]
async fn a_load_whose_manifest_cannot_be_read_is_listed_and_left_alone() {
    let server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    let spoilt = server.load(CspRegion::South, 1, &["AA1 1AA,,,"]).await.load_id;
    let second = server.load(CspRegion::South, 2, &["AA1 1AA,2020-01-01,Cellular,High"]).await.load_id;
    let home = server.directory.path().join("loads").join(&spoilt);
    fs::write(home.join("manifest.json"), "{").unwrap();
    // No load of ours is called so.
    fs::create_dir(server.directory.path().join("loads/lost+found")).unwrap();
    let server = restarted(server).await;

    let damaged = listed(&server, CoverageLoadState::Damaged).await;
    let [load] = damaged.as_slice() else { panic!("{damaged:?}") };
    assert_eq!((load.load_id.as_str(), load.csp_region()), (spoilt.as_str(), CspRegion::South));
    assert_eq!(load.issue_time.unwrap().seconds, 1_777_636_800);
    assert_eq!(listed(&server, CoverageLoadState::Unspecified).await.len(), 2);
    let request = ActivateCoverageLoadRequest { load_id: spoilt.clone() };
    let status = server.loads.clone().activate_coverage_load(request).await.unwrap_err();
    assert_eq!((status.code(), told(&status).reason.as_str()), (Code::Unavailable, "COVERAGE_DAMAGED"));
    assert!(home.join("file.csv.zst").exists());
    assert_eq!(server.ask("AA1 1AA").await.unwrap().sources[0].load_id, second);

    // Sent again, it is a load like any other.
    let file = csv(&["AA1 1AA,,,"]);
    let again = CoverageLoadHeader {
        overrides: vec![LoadGuard::CoverageLost.into(), LoadGuard::IssueOrder.into()],
        override_note: "the second was a mistake".to_owned(),
        ..header(CspRegion::South, 1, &file)
    };
    let again = server.submit(again, &file).await.unwrap().load.unwrap();
    assert_eq!((again.load_id.as_str(), again.state()), (spoilt.as_str(), CoverageLoadState::Active));
    assert!(listed(&server, CoverageLoadState::Damaged).await.is_empty());
    let server = restarted(server).await;
    assert_eq!(server.ask("AA1 1AA").await.unwrap().sources[0].load_id, spoilt);
}

#[tokio::test]
async fn whatever_sled_does_with_a_spoilt_database_a_retained_load_is_rebuilt_from_its_file() {
    let server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    let first = server.load(CspRegion::South, 1, &["AA1 1AA,,,"]).await.load_id;
    let second = server.load(CspRegion::South, 2, &["AA1 1AA,2020-01-01,Cellular,High"]).await.load_id;
    let blocks = |id: &str| server.directory.path().join("loads").join(id).join("blocks");
    let spoil: [Spoil; 5] = [
        ("nothing is left", |blocks| fs::remove_dir_all(blocks).unwrap()),
        ("its settings are nonsense", |blocks| fs::write(blocks.join("conf"), "segment_size: 1\n").unwrap()),
        ("it is cut short", |blocks| {
            let db = fs::File::options().write(true).open(blocks.join("db")).unwrap();
            db.set_len(100).unwrap();
        }),
        ("its snapshot is another's", |blocks| {
            for item in fs::read_dir(blocks).unwrap() {
                let path = item.unwrap().path();
                if path.file_name().unwrap().to_string_lossy().starts_with("snap.") {
                    fs::write(path, [0x5A; 64]).unwrap();
                }
            }
        }),
        ("every other byte of it is flipped", |blocks| {
            let mut bytes = fs::read(blocks.join("db")).unwrap();
            bytes.iter_mut().step_by(2).for_each(|byte| *byte ^= 0xFF);
            fs::write(blocks.join("db"), bytes).unwrap();
        }),
    ];
    let mut active = [&first, &second];
    for (what, spoil) in spoil {
        // The one that does not answer is spoilt, and activated.
        let [retained, _] = active;
        spoil(&blocks(retained));
        let request = ActivateCoverageLoadRequest { load_id: retained.clone() };
        let answer = server.loads.clone().activate_coverage_load(request).await;
        let load = answer.unwrap_or_else(|status| panic!("{what}: {status}")).into_inner().load.unwrap();
        assert_eq!(load.state(), CoverageLoadState::Active, "{what}");
        assert_eq!(&server.ask("AA1 1AA").await.unwrap().sources[0].load_id, retained, "{what}");
        active.reverse();
    }
}

#[tokio::test]
async fn a_load_is_rebuilt_with_the_table_3_it_was_judged_against() {
    let server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    let id = server.load(CspRegion::South, 1, &["AA1 1AA,2020-01-01,Cellular,High"]).await.load_id;
    damage_blocks(server.directory.path(), &id);
    // Which lists another variant in that place by now.
    let table3 = server.directory.path().join("table-3-of-today.csv");
    let listed = "csp_region,wan_variant,description,provenance\nCentral,Unknown,,DP106\nSouth,Unknown,,DP106\nSouth,New,,assumed\n";
    fs::write(&table3, listed).unwrap();
    let today = [("EXPECTED_REGIONS", "south"), ("WAN_VARIANTS", table3.to_str().unwrap())];
    let server = restarted_with(server, &today).await;
    let matrix = server.ask("AA1 1AA").await.unwrap().wan_matrix.unwrap();
    assert_eq!(matrix.coverage[0].wan_variant.clone().unwrap().name, "Cellular");
}

#[tokio::test]
async fn a_load_that_was_taken_is_rebuilt_under_limits_that_it_would_not_pass_now() {
    let server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    let rows = ["AA1 1AA,,,", "AA1 1AB,,,", "AA1 1AD,2020-01-01,Cellular,High"];
    let id = server.load(CspRegion::South, 1, &rows).await.load_id;
    damage_blocks(server.directory.path(), &id);
    let tight = [("EXPECTED_REGIONS", "south"), ("LIMITS_MAX_ROWS", "2"), ("LIMITS_MAX_DECOMPRESSED_BYTES", "100")];
    let server = restarted_with(server, &tight).await;
    assert_eq!(server.ask("AA1 1AD").await.unwrap().sources[0].load_id, id);
    // They stand before every new file.
    for (day, rows) in [(2, &rows[..]), (3, &["AA1 1AA,,,", "AA1 1AB,2020-01-01,Cellular and Mesh,Medium"][..])] {
        let file = csv(rows);
        let status = server.submit(header(CspRegion::South, day, &file), &file).await.unwrap_err();
        assert_eq!(told(&status).reason, "LOAD_TOO_LARGE", "{status}");
    }
}
