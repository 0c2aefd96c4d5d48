//! A load's life, seen through `Loads` itself: what is acknowledged stays, what fails changes nothing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod common;

use std::{fs, path::Path, sync::Arc};

use bytes::Bytes;
use common::loads::{ISSUED, header, later, open, open_with, said, submit, submit_as};
use wan_matrix::{
    domain::CspRegion,
    ingest::Encoding,
    loads::{ListFilter, LoadError, LoadState, Loads, Settings, Share},
};

const HEADER: &str = "postcode,availability_date,wan_variant,connectivity_likelihood\n";

fn file(rows: &[&str]) -> Vec<u8> {
    format!("{HEADER}{}\n", rows.join("\n")).into_bytes()
}

fn states(loads: &Loads) -> Vec<(String, LoadState)> {
    let page = loads.list(ListFilter::default(), 100, "").unwrap();
    page.records.into_iter().map(|record| (record.manifest.load_id, record.state)).collect()
}

#[tokio::test]
async fn a_load_is_active_when_its_sender_hears_of_it_and_still_is_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let loads = open(dir.path());
    assert_eq!(said(&loads, "AA1 1AA"), [""; 0]);
    let rows = ["AA1 1AA,2020-05-01,Cellular,High", "AA1 1AB,2030-01-01, ,Low", "AA1 1AD,,,"];
    let submitted = submit(&loads, CspRegion::South, &file(&rows)).await.unwrap();
    assert!(!submitted.already_present);
    assert_eq!(submitted.record.state, LoadState::Active);
    let report = &submitted.record.manifest.report;
    assert_eq!((report.rows, report.accepted, report.unknown, report.none_planned), (3, 3, 1, 1));

    let answers = [
        ("AA1 1AA", "South 2020-05-01 Cellular High"),
        ("AA1 1AB", "South 2030-01-01 Unknown Low"),
        ("AA1 1AD", "South none planned"),
    ];
    let digest = loads.active().digest().to_owned();
    for (postcode, answer) in answers {
        assert_eq!(said(&loads, postcode), [answer]);
    }
    assert_eq!(said(&loads, "AA1 1AE"), [""; 0]);

    drop(loads);
    let loads = open(dir.path());
    for (postcode, answer) in answers {
        assert_eq!(said(&loads, postcode), [answer], "after a restart");
    }
    assert_eq!(loads.active().digest(), digest);
    let again = loads.get(&submitted.record.manifest.load_id).unwrap();
    assert_eq!((&again.manifest, &again.activated), (&submitted.record.manifest, &submitted.record.activated));
}

/// A reload in the middle of a load is for the next one.
#[tokio::test]
async fn a_load_is_judged_by_what_was_in_force_when_it_began() {
    type Set = fn(&mut Settings);
    let settings: [(&str, Set); 5] = [
        ("a guard", |settings| settings.thresholds.rejects = Share::percent(0)),
        ("rows", |settings| settings.max_rows = 1),
        ("bytes as sent", |settings| settings.max_bytes_sent = 100),
        ("bytes of the file", |settings| settings.max_decompressed = 100),
        ("what stays free of the disk", |settings| settings.keep_free = u64::MAX),
    ];
    // Of a hundred rows and one, one is set aside.
    let rows: Vec<_> = (0..100).map(|n| format!("AA{} {}AA,,,", n / 10 + 1, n % 10)).collect();
    let bytes = file(&rows.iter().map(String::as_str).chain(["nowhere,,,"]).collect::<Vec<_>>());
    let lenient = |settings: &mut Settings| settings.thresholds.rejects = Share::percent(1);
    for (what, strict) in settings {
        for strict_first in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            let both = |strictly: bool| {
                move |settings: &mut Settings| {
                    lenient(settings);
                    if strictly {
                        strict(settings);
                    }
                }
            };
            let loads = open_with(dir.path(), both(strict_first));
            let mut attempt = loads.begin(header(CspRegion::South, &bytes)).unwrap();
            let mut others = Settings { data_dir: loads.settings().data_dir.clone(), ..Settings::default() };
            both(!strict_first)(&mut others);
            loads.set(others);
            let (first, rest) = bytes.split_at(bytes.len() / 2);
            let mut outcome = attempt.chunk(Bytes::copy_from_slice(first)).await;
            if outcome.is_ok() {
                outcome = attempt.chunk(Bytes::copy_from_slice(rest)).await;
            }
            let outcome = match outcome {
                Ok(()) => attempt.finish().await.map(drop),
                Err(error) => Err(error),
            };
            assert_eq!(outcome.is_err(), strict_first, "{what}: {outcome:?}");
            // The next one begins with what is in force by now.
            let next = submit_as(&loads, later(CspRegion::South, &bytes, 1), &bytes).await;
            assert_eq!(next.is_err(), !strict_first, "{what}, and the next: {next:?}");
        }
    }
}

#[tokio::test]
async fn the_same_load_again_is_present_and_an_earlier_one_is_retained() {
    let dir = tempfile::tempdir().unwrap();
    let loads = open(dir.path());
    let first = file(&["AA1 1AA,2020-05-01,Cellular,High"]);
    let second = file(&["AA1 1AA,2021-05-01,Cellular,High"]);
    let id = submit(&loads, CspRegion::South, &first).await.unwrap().record.manifest.load_id;
    let again = submit(&loads, CspRegion::South, &first).await.unwrap();
    assert!(again.already_present);
    assert_eq!(again.record.manifest.load_id, id);

    submit_as(&loads, later(CspRegion::South, &second, 1), &second).await.unwrap();
    let refused = submit(&loads, CspRegion::South, &first).await.unwrap_err();
    assert!(matches!(&refused, LoadError::Retained { load_id } if *load_id == id), "{refused}");
    assert_eq!(said(&loads, "AA1 1AA"), ["South 2021-05-01 Cellular High"]);
    assert_eq!(states(&loads).len(), 2);
    assert_eq!(loads.get(&id).unwrap().state, LoadState::Superseded);

    // Another region's file of the same bytes is another load.
    submit(&loads, CspRegion::Central, &first).await.unwrap();
    assert_eq!(said(&loads, "AA1 1AA"), ["Central 2020-05-01 Cellular High", "South 2021-05-01 Cellular High"]);
}

#[tokio::test]
async fn plain_gzip_and_zstd_give_the_same_load() {
    use std::io::Write as _;
    let plain = file(&["AA1 1AA,2020-05-01,Cellular,High", "AA1 1AB,2030-01-01, ,Low"]);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&plain).unwrap();
    let sent = [
        (Encoding::Identity, plain.clone()),
        (Encoding::Gzip, gzip.finish().unwrap()),
        (Encoding::Zstd, zstd::encode_all(&plain[..], 3).unwrap()),
    ];
    let mut ids = Vec::new();
    for (encoding, bytes) in sent {
        let dir = tempfile::tempdir().unwrap();
        let loads = open(dir.path());
        let mut header = header(CspRegion::South, &bytes);
        header.encoding = encoding;
        let mut attempt = loads.begin(header).unwrap();
        for chunk in bytes.chunks(7) {
            attempt.chunk(Bytes::copy_from_slice(chunk)).await.unwrap();
        }
        let manifest = attempt.finish().await.unwrap().record.manifest;
        assert_eq!(manifest.bytes_decompressed, plain.len() as u64);
        ids.push((manifest.load_id.clone(), manifest.packed));
        damage_blocks(dir.path(), &manifest.load_id);
        drop(loads);
        let loads = open(dir.path());
        assert_eq!(said(&loads, "AA1 1AB"), ["South 2030-01-01 Unknown Low"], "{encoding} rebuilt");
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

/// Overwrites the middle of the load's database.
fn damage_blocks(dir: &Path, load_id: &str) {
    let db = dir.join("loads").join(load_id).join("blocks/db");
    let mut bytes = fs::read(&db).unwrap();
    let written = bytes.iter().rposition(|&b| b != 0).unwrap();
    bytes[..=written].fill(0xA5);
    fs::write(&db, bytes).unwrap();
}

#[tokio::test]
async fn a_damaged_load_is_rebuilt_and_one_that_cannot_be_never_answers() {
    let dir = tempfile::tempdir().unwrap();
    let loads = open(dir.path());
    let bytes = file(&["AA1 1AA,2020-05-01,Cellular,High"]);
    let id = submit(&loads, CspRegion::South, &bytes).await.unwrap().record.manifest.load_id;
    submit(&loads, CspRegion::North, &file(&["AA1 1AA,2020-05-01,Variant 450,High"])).await.unwrap();
    drop(loads);

    damage_blocks(dir.path(), &id);
    let loads = open(dir.path());
    assert_eq!(said(&loads, "AA1 1AA"), ["North 2020-05-01 Variant 450 High", "South 2020-05-01 Cellular High"]);
    drop(loads);

    damage_blocks(dir.path(), &id);
    let kept = dir.path().join("loads").join(&id).join("file.csv.zst");
    fs::write(&kept, zstd::encode_all(&file(&["AA1 1AA,2021-05-01,Cellular,High"])[..], 1).unwrap()).unwrap();
    let loads = open(dir.path());
    assert_eq!(said(&loads, "AA1 1AA"), ["North 2020-05-01 Variant 450 High"], "the other region answers on");
    assert_eq!(loads.active().damaged(), [CspRegion::South]);
    assert_eq!(loads.get(&id).unwrap().state, LoadState::Damaged);

    // Sent again, it heals.
    let healed = submit(&loads, CspRegion::South, &bytes).await.unwrap();
    assert_eq!(healed.record.manifest.load_id, id);
    assert_eq!(said(&loads, "AA1 1AA").len(), 2);
    assert!(loads.active().damaged().is_empty());
}

#[tokio::test]
async fn a_refused_load_leaves_its_record_and_changes_no_answer() {
    let dir = tempfile::tempdir().unwrap();
    let loads = open(dir.path());
    submit(&loads, CspRegion::South, &file(&["AA1 1AA,2020-05-01,Cellular,High"])).await.unwrap();
    let before = loads.active().digest().to_owned();

    let half_bad = file(&["AA1 1AA,2021-05-01,Cellular,High", "AA1 1AB,2021-13-01,Cellular,High"]);
    let all_bad = file(&["AA1 1AA,2021-05-01,Copper,High", "AA1 1AB,soon,Cellular,High"]);
    for (bytes, guard) in [(&half_bad, true), (&all_bad, false)] {
        let refusal = submit(&loads, CspRegion::South, bytes).await.unwrap_err();
        let load_id = match &refusal {
            LoadError::Guards { load_id, .. } if guard => load_id,
            LoadError::NoAcceptedRow { load_id, .. } if !guard => load_id,
            other => panic!("{other}"),
        };
        for loads in [&loads, &reopened(&dir, &loads)] {
            let record = loads.get(load_id).unwrap();
            assert_eq!(record.state, LoadState::Refused);
            assert_eq!(record.refusal.as_deref(), Some(refusal.to_string().as_str()));
            let lines: Vec<_> = loads.rejects(load_id, 0).unwrap().map(|reject| reject.unwrap().line).collect();
            assert_eq!(lines, if guard { vec![3] } else { vec![2, 3] });
            assert_eq!(loads.rejects(load_id, 2).unwrap().count(), 1, "after a line");
        }
    }
    assert_eq!(loads.active().digest(), before);
    assert_eq!(said(&loads, "AA1 1AA"), ["South 2020-05-01 Cellular High"]);
    assert!(fs::read_dir(dir.path().join("incoming")).unwrap().next().is_none(), "nothing is left behind");
}

/// The same directory in another place, opened afresh: the first still holds the lock of its own.
fn reopened(dir: &tempfile::TempDir, _first: &Arc<Loads>) -> Arc<Loads> {
    let copy = tempfile::tempdir().unwrap().keep();
    common::loads::copy_tree(dir.path(), &copy);
    open(&copy)
}

#[tokio::test]
async fn what_was_announced_must_come() {
    let dir = tempfile::tempdir().unwrap();
    let loads = open(dir.path());
    let bytes = file(&["AA1 1AA,2020-05-01,Cellular,High"]);

    let mut wrong = header(CspRegion::South, &bytes);
    wrong.sha256[0] ^= 1;
    let mut attempt = loads.begin(wrong).unwrap();
    attempt.chunk(bytes.clone().into()).await.unwrap();
    assert!(matches!(attempt.finish().await, Err(LoadError::DigestMismatch { .. })));

    let mut wrong = header(CspRegion::South, &bytes);
    wrong.row_count = Some(2);
    let mut attempt = loads.begin(wrong).unwrap();
    attempt.chunk(bytes.clone().into()).await.unwrap();
    assert!(matches!(attempt.finish().await, Err(LoadError::RowCountMismatch { announced: 2, found: 1 })));

    let mut late = header(CspRegion::South, &bytes);
    late.issue_time = ISSUED.parse::<jiff::Timestamp>().unwrap() + jiff::SignedDuration::from_hours(24 * 365 * 30);
    assert!(matches!(loads.begin(late), Err(LoadError::IssuedInFuture { .. })));
    assert!(states(&loads).is_empty());
}

#[tokio::test]
async fn one_load_at_a_time_and_an_abandoned_one_gives_its_turn_back() {
    let dir = tempfile::tempdir().unwrap();
    let loads = open(dir.path());
    let bytes = file(&["AA1 1AA,2020-05-01,Cellular,High"]);
    let mut attempt = loads.begin(header(CspRegion::South, &bytes)).unwrap();
    attempt.chunk(Bytes::copy_from_slice(&bytes[..20])).await.unwrap();
    let second = loads.begin(header(CspRegion::North, &bytes)).unwrap_err();
    assert!(matches!(second, LoadError::InProgress { region: CspRegion::South }));
    drop(attempt);
    loads.close().await;
    assert!(matches!(loads.begin(header(CspRegion::South, &bytes)), Err(LoadError::ShuttingDown)));
    assert!(fs::read_dir(dir.path().join("incoming")).unwrap().next().is_none());
}

#[tokio::test]
async fn an_upload_stops_at_its_limit() {
    let dir = tempfile::tempdir().unwrap();
    let loads = open_with(dir.path(), |settings| settings.max_bytes_sent = 100);
    let mut attempt = loads.begin(header(CspRegion::South, b"")).unwrap();
    attempt.chunk(Bytes::from_static(&[b'x'; 100])).await.unwrap();
    let error = attempt.chunk(Bytes::from_static(b"y")).await.unwrap_err();
    assert!(matches!(error, LoadError::TooLarge { limit: 100 }));
    assert!(loads.begin(header(CspRegion::South, b"")).is_ok(), "the turn is free when the sender hears of it");
}

#[tokio::test]
async fn a_finished_upload_is_loaded_even_if_nobody_waits_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let loads = open(dir.path());
    let bytes = file(&["AA1 1AA,2020-05-01,Cellular,High"]);
    let mut attempt = loads.begin(header(CspRegion::South, &bytes)).unwrap();
    attempt.chunk(bytes.clone().into()).await.unwrap();
    let mut flips = loads.subscribe();
    let mut finish = Box::pin(attempt.finish());
    // Polled once, so that the end is sent; then dropped, as when the client goes away.
    assert!(futures_poll_once(&mut finish).await.is_none());
    drop(finish);
    flips.changed().await.unwrap();
    assert_eq!(said(&loads, "AA1 1AA"), ["South 2020-05-01 Cellular High"]);
    // The turn ends a moment after the flip.
    let again = loop {
        match submit(&loads, CspRegion::South, &bytes).await {
            Err(LoadError::InProgress { .. }) => tokio::task::yield_now().await,
            done => break done,
        }
    };
    assert!(again.unwrap().already_present);
}

async fn futures_poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    tokio::select! {
        biased;
        output = future => Some(output),
        () = std::future::ready(()) => None,
    }
}

#[tokio::test]
async fn a_set_aside_location_is_marked_and_its_texts_and_repeats_do_not_confuse_it() {
    let dir = tempfile::tempdir().unwrap();
    let loads = common::loads::open_with(dir.path(), |settings| settings.thresholds.rejects = Share::percent(100));
    let rows =
        ["AA1 1AA,2020-05-01,Cellular,High", "AA1 1AB,2021-13-01,Cellular,High", "AA1 1AA,2020-05-01,Cellular,High"];
    let report = submit(&loads, CspRegion::South, &file(&rows)).await.unwrap().record.manifest.report;
    assert_eq!((report.rows, report.accepted, report.set_aside, report.repeats), (3, 1, 1, 1));
    assert_eq!(said(&loads, "AA1 1AB"), ["South set aside"]);
    assert_eq!(said(&loads, "AA1 1AA"), ["South 2020-05-01 Cellular High"]);
}

#[tokio::test]
async fn the_way_back_is_an_activation_like_any_other() {
    let dir = tempfile::tempdir().unwrap();
    let loads = open(dir.path());
    let mut ids = Vec::new();
    for (hours, year) in [(0, 2020), (1, 2021)] {
        let bytes = file(&[&format!("AA1 1AA,{year}-05-01,Cellular,High")]);
        let header = later(CspRegion::South, &bytes, hours);
        ids.push(submit_as(&loads, header, &bytes).await.unwrap().record.manifest.load_id);
    }
    let back = loads.activate_retained(&ids[0], "somebody").unwrap();
    assert_eq!((back.state, back.activated.unwrap().by.as_str()), (LoadState::Active, "somebody"));
    assert_eq!(said(&loads, "AA1 1AA"), ["South 2020-05-01 Cellular High"]);
    assert_eq!(loads.get(&ids[1]).unwrap().state, LoadState::Superseded);
    assert_eq!(loads.activate_retained(&ids[0], "somebody else").unwrap().activated.unwrap().by, "somebody");
    assert!(matches!(loads.activate_retained("south-1", "x"), Err(LoadError::NotFound { .. })));
    drop(loads);

    let loads = open(dir.path());
    assert_eq!(said(&loads, "AA1 1AA"), ["South 2020-05-01 Cellular High"], "after a restart");
    // A damaged load is rebuilt on the way back too.
    damage_blocks(dir.path(), &ids[1]);
    loads.activate_retained(&ids[1], "somebody").unwrap();
    assert_eq!(said(&loads, "AA1 1AA"), ["South 2021-05-01 Cellular High"]);
    let audit = fs::read_to_string(dir.path().join("audit.jsonl")).unwrap();
    let events: Vec<_> = audit
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["event"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(events, ["loaded", "activated", "loaded", "activated", "activated", "activated"]);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_threads_of_a_load_give_way_to_lookups() {
    let dir = tempfile::tempdir().unwrap();
    let loads = open(dir.path());
    let mut attempt = loads.begin(header(CspRegion::South, b"")).unwrap();
    attempt.chunk(Bytes::from_static(b"postcode")).await.unwrap();
    // By name, in which class of the scheduler each thread of this process is: the thirty-ninth field behind the name.
    let classes = |wanted: &str| -> Vec<i32> {
        let threads = fs::read_dir("/proc/self/task").unwrap();
        let stats = threads.filter_map(|thread| fs::read_to_string(thread.unwrap().path().join("stat")).ok());
        let of_name = |stat: String| {
            let (before, after) = stat.rsplit_once(") ")?;
            let class = after.split(' ').nth(38)?.parse().unwrap();
            before.ends_with(&format!("({wanted}")).then_some(class)
        };
        stats.filter_map(of_name).collect()
    };
    // A thread changes its class in its first step, which may not have come yet; loads of other tests have such threads too.
    const IDLE: i32 = 5;
    let begun = std::time::Instant::now();
    while !["load-work", "load-keep"].iter().all(|name| classes(name).contains(&IDLE)) {
        assert!(begun.elapsed().as_secs() < 20, "{:?} {:?}", classes("load-work"), classes("load-keep"));
        tokio::task::yield_now().await;
    }
    drop(attempt);
    loads.close().await;
}

#[test]
fn a_data_directory_has_one_owner() {
    let dir = tempfile::tempdir().unwrap();
    let _loads = open(dir.path());
    let error = common::loads::try_open(dir.path()).unwrap_err();
    assert!(error.to_string().contains("in use by another process"), "{error}");
}
