//! `--sample`: the sample that is compiled in, loaded as any CSP's files are.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::{
    domain::CspRegion,
    loads::{ListFilter, LoadError, LoadHeader, Loads},
    sample::{FILES, SampleFile},
};

/// Who the sample's loads are from.
const SUBMITTER: &str = "sample";

/// Why the sample could not be loaded. A released build has passed a test that it can.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// Its issue time is not RFC 3339.
    #[error("the sample for {0} has no issue time: {1}")]
    Issued(CspRegion, jiff::Error),
    /// The load was refused, as any other may be.
    #[error("the sample for {0} was not loaded: {1}")]
    Load(CspRegion, LoadError),
}

/// Loads the sample into a store that holds nothing else; one that was interrupted is completed. `false` when there was
/// nothing to load: loads of others stay as they are.
///
/// # Errors
/// [`SampleError`] names the file at fault; the files before it are active.
pub async fn load_sample(loads: &Arc<Loads>) -> Result<bool, SampleError> {
    let known =
        loads.list(ListFilter::default(), usize::from(u16::MAX), "").map(|page| page.records).unwrap_or_default();
    if known.iter().any(|record| record.manifest.submitter != SUBMITTER) {
        return Ok(false);
    }
    let mut loaded = false;
    let answered = |region| known.iter().any(|record| record.manifest.region == region && record.activated.is_some());
    for file in FILES.iter().filter(|file| !answered(file.region)) {
        let issue_time = file.issued.parse().map_err(|error| SampleError::Issued(file.region, error))?;
        load(loads, file, issue_time).await.map_err(|error| SampleError::Load(file.region, error))?;
        loaded = true;
    }
    Ok(loaded)
}

async fn load(loads: &Arc<Loads>, file: &SampleFile, issue_time: Timestamp) -> Result<(), LoadError> {
    load_from(loads, file, issue_time, SUBMITTER).await
}

async fn load_from(
    loads: &Arc<Loads>,
    file: &SampleFile,
    issue_time: Timestamp,
    submitter: &str,
) -> Result<(), LoadError> {
    let header = LoadHeader::of(file.region, issue_time, Sha256::digest(file.bytes).into(), submitter);
    let mut attempt = loads.begin(LoadHeader { reference: file.reference.to_owned(), ..header })?;
    attempt.chunk(Bytes::from_static(file.bytes)).await?;
    attempt.finish().await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::Table3, loads::Settings};

    #[tokio::test]
    async fn an_interrupted_sample_is_completed_and_a_whole_one_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let settings = Settings { data_dir: directory.path().to_owned(), ..Settings::default() };
        let clock = Arc::new(|| "2026-06-15T12:00:00Z".parse().unwrap());
        let loads = Loads::open(settings, Arc::new(Table3::shipped().unwrap()), clock).unwrap();
        let first = &FILES[0];
        load(&loads, first, first.issued.parse().unwrap()).await.unwrap();

        assert!(load_sample(&loads).await.unwrap());
        let regions: Vec<_> = loads.active().loads().map(|load| load.region()).collect();
        assert_eq!(regions, FILES.iter().map(|file| file.region).collect::<Vec<_>>());
        let flips = *loads.subscribe().borrow();
        assert!(!load_sample(&loads).await.unwrap());
        assert_eq!(*loads.subscribe().borrow(), flips);
    }

    #[tokio::test]
    async fn a_store_that_holds_anything_else_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let settings = Settings { data_dir: directory.path().to_owned(), ..Settings::default() };
        let clock = Arc::new(|| "2026-06-15T12:00:00Z".parse().unwrap());
        let loads = Loads::open(settings, Arc::new(Table3::shipped().unwrap()), clock).unwrap();
        let csv = b"postcode,availability_date,wan_variant,connectivity_likelihood\nAA1 1AA,,,\n";
        let theirs = SampleFile { bytes: csv, ..FILES[0] };
        load_from(&loads, &theirs, "2026-01-01T00:00:00Z".parse().unwrap(), "a CSP").await.unwrap();
        assert!(!load_sample(&loads).await.unwrap());
        assert_eq!(loads.active().loads().count(), 1);
    }
}
