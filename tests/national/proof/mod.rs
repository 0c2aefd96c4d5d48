//! The national proof: every postcode is asked, and every field of every answer is held against the source files, first
//! at rest and then while one region is reloaded without pause. [`prove`] is the same at every size.

mod ask;
mod batch;
mod judge;
mod reload;
mod rule;
mod source;
mod tally;

use std::{path::Path, sync::Arc, time::Instant};

use wan_matrix::domain::CspRegion;

use crate::rig::{Announced, CoverageFile, Postcodes, Served, submit};
use ask::{Asker, Until};
use judge::Loaded;
use source::{Country, Region};

/// When the first load was issued: seconds since 1970, 2025-12-01.
const ISSUED: i64 = 1_764_547_200;

/// Proves it for these postcodes in an empty directory. Prints what was done; at the end of each part, how many postcodes
/// were asked and how many answers differed.
///
/// # Panics
/// When an answer differs, a call fails, or a batch mixes two loads; the first of them are printed.
pub(crate) fn prove(postcodes: &Postcodes, directory: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(proved(postcodes, directory));
}

async fn proved(postcodes: &Postcodes, directory: &Path) {
    println!("{postcodes}");
    let files = postcodes.write(&directory.join("files"), 1);
    let server = Served::start(&directory.join("data"));
    let channel = server.connect().await;
    let mut loaded = Vec::new();
    for (n, file) in files.iter().enumerate() {
        let announced = Announced { issued: ISSUED + n as i64, reference: format!("first {}", file.region.slug()) };
        let load = submit(channel.clone(), file, &announced).await.unwrap();
        println!("{:<10} {:>9} rows  {}", file.region.name(), file.rows, load.load_id);
        loaded.push(Loaded::new(file.region, announced, load.load_id));
    }

    let places = source::places(postcodes, &files);
    let regions: Vec<Arc<Region>> = files.iter().map(|file| Arc::new(Region::read(file))).collect();
    source::assert_asked(&places, &regions);
    let first = Country::new(regions.clone());

    let started = Instant::now();
    let asker = Asker::new(channel.clone(), places.clone(), vec![first.clone()], loaded.clone());
    let tally = asker.ask(Until::EveryPlace).await;
    tally.print(started.elapsed());
    tally.assert_no_differences();

    let south = |file: &&CoverageFile| file.region == CspRegion::South;
    let others = postcodes.write(&directory.join("others"), 2);
    let [old, new] = [&files, &others].map(|files| files.iter().find(south).unwrap().clone());
    let second = first.with(Arc::new(Region::read(&new)));
    println!("\nwhile South is reloaded, again and again, from one of two files");
    reload::prove(channel, places, [first, second], loaded, [old, new]).await;
    server.stop();
}
