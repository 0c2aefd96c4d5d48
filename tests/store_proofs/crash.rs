//! A process that loads without pause is killed at any moment: what it acknowledged is there, and whole.

use std::{
    collections::BTreeSet,
    env, fs,
    hash::{BuildHasher as _, RandomState},
    io::{BufRead as _, BufReader, Write as _},
    os::unix::fs::MetadataExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use wan_matrix::{
    domain::CspRegion,
    loads::{ListFilter, LoadHeader, LoadState, Loads},
};

use crate::{
    answers,
    common::loads::{header, open},
    file, units,
};

const KILLS: u64 = 10;
/// Which directory the child loads into, and the number of its first load. Without them the child is no child.
const CHILD: [&str; 2] = ["WAN_MATRIX_TEST_CRASH_DIR", "WAN_MATRIX_TEST_CRASH_FROM"];
const ACKNOWLEDGED: &str = "acknowledged ";

fn postcodes() -> impl Iterator<Item = String> {
    (1..=9).flat_map(|district| units().step_by(9).map(move |unit| format!("AA{district} 1{unit}")))
}

/// What every row of the n-th load says: no two loads say the same anywhere.
fn said(n: u64) -> [String; 3] {
    let (year, day) = (2013 + n / 28 % 80, n % 28 + 1);
    [format!("South {year}-02-{day:02} Cellular High"), String::new(), format!("load {n}")]
}

fn nth_file(n: u64) -> Vec<u8> {
    let [said, _, text] = said(n);
    let date = said.split(' ').nth(1).unwrap();
    file(&postcodes().map(|postcode| format!("{postcode},{date},Cellular,High,,{text}")).collect::<Vec<_>>())
}

#[test]
#[ignore = "the child of the test below"]
fn loads_until_it_is_killed() {
    let [Ok(dir), Ok(from)] = CHILD.map(env::var) else { return };
    let loads = open(Path::new(&dir));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for n in from.parse().unwrap().. {
        let id = runtime.block_on(load(&loads, n));
        let mut out = std::io::stdout().lock();
        writeln!(out, "\n{ACKNOWLEDGED}{n} {id}").and_then(|()| out.flush()).unwrap();
    }
}

async fn load(loads: &std::sync::Arc<Loads>, n: u64) -> String {
    let bytes = nth_file(n);
    let first = header(CspRegion::South, &bytes);
    // Each is issued after the one before.
    let issue_time = first.issue_time + jiff::SignedDuration::from_secs(i64::try_from(n).unwrap());
    let mut attempt = loads.begin(LoadHeader { issue_time, ..first }).unwrap();
    attempt.chunk(bytes.into()).await.unwrap();
    attempt.finish().await.unwrap().record.manifest.load_id
}

#[test]
fn an_acknowledged_activation_survives_a_kill_at_any_moment() {
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged: Vec<(u64, String)> = Vec::new();
    let (mut next, mut interrupted) = (0, 0);
    for kill in 0..KILLS {
        let mut child = start(dir.path(), next);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Some loads in peace, then part of another.
        let moment = RandomState::new().hash_one(kill);
        for _ in 0..=moment % 3 {
            acknowledged.push(lines.by_ref().find_map(|line| heard(&line.unwrap())).unwrap());
        }
        if kill % 2 == 0 {
            thread::sleep(Duration::from_micros(moment >> 8 & 0xffff));
        } else {
            until_the_next_is_active(dir.path());
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What it said before it died counts, whether or not we had listened.
        acknowledged.extend(lines.filter_map(|line| heard(&line.unwrap())));
        interrupted += usize::from(is_there_anything(&dir.path().join("incoming")));

        let loads = open(dir.path());
        let newest = newest_in_force(&loads, &acknowledged, kill);
        assert!(!is_there_anything(&dir.path().join("incoming")), "kill {kill}: what was cut short is cleared away");
        nothing_is_half_there(dir.path(), &loads);
        every_activation_is_noted_once(dir.path(), &loads, kill);
        next = newest + 2;
    }
    let log = fs::read_to_string(dir.path().join("audit.jsonl")).unwrap();
    assert!(log.contains("recovered-at-start"), "no kill came between an activation and its line: nothing was proved");
    assert!(interrupted > 0, "no kill came during a load: nothing was proved");
}

fn start(dir: &Path, from: u64) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "crash::loads_until_it_is_killed", "--ignored", "--nocapture"])
        .envs([(CHILD[0], dir.as_os_str()), (CHILD[1], from.to_string().as_ref())])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Until active.json is another file: from here to the line in the audit log it is a moment.
fn until_the_next_is_active(dir: &Path) {
    let file = || fs::metadata(dir.join("active.json")).map(|file| file.ino()).unwrap();
    let now = file();
    while file() == now {
        thread::yield_now();
    }
}

fn heard(line: &str) -> Option<(u64, String)> {
    let (n, id) = line.strip_prefix(ACKNOWLEDGED)?.split_once(' ')?;
    Some((n.parse().unwrap(), id.to_owned()))
}

fn is_there_anything(directory: &Path) -> bool {
    fs::read_dir(directory).is_ok_and(|mut items| items.next().is_some())
}

/// Every acknowledged load is kept, and one load answers everywhere: the last acknowledged, or the one after it, whose
/// acknowledgement the kill cut off. Returns its number.
fn newest_in_force(loads: &Loads, acknowledged: &[(u64, String)], kill: u64) -> u64 {
    for (n, id) in acknowledged {
        let record = loads.get(id).unwrap_or_else(|error| panic!("kill {kill}: load {n} was acknowledged: {error}"));
        assert!(matches!(record.state, LoadState::Active | LoadState::Superseded), "load {n}: {:?}", record.state);
        assert!(record.activated.is_some(), "load {n}");
    }
    let (last, last_id) = acknowledged.last().unwrap();
    let active = &loads.active().load(CspRegion::South).unwrap().manifest().load_id.clone();
    let newest = last + u64::from(active != last_id);
    for postcode in postcodes() {
        assert_eq!(answers(loads, &postcode), [said(newest)], "kill {kill}: {postcode} of load {active}");
    }
    newest
}

/// The audit log has one line of each load that was ever active, whatever the kill took away.
fn every_activation_is_noted_once(dir: &Path, loads: &Loads, kill: u64) {
    let log = fs::read_to_string(dir.join("audit.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    for record in loads.list(ListFilter::default(), 1_000, "").unwrap().records {
        let (id, wanted) = (&record.manifest.load_id, usize::from(record.activated.is_some()));
        let noted = lines.iter().filter(|line| line["event"] == "activated" && line["load_id"] == id.as_str()).count();
        assert_eq!(noted, wanted, "kill {kill}: lines of {id}");
    }
}

/// Every directory of a load is one that is listed, and has what a load must have.
fn nothing_is_half_there(dir: &Path, loads: &Loads) {
    let page = loads.list(ListFilter::default(), 1_000, "").unwrap();
    let listed: BTreeSet<String> = page.records.into_iter().map(|record| record.manifest.load_id).collect();
    let kept: BTreeSet<String> =
        fs::read_dir(dir.join("loads")).unwrap().map(|item| item.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(listed, kept);
    for id in kept {
        for part in ["manifest.json", "annex-e.csv", "file.csv.zst", "blocks/db"] {
            assert!(dir.join("loads").join(&id).join(part).is_file(), "{id}/{part}");
        }
    }
}
