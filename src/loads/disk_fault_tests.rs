//! Activations and replacements that the disk fails, or a crash ends, in the middle of.

use std::{path::Path, sync::Arc};

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::{LoadError, LoadHeader, LoadState, Loads, Settings, Submitted, Wanted};
use crate::{
    domain::{CspRegion, Table3},
    store::{ActiveFile, DataDir, StoreError, faults},
};

fn open(dir: &Path) -> Arc<Loads> {
    let settings = Settings { data_dir: dir.to_owned(), ..Settings::default() };
    let clock = Arc::new(|| "2026-11-23T12:00:00Z".parse().unwrap());
    Loads::open(settings, Arc::new(Table3::shipped().unwrap()), clock).unwrap()
}

/// Loads one row for South, issued on a day of November.
async fn submit(loads: &Arc<Loads>, day: u32) -> Result<Submitted, LoadError> {
    submit_as(loads, day, Wanted::Active).await
}

async fn submit_as(loads: &Arc<Loads>, day: u32, wanted: Wanted) -> Result<Submitted, LoadError> {
    let rows = format!("AA1 1AA,20{day}-05-01,Cellular,High");
    let file = format!("postcode,availability_date,wan_variant,connectivity_likelihood\n{rows}\n");
    let issued = format!("2026-11-{day}T12:00:00Z").parse().unwrap();
    let whole = LoadHeader::of(CspRegion::South, issued, Sha256::digest(&file).into(), "test");
    let mut attempt = loads.begin(LoadHeader { wanted, ..whole })?;
    attempt.chunk(file.into()).await?;
    attempt.finish().await
}

fn answering(loads: &Loads) -> Option<String> {
    loads.active().load(CspRegion::South).map(|load| load.manifest().load_id.clone())
}

fn on_disk(dir: &Path) -> Vec<String> {
    let names = std::fs::read_dir(dir.join("loads")).unwrap();
    let mut names: Vec<_> = names.map(|name| name.unwrap().file_name().into_string().unwrap()).collect();
    names.sort_unstable();
    names
}

/// What fails while the second load is activated, and whether a restart then finds the second one active.
const FAULTS: [(&str, &[Fault], bool); 4] = [
    ("active.json cannot be written", &[("creating", "active.new", 0, 1)], false),
    ("the directory's sync fails, and active.json is put back", &[("syncing", "", 0, 1)], false),
    ("the sync fails there and back", &[("syncing", "", 0, 2)], false),
    // The rename was done: whether it is on disk nobody knows, and the file names the second load.
    (
        "the sync fails, and active.json cannot be put back",
        &[("syncing", "", 0, 1), ("creating", "active.new", 1, 1)],
        true,
    ),
];
type Fault = (&'static str, &'static str, u32, u32);

#[tokio::test]
async fn an_activation_that_fails_on_the_disk_never_deletes_what_active_json_names() {
    for (what, disk, second_after_restart) in FAULTS {
        let dir = TempDir::new().unwrap();
        let loads = open(dir.path());
        let first = submit(&loads, 20).await.unwrap().record.manifest.load_id;
        for &(doing, name, after, times) in disk {
            // Joining nothing would put a slash behind.
            let path = if name.is_empty() { dir.path().to_owned() } else { dir.path().join(name) };
            faults::fail(doing, path, after, times);
        }
        let error = submit(&loads, 21).await.unwrap_err();
        assert!(error.to_string().contains("a fault that the test asked for"), "{what}: {error}");
        assert_eq!(answering(&loads).as_ref(), Some(&first), "{what}: no failure of a load changes an answer");
        let sealed = on_disk(dir.path());
        assert_eq!(sealed.len(), 2, "{what}: both loads are kept");
        drop(loads);

        let data = DataDir::open(dir.path()).unwrap();
        let named = ActiveFile::read(&data).unwrap().active(CspRegion::South).unwrap().to_owned();
        assert!(sealed.contains(&named), "{what}: active.json names {named}");
        drop(data);
        let loads = open(dir.path());
        let second = sealed.iter().find(|id| **id != first).unwrap();
        let wanted = if second_after_restart { second } else { &first };
        assert_eq!(answering(&loads).as_ref(), Some(wanted), "{what}: after a restart");
        // Sent again it is judged afresh, or found to be there.
        let again = submit(&loads, 21).await.unwrap();
        assert_eq!((&again.record.manifest.load_id, again.already_present), (second, second_after_restart), "{what}");
        assert_eq!(answering(&loads).as_ref(), Some(second), "{what}");
    }
}

#[tokio::test]
async fn a_kill_between_seal_and_flip_changes_no_answer_and_the_load_may_come_again() {
    let dir = TempDir::new().unwrap();
    let loads = open(dir.path());
    let first = submit(&loads, 20).await.unwrap().record.manifest.load_id;
    // As a kill just before active.json is written leaves it: the second load is sealed, and nothing names it.
    faults::fail("creating", dir.path().join("active.new"), 0, 1);
    submit(&loads, 21).await.unwrap_err();
    drop(loads);

    let loads = open(dir.path());
    assert_eq!(answering(&loads).as_ref(), Some(&first));
    let sealed = on_disk(dir.path());
    let second = sealed.iter().find(|id| **id != first).unwrap();
    assert_eq!(loads.get(second).unwrap().state, LoadState::Staged);
    // It is whole: an operator may activate it.
    assert_eq!(loads.activate_retained(second, "operator").unwrap().state, LoadState::Active);
    assert_eq!(answering(&loads).as_ref(), Some(second));
}

/// A load that was staged, and the load that has taken its predecessor's place since: sent again, the staged one is judged
/// afresh and replaced.
async fn staged_and_overtaken(dir: &Path) -> (Arc<Loads>, String, String) {
    let loads = open(dir);
    submit(&loads, 20).await.unwrap();
    let staged = submit_as(&loads, 22, Wanted::Staged).await.unwrap().record.manifest.load_id;
    let active = submit(&loads, 21).await.unwrap().record.manifest.load_id;
    (loads, staged, active)
}

/// The load is listed as staged, is whole, and is the only one of its id.
fn is_whole(dir: &Path, loads: &Loads, staged: &str, judged_against: Option<&str>) {
    let record = loads.get(staged).unwrap();
    assert_eq!(record.state, LoadState::Staged);
    loads.open_retained(&record.manifest).unwrap();
    if let Some(judged_against) = judged_against {
        assert_eq!(record.judged_against(), Some(judged_against));
    }
    assert_eq!(on_disk(dir).len(), 3);
    let left = std::fs::read_dir(dir.join("incoming")).unwrap();
    // The empty place where loads wait that are being replaced may stay.
    let left = left.map(|item| item.unwrap().path()).filter(|path| std::fs::read_dir(path).unwrap().next().is_some());
    assert_eq!(left.count(), 0);
}

#[tokio::test]
async fn a_load_that_is_replaced_is_there_whole_before_and_after() {
    let dir = TempDir::new().unwrap();
    let (loads, staged, active) = staged_and_overtaken(dir.path()).await;
    let again = submit_as(&loads, 22, Wanted::Staged).await.unwrap();
    assert!(!again.already_present);
    is_whole(dir.path(), &loads, &staged, Some(&active));
    drop(loads);
    is_whole(dir.path(), &open(dir.path()), &staged, Some(&active));
}

#[tokio::test]
async fn a_load_that_cannot_be_replaced_stays_as_it_was() {
    for (what, doing, at) in [
        ("it cannot be put aside", "renaming", "incoming/replaced/ID"),
        ("its successor cannot be put in its place", "renaming", "loads/ID"),
        // Which of the two a restart would find is not known, and both are whole.
        ("the disk does not say that it was", "syncing", "loads"),
    ] {
        let dir = TempDir::new().unwrap();
        let (loads, staged, _) = staged_and_overtaken(dir.path()).await;
        faults::fail(doing, dir.path().join(at.replace("ID", &staged)), 0, 1);
        let error = submit_as(&loads, 22, Wanted::Staged).await.unwrap_err();
        assert!(error.to_string().contains("a fault that the test asked for"), "{what}: {error}");
        let record = loads.get(&staged).unwrap();
        assert_eq!(record.state, LoadState::Staged, "{what}");
        loads.open_retained(&record.manifest).unwrap();
        drop(loads);
        let loads = open(dir.path());
        is_whole(dir.path(), &loads, &staged, None);
        // Sent once more it is replaced as ever.
        submit_as(&loads, 22, Wanted::Staged).await.unwrap();
    }
}

#[tokio::test]
async fn a_kill_while_a_load_is_replaced_leaves_it_or_its_successor_and_never_half_of_one() {
    let dir = TempDir::new().unwrap();
    let (loads, staged, active) = staged_and_overtaken(dir.path()).await;
    drop(loads);
    let (home, replaced) = (dir.path().join("loads").join(&staged), dir.path().join("incoming/replaced"));
    let aside = replaced.join(&staged);
    // Put aside, and nothing in its place yet.
    std::fs::create_dir_all(&replaced).unwrap();
    std::fs::rename(&home, &aside).unwrap();
    let loads = open(dir.path());
    is_whole(dir.path(), &loads, &staged, None);
    submit_as(&loads, 22, Wanted::Staged).await.unwrap();
    drop(loads);
    // Its successor is in its place, and it is still aside; or on its way out, and half gone.
    for left in [aside.clone(), dir.path().join("incoming/doomed")] {
        std::fs::create_dir_all(&left).unwrap();
        std::fs::copy(home.join("manifest.json"), left.join("manifest.json")).unwrap();
        is_whole(dir.path(), &open(dir.path()), &staged, Some(&active));
    }
}

/// Sends a file for South with nothing of it announced but its rows.
async fn send(loads: &Arc<Loads>, day: u32, base: Option<String>, file: &str) -> Result<Submitted, LoadError> {
    let issued = format!("2026-11-{day}T12:00:00Z").parse().unwrap();
    let whole = LoadHeader::of(CspRegion::South, issued, Sha256::digest(file).into(), "test");
    let row_count = Some(file.lines().count() as u64 - 1);
    let mut attempt = loads.begin(LoadHeader { base_load_id: base, row_count, ..whole })?;
    attempt.chunk(file.to_owned().into()).await?;
    attempt.finish().await
}

#[tokio::test]
async fn each_step_finds_room_for_what_it_needs_or_the_load_ends_there() {
    const COLUMNS: &str = "postcode,uprn,availability_date,wan_variant,connectivity_likelihood,additional_information";
    let file = format!("{COLUMNS}\nAA1 1AA,,,,,\nAA1 1AA,1,,,,\nAA1 1AA,2,,,,\n");
    let delta_file = format!("{COLUMNS},change\nAA1 1AA,,,,,a text,upsert\nAA1 1AA,2,,,,a text,upsert\n");
    let (floor, look) = (4 << 20, 8 << 20);
    // The empty pair of texts takes four bytes, and so does the other beside its own.
    let texts = 4 + 4 + 6;
    for (delta, looks, step, needed) in [
        (false, 0, "before it begins", floor + 54 * 3),
        (false, 1, "as it comes", floor + look),
        (false, 2, "before it is packed", floor + 54 + 144 * 2 + 4 * 6),
        (true, 0, "before it begins", floor + 54 * 2),
        (true, 1, "as it comes", floor + look),
        (true, 2, "before it is merged", floor + 144 * 3),
        (true, 3, "before it is packed", floor + 54 + 144 * 2 + texts * 6 + 24 * 2),
    ] {
        let what = format!("{step}, delta: {delta}");
        let dir = TempDir::new().unwrap();
        let loads = open(dir.path());
        let (file, before) = match delta {
            true => (&delta_file, Some(send(&loads, 20, None, &file).await.unwrap().record.manifest.load_id)),
            false => (&file, None),
        };
        faults::fail("finding room on", dir.path().to_owned(), looks, 1);
        match send(&loads, 21, before.clone(), file).await.unwrap_err() {
            LoadError::Store(StoreError::DiskFull { needed: told, free: 0 }) => {
                assert_eq!(told, needed + loads.settings().keep_free, "{what}");
            }
            other => panic!("{what}: {other}"),
        }
        assert_eq!(answering(&loads), before, "{what}");
        assert_eq!(std::fs::read_dir(dir.path().join("incoming")).unwrap().count(), 0, "{what}");
        send(&loads, 21, before, file).await.unwrap();
    }
}
