//! `--sample`: the sample that is compiled in, loaded as any CSP's files are.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::{
    domain::CspRegion,
    ingest::Encoding,
    loads::{ListFilter, LoadError, LoadHeader, Loads, Wanted},
    sample::{FILES, SampleFile},
};

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

/// Loads the sample into an empty store; `false` when there are loads already, which stay as they are.
///
/// # Errors
/// [`SampleError`] names the file at fault; the files before it are active.
pub async fn load_sample(loads: &Arc<Loads>) -> Result<bool, SampleError> {
    let known = loads.list(ListFilter::default(), 1, "").map_or(0, |page| page.records.len());
    if known > 0 {
        return Ok(false);
    }
    for file in &FILES {
        let issue_time = file.issued.parse().map_err(|error| SampleError::Issued(file.region, error))?;
        load(loads, file, issue_time).await.map_err(|error| SampleError::Load(file.region, error))?;
    }
    Ok(true)
}

async fn load(loads: &Arc<Loads>, file: &SampleFile, issue_time: Timestamp) -> Result<(), LoadError> {
    let mut attempt = loads.begin(LoadHeader {
        region: file.region,
        base_load_id: None,
        issue_time,
        reference: file.reference.to_owned(),
        sha256: Sha256::digest(file.bytes).into(),
        row_count: None,
        encoding: Encoding::Identity,
        submitter: "sample".to_owned(),
        overrides: Vec::new(),
        override_note: String::new(),
        wanted: Wanted::Active,
    })?;
    attempt.chunk(Bytes::from_static(file.bytes)).await?;
    attempt.finish().await.map(drop)
}
