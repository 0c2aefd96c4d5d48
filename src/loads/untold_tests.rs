use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::{
    domain::{CspRegion, Table3},
    ingest::Encoding,
    loads::{Guard, LoadHeader, Settings, Wanted},
    store::{Rotation, delete_load},
};

/// By a clock that goes on a second whenever it is looked at.
fn open(dir: &Path, audit: Rotation, clock: &Arc<AtomicI64>) -> Arc<Loads> {
    let settings = Settings { data_dir: dir.to_owned(), audit, ..Settings::default() };
    let clock = Arc::clone(clock);
    let clock = Arc::new(move || Timestamp::new(clock.fetch_add(1, Ordering::Relaxed), 0).unwrap());
    Loads::open(settings, Arc::new(Table3::shipped().unwrap()), clock).unwrap()
}

async fn load(loads: &Arc<Loads>, region: CspRegion, day: u32) -> String {
    submit(loads, region, day, 1, Wanted::Active).await
}

/// A load of so many rows, with whatever guard stands against it overridden.
async fn submit(loads: &Arc<Loads>, region: CspRegion, day: u32, rows: u32, wanted: Wanted) -> String {
    let columns = "postcode,availability_date,wan_variant,connectivity_likelihood";
    let row = |row| format!("AA{row} 1AA,20{day}-01-01,Cellular,High\n");
    let file: String = std::iter::once(format!("{columns}\n")).chain((1..=rows).map(row)).collect();
    let header = LoadHeader {
        region,
        base_load_id: None,
        issue_time: format!("2026-11-{day}T12:00:00Z").parse().unwrap(),
        reference: String::new(),
        sha256: Sha256::digest(&file).into(),
        row_count: None,
        encoding: Encoding::Identity,
        submitter: "a csp".to_owned(),
        overrides: Guard::ALL.to_vec(),
        override_note: "as agreed".to_owned(),
        wanted,
    };
    let mut attempt = loads.begin(header).unwrap();
    attempt.chunk(file.into()).await.unwrap();
    attempt.finish().await.unwrap().record.manifest.load_id
}

/// The files of the log, the newest first.
fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let numbered = (1..99).map(|number| dir.join(format!("audit.{number}.jsonl")));
    std::iter::once(dir.join("audit.jsonl")).chain(numbered).filter(|path| path.exists()).collect()
}

fn text(dir: &Path) -> String {
    // A file that was cut short ends here as if it had been cut at a line.
    let whole = |text: String| if text.ends_with('\n') { text } else { text + "\n" };
    files(dir).iter().rev().map(|path| whole(fs::read_to_string(path).unwrap())).collect()
}

/// Every line of an activation: its load, and whether it was recovered.
fn activations(dir: &Path) -> Vec<(String, bool)> {
    let text = text(dir);
    let lines = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    lines
        .filter(|line| line["event"] == "activated")
        .map(|line| (line["load_id"].as_str().unwrap().to_owned(), line["reason"] == RECOVERED))
        .collect()
}

/// Takes so many bytes from the end of the newest file; all that is not a whole line's, where that is not said.
fn cut(dir: &Path, bytes: Option<u64>) {
    let newest = files(dir).swap_remove(0);
    let log = fs::read_to_string(&newest).unwrap();
    let last = log.trim_end().rsplit('\n').next().unwrap().len() as u64 + 1;
    let kept = log.len() as u64 - bytes.unwrap_or(last);
    if kept == 0 {
        fs::remove_file(newest).unwrap();
    } else {
        fs::File::options().write(true).open(newest).unwrap().set_len(kept).unwrap();
    }
}

/// What a crash leaves of the log, and how many of the two lines that tell of what answers are noted again.
type Case = (&'static str, fn(&Path), usize);
const CASES: [Case; 5] = [
    ("all of it", |_| (), 0),
    ("all but the last line", |dir| cut(dir, None), 1),
    ("the last line, cut in its middle", |dir| cut(dir, Some(40)), 1),
    // The line is whole, and the next begins on its own.
    ("all but the last end of a line", |dir| cut(dir, Some(1)), 0),
    ("nothing", |dir| files(dir).into_iter().for_each(|file| fs::remove_file(file).unwrap()), 2),
];

#[tokio::test]
async fn an_activation_whose_line_a_crash_took_away_is_noted_at_the_next_start_and_not_again() {
    // In one file, and each line in its own.
    for bytes in [4 << 20, 1] {
        for (left, crash, noted) in CASES {
            let rotation = Rotation { bytes, kept: 99 };
            let (dir, clock) = (tempfile::tempdir().unwrap(), Arc::new(AtomicI64::new(1_800_000_000)));
            let loads = open(dir.path(), rotation, &clock);
            load(&loads, CspRegion::South, 20).await;
            let central = load(&loads, CspRegion::Central, 20).await;
            let south = load(&loads, CspRegion::South, 21).await;
            let activation = loads.get(&south).unwrap().activated.unwrap();
            drop(loads);
            let whole = activations(dir.path());
            crash(dir.path());

            drop(open(dir.path(), rotation, &clock));
            let (seen, log) = (activations(dir.path()), text(dir.path()));
            let recovered: Vec<_> = seen.iter().filter(|(_, recovered)| *recovered).map(|(id, _)| id).collect();
            let wanted: &[&String] = &[&central, &south];
            assert_eq!(recovered, &wanted[2 - noted..], "{left}, {bytes} bytes a file:\n{log}");
            for id in wanted {
                assert_eq!(seen.iter().filter(|(of, _)| of == *id).count(), 1, "{left}, {bytes} bytes a file:\n{log}");
            }
            if noted == 0 {
                assert_eq!(seen, whole, "{left}");
            } else {
                let line: serde_json::Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
                assert_eq!(line["time"], activation.at.to_string());
                assert_eq!((line["by"].as_str(), line["region"].as_str()), (Some("a csp"), Some("south")));
                assert!(line["note"].as_str().unwrap().starts_with("noted at the start of "), "{line}");
            }
            drop(open(dir.path(), rotation, &clock));
            assert_eq!(text(dir.path()), log, "{left}, {bytes} bytes a file: at the start after that");
        }
    }
}

#[tokio::test]
async fn a_line_that_went_with_an_old_file_is_not_missed() {
    let rotation = Rotation { bytes: 1, kept: 2 };
    let (dir, clock) = (tempfile::tempdir().unwrap(), Arc::new(AtomicI64::new(1_800_000_000)));
    let loads = open(dir.path(), rotation, &clock);
    load(&loads, CspRegion::Central, 20).await;
    load(&loads, CspRegion::South, 20).await;
    drop(loads);
    let log = text(dir.path());
    assert!(!log.contains("central"), "{log}");
    drop(open(dir.path(), rotation, &clock));
    assert_eq!(text(dir.path()), log);
}

#[tokio::test]
async fn a_deletion_whose_line_a_crash_took_away_is_noted_at_the_next_start_and_its_files_removed() {
    for bytes in [4 << 20, 1] {
        for (what, noted, manifest) in [
            ("moved away, and no more", false, true),
            ("noted as well", true, true),
            ("half removed, and so noted before", true, false),
        ] {
            let rotation = Rotation { bytes, kept: 99 };
            let (dir, clock) = (tempfile::tempdir().unwrap(), Arc::new(AtomicI64::new(1_800_000_000)));
            let loads = open(dir.path(), rotation, &clock);
            let first = load(&loads, CspRegion::South, 20).await;
            let second = load(&loads, CspRegion::South, 21).await;
            let _files = delete_load(&loads.data, &first).unwrap();
            if noted {
                loads.audit(AuditEvent::Deleted, CspRegion::South, &first, "retention", "");
            }
            drop(loads);
            let deleted = dir.path().join("deleted").join(&first);
            if !manifest {
                fs::remove_file(deleted.join("manifest.json")).unwrap();
            }
            let before = text(dir.path());

            let loads = open(dir.path(), rotation, &clock);
            assert!(loads.get(&first).is_err() && loads.get(&second).is_ok(), "{what}");
            drop(loads);
            assert!(!deleted.exists(), "{what}");
            let after = text(dir.path());
            let more: Vec<serde_json::Value> =
                after[before.len()..].lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            assert_eq!(more.len(), usize::from(!noted), "{what}, {bytes} bytes a file:\n{after}");
            for line in more {
                assert_eq!((&line["event"], &line["load_id"]), (&"deleted".into(), &first.as_str().into()), "{what}");
                assert_eq!(line["reason"], RECOVERED, "{what}");
            }
            drop(open(dir.path(), rotation, &clock));
            assert_eq!(text(dir.path()), after, "{what}: at the start after that");
        }
    }
}

/// Of every line of a load: what it tells, of which load, and whether it was recovered.
fn loaded(dir: &Path) -> Vec<(String, String, bool)> {
    let text = text(dir);
    let lines = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let word = |line: &serde_json::Value, key| line[key].as_str().unwrap_or_default().to_owned();
    lines
        .filter(|line| line["event"] == "loaded" || line["event"] == "overridden")
        .map(|line| (word(&line, "event"), word(&line, "load_id"), line["reason"] == RECOVERED))
        .collect()
}

#[tokio::test]
async fn a_load_whose_lines_a_crash_took_away_is_noted_at_the_next_start_and_not_again() {
    // In one file, and each line or two in a file of their own.
    for bytes in [4 << 20, 1] {
        // The last to come is looked for, whenever it was issued.
        for (wanted, [day, last_day]) in
            [(Wanted::Staged, [20, 21]), (Wanted::Active, [20, 21]), (Wanted::Active, [21, 20])]
        {
            let rotation = Rotation { bytes, kept: 99 };
            let (dir, clock) = (tempfile::tempdir().unwrap(), Arc::new(AtomicI64::new(1_800_000_000)));
            let loads = open(dir.path(), rotation, &clock);
            let first = submit(&loads, CspRegion::South, day, 9, Wanted::Active).await;
            let second = submit(&loads, CspRegion::South, last_day, 1, wanted).await;
            let received = loads.get(&second).unwrap().manifest.received;
            drop(loads);
            let told = |recovered: bool| {
                let of = |event: &str, id: &str, recovered| (event.to_owned(), id.to_owned(), recovered);
                [of("loaded", &first, false), of("loaded", &second, recovered), of("overridden", &second, recovered)]
            };
            assert_eq!(loaded(dir.path()), told(false));
            drop(open(dir.path(), rotation, &clock));
            assert_eq!(loaded(dir.path()), told(false), "nothing is missing");

            // Back to where the first load was noted and active.
            while text(dir.path()).lines().count() > 2 {
                cut(dir.path(), None);
            }
            drop(open(dir.path(), rotation, &clock));
            let log = text(dir.path());
            assert_eq!(loaded(dir.path()), told(true), "{wanted:?}, of the {last_day}th, {bytes} bytes a file:\n{log}");
            let line: serde_json::Value = serde_json::from_str(log.lines().nth(2).unwrap()).unwrap();
            assert_eq!((line["time"].as_str(), line["by"].as_str()), (Some(&*received.to_string()), Some("a csp")));
            assert!(log.contains("as agreed"), "{log}");
            drop(open(dir.path(), rotation, &clock));
            assert_eq!(text(dir.path()), log, "at the start after that");
        }
    }
}
