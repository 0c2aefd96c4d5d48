//! Activations that the disk fails in the middle of.

use std::{path::Path, sync::Arc};

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::{LoadError, LoadHeader, LoadState, Loads, Settings, Submitted};
use crate::{
    domain::{CspRegion, Table3},
    store::{ActiveFile, DataDir, faults},
};

fn open(dir: &Path) -> Arc<Loads> {
    let settings = Settings { data_dir: dir.to_owned(), ..Settings::default() };
    let clock = Arc::new(|| "2026-11-23T12:00:00Z".parse().unwrap());
    Loads::open(settings, Arc::new(Table3::shipped().unwrap()), clock).unwrap()
}

/// Loads one row for South, issued on a day of November.
async fn submit(loads: &Arc<Loads>, day: u32) -> Result<Submitted, LoadError> {
    let rows = format!("AA1 1AA,20{day}-05-01,Cellular,High");
    let file = format!("postcode,availability_date,wan_variant,connectivity_likelihood\n{rows}\n");
    let issued = format!("2026-11-{day}T12:00:00Z").parse().unwrap();
    let mut attempt = loads.begin(LoadHeader::of(CspRegion::South, issued, Sha256::digest(&file).into(), "test"))?;
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
