//! The digest over a load's logical rows: what the rows say, whatever order the file had them in and however they lie
//! on disk.

use sha2::{Digest, Sha256};

use crate::domain::{CspRegion, Facts, Postcode};

use super::uprn_block::UprnRow;

/// Digests rows in postcode order. Each row counts with its postcode, what is said of it, and a fingerprint of its texts;
/// the region and the Table 3 that gives the variants their meaning come first.
#[derive(Debug)]
pub(super) struct RowsDigest {
    hash: Sha256,
    pending: Vec<u8>,
}

/// Fingerprint of a pair of texts; all zeros for "both empty".
pub(super) type Fingerprint = [u8; 16];

/// Rows are hashed some hundreds at a time.
const PENDING: usize = 16 << 10;

impl RowsDigest {
    pub(super) fn new(region: CspRegion, table3_sha256: &[u8; 32]) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"wan-matrix rows 1\n");
        hash.update(region.slug());
        hash.update(b"\n");
        hash.update(table3_sha256);
        Self { hash, pending: Vec::with_capacity(PENDING + 64) }
    }

    pub(super) fn row(&mut self, postcode: u64, facts: Facts, texts: &Fingerprint) {
        debug_assert!(postcode >> Postcode::BITS == 0, "a packed postcode");
        self.pending.extend_from_slice(&(postcode << Facts::BITS | u64::from(facts.bits())).to_be_bytes());
        self.pending.extend_from_slice(texts);
        if self.pending.len() >= PENDING {
            self.hash.update(&self.pending);
            self.pending.clear();
        }
    }

    /// The digest in hex, premises included where the load has some.
    pub(super) fn finish(mut self, premises: Option<(UprnsDigest, AddressesDigest)>) -> String {
        self.hash.update(&self.pending);
        if let Some((uprns, addresses)) = premises {
            self.hash.update(b"premises 1\n");
            self.hash.update(uprns.0.finish());
            self.hash.update(addresses.0.finish());
        }
        hex::encode(self.hash.finalize())
    }
}

/// The digest over a load's database, key by key: whether it holds what was put in, and nothing
/// else. A third of the bytes that [`RowsDigest`] takes, and no row need be unpacked for it.
#[derive(Debug)]
pub(super) struct BlocksDigest(Sha256);

impl BlocksDigest {
    pub(super) fn new() -> Self {
        Self(Sha256::new_with_prefix(b"wan-matrix blocks 1\n"))
    }

    /// The next key, in the order in which they are packed, and its value.
    pub(super) fn block(&mut self, key: &[u8], value: &[u8]) {
        self.0.update((key.len() as u32).to_be_bytes());
        self.0.update(key);
        self.0.update((value.len() as u32).to_be_bytes());
        self.0.update(value);
    }

    /// The digest in hex.
    pub(super) fn finish(self) -> String {
        hex::encode(self.0.finalize())
    }
}

/// Digests premises by UPRN. Each counts with the place of its postcode among the load's that have premises, what is said
/// of it, the number of its texts and, if it has some, their fingerprint. What it leaves out [`AddressesDigest`] tells.
#[derive(Debug, Default)]
pub(super) struct UprnsDigest(Pending);

/// Digests premises by address: the bytes they are sorted by, and the fingerprint of their texts if they have some.
#[derive(Debug, Default)]
pub(super) struct AddressesDigest(Pending);

#[derive(Debug, Default)]
struct Pending {
    hash: Sha256,
    bytes: Vec<u8>,
}

impl Pending {
    fn take(&mut self, row: &[u8], texts: Option<&Fingerprint>) {
        self.bytes.extend_from_slice(row);
        if let Some(texts) = texts {
            self.bytes.extend_from_slice(texts);
        }
        if self.bytes.len() >= PENDING {
            self.hash.update(&self.bytes);
            self.bytes.clear();
        }
    }

    fn finish(mut self) -> [u8; 32] {
        self.hash.update(&self.bytes);
        self.hash.finalize().into()
    }
}

impl UprnsDigest {
    /// The next premises, whose texts have this fingerprint.
    pub(super) fn row(&mut self, row: UprnRow, texts: &Fingerprint) {
        let [uprn, postcode, facts] = [row.uprn, row.postcode.into(), row.facts.bits().into()];
        let bytes = [uprn, postcode << 32 | facts, row.texts.into()].map(u64::to_be_bytes);
        self.0.take(bytes.as_flattened(), (row.texts != 0).then_some(texts));
    }
}

impl AddressesDigest {
    /// The next premises in the bytes of its row, which end with the number of its texts and of which none begins
    /// another; and, if it has texts, their fingerprint.
    pub(super) fn row(&mut self, row: &[u8], texts: Option<&Fingerprint>) {
        self.0.take(row, texts);
    }
}

/// The fingerprint of two texts.
pub(super) fn fingerprint(auxiliary: &str, additional: &str) -> Fingerprint {
    if auxiliary.is_empty() && additional.is_empty() {
        return Fingerprint::default();
    }
    let mut hash = Sha256::new();
    hash.update((auxiliary.len() as u64).to_be_bytes());
    hash.update(auxiliary);
    hash.update(additional);
    let mut first = Fingerprint::default();
    for (to, from) in first.iter_mut().zip(hash.finalize()) {
        *to = from;
    }
    first
}
