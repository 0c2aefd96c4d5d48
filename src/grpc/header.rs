//! The header of an upload, checked field by field before anything is begun: whatever is wrong with it is told at once.

use jiff::Timestamp;

use crate::{
    domain::{CspRegion, check_text},
    loads::{Guard, LoadHeader, OVERRIDE_NOTE_MAX, REFERENCE_MAX, Wanted},
};

use super::{
    convert,
    error::not_known,
    failure::{Failure, Violation},
    proto::{CoverageLoadHeader, ErrorReason},
};

/// No coverage data is older: the Smart Metering WAN did not exist.
const FIRST_ISSUE: Timestamp = Timestamp::constant(1_325_376_000, 0);

/// The announced load.
///
/// # Errors
/// One violation for each field at fault; REGION_MISSING when the region is among them, else HEADER_MALFORMED.
pub(super) fn read(header: CoverageLoadHeader, submitter: String) -> Result<LoadHeader, Failure> {
    let mut faults = Faults::default();
    let region = faults.take("csp_region", region(header.csp_region));
    let issue_time = faults.take("issue_time", issue_time(header.issue_time));
    let reference = faults.take("reference", reference(header.reference));
    let sha256 = faults.take("sha256", sha256(&header.sha256));
    let row_count = faults.take("row_count", header.row_count.map(row_count).transpose());
    let encoding = faults.take("encoding", convert::requested_encoding(header.encoding).map_err(not_known));
    let base_load_id = faults.take("base_load_id", base_load_id(header.base_load_id));
    let overrides = faults.take("overrides", overrides(&header.overrides));
    let override_note = faults.take("override_note", override_note(header.override_note, &header.overrides));
    let wanted = match (header.validate_only, header.activate) {
        (true, _) => Wanted::Judged,
        (false, Some(false)) => Wanted::Staged,
        (false, None | Some(true)) => Wanted::Active,
    };
    let file = (region, issue_time, reference, sha256, row_count, encoding);
    match (file, (base_load_id, overrides, override_note)) {
        ((Some(_), ..), _) if !faults.0.is_empty() => Err(Failure::fields(ErrorReason::HeaderMalformed, faults.0)),
        (
            (Some(region), Some(issue_time), Some(reference), Some(sha256), Some(row_count), Some(encoding)),
            (Some(base_load_id), Some(overrides), Some(override_note)),
        ) => Ok(LoadHeader {
            region,
            base_load_id,
            issue_time,
            reference,
            sha256,
            row_count,
            encoding,
            submitter,
            overrides,
            override_note,
            wanted,
        }),
        ((None, ..), _) => Err(Failure::fields(ErrorReason::RegionMissing, faults.0)),
        _ => Err(Failure::fields(ErrorReason::HeaderMalformed, faults.0)),
    }
}

#[derive(Default)]
struct Faults(Vec<Violation>);

impl Faults {
    fn take<T>(&mut self, field: &str, value: Result<T, String>) -> Option<T> {
        value.map_err(|what| self.0.push((format!("header.{field}"), what))).ok()
    }
}

fn region(number: i32) -> Result<CspRegion, String> {
    convert::requested_region(number)
        .map_err(not_known)?
        .ok_or_else(|| "a file speaks for one region; name it".to_owned())
}

fn issue_time(at: Option<prost_types::Timestamp>) -> Result<Timestamp, String> {
    let at = at.ok_or("required: when the CSP extracted the data")?;
    let time = Timestamp::new(at.seconds, at.nanos).map_err(|_| "not a moment that can be meant")?;
    if time < FIRST_ISSUE {
        return Err(format!("{time} is before any coverage data; is it in seconds since 1970?"));
    }
    // Load ids name the second, and nothing of what was announced is rounded unseen.
    if time.subsec_nanosecond() != 0 {
        return Err("must be a whole second; leave nanos at 0".to_owned());
    }
    Ok(time)
}

fn reference(text: String) -> Result<String, String> {
    check_text(&text, REFERENCE_MAX).map_err(|error| error.to_string())?;
    Ok(text)
}

fn sha256(bytes: &[u8]) -> Result<[u8; 32], String> {
    let length = bytes.len();
    bytes.try_into().map_err(|_| format!("{length} bytes, and a sha256 has 32 (the raw bytes, not their hex)"))
}

fn row_count(rows: i64) -> Result<u64, String> {
    u64::try_from(rows).map_err(|_| format!("{rows} cannot be a count of rows; leave it out if it is not known"))
}

/// Whether it is the active load is asked when the file is here: until then another may become it.
fn base_load_id(text: String) -> Result<Option<String>, String> {
    const LONGEST: usize = 60;
    if text.len() > LONGEST || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("not a load's id; ListActiveCoverage names the load that a delta must be made from".to_owned());
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

fn overrides(numbers: &[i32]) -> Result<Vec<Guard>, String> {
    let guard = |&number| match convert::requested_guard(number) {
        Ok(Some(guard)) => Ok(guard),
        Ok(None) => Err("a guard is overridden by its name; leave out what names none".to_owned()),
        Err(number) => Err(not_known(number)),
    };
    numbers.iter().map(guard).collect()
}

fn override_note(text: String, overrides: &[i32]) -> Result<String, String> {
    check_text(&text, OVERRIDE_NOTE_MAX).map_err(|error| error.to_string())?;
    match (text.trim().is_empty(), overrides.is_empty()) {
        (true, false) => {
            Err("required with overrides: why may this load pass them? It is kept with the load".to_owned())
        }
        (false, true) => Err("explains overrides, and there are none; name the guards, or leave it out".to_owned()),
        _ => Ok(text),
    }
}
