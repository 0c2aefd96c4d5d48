use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
        mpsc,
    },
    time::Duration,
};

use bytes::Bytes;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::{
    domain::Table3,
    loads::{LoadHeader, Retention, Settings, Submitted, Thresholds, Wanted},
};

/// Loads for which it is always the same noon.
fn at_noon(dir: &Path) -> Arc<Loads> {
    let settings = Settings { data_dir: dir.to_owned(), ..Settings::default() };
    let clock = Arc::new(|| "2026-11-23T12:00:00Z".parse().unwrap());
    Loads::open(settings, Arc::new(Table3::shipped().unwrap()), clock).unwrap()
}

/// Loads a row for South and gives its id; each hour's row says something else.
async fn load(loads: &Arc<Loads>, hour: u8, base: Option<&str>) -> String {
    load_as(loads, hour, base, Wanted::Active).await
}

async fn load_as(loads: &Arc<Loads>, hour: u8, base: Option<&str>, wanted: Wanted) -> String {
    submit(loads, hour, base, wanted).await.unwrap().record.manifest.load_id
}

async fn submit(loads: &Arc<Loads>, hour: u8, base: Option<&str>, wanted: Wanted) -> Result<Submitted, LoadError> {
    let change = if base.is_some() { [",change", ",upsert"] } else { ["", ""] };
    let columns = "postcode,availability_date,wan_variant,connectivity_likelihood";
    let file = format!("{columns}{}\nAA1 1AA,20{:02}-01-01,Cellular,High{}\n", change[0], hour + 13, change[1]);
    let issued = format!("2026-11-20T{hour:02}:00:00Z").parse().unwrap();
    let whole = LoadHeader::of(CspRegion::South, issued, Sha256::digest(&file).into(), "test");
    let header = LoadHeader { base_load_id: base.map(str::to_owned), wanted, ..whole };
    let mut attempt = loads.begin(header)?;
    attempt.chunk(Bytes::from(file)).await?;
    attempt.finish().await
}

#[tokio::test]
async fn what_was_overtaken_between_judgement_and_flip_is_withdrawn_and_told_what_answers() {
    let dir = tempfile::tempdir().unwrap();
    let loads = at_noon(dir.path());
    let first = load(&loads, 1, None).await;
    let delta = load(&loads, 2, Some(&first)).await;
    let last = load(&loads, 3, None).await;
    let open = |id: &str| SealedLoad::open(&loads.data.load(id), &loads.reaper).unwrap();

    let judged = || JudgedAgainst::JustNow(Some("south-gone".to_owned()));
    match loads.admit(open(&first), "test", judged()).unwrap_err() {
        LoadError::Overtaken { load_id, judged_against, now_active } => {
            assert_eq!((load_id, judged_against.as_str(), now_active), (first.clone(), "south-gone", last.clone()));
        }
        other => panic!("{other}"),
    }
    match loads.admit(open(&delta), "test", judged()).unwrap_err() {
        LoadError::BaseNotActive { base, active, .. } => {
            assert_eq!((base, active), (first.clone(), Some(last.clone())));
        }
        other => panic!("{other}"),
    }
    for withdrawn in [&first, &delta] {
        assert!(matches!(loads.get(withdrawn), Err(LoadError::NotFound { .. })));
        assert!(!loads.data.load(withdrawn).exists());
    }
    // What answers is never withdrawn, whatever it was judged against.
    assert!(loads.admit(open(&last), "test", judged()).is_err());
    assert_eq!(loads.get(&last).unwrap().state, LoadState::Active);
    assert!(loads.admit(open(&last), "test", JudgedAgainst::JustNow(Some(last.clone()))).is_ok());
}

#[tokio::test]
async fn a_staged_load_that_became_history_meanwhile_is_not_gone_back_to_by_who_may_not() {
    let dir = tempfile::tempdir().unwrap();
    let loads = at_noon(dir.path());
    let first = load(&loads, 1, None).await;
    let staged = load_as(&loads, 2, None, Wanted::Staged).await;
    // Seen staged and opened; then it is activated, and left again for the load that it was judged against.
    let judged = JudgedAgainst::LoadSinceStaged(Some(first.clone()));
    let open = loads.open_retained(&loads.get(&staged).unwrap().manifest).unwrap();
    loads.activate(&staged, "csp", Activating::OnlyStaged).unwrap();
    loads.activate(&first, "operator", Activating::AnyRetained).unwrap();
    assert!(matches!(loads.flip(open, "csp", judged), Err(LoadError::NotStaged { .. })));
    assert!(matches!(loads.activate(&staged, "csp", Activating::OnlyStaged), Err(LoadError::NotStaged { .. })));
    assert_eq!(loads.get(&first).unwrap().state, LoadState::Active);
    assert_eq!(loads.activate(&staged, "operator", Activating::AnyRetained).unwrap().state, LoadState::Active);
}

#[tokio::test]
async fn what_is_asked_for_twice_at_once_is_activated_once_and_both_are_told_so() {
    let dir = tempfile::tempdir().unwrap();
    let loads = at_noon(dir.path());
    let first = load(&loads, 1, None).await;
    let staged = load_as(&loads, 2, None, Wanted::Staged).await;
    let log = || std::fs::read_to_string(dir.path().join("audit.jsonl")).unwrap();
    let open = |id: &str| loads.open_retained(&loads.get(id).unwrap().manifest).unwrap();
    // Each is seen as it was before the other activated it.
    let staged_before = [JudgedAgainst::Load(Some(first.clone())), JudgedAgainst::LoadSinceStaged(Some(first.clone()))];
    loads.activate(&staged, "one", Activating::OnlyStaged).unwrap();
    let noted = log();
    for judged_against in staged_before {
        let record = loads.flip(open(&staged), "the other", judged_against).unwrap();
        assert_eq!((record.state, record.activated.unwrap().by.as_str()), (LoadState::Active, "one"));
    }
    loads.activate_retained(&first, "one").unwrap();
    loads.flip(open(&first), "the other", JudgedAgainst::Nothing).unwrap();
    assert_eq!(log().lines().count(), noted.lines().count() + 1, "{}", log());
}

/// The clock is read under the lock that whoever activates a load waits for.
#[tokio::test]
async fn a_load_is_activated_by_a_thread_that_does_not_wait_for_an_idle_processor() {
    use thread_priority::{
        NormalThreadSchedulePolicy::Idle, ThreadSchedulePolicy, thread_native_id, thread_schedule_policy_param,
    };
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    let clock = Arc::new(move || {
        let (policy, _) = thread_schedule_policy_param(thread_native_id()).unwrap();
        let idle = policy == ThreadSchedulePolicy::Normal(Idle);
        told.lock().unwrap().push((std::thread::current().name().unwrap_or_default().to_owned(), idle));
        "2026-11-23T12:00:00Z".parse().unwrap()
    });
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { data_dir: dir.path().to_owned(), ..Settings::default() };
    let loads = Loads::open(settings, Arc::new(Table3::shipped().unwrap()), clock).unwrap();
    load(&loads, 1, None).await;
    let seen: Vec<_> = seen.lock().unwrap().iter().filter(|(thread, _)| !thread.contains("::")).cloned().collect();
    assert!(!seen.is_empty() && seen.iter().all(|seen| *seen == ("load".to_owned(), false)), "{seen:?}");
}

/// What the thread called "load" tells when it waits, and what it then waits for; once.
type Gate = Arc<Mutex<Option<(mpsc::Sender<()>, mpsc::Receiver<()>)>>>;

/// Loads whose thread that enters and activates one waits at the gate, once it is shut, when it first looks at the clock.
fn gated(dir: &Path) -> (Arc<Loads>, Gate) {
    let gate = Gate::default();
    let at_the_gate = Arc::clone(&gate);
    let clock = Arc::new(move || {
        if std::thread::current().name() == Some("load") {
            let once = at_the_gate.lock().unwrap().take();
            if let Some((waiting, gone)) = once {
                waiting.send(()).unwrap();
                gone.recv().unwrap();
            }
        }
        "2026-11-23T12:00:00Z".parse().unwrap()
    });
    let settings = Settings { data_dir: dir.to_owned(), ..Settings::default() };
    (Loads::open(settings, Arc::new(Table3::shipped().unwrap()), clock).unwrap(), gate)
}

/// Shuts it. The first end hears of who waits, the second lets it go.
fn shut(gate: &Gate) -> (mpsc::Receiver<()>, mpsc::Sender<()>) {
    let ((waiting, waits), (go, gone)) = (mpsc::channel(), mpsc::channel());
    *gate.lock().unwrap() = Some((waiting, gone));
    (waits, go)
}

fn events(dir: &Path) -> Vec<String> {
    let log = std::fs::read_to_string(dir.join("audit.jsonl")).unwrap();
    let event = |line| serde_json::from_str::<serde_json::Value>(line).unwrap()["event"].as_str().unwrap().to_owned();
    log.lines().map(event).collect()
}

/// Overtaken at the last moment, by an operator who goes back to another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_that_was_overtaken_was_loaded_and_deleted_and_did_not_fail_as_well() {
    let dir = tempfile::tempdir().unwrap();
    let (loads, gate) = gated(dir.path());
    let first = load(&loads, 1, None).await;
    let second = load(&loads, 2, None).await;
    let (waits, go) = shut(&gate);
    let (sender, base) = (Arc::clone(&loads), second.clone());
    let delta = tokio::spawn(async move { submit(&sender, 3, Some(&base), Wanted::Active).await });
    let operator = Arc::clone(&loads);
    tokio::task::spawn_blocking(move || {
        waits.recv().unwrap();
        operator.activate_retained(&first, "operator").unwrap();
        go.send(()).unwrap();
    })
    .await
    .unwrap();
    assert!(matches!(delta.await.unwrap(), Err(LoadError::BaseNotActive { base, .. }) if base == second));
    let twice = ["loaded", "activated", "loaded", "activated"];
    assert_eq!(events(dir.path()), [&twice[..], &["activated", "loaded", "deleted"]].concat());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_closes_waits_for_the_load_that_is_at_its_end_and_for_its_lines() {
    let dir = tempfile::tempdir().unwrap();
    let (loads, gate) = gated(dir.path());
    let (waits, go) = shut(&gate);
    let sender = Arc::clone(&loads);
    let last = tokio::spawn(async move { submit(&sender, 1, None, Wanted::Active).await });
    tokio::task::spawn_blocking(move || waits.recv().unwrap()).await.unwrap();
    let begin_another = || {
        let issued = "2026-11-20T01:00:00Z".parse().unwrap();
        loads.begin(LoadHeader::of(CspRegion::North, issued, [0; 32], "test")).unwrap_err()
    };
    assert!(matches!(begin_another(), LoadError::InProgress { region: CspRegion::South }));
    let closing = loads.close();
    tokio::pin!(closing);
    assert!(tokio::time::timeout(Duration::from_millis(300), &mut closing).await.is_err(), "it is not waited for");
    go.send(()).unwrap();
    closing.await;
    assert!(matches!(begin_another(), LoadError::ShuttingDown));
    loads.audit.settle();
    assert_eq!(events(dir.path()), ["loaded", "activated"], "who is to come again has no line");
    assert_eq!(last.await.unwrap().unwrap().record.state, LoadState::Active);
}

/// Loads of which all but the newest, the active one and the one before it are surplus: each look at the clock is a second
/// after the last.
fn forgetful(dir: &Path, clock: &Arc<AtomicI64>) -> Arc<Loads> {
    let clock = Arc::clone(clock);
    let clock = Arc::new(move || Timestamp::new(clock.fetch_add(1, Ordering::Relaxed), 0).unwrap());
    let retention = Retention { loads: 1, days: 0 };
    let settings = Settings { data_dir: dir.to_owned(), retention, ..Settings::default() };
    Loads::open(settings, Arc::new(Table3::shipped().unwrap()), clock).unwrap()
}

fn is_kept(dir: &Path, loads: &Loads, load_id: &str) -> bool {
    let (listed, on_disk) = (loads.get(load_id).is_ok(), dir.join("loads").join(load_id).exists());
    assert_eq!(listed, on_disk, "{load_id}");
    listed
}

#[tokio::test]
async fn a_load_that_retention_deleted_while_it_was_being_opened_does_not_answer() {
    let (dir, clock) = (tempfile::tempdir().unwrap(), Arc::new(AtomicI64::new(1_800_000_000)));
    let loads = forgetful(dir.path(), &clock);
    let first = load(&loads, 1, None).await;
    let opened = loads.open_retained(&loads.get(&first).unwrap().manifest).unwrap();
    load(&loads, 2, None).await;
    let last = load(&loads, 3, None).await;
    assert!(!is_kept(dir.path(), &loads, &first));
    let flipped = loads.flip(opened, "operator", JudgedAgainst::Nothing);
    assert!(matches!(&flipped, Err(LoadError::NotFound { load_id }) if *load_id == first), "{flipped:?}");
    assert_eq!(loads.answering(CspRegion::South).unwrap().manifest().load_id, last);
    drop(loads);
    let loads = forgetful(dir.path(), &clock);
    assert_eq!(loads.answering(CspRegion::South).unwrap().manifest().load_id, last, "after a restart");
}

#[tokio::test]
async fn what_answers_after_a_restart_has_answered_since_it_was_activated() {
    let (dir, clock) = (tempfile::tempdir().unwrap(), Arc::new(AtomicI64::new(1_800_000_000)));
    let loads = forgetful(dir.path(), &clock);
    let first = load(&loads, 1, None).await;
    load(&loads, 2, None).await;
    let back = loads.activate_retained(&first, "operator").unwrap().activated.unwrap().at;
    let since = |loads: &Loads| loads.active().load(CspRegion::South).map(ActiveLoad::activated);
    assert_eq!(since(&loads), Some(back));
    drop(loads);
    assert_eq!(since(&forgetful(dir.path(), &clock)), Some(back));
}

#[tokio::test]
async fn what_is_surplus_goes_when_a_load_is_staged_and_when_one_is_activated() {
    let (dir, clock) = (tempfile::tempdir().unwrap(), Arc::new(AtomicI64::new(1_800_000_000)));
    let loads = forgetful(dir.path(), &clock);
    let first = load(&loads, 1, None).await;
    let second = load(&loads, 2, None).await;
    let staged = load_as(&loads, 3, None, Wanted::Staged).await;
    let staged_later = load_as(&loads, 4, None, Wanted::Staged).await;
    let kept = || [&first, &second, &staged, &staged_later].map(|load_id| is_kept(dir.path(), &loads, load_id));
    assert_eq!(kept(), [true, true, false, true]);
    loads.activate_retained(&staged_later, "operator").unwrap();
    assert_eq!(kept(), [false, true, false, true]);
}

#[tokio::test]
async fn a_load_that_retention_deleted_has_no_past_when_it_is_sent_again() {
    let (dir, clock) = (tempfile::tempdir().unwrap(), Arc::new(AtomicI64::new(1_800_000_000)));
    let loads = forgetful(dir.path(), &clock);
    let first = load(&loads, 1, None).await;
    load(&loads, 2, None).await;
    let third = load(&loads, 3, None).await;
    assert!(!is_kept(dir.path(), &loads, &first));
    loads.set(Settings {
        thresholds: Thresholds { newer_only: false, ..Thresholds::default() },
        retention: Retention { loads: 1, days: 0 },
        ..Settings::default()
    });
    assert_eq!(load_as(&loads, 1, None, Wanted::Staged).await, first);
    let past = |loads: &Loads| loads.get(&first).map(|record| (record.state, record.activated)).unwrap();
    assert_eq!(past(&loads), (LoadState::Staged, None));
    assert_eq!(loads.answering(CspRegion::South).unwrap().manifest().load_id, third);
    drop(loads);
    assert_eq!(past(&forgetful(dir.path(), &clock)), (LoadState::Staged, None), "after a restart");
}

#[tokio::test]
async fn a_staged_load_that_was_judged_afresh_answers_as_it_came_last_whoever_still_reads_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let loads = at_noon(dir.path());
    let first = load(&loads, 1, None).await;
    let staged = load_as(&loads, 3, None, Wanted::Staged).await;
    let mut read = loads.changes(&first, &staged, None).unwrap();
    let active = load(&loads, 2, None).await;
    assert!(!submit(&loads, 3, None, Wanted::Staged).await.unwrap().already_present);
    loads.activate_retained(&staged, "operator").unwrap();
    let answering = loads.answering(CspRegion::South).unwrap();
    assert_eq!(answering.manifest(), &loads.get(&staged).unwrap().manifest, "as it is listed");
    assert_eq!(answering.manifest().compared.as_ref().unwrap().with, active);
    // The reader of the first goes on.
    assert_eq!(read.by_ref().map(Result::unwrap).count(), 1);
}
