//! The same while one region is reloaded: each batch is wholly from the load before a flip or wholly from the one after.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use tonic::transport::Channel;

use super::{
    ISSUED,
    ask::{Asker, Until},
    judge::Loaded,
    source::{Country, Places},
};
use crate::rig::{Announced, CoverageFile, submit};

/// The region is reloaded at least this often.
const LEAST_FLIPS: usize = 6;

/// `files` and `countries` belong together; the first of each is active.
pub(super) async fn prove(
    channel: Channel,
    places: Places,
    countries: [Country; 2],
    loaded: Vec<Loaded>,
    files: [CoverageFile; 2],
) {
    let enough = Arc::new(AtomicBool::new(false));
    let started = Instant::now();
    let asker = Asker::new(channel.clone(), places, countries.into(), loaded.clone());
    let asking = tokio::spawn({
        let (asker, until) = (asker.clone(), Until::AlsoSet(Arc::clone(&enough)));
        async move { asker.ask(until).await }
    });
    let mut flips: Vec<(Loaded, usize)> = Vec::new();
    while !asking.is_finished() {
        let side = (flips.len() + 1) % 2;
        let n = flips.len() as i64;
        let announced = Announced { issued: ISSUED + 3600 + n, reference: format!("flip {n} to {side}") };
        match submit(channel.clone(), &files[side], &announced).await {
            Ok(load) => flips.push((Loaded::new(files[side].region, announced, load.load_id), side)),
            Err(status) => {
                asker.with_tally(|tally| tally.fail(&format!("reload {n}: {status}")));
                break;
            }
        }
        let both = asker.with_tally(|tally| tally.whole.iter().all(|&batches| batches > 0));
        if flips.len() >= LEAST_FLIPS && both {
            enough.store(true, Ordering::Relaxed);
        }
    }
    enough.store(true, Ordering::Relaxed);
    let mut tally = asking.await.unwrap();

    // What a reply says of its loads is what their sender was told, and its answers are that load's.
    for (load, side) in std::mem::take(&mut tally.others).into_values() {
        let sent = flips.iter().any(|flip| (&flip.0, Some(flip.1)) == (&load, side));
        if !sent {
            tally.differ(format!("a batch from country {side:?} names {load:?}"));
        }
    }
    let [old, new] = tally.whole;
    println!(
        "{} reloads; {} batches: {old} old, {new} new, {} mixed",
        flips.len(),
        old + new + tally.mixed,
        tally.mixed
    );
    tally.print(started.elapsed());
    tally.assert_no_differences();
    assert!(old > 0 && new > 0 && tally.mixed == 0, "{old} old, {new} new, {} mixed", tally.mixed);
}
