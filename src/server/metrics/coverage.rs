//! The coverage that answers: which loads, how old, how large; and how loads went.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};

use crate::{
    domain::CspRegion,
    grpc::Expected,
    loads::{Clock, Loads},
};

use super::exposition::{NONE, Told};

/// Whose coverage it is.
pub(in crate::server) struct Coverage {
    pub(in crate::server) loads: Arc<Loads>,
    pub(in crate::server) expected: Expected,
    pub(in crate::server) clock: Clock,
    pub(in crate::server) data_dir: PathBuf,
}

impl fmt::Debug for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coverage").field("data_dir", &self.data_dir).finish_non_exhaustive()
    }
}

fn seconds(time: Timestamp) -> f64 {
    time.as_millisecond() as f64 / 1e3
}

impl Coverage {
    fn encode_regions(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let (set, now) = (self.loads.active(), (self.clock)());
        let missing = self.expected.missing(&set);
        let heard = |region| f64::from(!missing.contains(&region));
        let mut told = Told::gauge(encoder, "region_expected", "Whether a miss waits for this region")?;
        for region in CspRegion::ALL {
            told.is(&[("region", region.slug())], f64::from(self.expected.expects(region)))?;
        }
        let mut told = Told::gauge(encoder, "region_heard", "0 for a region that should answer and cannot")?;
        for region in CspRegion::ALL {
            told.is(&[("region", region.slug())], heard(region))?;
        }
        let mut told = Told::gauge(encoder, "active_load_age_seconds", "Since the CSP extracted the data")?;
        for load in set.loads() {
            let age = now.duration_since(load.manifest().issue_time).as_secs_f64();
            told.is(&[("region", load.region().slug())], age)?;
        }
        let mut told = Told::gauge(encoder, "active_load_stale", "1 for a load older than its region allows")?;
        for load in set.loads() {
            told.is(&[("region", load.region().slug())], f64::from(self.expected.is_stale(load, now)))?;
        }
        let help = "When the load began to answer, in seconds since 1970";
        let mut told = Told::gauge(encoder, "active_load_activated_timestamp_seconds", help)?;
        for load in set.loads() {
            told.is(&[("region", load.region().slug())], seconds(load.activated()))?;
        }
        let mut told = Told::gauge(encoder, "active_load_rows", "Rows that answer")?;
        for load in set.loads() {
            told.is(&[("region", load.region().slug())], load.manifest().answers() as f64)?;
        }
        let mut told = Told::gauge(encoder, "active_load_set_aside", "Locations whose row had to be set aside")?;
        for load in set.loads() {
            told.is(&[("region", load.region().slug())], load.manifest().marks() as f64)?;
        }
        let help = "1, under the digest of the active set: instances that answer alike have the same";
        Told::gauge(encoder, "active_set", help)?.is(&[("digest", set.digest())], 1.0)?;
        Told::gauge(encoder, "store_memory_bytes", "Of memory, for the rows that answer")?
            .is(&NONE, set.bytes() as f64)?;
        let disk = disk(&self.data_dir);
        Told::gauge(encoder, "store_disk_bytes", "Of disk, for everything in the data directory")?
            .is(&NONE, disk as f64)
    }

    fn encode_loads(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let tally = self.loads.tally();
        let mut told = Told::counter(encoder, "loads", "Loads that came to an end, by region and outcome")?;
        for region in CspRegion::ALL {
            for (outcome, count) in tally.outcomes(region) {
                told.count(&[("region", region.slug()), ("outcome", outcome)], count)?;
            }
        }
        let help = "The latest load that was accepted, from its first byte to its activation";
        let mut told = Told::gauge(encoder, "load_last_duration_seconds", help)?;
        for region in CspRegion::ALL {
            if let Some(took) = tally.latest(region) {
                told.is(&[("region", region.slug())], took.as_secs_f64())?;
            }
        }
        Ok(())
    }
}

impl Collector for Coverage {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.encode_regions(&mut encoder)?;
        self.encode_loads(&mut encoder)?;
        let table3 = hex::encode(self.loads.table3().sha256());
        let labels = [("version", env!("CARGO_PKG_VERSION")), ("table3", table3.as_str())];
        Told::gauge(&mut encoder, "build_info", "1, under the version and the digest of its Table 3")?.is(&labels, 1.0)
    }
}

/// Bytes of disk below a directory. What vanishes meanwhile is not counted: loads come and go.
fn disk(directory: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    let Ok(entries) = fs::read_dir(directory) else { return 0 };
    let bytes = |path: &Path| match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => disk(path),
        Ok(metadata) => metadata.blocks() * 512,
        Err(_) => 0,
    };
    entries.flatten().map(|entry| bytes(&entry.path())).sum()
}
