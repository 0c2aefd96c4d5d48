//! What a fuzzer may reach of the codecs: the decoders, fed with any bytes.

use crate::domain::{CspRegion, RegionVariants, Table3};

use super::{
    address_block,
    block::{self, Layout, checksum},
    text_chunks,
    units::Units,
    uprn_block,
};

/// The last text's number of the layouts that are tried.
const LAST_TEXTS: [u32; 5] = [0, 200, 60_000, 1 << 20, u32::MAX];

/// Reads bytes as a value of the database: the first byte chooses the layout, the second the region and, when odd, that
/// the checksum is put right, as no chance would; then come the key's five bytes, or six where a UPRN is one, and the
/// value.
///
/// # Panics
/// When a value is opened that its sealing would not have made.
#[must_use]
pub fn read_stored(data: &[u8], table3: &Table3) -> bool {
    let Some((&[layout, flags], stored)) = data.split_first_chunk::<2>() else { return false };
    let key = if stored.first() == Some(&uprn_block::PREFIX) { 6 } else { 5 };
    let Some((key, value)) = stored.split_at_checked(key) else { return false };
    let mut value = value.to_vec();
    if flags & 1 == 1 {
        value.extend_from_slice(&checksum(key, &value).to_be_bytes());
    }
    let layout = Layout::for_texts(LAST_TEXTS[usize::from(layout) % LAST_TEXTS.len()]);
    let region = CspRegion::ALL[usize::from(flags >> 1) % CspRegion::ALL.len()];
    match key.first() {
        Some(&text_chunks::PREFIX) => texts(key, &value),
        Some(&uprn_block::PREFIX) => by_uprn(key, &value, table3.region(region)),
        Some(&address_block::PREFIX) => by_address(key, &value, table3.region(region)),
        _ => rows(key, layout, &value, table3.region(region)),
    }
}

fn rows(key: &[u8], layout: Layout, value: &[u8], variants: &RegionVariants) -> bool {
    let (Some(sector), Ok(entries)) = (block::sector(key), block::open(key, layout, value)) else { return false };
    assert_eq!(block::key(sector), key);
    let mut sealed = Vec::new();
    block::seal(key, layout, entries, &mut sealed);
    assert_eq!(sealed, value, "opened, and sealed otherwise");
    let mut units = Units::default();
    for row in entries.chunks_exact(layout.stride()) {
        let Some(entry) = layout.read(row) else { return false };
        // Either may refuse, and neither may panic.
        let _ = (units.insert(entry.unit), entry.facts.unpack(variants), sector.postcode(entry.unit));
    }
    true
}

fn texts(key: &[u8], value: &[u8]) -> bool {
    let (Some(first), Ok(pairs)) = (text_chunks::first(key), text_chunks::open(key, value)) else { return false };
    assert_eq!(text_chunks::key(first), key);
    pairs.into_iter().all(|pair| pair.is_ok())
}

/// Each row that can be read is found by its UPRN.
fn by_uprn(key: &[u8], value: &[u8], variants: &RegionVariants) -> bool {
    let Ok(block) = uprn_block::open(key, value) else { return false };
    let rows: Option<Vec<_>> = (0..block.len()).map(|row| block.row(row)).collect();
    rows.is_some_and(|rows| {
        rows.into_iter().all(|row| {
            assert_eq!(block.find(row.uprn), Some(row));
            row.facts.unpack(variants).is_ok()
        })
    })
}

fn by_address(key: &[u8], value: &[u8], variants: &RegionVariants) -> bool {
    let Ok(mut block) = address_block::open(key, value) else { return false };
    loop {
        match block.next() {
            Ok(Some(row)) if row.facts.is_none_or(|facts| facts.unpack(variants).is_ok()) => {}
            Ok(None) => return true,
            Ok(Some(_)) | Err(_) => return false,
        }
    }
}
