//! Premises as they are read from their files: every block and every row checked, and held against what was sealed.

use std::{path::Path, thread};

use crate::domain::{Facts, Postcode, RegionVariants, Sector, Uprn};

use super::{
    StoreError,
    address_block::{self, AddressRow},
    image::Run,
    manifest::PackedPremises,
    premises::{Premises, SHELF},
    premises_file::{BlockFile, Order},
    units::Units,
    uprn_block,
};

/// Blocks by UPRN up to this many bytes a load are held in memory: those of ten million premises take about half of it.
/// Beyond it a lookup reads one block from the file.
const IN_MEMORY: u64 = 192 << 20;

/// Reads the premises in a load's directory, both orders side by side.
pub(super) fn read(
    load: &Path,
    packed: &PackedPremises,
    variants: &RegionVariants,
    texts: u32,
) -> Result<Premises, StoreError> {
    let (uprns, addresses) = thread::scope(|scope| {
        let uprns = scope.spawn(|| Uprns::read(load, packed, Saying::new(variants, texts)));
        let addresses = Addresses::read(load, packed, Saying::new(variants, texts));
        let gone = |_| Err(StoreError::damaged(load, "the thread that read its premises ended unexpectedly"));
        (uprns.join().unwrap_or_else(gone), addresses)
    });
    let ((uprns, by_uprn), (addresses, by_address)) = (uprns?, addresses?);
    let Addresses { address_firsts, rows, with_uprn, postcodes, mut starts, answers, runs, .. } = addresses;
    if uprns.placed != with_uprn || uprns.last_named as usize > postcodes.len() {
        return Err(StoreError::damaged(by_uprn.path(), "the premises by UPRN are not those by address"));
    }
    starts.push(rows);
    let premises = Premises {
        shelves: uprns.firsts.iter().copied().step_by(SHELF).collect(),
        firsts: uprns.firsts.into(),
        lasts: uprns.lasts.into(),
        by_uprn,
        rows: uprns.rows + u64::from(rows) - with_uprn,
        address_firsts: address_firsts.into(),
        by_address,
        postcodes: postcodes.into(),
        starts: starts.into(),
        answers: answers.into(),
        runs: runs.into(),
    };
    if premises.rows == packed.rows {
        Ok(premises)
    } else {
        Err(premises.damaged("there are not as many as were sealed"))
    }
}

/// Only the digest over a whole file tells sound blocks of another load.
fn as_sealed((file, sha256): (BlockFile, String), sealed: &str) -> Result<BlockFile, StoreError> {
    let other = || StoreError::damaged(file.path(), "the blocks are not those that were sealed");
    if sha256 == sealed { Ok(file) } else { Err(other()) }
}

/// What a premises may say.
struct Saying<'a> {
    variants: &'a RegionVariants,
    texts: u32,
    last_known: Option<Facts>,
}

impl<'a> Saying<'a> {
    const fn new(variants: &'a RegionVariants, texts: u32) -> Self {
        Self { variants, texts, last_known: None }
    }

    fn check(&mut self, facts: Facts, texts: u32) -> Result<(), &'static str> {
        // Neighbours mostly say the same.
        if self.last_known != Some(facts) {
            facts.unpack(self.variants).map_err(|_| "a premises says what Table 3 does not allow")?;
            self.last_known = Some(facts);
        }
        if texts > self.texts { Err("a premises names a text that is not there") } else { Ok(()) }
    }
}

/// What is gathered of the blocks by UPRN.
#[derive(Default)]
struct Uprns {
    firsts: Vec<u64>,
    lasts: Vec<u64>,
    last: u64,
    rows: u64,
    /// UPRNs at a known postcode, and the greatest number of a postcode that one names.
    placed: u64,
    last_named: u32,
}

impl Uprns {
    fn read(load: &Path, packed: &PackedPremises, mut saying: Saying<'_>) -> Result<(Self, BlockFile), StoreError> {
        let mut uprns = Self::default();
        let read = BlockFile::read(load, Order::Uprn, IN_MEMORY, |key, value| uprns.block(key, value, &mut saying))?;
        Ok((uprns, as_sealed(read, &packed.by_uprn_sha256)?))
    }

    fn block(&mut self, key: &[u8], value: &[u8], saying: &mut Saying<'_>) -> Result<(), &'static str> {
        let block = uprn_block::open(key, value)?;
        for number in 0..block.len() {
            let row = block.row(number).ok_or("a premises cannot be read")?;
            if row.uprn <= self.last || row.uprn > Uprn::MAX {
                return Err("the premises are out of order");
            }
            self.last = row.uprn;
            saying.check(row.facts, row.texts)?;
            self.placed += u64::from(row.postcode != 0);
            self.last_named = self.last_named.max(row.postcode);
        }
        self.rows += block.len() as u64;
        self.firsts.push(uprn_block::first(key).unwrap_or_default());
        self.lasts.push(self.last);
        Ok(())
    }
}

/// What is gathered of the blocks by address.
#[derive(Default)]
struct Addresses {
    address_firsts: Vec<u32>,
    rows: u32,
    with_uprn: u64,
    postcodes: Vec<u64>,
    starts: Vec<u32>,
    answers: Vec<u32>,
    runs: Vec<Run>,
    last: (u64, Vec<u8>, u64),
}

impl Addresses {
    fn read(load: &Path, packed: &PackedPremises, mut saying: Saying<'_>) -> Result<(Self, BlockFile), StoreError> {
        let mut addresses = Self::default();
        // Held in memory they would take as much again as all the rest.
        let read = BlockFile::read(load, Order::Address, 0, |key, value| addresses.block(key, value, &mut saying))?;
        Ok((addresses, as_sealed(read, &packed.by_address_sha256)?))
    }

    fn block(&mut self, key: &[u8], value: &[u8], saying: &mut Saying<'_>) -> Result<(), &'static str> {
        if address_block::first(key) != Some(self.rows) {
            return Err("a block of addresses is missing");
        }
        self.address_firsts.push(self.rows);
        let mut block = address_block::open(key, value)?;
        while let Some(row) = block.next()? {
            let (postcode, identifier, uprn) = &self.last;
            if (*postcode, identifier.as_slice(), *uprn) >= row.order() && self.rows > 0 {
                return Err("the addresses are out of order");
            }
            if row.postcode != self.last.0 || self.rows == 0 {
                self.begin_postcode(row.postcode)?;
            }
            if row.uprn == 0 {
                saying.check(row.facts.ok_or("a premises says nothing")?, row.texts)?;
            }
            self.address(&row)?;
        }
        Ok(())
    }

    fn address(&mut self, row: &AddressRow<'_>) -> Result<(), &'static str> {
        self.with_uprn += u64::from(row.uprn != 0);
        if let Some(answers) = self.answers.last_mut() {
            *answers += u32::from(!row.is_set_aside());
        }
        let last = &mut self.last;
        (last.0, last.2) = (row.postcode, row.uprn);
        last.1.clear();
        last.1.extend_from_slice(row.identifier);
        self.rows = self.rows.checked_add(1).ok_or("there are too many premises")?;
        Ok(())
    }

    fn begin_postcode(&mut self, packed: u64) -> Result<(), &'static str> {
        let postcode = Postcode::from_packed(packed).ok_or("a premises is of no postcode")?;
        let place = u32::try_from(self.postcodes.len()).map_err(|_| "there are too many postcodes")?;
        self.postcodes.push(packed);
        self.starts.push(self.rows);
        self.answers.push(0);
        let sector: Sector = postcode.sector();
        if self.runs.last().is_none_or(|run| run.sector != sector) {
            self.runs.push(Run { sector, start: place, rows: 0, units: Units::default() });
        }
        if let Some(run) = self.runs.last_mut() {
            run.rows += 1;
            run.units.insert(postcode.unit()).ok_or("a premises is of no postcode")?;
        }
        Ok(())
    }
}
