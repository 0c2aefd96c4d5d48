//! Opening a data directory: what was active answers again, and what is damaged is rebuilt from what it keeps.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicBool},
    thread,
};

use crate::{
    domain::{CspRegion, RegionMap, Table3},
    ingest::{self, FileError, FileKind, Limits},
    store::{
        self, ActiveFile, ActiveLoad, ActiveSet, DataDir, Manifest, Reaper, SealedLoad, StoreError, read_kept,
        refused_manifests, sealed_manifests, table3_of,
    },
};

use super::{
    LoadError,
    catalogue::{Catalogue, Refused},
    unreadable,
};

/// Reads every manifest and opens the active loads.
pub(super) fn open(
    data: &DataDir,
    table3: &Table3,
    limits: &Limits,
    reaper: &Reaper,
) -> Result<(Catalogue, ActiveSet), LoadError> {
    let active = ActiveFile::read(data)?;
    let (manifests, cannot_be_read) = sealed_manifests(data)?;
    let mut unreadable = BTreeMap::new();
    for (load_id, error) in cannot_be_read {
        tracing::error!(load_id, %error, "a load's directory cannot be read; it answers nothing");
        unreadable.extend(unreadable::manifest_of(data, &load_id).map(|manifest| (load_id, Arc::new(manifest))));
    }
    let retained = manifests.into_iter().map(|manifest| (manifest.load_id.clone(), Arc::new(manifest))).collect();
    let refused = refused_manifests(data)?.into_iter();
    let refused = refused.map(|(manifest, words)| (manifest.load_id.clone(), Arc::new(Refused { manifest, words })));
    let refused = refused.collect();
    let mut catalogue = Catalogue { active, damaged: Vec::new(), retained, unreadable, refused };

    let mut loads: RegionMap<Option<ActiveLoad>> = RegionMap::from_fn(|_| None);
    let mut damaged = Vec::new();
    for (region, opened) in open_active(data, &catalogue, reaper) {
        let Some(load_id) = catalogue.active.active(region).map(str::to_owned) else { continue };
        let opened = match (opened, catalogue.retained.get(&load_id)) {
            (Err(error), Some(manifest)) if error.is_damage() => {
                rebuild(data, manifest, table3, limits, reaper, &error)
            }
            (opened, _) => opened.map_err(LoadError::from),
        };
        match opened {
            Ok(load) => {
                let activated =
                    catalogue.active.activated(&load_id).map_or(load.manifest().received, |activation| activation.at);
                loads[region] = Some(ActiveLoad::new(Arc::new(load), activated));
            }
            Err(error) => {
                tracing::error!(load_id, %error, "an active load cannot be opened; its region does not answer until it is loaded again");
                damaged.push(region);
                catalogue.damaged.push(load_id);
            }
        }
    }
    Ok((catalogue, ActiveSet::new(loads, damaged)))
}

/// Opens the active loads side by side: most of a start is sled reading its files.
fn open_active(
    data: &DataDir,
    catalogue: &Catalogue,
    reaper: &Reaper,
) -> Vec<(CspRegion, Result<SealedLoad, StoreError>)> {
    thread::scope(|scope| {
        let opening: Vec<_> = CspRegion::ALL
            .into_iter()
            .filter_map(|region| Some((region, data.load(catalogue.active.active(region)?))))
            .map(|(region, home)| (region, scope.spawn(move || SealedLoad::open(&home, reaper))))
            .collect();
        let gone = |region: CspRegion| StoreError::Damaged {
            path: region.slug().into(),
            what: "the thread that opened it ended unexpectedly".to_owned(),
        };
        opening.into_iter().map(|(region, open)| (region, open.join().unwrap_or_else(|_| Err(gone(region))))).collect()
    })
}

/// Reads a load's kept file again, as when it came, or the rows that a delta came to, and gives it new blocks. For one load
/// at a time: it takes as much memory as that load did, and a directory of `incoming/`.
pub(super) fn rebuild(
    data: &DataDir,
    manifest: &Manifest,
    table3: &Table3,
    limits: &Limits,
    reaper: &Reaper,
    damage: &StoreError,
) -> Result<SealedLoad, LoadError> {
    let load_id = &manifest.load_id;
    tracing::error!(load_id, error = %damage, "a load is damaged; it is rebuilt from its file");
    let home = data.load(load_id);
    if manifest.packed.is_none() {
        // What its rows must come to is not known.
        return Err(StoreError::Damaged { path: home, what: "its manifest cannot be read".to_owned() }.into());
    }
    let table3 = table3_of(&home, manifest, table3)?;
    let spoilt = |error| match error {
        FileError::Disk { .. } => LoadError::File(error),
        error => {
            let what = format!("it cannot be rebuilt from the file it keeps: {error}");
            StoreError::Damaged { path: home.clone(), what }.into()
        }
    };
    let (rows, premises, texts) = match manifest.base_load_id {
        // Its file tells only what changed, and its base may be gone.
        Some(_) => store::read_rows(&home, limits.spill.clone())?,
        None => {
            let reread = || read_kept(&home, manifest.encoding);
            let file = reread().map_err(StoreError::opening_part("opening the kept file in", &home))?;
            let variants = table3.region(manifest.region);
            let limits = limits_of(manifest, limits);
            let scanned = ingest::read(file, FileKind::Full, variants, &limits, &AtomicBool::new(false));
            let ingested = scanned.and_then(|scanned| scanned.settle(reread)).map_err(spoilt)?;
            (ingested.rows, ingested.premises, ingested.texts)
        }
    };
    store::replace_blocks(data, manifest, &rows, &premises, &texts, &table3)?;
    let load = SealedLoad::open(&home, reaper)?;
    tracing::warn!(load_id, "the load is rebuilt, and answers as before");
    Ok(load)
}

/// The limits under which a load's file is read again: one that was taken is not too large for those that came since.
fn limits_of(manifest: &Manifest, now: &Limits) -> Limits {
    let rows = u32::try_from(manifest.report.rows).unwrap_or(u32::MAX);
    Limits {
        max_decompressed: now.max_decompressed.max(manifest.bytes_decompressed),
        max_rows: now.max_rows.max(rows),
        ..now.clone()
    }
}
