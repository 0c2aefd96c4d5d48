//! The premises in `rows.zst`, behind its rows: how many there are, in 8 bytes, then each in the order of its key.
//!
//! | a premises | bytes |
//! |---|---|
//! | UPRN, 0 without one; postcode packed, 0 where it is not known | 5, 5 |
//! | facts, its texts' number | 4, 4 |
//! | length of the identifier, the identifier, folded | 1, … |

use std::{
    io::{self, Read, Write},
    path::PathBuf,
};

use crate::{
    domain::{AddressIdentifier, Facts, Postcode, Uprn},
    ingest::{Premises, PremisesRow, PremisesWriter},
};

use super::{
    base_premises::HeldRow,
    rows_file::{read_array, wrong},
};

const NUMBER: usize = 5;
const FIXED: usize = 2 * NUMBER + 9;
const _: () = assert!(AddressIdentifier::BYTES_MAX <= u8::MAX as usize);

/// Writes them.
pub(super) fn write(content: &mut impl Write, premises: &Premises) -> io::Result<()> {
    content.write_all(&premises.rows().to_be_bytes())?;
    let mut reader = premises.reader();
    while let Some(row) = reader.next_row()? {
        for number in [row.uprn, row.postcode] {
            content.write_all(&number.to_be_bytes()[8 - NUMBER..])?;
        }
        content.write_all([row.facts.bits(), row.texts].map(u32::to_be_bytes).as_flattened())?;
        content.write_all(&[u8::try_from(row.identifier.len()).map_err(io::Error::other)?])?;
        content.write_all(row.identifier.as_bytes())?;
    }
    Ok(())
}

/// Reads them back. `ids` are the texts by number. What needs too much memory goes to a file at `spill`, unlinked at once.
pub(super) fn read(content: &mut impl Read, ids: &[u32], spill: PathBuf) -> io::Result<Premises> {
    let count = u64::from_be_bytes(read_array(content)?);
    let mut premises = PremisesWriter::new(spill);
    let (mut last, mut identifier) = (HeldRow::default(), Vec::new());
    for _ in 0..count {
        let row = read_row(content, ids, &mut identifier)?;
        if last.row().is_some_and(|last| last.key() >= row.key()) {
            return Err(wrong("its premises are out of order"));
        }
        premises.push(row)?;
        last.hold(Some(row));
    }
    premises.finish()
}

fn read_row<'a>(content: &mut impl Read, ids: &[u32], identifier: &'a mut Vec<u8>) -> io::Result<PremisesRow<'a>> {
    let [u1, u2, u3, u4, u5, p1, p2, p3, p4, p5, f1, f2, f3, f4, t1, t2, t3, t4, length] =
        read_array::<FIXED>(content)?;
    let number = |[a, b, c, d, e]: [u8; NUMBER]| u64::from_be_bytes([0, 0, 0, a, b, c, d, e]);
    let (uprn, postcode) = (number([u1, u2, u3, u4, u5]), number([p1, p2, p3, p4, p5]));
    identifier.resize(length.into(), 0);
    content.read_exact(identifier)?;
    let identifier = str::from_utf8(identifier).map_err(|_| wrong("an address identifier is not UTF-8"))?;
    let texts = *ids
        .get(u32::from_be_bytes([t1, t2, t3, t4]) as usize)
        .ok_or_else(|| wrong("a premises names a text that is not there"))?;
    let facts = Facts::from_bits(u32::from_be_bytes([f1, f2, f3, f4]));
    if facts.is_delete() {
        return Err(wrong("a premises is a delete, which is never kept"));
    }
    // By its number, or else by its postcode and identifier; and an identifier is one of a postcode.
    let is_named = if uprn == 0 { !identifier.is_empty() } else { uprn <= Uprn::MAX };
    let is_placed = match postcode {
        0 => uprn != 0 && identifier.is_empty(),
        postcode => Postcode::from_packed(postcode).is_some(),
    };
    if !is_named || !is_placed || identifier.contains('\0') {
        return Err(wrong("a premises has no key"));
    }
    Ok(PremisesRow { uprn, postcode, identifier, facts, texts, line: 0, from_empty: false })
}
