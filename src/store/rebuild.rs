//! A load whose blocks are damaged gets new ones, made from the file it keeps.

use std::{fs, path::Path};

use crate::{
    domain::Table3,
    ingest::{Premises, Row, TextTable},
};

use super::{
    DataDir, Manifest, StoreError,
    data_dir::remove_dir,
    durable, pack,
    premises_file::PREMISES,
    sealed::{BLOCKS, TABLE3_FILE},
};

/// Packs the rows read again from a load's kept file, and puts the new blocks in the place of the damaged ones. A crash
/// on the way leaves a load without blocks, which the next start rebuilds again.
///
/// # Errors
/// [`StoreError::Damaged`] when the rows are not those that were sealed: then the file is damaged too.
pub fn replace_blocks(
    data: &DataDir,
    manifest: &Manifest,
    rows: &[Row],
    premises: &Premises,
    texts: &TextTable,
    table3: &Table3,
) -> Result<(), StoreError> {
    let directory = data.incoming().join("rebuild");
    remove_dir(&directory)?;
    fs::create_dir_all(&directory).map_err(StoreError::io("creating", &directory))?;
    let packed = pack(&directory, rows, premises, texts, table3, manifest)?;
    let home = data.load(&manifest.load_id);
    if manifest.packed.as_ref() != Some(&packed) {
        return Err(StoreError::damaged(&home, "the rows of the kept file are not those that were sealed"));
    }
    durable::sync_tree(&directory)?;
    let parts = [Some(BLOCKS), packed.premises.is_some().then_some(PREMISES)];
    for part in parts.into_iter().flatten() {
        remove_dir(&home.join(part))?;
        durable::rename(&directory.join(part), &home.join(part))?;
    }
    let copy = home.join(TABLE3_FILE);
    fs::write(&copy, table3.csv()).map_err(StoreError::io("writing", &copy))?;
    durable::sync(&copy)?;
    remove_dir(&directory)
}

/// The Table 3 that a load was judged against: its own copy, or, where that is damaged, the table now served if it is the
/// same one.
///
/// # Errors
/// [`StoreError::Damaged`] when neither is.
pub fn table3_of(directory: &Path, manifest: &Manifest, served: &Table3) -> Result<Table3, StoreError> {
    if hex::encode(served.sha256()) == manifest.table3_sha256 {
        return Ok(served.clone());
    }
    super::sealed::read_table3(directory, manifest)
}
