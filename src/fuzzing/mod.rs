//! What a fuzzer feeds: a function from any bytes to whether they were accepted, for each parser that meets bytes of
//! strangers or of a disk. Each panics when it finds what must not be.
//!
//! `fuzz/` runs them under cargo-fuzz, the tests of this room for a bounded time under `cargo test`. Only these two see
//! the room: it is compiled for tests and with the feature `fuzzing`.

use std::{
    env,
    sync::{LazyLock, atomic::AtomicBool},
};

use jiff::Timestamp;

use crate::{
    domain::{CspRegion, Facts, Postcode, RegionVariants, Said, Table3},
    duis::{Outcome, Request, Response, ResponseCodes},
    ingest::{Encoding, FileKind, Ingested, Limits, Premises, decoder, read},
    store,
};

static TABLE3: LazyLock<Option<Table3>> = LazyLock::new(|| Table3::shipped().ok());
static CODES: LazyLock<Option<ResponseCodes>> = LazyLock::new(|| ResponseCodes::shipped().ok());

/// Reads a postcode, and holds it to its canonical form.
#[must_use]
pub fn postcode(data: &[u8]) -> bool {
    let canonical = Postcode::parse_canonical(data);
    let Ok(text) = str::from_utf8(data) else {
        assert_eq!(canonical, None, "not UTF-8, and read as canonical");
        return false;
    };
    let Ok(read) = Postcode::parse(text) else {
        assert_eq!(canonical, None, "refused, and read as canonical");
        return false;
    };
    let shown = read.to_string();
    assert!(canonical.is_none_or(|canonical| canonical == read), "{text:?} is read as two postcodes");
    assert_eq!(Postcode::parse(&shown), Ok(read), "{shown}: reading again what was shown gives another");
    assert_eq!(Postcode::parse(&shown.replace(' ', "").to_lowercase()), Ok(read));
    assert_eq!(Postcode::from_packed(read.packed()), Some(read));
    assert_eq!(read.sector().postcode(read.unit()), Some(read));
    true
}

/// Reads a coverage file: the first byte chooses the region and whether it is a delta, the second the encoding, the rest is
/// the file.
#[must_use]
pub fn ingest(data: &[u8]) -> bool {
    let Some((&[region, encoding], file)) = data.split_first_chunk::<2>() else { return false };
    let (delta, region) = (usize::from(region) / CspRegion::ALL.len(), usize::from(region) % CspRegion::ALL.len());
    let kind = if delta % 2 == 1 { FileKind::Delta } else { FileKind::Full };
    let region = CspRegion::ALL[region];
    let encoding = Encoding::ALL[usize::from(encoding) % Encoding::ALL.len()];
    let Some(table3) = &*TABLE3 else { return false };
    let variants = table3.region(region);
    let limits = Limits {
        max_decompressed: 1 << 20,
        max_rows: 10_000,
        rejects_kept: 100,
        ..Limits::new(env::temp_dir().join("wan-matrix-fuzz-texts"))
    };
    let ingested = decoder(encoding, file)
        .ok()
        .and_then(|input| read(input, kind, variants, &limits, &AtomicBool::new(false)).ok())
        .and_then(|scanned| scanned.settle(|| decoder(encoding, file)).ok());
    let Some(Ingested { rows, premises, report, rejects, .. }) = ingested else { return false };
    assert_eq!(report.rows, report.accepted + report.set_aside + report.repeats, "{report:?}");
    assert_eq!(report.rejects_kept, rejects.len() as u64);
    assert!(rejects.is_sorted_by_key(|reject| reject.line), "rejects out of order");
    assert!(rows.is_sorted_by(|a, b| a.key() < b.key()), "rows out of order, or two of a place");
    let answers: u64 = rows.iter().map(|row| answers(row.facts(), kind, variants)).sum();
    assert_eq!(answers + premises_of(&premises, kind, variants), report.accepted);
    true
}

/// How many premises answer. Each has a key of its own, in order.
fn premises_of(premises: &Premises, kind: FileKind, variants: &RegionVariants) -> u64 {
    let (mut reader, mut told, mut last) = (premises.reader(), 0, None);
    while let Ok(Some(row)) = reader.next_row() {
        let (by_address, number, identifier) = row.key();
        let key = Some((by_address, number, identifier.to_owned()));
        assert!(last < key, "premises out of order, or two of a place");
        last = key;
        told += answers(row.facts, kind, variants);
    }
    told
}

/// 1 for what answers, or is deleted; 0 for the mark of what was set aside.
fn answers(facts: Facts, kind: FileKind, variants: &RegionVariants) -> u64 {
    if facts.is_delete() {
        assert_eq!(kind, FileKind::Delta, "a full file deletes nothing");
        return 1;
    }
    let said = facts.unpack(variants);
    assert!(said.is_ok(), "a row says what Table 3 does not allow: {said:?}");
    u64::from(said.is_ok_and(|said| said != Said::SetAside))
}

/// Reads a DUIS document as a request and as a response, and holds what is read to what is written of it.
#[must_use]
pub fn duis(data: &[u8]) -> bool {
    let request = Request::read(data);
    if let Err(error) = &request {
        assert!(error.to_string().len() < 2000, "{error}");
    }
    if let (Ok(request), Some(codes)) = (&request, &*CODES) {
        let response = Response::unanswered(request, Outcome::NotInCoverage, codes, Timestamp::UNIX_EPOCH);
        assert_eq!(Response::read(response.write().as_bytes()), Ok(response));
    }
    let response = Response::read(data);
    if let Ok(response) = &response {
        // A time finer than a document of ours has is cut; nothing else may change.
        let written = response.write();
        let again = Response::read(written.as_bytes());
        assert_eq!(again.as_ref().map(Response::write).as_ref(), Ok(&written));
        assert_eq!(again.map(|again| again.matrix().cloned()), Ok(response.matrix().cloned()));
    }
    request.is_ok() || response.is_ok()
}

/// Reads a block, of postcodes or of premises, or a chunk of texts as the database keeps them; see [`store::read_stored`].
#[must_use]
pub fn block(data: &[u8]) -> bool {
    TABLE3.as_ref().is_some_and(|table3| store::read_stored(data, table3))
}

#[cfg(test)]
mod mutate;
#[cfg(test)]
mod tests;
