//! One size: made, walked, loaded, proved, asked.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use wan_matrix::grpc::proto::{Location, RequestWanMatrixRequest, location::Kind};

use crate::{
    measure::{CpuTime, Memory, ask_each, disk, median},
    proof,
    rig::{CoverageFile, Postcodes, Served},
    source,
};

/// As many as the nation has, on the average.
const PER_POSTCODE: u32 = 17;
const ROUNDS: usize = 5;
/// Calls a round.
const CALLS: usize = 20_000;
/// Of a large file every so manieth premises is asked by its address too, which takes several times as long.
const ADDRESSES: u64 = 1_000_000;

/// What was measured at one size.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) asked_for: u64,
    pub(crate) premises: u64,
    pub(crate) rows: u64,
    pub(crate) megabytes: f64,
    walk: f64,
    load: f64,
    pub(crate) peak: f64,
    pub(crate) serving: f64,
    pub(crate) disk: f64,
    /// Processor time of one unary call.
    pub(crate) postcode: Duration,
    pub(crate) uprn: Duration,
    pub(crate) address: Duration,
}

impl Measured {
    pub(crate) fn of(size: u64) -> Self {
        // Beside the build, not in a memory file system: what is synced is synced in earnest.
        let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        // At a border a postcode is in two files: 1 % more.
        let postcodes = match size * 100 / 101 / u64::from(PER_POSTCODE) {
            national if national > 1_700_000 => Postcodes::national(),
            few => Postcodes::Invented(few),
        };
        let files = postcodes.write_premises(&home.path().join("files"), 1, PER_POSTCODE);
        let premises = files.iter().map(|file| file.premises).sum();
        let bytes: u64 = files.iter().map(|file| file.bytes).sum();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let data_dir = home.path().join("data");

        let walk = walk(&files);
        let server = Served::start(&data_dir);
        let started = Instant::now();
        runtime.block_on(proof::load(&server, &files));
        let load = started.elapsed().as_secs_f64() - syncing(&server);
        let peak = Memory::of(server.id()).peak;
        server.stop();
        let stored = |path: &Path| {
            path.components().any(|part| ["blocks", "premises"].map(OsStr::new).contains(&part.as_os_str()))
        };
        let [_, held] = disk(&data_dir.join("loads"), &stored);

        let server = Served::start(&data_dir);
        let every = usize::try_from(premises / ADDRESSES + 1).unwrap();
        println!("{size}: loaded in {load:.1} s");
        let tally = runtime.block_on(proof::ask_all(&server, &files, every));
        tally.assert_proved(files.iter().map(|file| file.rows).sum());
        let serving = Memory::of(server.id()).now;
        let kinds = kinds(&files).map(Arc::new);
        let (mut cpu, mut times) = (CpuTime::of(server.id()), [const { Vec::new() }; 3]);
        for _ in 0..ROUNDS {
            // One after the other in each round, so that what else the machine does falls on all alike.
            for (times, requests) in times.iter_mut().zip(&kinds) {
                let before = cpu.total();
                runtime.block_on(async { ask_each(&server.connect().await, requests).await });
                times.push((cpu.total() - before).as_secs_f64() / requests.len() as f64);
            }
        }
        server.stop();
        let [postcode, uprn, address] = times.map(|times| Duration::from_secs_f64(median(&times)));
        let rows = files.iter().map(|file| file.rows).sum();
        let (megabytes, disk) = (bytes as f64 / 1e6, held as f64);
        Self { asked_for: size, premises, rows, megabytes, walk, load, peak, serving, disk, postcode, uprn, address }
    }

    /// Keeps the figures: sizes may be measured one at a time.
    pub(crate) fn keep(&self) {
        let path = Self::kept_at(self.asked_for);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, serde_json::to_vec_pretty(self).unwrap()).unwrap();
    }

    /// What was last measured at this size.
    pub(crate) fn kept(size: u64) -> Option<Self> {
        Some(serde_json::from_slice(&fs::read(Self::kept_at(size)).ok()?).unwrap())
    }

    fn kept_at(size: u64) -> PathBuf {
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("premises/{size}.json"))
    }

    pub(crate) fn load_ratio(&self) -> f64 {
        self.load / self.walk
    }
}

/// The control: one reused record through the same bytes, from the page cache. In seconds; the quicker of two.
fn walk(files: &[CoverageFile]) -> f64 {
    let walked = (0..2).map(|_| {
        let started = Instant::now();
        let mut record = csv::ByteRecord::new();
        for file in files {
            let mut reader = csv::Reader::from_path(&file.path).unwrap();
            while reader.read_byte_record(&mut record).unwrap() {}
        }
        started.elapsed().as_secs_f64()
    });
    walked.fold(f64::INFINITY, f64::min)
}

/// Seconds the loads waited for the disk, from the server's log.
fn syncing(server: &Served) -> f64 {
    // A u128 is logged as text.
    let milliseconds = |value: &serde_json::Value| value.as_f64().or_else(|| value.as_str()?.parse().ok());
    let log = server.log();
    let sealed = log.iter().filter(|line| line["fields"]["message"] == "load sealed");
    sealed.map(|line| milliseconds(&line["fields"]["sync_ms"]).unwrap()).sum::<f64>() / 1e3
}

/// Requests by postcode, by UPRN and by address, drawn evenly from all the files.
fn kinds(files: &[CoverageFile]) -> [Vec<RequestWanMatrixRequest>; 3] {
    let mut kinds = [const { Vec::new() }; 3];
    let request = |location: Location| RequestWanMatrixRequest { location: Some(location), as_of_date: String::new() };
    let rows: u64 = files.iter().map(|file| file.rows).sum();
    let every = usize::try_from(rows / CALLS as u64).unwrap().max(1);
    let mut all = files.iter().flat_map(source::rows).step_by(every);
    while let Some(row) = all.next() {
        let postcode = Location { kind: Some(Kind::Postcode(row.postcode.clone())) };
        kinds[0].push(request(postcode));
        if !row.uprn.is_empty() {
            kinds[1].push(request(row.by_key()));
        }
        if !row.identifier.is_empty() {
            kinds[2].push(request(row.by_address()));
        }
    }
    for kind in &mut kinds {
        // An order that follows nothing: Knuth's MMIX generator, its high bits.
        let mut state = 0x0DD5_u64;
        for last in (1..kind.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            kind.swap(last, (state >> 33) as usize % (last + 1));
        }
    }
    kinds
}
