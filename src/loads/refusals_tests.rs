//! What is turned away, and what is left of it.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::{
    domain::{CspRegion, Table3},
    loads::{GivenUp, Guard, ListFilter, LoadError, LoadHeader, LoadState, Loads, Settings, Wanted},
    store::REFUSED_KEPT,
};

const COLUMNS: &str = "postcode,availability_date,wan_variant,connectivity_likelihood";
const NOON: &str = "2026-11-23T12:00:00Z";

/// By a clock that goes on a second whenever it is looked at.
fn open(dir: &Path, clock: &Arc<AtomicI64>) -> Arc<Loads> {
    let settings = Settings { data_dir: dir.to_owned(), ..Settings::default() };
    let clock = Arc::clone(clock);
    let clock = Arc::new(move || Timestamp::new(clock.fetch_add(1, Ordering::Relaxed), 0).unwrap());
    Loads::open(settings, Arc::new(Table3::shipped().unwrap()), clock).unwrap()
}

/// Sends a file that has no row to accept, issued so many hours before noon, and gives its id.
async fn refused(loads: &Arc<Loads>, region: CspRegion, hours: i64) -> String {
    let file = format!("{COLUMNS}\nAA1 1AA,soon,Cellular,High\n");
    let issued = NOON.parse::<Timestamp>().unwrap() - SignedDuration::from_hours(hours);
    let header = LoadHeader::of(region, issued, Sha256::digest(&file).into(), "test");
    let mut attempt = loads.begin(header).unwrap();
    attempt.chunk(file.into()).await.unwrap();
    match attempt.finish().await.unwrap_err() {
        LoadError::NoAcceptedRow { load_id, .. } => load_id,
        other => panic!("{other}"),
    }
}

fn listed(loads: &Loads) -> BTreeSet<String> {
    let filter = ListFilter { state: Some(LoadState::Refused), ..ListFilter::default() };
    let records = loads.list(filter, 99, "").unwrap().records;
    records.into_iter().map(|record| record.manifest.load_id).collect()
}

fn on_disk(dir: &Path) -> BTreeSet<String> {
    let names = fs::read_dir(dir.join("refused")).unwrap();
    names.map(|name| name.unwrap().file_name().into_string().unwrap()).collect()
}

fn noted_as_deleted(dir: &Path) -> Vec<String> {
    let log = fs::read_to_string(dir.join("audit.jsonl")).unwrap();
    let lines = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let deleted = lines.filter(|line| line["event"] == "deleted");
    deleted.map(|line| line["load_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn of_each_regions_refusals_the_newest_are_kept_in_the_list_and_on_the_disk_and_no_others() {
    let (dir, clock) = (tempfile::tempdir().unwrap(), Arc::new(AtomicI64::new(1_800_000_000)));
    let loads = open(dir.path(), &clock);
    let north = refused(&loads, CspRegion::North, 0).await;
    let mut south = Vec::new();
    // Each was issued before the one that came before it: by their ids, the newest is the oldest.
    for hours in 0..REFUSED_KEPT as i64 + 3 {
        south.push(refused(&loads, CspRegion::South, hours).await);
    }
    let kept = |south: &[String]| -> BTreeSet<String> { south.iter().chain([&north]).cloned().collect() };
    let newest = kept(&south[3..]);
    assert_eq!((listed(&loads), on_disk(dir.path())), (newest.clone(), newest.clone()));
    assert_eq!(noted_as_deleted(dir.path()), south[..3]);

    // The oldest of them comes again, and is the newest; then there is another.
    assert_eq!(refused(&loads, CspRegion::South, 3).await, south[3]);
    assert_eq!((listed(&loads), on_disk(dir.path())), (newest.clone(), newest));
    south.push(refused(&loads, CspRegion::South, 99).await);
    south.remove(4);
    let newest = kept(&south[3..]);
    assert_eq!((listed(&loads), on_disk(dir.path())), (newest.clone(), newest.clone()));
    drop(loads);
    assert_eq!(listed(&open(dir.path(), &clock)), newest, "after a restart");
}

#[tokio::test]
async fn a_senders_clock_may_run_ahead_by_five_minutes_and_not_by_a_second_more() {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { data_dir: dir.path().to_owned(), ..Settings::default() };
    let clock = Arc::new(|| NOON.parse().unwrap());
    let loads = Loads::open(settings, Arc::new(Table3::shipped().unwrap()), clock).unwrap();
    for (seconds, taken) in [(-1, true), (0, true), (300, true), (301, false)] {
        let issued = NOON.parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds);
        match loads.begin(LoadHeader::of(CspRegion::South, issued, [0; 32], "test")) {
            Ok(attempt) => {
                assert!(taken, "{seconds} seconds");
                attempt.give_up(GivenUp::Vanished).await;
            }
            Err(error) => assert!(!taken && matches!(error, LoadError::IssuedInFuture { .. }), "{seconds}: {error}"),
        }
    }
}

#[tokio::test]
async fn a_refusal_is_forgotten_when_the_load_is_taken_after_all() {
    let (dir, clock) = (tempfile::tempdir().unwrap(), Arc::new(AtomicI64::new(1_800_000_000)));
    let loads = open(dir.path(), &clock);
    let file = format!("{COLUMNS}\nAA1 1AA,,,\nAA1 1AB,soon,Cellular,High\n");
    let strict = LoadHeader::of(CspRegion::South, NOON.parse().unwrap(), Sha256::digest(&file).into(), "test");
    let lenient = LoadHeader {
        overrides: vec![Guard::Rejects],
        override_note: "as agreed".to_owned(),
        wanted: Wanted::Staged,
        ..strict.clone()
    };
    for (header, taken) in [(strict, false), (lenient, true)] {
        let mut attempt = loads.begin(header).unwrap();
        attempt.chunk(file.clone().into()).await.unwrap();
        assert_eq!(attempt.finish().await.is_ok(), taken);
        assert_eq!(on_disk(dir.path()).len(), usize::from(!taken));
    }
    drop(loads);
    let records = open(dir.path(), &clock).list(ListFilter::default(), 9, "").unwrap().records;
    let shown: Vec<_> = records.into_iter().map(|record| (record.state, record.refusal)).collect();
    assert_eq!(shown, [(LoadState::Staged, None)]);
}
