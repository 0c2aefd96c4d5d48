//! A sealed load takes the place of its id, also where one of that id lies already: a damaged one that was sent again, a staged
//! one that was judged afresh.
//!
//! Of the two, one lies there whole at every moment that a crash can choose. What lay there is put aside under a name that
//! the next start knows: back under its id if nothing took its place, and removed if something did. It is removed under
//! another name still, so that half of one is never taken for a load.

use std::{fs, path::Path};

use super::{
    DataDir, StoreError,
    data_dir::{remove_dir, remove_whole},
    durable,
};

/// Gives a directory of `incoming/` a load's id.
///
/// # Errors
/// [`StoreError`]; what lay there before lies there still, or the new one does.
pub(super) fn put_in_place(data: &DataDir, directory: &Path, load_id: &str) -> Result<(), StoreError> {
    let home = data.load(load_id);
    if !home.exists() {
        return durable::rename(directory, &home);
    }
    let replaced = data.replaced();
    let aside = replaced.join(load_id);
    remove_dir(&aside)?;
    fs::create_dir_all(&replaced).map_err(StoreError::io("creating", &replaced))?;
    durable::sync(&data.incoming())?;
    durable::rename(&home, &aside)?;
    if let Err(error) = durable::rename(directory, &home) {
        if !home.exists()
            && let Err(error) = durable::rename(&aside, &home)
        {
            tracing::error!(load_id, %error, "a load that was put aside is back under its id at the next start only");
        }
        return Err(error);
    }
    if let Err(error) = remove_whole(data, &aside, "doomed") {
        // The new one is in its place, and that is what was asked for.
        tracing::error!(load_id, %error, "a load that was replaced is removed at the next start only");
    }
    Ok(())
}

/// Puts back what a crash left aside with nothing in its place. For the start, before `incoming/` is emptied.
///
/// # Errors
/// [`StoreError::Io`].
pub(super) fn put_back(data: &DataDir) -> Result<(), StoreError> {
    let replaced = data.replaced();
    if !replaced.exists() {
        return Ok(());
    }
    for load_id in DataDir::names_in(&replaced)? {
        if !data.load(&load_id).exists() {
            tracing::warn!(load_id, "a crash came while this load was being replaced; it is kept as it was");
            durable::rename(&replaced.join(&load_id), &data.load(&load_id))?;
        }
    }
    Ok(())
}
