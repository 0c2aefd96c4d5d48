use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::{
    domain::Table3,
    loads::{LoadHeader, Settings, Submitted, Wanted},
};

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
    let settings = Settings { data_dir: dir.path().to_owned(), ..Settings::default() };
    let clock = Arc::new(|| "2026-11-23T12:00:00Z".parse().unwrap());
    let loads = Loads::open(settings, Arc::new(Table3::shipped().unwrap()), clock).unwrap();
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
    let settings = Settings { data_dir: dir.path().to_owned(), ..Settings::default() };
    let clock = Arc::new(|| "2026-11-23T12:00:00Z".parse().unwrap());
    let loads = Loads::open(settings, Arc::new(Table3::shipped().unwrap()), clock).unwrap();
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
    let settings = Settings { data_dir: dir.path().to_owned(), ..Settings::default() };
    let clock = Arc::new(|| "2026-11-23T12:00:00Z".parse().unwrap());
    let loads = Loads::open(settings, Arc::new(Table3::shipped().unwrap()), clock).unwrap();
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
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
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

/// Overtaken at the last moment: the clock of the thread that enters and activates a load waits, when it is first looked at,
/// until an operator has gone back to another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_that_was_overtaken_was_loaded_and_deleted_and_did_not_fail_as_well() {
    use std::sync::{Mutex, mpsc};
    let (waiting, waits) = mpsc::channel();
    let (go, gone) = mpsc::channel::<()>();
    // What the thread called "load" tells when it waits, and what it then waits for; once.
    let gate = Arc::new(Mutex::new(None));
    let at_the_gate = Arc::clone(&gate);
    let clock = Arc::new(move || {
        if std::thread::current().name() == Some("load") {
            let once: Option<(mpsc::Sender<()>, mpsc::Receiver<()>)> = at_the_gate.lock().unwrap().take();
            if let Some((waiting, gone)) = once {
                waiting.send(()).unwrap();
                gone.recv().unwrap();
            }
        }
        "2026-11-23T12:00:00Z".parse().unwrap()
    });
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { data_dir: dir.path().to_owned(), ..Settings::default() };
    let loads = Loads::open(settings, Arc::new(Table3::shipped().unwrap()), clock).unwrap();
    let first = load(&loads, 1, None).await;
    let second = load(&loads, 2, None).await;
    *gate.lock().unwrap() = Some((waiting, gone));
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
    let log = std::fs::read_to_string(dir.path().join("audit.jsonl")).unwrap();
    let events: Vec<_> = log
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["event"].as_str().unwrap().to_owned())
        .collect();
    let twice = ["loaded", "activated", "loaded", "activated"];
    assert_eq!(events, [&twice[..], &["activated", "loaded", "deleted"]].concat(), "{log}");
}

#[tokio::test]
async fn a_staged_load_that_was_judged_afresh_answers_as_it_came_last_whoever_still_reads_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { data_dir: dir.path().to_owned(), ..Settings::default() };
    let clock = Arc::new(|| "2026-11-23T12:00:00Z".parse().unwrap());
    let loads = Loads::open(settings, Arc::new(Table3::shipped().unwrap()), clock).unwrap();
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
