//! Premises as they are read from the database: every block and every row checked, and held against what was sealed.

use std::path::Path;

use crate::domain::{Facts, Postcode, RegionVariants, Sector, Uprn};

use super::{
    StoreError,
    address_block::{self, AddressRow},
    digest::BlocksDigest,
    image::Run,
    premises::{Blocks, Premises},
    units::Units,
    uprn_block,
};

/// Blocks by UPRN up to this many bytes a load are held in memory: those of ten million premises take about half of it.
/// Beyond it they stay in the database, and a lookup reads one block.
const IN_MEMORY: usize = 192 << 20;

/// Reads the premises that come after the texts in a database, of which there are so many; `None` when it has none.
pub(super) fn read(
    database: &sled::Db,
    path: &Path,
    variants: &RegionVariants,
    texts: u32,
    digest: &mut BlocksDigest,
) -> Result<Option<Premises>, StoreError> {
    let damaged = |what: &str| StoreError::damaged(path, what);
    let mut gathering = Gathering::new(variants, texts);
    // As they are packed: by address first.
    const { assert!(uprn_block::PREFIX < address_block::PREFIX, "the two ranges hold every key behind the texts") };
    let by_address = database.range([address_block::PREFIX]..);
    let by_uprn = database.range([uprn_block::PREFIX]..[address_block::PREFIX]);
    for item in by_address.chain(by_uprn) {
        let (key, value) = item.map_err(StoreError::database(path))?;
        digest.block(&key, &value);
        match key.first() {
            Some(&uprn_block::PREFIX) => gathering.uprn_block(&key, &value),
            Some(&address_block::PREFIX) => gathering.address_block(&key, &value),
            _ => Err("a key is neither a block's nor a text's"),
        }
        .map_err(damaged)?;
    }
    if gathering.firsts.is_empty() && gathering.address_firsts.is_empty() {
        return Ok(None);
    }
    gathering.finish(database, path).map(Some).map_err(damaged)
}

struct Gathering {
    variants: RegionVariants,
    texts: u32,
    firsts: Vec<u64>,
    blocks: Vec<Box<[u8]>>,
    bytes: usize,
    last_uprn: u64,
    uprns: u64,
    /// UPRNs at a known postcode, and the greatest number of a postcode that one names.
    placed: u64,
    last_named: u32,
    last_known: Option<Facts>,
    address_firsts: Vec<u32>,
    rows: u32,
    with_uprn: u64,
    postcodes: Vec<u64>,
    starts: Vec<u32>,
    answers: Vec<u32>,
    runs: Vec<Run>,
    last_address: (u64, Vec<u8>, u64),
}

impl Gathering {
    fn new(variants: &RegionVariants, texts: u32) -> Self {
        Self {
            variants: variants.clone(),
            texts,
            firsts: Vec::new(),
            blocks: Vec::new(),
            bytes: 0,
            last_uprn: 0,
            uprns: 0,
            placed: 0,
            last_named: 0,
            last_known: None,
            address_firsts: Vec::new(),
            rows: 0,
            with_uprn: 0,
            postcodes: Vec::new(),
            starts: Vec::new(),
            answers: Vec::new(),
            runs: Vec::new(),
            last_address: (0, Vec::new(), 0),
        }
    }

    fn check_said(&mut self, facts: Facts, texts: u32) -> Result<(), &'static str> {
        // Neighbours mostly say the same.
        if self.last_known != Some(facts) {
            facts.unpack(&self.variants).map_err(|_| "a premises says what Table 3 does not allow")?;
            self.last_known = Some(facts);
        }
        if texts > self.texts {
            return Err("a premises names a text that is not there");
        }
        Ok(())
    }

    fn uprn_block(&mut self, key: &[u8], value: &[u8]) -> Result<(), &'static str> {
        let block = uprn_block::open(key, value)?;
        for number in 0..block.len() {
            let row = block.row(number).ok_or("a premises cannot be read")?;
            if row.uprn <= self.last_uprn || row.uprn > Uprn::MAX {
                return Err("the premises are out of order");
            }
            self.last_uprn = row.uprn;
            self.check_said(row.facts, row.texts)?;
            self.placed += u64::from(row.postcode != 0);
            self.last_named = self.last_named.max(row.postcode);
        }
        self.uprns += block.len() as u64;
        self.firsts.push(uprn_block::first(key).unwrap_or_default());
        self.bytes += value.len() + size_of::<Box<[u8]>>();
        if self.bytes <= IN_MEMORY {
            self.blocks.push(value.into());
        } else {
            self.blocks = Vec::new();
        }
        Ok(())
    }

    fn address_block(&mut self, key: &[u8], value: &[u8]) -> Result<(), &'static str> {
        if address_block::first(key) != Some(self.rows) {
            return Err("a block of addresses is missing");
        }
        self.address_firsts.push(self.rows);
        let mut block = address_block::open(key, value)?;
        while let Some(row) = block.next()? {
            let (postcode, identifier, uprn) = &self.last_address;
            if (*postcode, identifier.as_slice(), *uprn) >= row.order() && self.rows > 0 {
                return Err("the addresses are out of order");
            }
            if row.postcode != self.last_address.0 || self.rows == 0 {
                self.begin_postcode(row.postcode)?;
            }
            if row.uprn == 0 {
                self.check_said(row.facts.ok_or("a premises says nothing")?, row.texts)?;
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
        let last = &mut self.last_address;
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

    fn finish(mut self, database: &sled::Db, path: &Path) -> Result<Premises, &'static str> {
        if self.placed != self.with_uprn || self.last_named as usize > self.postcodes.len() {
            return Err("the premises by UPRN are not those by address");
        }
        self.starts.push(self.rows);
        let in_memory = self.bytes <= IN_MEMORY;
        Ok(Premises {
            database: Some(database.clone()),
            path: path.to_owned(),
            firsts: self.firsts.into(),
            blocks: if in_memory { Blocks::Memory(self.blocks.into()) } else { Blocks::Database },
            rows: self.uprns + u64::from(self.rows) - self.with_uprn,
            address_firsts: self.address_firsts.into(),
            postcodes: self.postcodes.into(),
            starts: self.starts.into(),
            answers: self.answers.into(),
            runs: self.runs.into(),
        })
    }
}
