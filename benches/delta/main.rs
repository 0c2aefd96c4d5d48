//! `just bench-delta [ROUNDS]`: a delta of 5,000 rows until it is active, beside the full load it is made onto.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a measurement says so by failing")]

#[path = "../measure/mod.rs"]
mod measure;
#[path = "../../tests/national/rig/mod.rs"]
mod rig;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use measure::{Figures, ISSUED, Ratio, Stock, median, rounds, tiny};
use rig::{Announced, CoverageFile, Postcodes, Served, proto_region, send, submit};
use sha2::{Digest as _, Sha256};
use tonic::transport::Channel;
use wan_matrix::grpc::proto::{CoverageLoad, CoverageLoadHeader};

const LIMIT: f64 = 0.6;
/// Of these a fifth are deletes, half change a date and the rest say what the base says.
const ROWS: usize = 5_000;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (stock, rounds) = if tiny() { (Stock::of(Postcodes::Invented(20_000)), 2) } else { (Stock::new(), rounds(7)) };
    // The largest, as that of the region that changes most.
    let file = stock.files.iter().max_by_key(|file| file.rows).unwrap();
    let delta = Delta::of(file, if tiny() { 500 } else { ROWS }, &stock.path("delta.csv"));
    println!("{}: {} rows, and a delta of {} rows\n", file.region, file.rows, delta.rows);

    let (mut fulls, mut deltas) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        // A server of its own: the disk and the loads that are kept are the same in each round.
        let data_dir = stock.path(&format!("data-{round}"));
        let server = Served::start(&data_dir);
        let (full, onto_it) = runtime.block_on(measured(&server, file, &delta));
        println!("round {round}: full {full:.2} s, delta {onto_it:.2} s");
        fulls.push(full);
        deltas.push(onto_it);
        drop(server);
        fs::remove_dir_all(&data_dir).unwrap();
    }
    println!("\nmedians of {rounds} rounds; ratios of medians, and the rounds' least and greatest");
    let mut figures = Figures::default();
    figures.tell("a full load of one region until it is active", format!("{:.2} s", median(&fulls)));
    figures.tell(
        &format!("a delta of {} rows onto it until it is active", delta.rows),
        format!("{:.2} s", median(&deltas)),
    );
    let ratio = Ratio::of(&deltas, &fulls);
    figures.hold("delta / full", ratio.medians, if tiny() { f64::INFINITY } else { LIMIT }, ratio);
    figures.end()
}

/// Seconds until the full load is active, and until the delta onto it is.
async fn measured(server: &Served, file: &CoverageFile, delta: &Delta) -> (f64, f64) {
    let channel = server.connect().await;
    // The first load of a region meets no comparison: the second is one that replaces another, as in life.
    let earlier = Announced { issued: ISSUED, reference: "earlier".to_owned() };
    submit(channel.clone(), file, &earlier).await.unwrap();
    let started = Instant::now();
    let announced = Announced { issued: ISSUED + 1, reference: "full".to_owned() };
    let base = submit(channel.clone(), file, &announced).await.unwrap();
    let full = started.elapsed().as_secs_f64();

    let started = Instant::now();
    let load = delta.send(channel, file, &base).await;
    let seconds = started.elapsed().as_secs_f64();
    let changed = load.comparison.unwrap();
    assert_eq!((changed.with_load_id, changed.removed), (base.load_id, delta.deletes));
    assert!(changed.changed > 0 && changed.same > 0, "{} changed, {} same", changed.changed, changed.same);
    (full, seconds)
}

/// A delta file.
struct Delta {
    path: PathBuf,
    rows: u64,
    deletes: i64,
    sha256: [u8; 32],
}

impl Delta {
    /// Rows from all over a region's file.
    fn of(file: &CoverageFile, rows_wanted: usize, path: &Path) -> Self {
        let mut reader = csv::Reader::from_path(&file.path).unwrap();
        let mut columns = reader.headers().unwrap().clone();
        let date = columns.iter().position(|column| column == "availability_date").unwrap();
        let postcode = columns.iter().position(|column| column == "postcode").unwrap();
        let width = columns.len();
        columns.push_field("change");
        let mut writer = csv::Writer::from_path(path).unwrap();
        writer.write_record(&columns).unwrap();
        let apart = (file.rows as usize / rows_wanted).max(1);
        let (mut rows, mut deletes) = (0, 0);
        for (n, row) in reader.records().step_by(apart).take(rows_wanted).enumerate() {
            let row = row.unwrap();
            let mut fields: Vec<String> = row.iter().map(str::to_owned).collect();
            let change = match n % 10 {
                0 | 5 => {
                    // A delete names its location and says nothing else.
                    fields = vec![String::new(); width];
                    fields[postcode] = row[postcode].to_owned();
                    deletes += 1;
                    "delete"
                }
                1 | 3 | 4 | 7 | 8 => {
                    if !fields[date].is_empty() {
                        fields[date] = "2031-02-03".to_owned();
                    }
                    "upsert"
                }
                _ => "upsert",
            };
            fields.push(change.to_owned());
            writer.write_record(&fields).unwrap();
            rows += 1;
        }
        writer.flush().unwrap();
        drop(writer);
        let sha256 = Sha256::digest(fs::read(path).unwrap()).into();
        Self { path: path.to_owned(), rows, deletes, sha256 }
    }

    async fn send(&self, channel: Channel, file: &CoverageFile, base: &CoverageLoad) -> CoverageLoad {
        let header = CoverageLoadHeader {
            csp_region: proto_region(file.region),
            issue_time: Some(prost_types::Timestamp { seconds: ISSUED + 2, nanos: 0 }),
            reference: "delta".to_owned(),
            base_load_id: base.load_id.clone(),
            sha256: self.sha256.to_vec(),
            row_count: i64::try_from(self.rows).ok(),
            ..CoverageLoadHeader::default()
        };
        send(channel, &self.path, header).await.unwrap()
    }
}
