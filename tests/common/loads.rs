//! `Loads` over a temporary directory.

use std::{fs, path::Path, sync::Arc};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use wan_matrix::{
    domain::{Coverage, CspRegion, Said, Table3},
    loads::{LoadError, LoadHeader, Loads, Settings, Submitted},
};

/// When the test files were issued.
pub const ISSUED: &str = "2026-11-20T04:05:06Z";
const NOW: &str = "2026-11-23T12:00:00Z";

pub fn open(dir: &Path) -> Arc<Loads> {
    open_with(dir, |_| {})
}

pub fn open_with(dir: &Path, set: impl FnOnce(&mut Settings)) -> Arc<Loads> {
    let mut settings = Settings { data_dir: dir.to_owned(), ..Settings::default() };
    set(&mut settings);
    Loads::open(settings, table3(), Arc::new(|| NOW.parse().unwrap())).unwrap()
}

pub fn try_open(dir: &Path) -> Result<Arc<Loads>, LoadError> {
    let settings = Settings { data_dir: dir.to_owned(), ..Settings::default() };
    Loads::open(settings, table3(), Arc::new(|| NOW.parse().unwrap()))
}

fn table3() -> Arc<Table3> {
    Arc::new(Table3::shipped().unwrap())
}

pub fn header(region: CspRegion, bytes: &[u8]) -> LoadHeader {
    let whole = LoadHeader::of(region, ISSUED.parse().unwrap(), Sha256::digest(bytes).into(), "test");
    LoadHeader { reference: "test".to_owned(), ..whole }
}

/// The header of a file that was issued so many hours after the first.
pub fn later(region: CspRegion, bytes: &[u8], hours: i64) -> LoadHeader {
    let header = header(region, bytes);
    LoadHeader { issue_time: header.issue_time + jiff::SignedDuration::from_hours(hours), ..header }
}

pub async fn submit(loads: &Arc<Loads>, region: CspRegion, bytes: &[u8]) -> Result<Submitted, LoadError> {
    submit_as(loads, header(region, bytes), bytes).await
}

pub async fn submit_as(loads: &Arc<Loads>, header: LoadHeader, bytes: &[u8]) -> Result<Submitted, LoadError> {
    let mut attempt = loads.begin(header)?;
    for chunk in bytes.chunks(1 << 20) {
        attempt.chunk(Bytes::copy_from_slice(chunk)).await?;
    }
    attempt.finish().await
}

/// Every region's answer for a postcode, in words.
pub fn said(loads: &Loads, postcode: &str) -> Vec<String> {
    let set = loads.active();
    let answers = set.lookup(postcode.parse().unwrap());
    let words = answers.map(|answer| {
        let answer = answer.unwrap();
        let region = answer.region;
        match answer.said {
            Said::SetAside => format!("{region} set aside"),
            Said::Coverage(Coverage::NonePlanned) => format!("{region} none planned"),
            Said::Coverage(Coverage::From(from)) => {
                let name = answer.variant_name.unwrap();
                format!("{region} {} {name} {}", from.date, from.likelihood.name())
            }
        }
    });
    words.collect()
}

pub fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for item in fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        let to = to.join(item.file_name());
        if item.file_type().unwrap().is_dir() {
            copy_tree(&item.path(), &to);
        } else {
            fs::copy(item.path(), to).unwrap();
        }
    }
}
