//! A load's blocks in memory: checked as they are read from the database, then answered from.

use std::path::Path;

use crate::{
    domain::{Facts, RegionVariants, Said, Sector, Unit},
    ingest::{Breath, LightBreath},
};

use super::{
    StoreError,
    block::{self, BLOCK_STEPS, Entry, Layout},
    digest::BlocksDigest,
    premises::Premises,
    text_chunks,
    texts::{Gathering, Texts},
    units::Units,
};

/// All rows of a load, sector after sector, each as [`Layout`] packs it.
#[derive(Debug)]
pub(super) struct Image {
    variants: RegionVariants,
    layout: Layout,
    entries: Box<[u8]>,
    runs: Box<[Run]>,
    texts: Texts,
    premises: Option<Premises>,
}

/// Where a sector's rows are among the entries.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) sector: Sector,
    /// The first of its rows, counted in rows.
    pub(super) start: u32,
    pub(super) rows: u16,
    /// Which units they are.
    pub(super) units: Units,
}

impl Image {
    /// Reads every block and every text, and checks each: its checksum, its order, and that every row says something that
    /// the load's Table 3 allows. Gives the digest over all of them too.
    pub(super) fn read(
        database: &sled::Db,
        path: &Path,
        layout: Layout,
        variants: RegionVariants,
    ) -> Result<(Self, String), StoreError> {
        let damaged = |what: &str| StoreError::damaged(path, what);
        let mut entries = Vec::new();
        let mut runs: Vec<Run> = Vec::new();
        let mut gathering = Gathering::default();
        let mut digest = BlocksDigest::new();
        let mut breath = Breath::default();
        for item in database.iter() {
            let (key, value) = item.map_err(StoreError::database(path))?;
            breath.steps(BLOCK_STEPS);
            digest.block(&key, &value);
            match key.first() {
                Some(&block::PREFIX) => {
                    let sector = block::sector(&key).ok_or_else(|| damaged("a block's key cannot be read"))?;
                    let rows = block::open(&key, layout, &value).map_err(damaged)?;
                    let start = u32::try_from(entries.len() / layout.stride()).map_err(|_| damaged("too many rows"))?;
                    let count = u16::try_from(rows.len() / layout.stride()).map_err(|_| damaged("too many rows"))?;
                    let units = units(layout, rows).ok_or_else(|| damaged("a row is of no postcode"))?;
                    entries.extend_from_slice(rows);
                    runs.push(Run { sector, start, rows: count, units });
                }
                Some(&text_chunks::PREFIX) => gathering.chunk(&key, &value).map_err(damaged)?,
                _ => return Err(damaged("a key is neither a block's nor a text's")),
            }
        }
        if Layout::for_texts(gathering.count()) != layout {
            return Err(damaged("there are not as many texts as the manifest says"));
        }
        let texts = gathering.finish(database, path.to_owned());
        let (entries, runs) = (entries.into(), runs.into());
        let image = Self { variants, layout, entries, runs, texts, premises: None };
        image.check_rows().map_err(damaged)?;
        Ok((image, digest.finish()))
    }

    fn check_rows(&self) -> Result<(), &'static str> {
        let mut breath = LightBreath::default();
        for (_, entry) in self.rows() {
            breath.step();
            let entry = entry.ok_or("a row cannot be read")?;
            entry.facts.unpack(&self.variants).map_err(|_| "a row says what Table 3 does not allow")?;
            if entry.texts > self.texts.count() {
                return Err("a row names a text that is not there");
            }
        }
        Ok(())
    }

    /// How many rows there are, marks included.
    pub(super) fn len(&self) -> usize {
        self.entries.len() / self.layout.stride()
    }

    /// Every row in postcode order.
    pub(super) fn rows(&self) -> impl Iterator<Item = (Sector, Option<Entry>)> {
        self.runs.iter().flat_map(move |run| {
            let rows = self.run_entries(run.start, run.rows).chunks_exact(self.layout.stride());
            rows.map(move |row| (run.sector, self.layout.read(row)))
        })
    }

    /// The row of this number, counted over the whole load.
    pub(super) fn row(&self, number: u32) -> Option<Entry> {
        let stride = self.layout.stride();
        let start = number as usize * stride;
        self.layout.read(self.entries.get(start..start + stride)?)
    }

    fn run_entries(&self, start: u32, rows: u16) -> &[u8] {
        let stride = self.layout.stride();
        let start = start as usize * stride;
        self.entries.get(start..start + usize::from(rows) * stride).unwrap_or_default()
    }

    /// What is said of a unit, in the run of its sector's rows that begins at `start`: the one step of a lookup that
    /// touches rows, and it touches one.
    pub(super) fn find(&self, start: u32, units: &Units, unit: Unit) -> Option<Entry> {
        let stride = self.layout.stride();
        let at = (start as usize + units.row(unit)?) * stride;
        self.layout.read(self.entries.get(at..at + stride)?).filter(|entry| entry.unit == unit)
    }

    pub(super) fn unpack(&self, facts: Facts) -> Option<Said> {
        facts.unpack(&self.variants).ok()
    }

    pub(super) fn runs(&self) -> &[Run] {
        &self.runs
    }

    pub(super) const fn variants(&self) -> &RegionVariants {
        &self.variants
    }

    pub(super) const fn texts(&self) -> &Texts {
        &self.texts
    }

    pub(super) const fn premises(&self) -> Option<&Premises> {
        self.premises.as_ref()
    }

    /// The same with the load's premises.
    pub(super) fn with(self, premises: Option<Premises>) -> Self {
        Self { premises, ..self }
    }

    /// Whether all of the database is in memory, so that it may be closed.
    pub(super) const fn in_memory(&self) -> bool {
        self.texts.in_memory()
    }

    /// Lets go of the database it read from, which is about to move.
    pub(super) fn close(&mut self) {
        self.texts.close();
    }

    /// The load is in this directory now. Its files of premises moved with it, and stay open.
    pub(super) fn moved(&mut self, load: &Path) {
        if let Some(premises) = &mut self.premises {
            premises.moved(load);
        }
    }

    /// The database it read from is open where it now is.
    pub(super) fn reopened(&mut self, database: &sled::Db, path: &Path) {
        self.texts.moved(database, path);
    }

    /// Bytes of memory the rows take.
    pub(super) fn bytes(&self) -> usize {
        self.entries.len() + size_of_val(&*self.runs) + self.premises.as_ref().map_or(0, Premises::bytes)
    }
}

/// Which units have a row among a block's entries.
fn units(layout: Layout, entries: &[u8]) -> Option<Units> {
    let mut units = Units::default();
    for row in entries.chunks_exact(layout.stride()) {
        units.insert(layout.read(row)?.unit)?;
    }
    Some(units)
}
