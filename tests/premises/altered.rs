//! The same coverage some time later: as a whole file, which says what every key must be answered, and as the delta to it.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};
use wan_matrix::grpc::proto::{
    BatchRequestWanMatrixRequest, CoverageComparison, CoverageLoadHeader, ListActiveCoverageRequest, Location,
    location::Kind, wan_matrix_result::Outcome, wan_matrix_service_client::WanMatrixServiceClient,
};

use crate::{
    proof::ISSUED,
    rig::{CoverageFile, Served, proto_region, send},
    source::DAY,
};

/// Columns of the files that `synth` makes.
const DATE: usize = 1;
const LIKELIHOOD: usize = 3;
const UPRN: usize = 6;
const IDENTIFIER: usize = 7;
/// One premises in so many is deleted, as many move, and so on.
const EVERY: usize = 41;
/// No UPRN that `synth` makes.
const NEW: usize = 900_000_000_000;

/// A file some time later.
pub(crate) struct Altered {
    /// All of it.
    pub(crate) whole: CoverageFile,
    delta: PathBuf,
    delta_rows: u64,
    /// UPRNs that are in it no more.
    gone: Vec<String>,
}

/// The two files as they are written.
struct Writing {
    whole: csv::Writer<File>,
    delta: csv::Writer<File>,
    rows: u64,
    premises: u64,
    delta_rows: u64,
}

impl Writing {
    /// A row of the whole; where it is another one than before, of the delta too.
    fn row(&mut self, row: &[String], change: bool) {
        self.whole.write_record(row).unwrap();
        self.rows += 1;
        self.premises += u64::from(is_premises(row));
        if change {
            self.change(row, "upsert");
        }
    }

    fn change(&mut self, row: &[String], change: &str) {
        self.delta.write_record(row.iter().map(String::as_str).chain([change])).unwrap();
        self.delta_rows += 1;
    }
}

fn is_premises(row: &[String]) -> bool {
    row.iter().skip(UPRN).any(|name| !name.is_empty())
}

/// Alters a file that `synth` made: rows deleted, moved, renamed, changed and new, postcodes' and premises' among them.
pub(crate) fn alter(file: &CoverageFile, directory: &Path) -> Altered {
    let mut reader = csv::Reader::from_path(&file.path).unwrap();
    let columns = reader.headers().unwrap().clone();
    let path = |what: &str| directory.join(format!("{}-{what}.csv", file.region.slug()));
    let open = |what: &str| csv::Writer::from_path(path(what)).unwrap();
    let mut writing = Writing { whole: open("whole"), delta: open("delta"), rows: 0, premises: 0, delta_rows: 0 };
    writing.whole.write_record(&columns).unwrap();
    writing.delta.write_record(columns.iter().chain(["change"])).unwrap();
    // Those that move to the next postcode, and come behind its row.
    let (mut moving, mut gone): (Vec<Vec<String>>, _) = (Vec::new(), Vec::new());
    for (number, record) in reader.into_records().enumerate() {
        let mut row: Vec<String> = record.unwrap().iter().map(str::to_owned).collect();
        let covered = !row[DATE].is_empty();
        let kind = number % EVERY;
        if !is_premises(&row) {
            let change = covered && number.is_multiple_of(3);
            if change {
                another_likelihood(&mut row);
            }
            writing.row(&row, change);
            for mut moved in moving.drain(..) {
                moved[0].clone_from(&row[0]);
                writing.row(&moved, true);
            }
            continue;
        }
        let has_uprn = !row[UPRN].is_empty();
        match kind {
            0 => {
                gone.extend(has_uprn.then(|| row[UPRN].clone()));
                (DATE..UPRN).for_each(|column| row[column].clear());
                writing.change(&row, "delete");
            }
            1 if has_uprn => moving.push(row),
            2 if covered => {
                another_likelihood(&mut row);
                writing.row(&row, true);
            }
            3 if has_uprn => {
                row[IDENTIFIER] = format!("Renamed {number}");
                writing.row(&row, true);
            }
            4 => {
                writing.row(&row, false);
                (row[UPRN], row[IDENTIFIER]) = ((NEW + number).to_string(), format!("New {number}"));
                writing.row(&row, true);
            }
            _ => writing.row(&row, false),
        }
    }
    // Behind the last postcode there is none to move to.
    moving.iter().for_each(|row| writing.row(row, false));
    let Writing { mut whole, mut delta, rows, premises, delta_rows } = writing;
    whole.flush().unwrap();
    delta.flush().unwrap();
    let whole = CoverageFile { path: path("whole"), rows, premises, ..file.clone() };
    Altered { whole, delta: path("delta"), delta_rows, gone }
}

fn another_likelihood(row: &mut [String]) {
    row[LIKELIHOOD] = if row[LIKELIHOOD] == "Low" { "High" } else { "Low" }.to_owned();
}

/// Sends each delta onto the load that its region answers from.
pub(crate) async fn load_deltas(server: &Served, altered: &[Altered]) -> Vec<CoverageComparison> {
    let channel = server.connect().await;
    let active = WanMatrixServiceClient::new(channel.clone());
    let active = active.clone().list_active_coverage(ListActiveCoverageRequest {}).await.unwrap().into_inner();
    let mut compared = Vec::new();
    for Altered { whole, delta, delta_rows, .. } in altered {
        let region = proto_region(whole.region);
        let base = active.regions.iter().find(|active| active.csp_region == region).unwrap();
        let header = CoverageLoadHeader {
            csp_region: region,
            issue_time: Some(prost_types::Timestamp { seconds: ISSUED + 3_600, nanos: 0 }),
            sha256: Sha256::digest(fs::read(delta).unwrap()).to_vec(),
            row_count: i64::try_from(*delta_rows).ok(),
            base_load_id: base.source.as_ref().unwrap().load_id.clone(),
            ..CoverageLoadHeader::default()
        };
        let load = send(channel.clone(), delta, header).await;
        let load = load.unwrap_or_else(|status| panic!("{}: {}", whole.region, status.message()));
        assert_eq!(load.report.unwrap().accepted.unsigned_abs(), *delta_rows, "{}", whole.region);
        let comparison = load.comparison.unwrap();
        let answers = [comparison.answers_after, comparison.premises_after].map(i64::unsigned_abs);
        assert_eq!(answers, [whole.rows, whole.premises], "{}", whole.region);
        compared.push(comparison);
    }
    compared
}

/// Nothing is told by its region of a UPRN that is gone; says of how many.
pub(crate) async fn ask_gone(server: &Served, altered: &[Altered]) -> usize {
    let mut client = WanMatrixServiceClient::new(server.connect().await);
    let mut asked = 0;
    for Altered { whole, gone, .. } in altered {
        for some in gone.chunks(1_000) {
            let location = |uprn: &String| Location { kind: Some(Kind::Uprn(uprn.clone())) };
            let (locations, as_of_date) = (some.iter().map(location).collect(), DAY.to_owned());
            let request = BatchRequestWanMatrixRequest { locations, as_of_date };
            let results = client.batch_request_wan_matrix(request).await.unwrap().into_inner().results;
            assert_eq!(results.len(), some.len());
            for (uprn, result) in some.iter().zip(results) {
                // At a border another region may have it, too.
                if let Some(Outcome::WanMatrix(matrix)) = result.outcome {
                    let told = matrix.coverage.iter().any(|said| said.csp_region == proto_region(whole.region));
                    assert!(!told, "{uprn} is gone: {matrix:?}");
                }
            }
            asked += some.len();
        }
    }
    asked
}
