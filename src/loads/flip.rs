//! Where a load becomes the truth.

use std::sync::{Arc, PoisonError};

use crate::store::{ActiveLoad, SealedLoad};

use super::{LoadError, LoadRecord, Loads};

impl Loads {
    /// Makes a sealed load the one its region answers from.
    ///
    /// First on disk, by one rename, so that an activation that is acknowledged survives whatever comes; then in memory,
    /// by one pointer. Calls under way go on with the set they hold.
    ///
    /// # Errors
    /// When `active.json` cannot be written; every answer is then as it was.
    pub(super) fn activate(&self, load: SealedLoad) -> Result<LoadRecord, LoadError> {
        let now = self.now();
        let manifest = load.manifest().clone();
        let load_id = manifest.load_id.clone();

        let mut catalogue = self.catalogue.write().unwrap_or_else(PoisonError::into_inner);
        let mut file = catalogue.active.clone();
        file.activate(manifest.region, &load_id, now);
        file.write(&self.data)?;

        let set = self.active.load().with(ActiveLoad::new(Arc::new(load), now));
        self.active.store(Arc::new(set));
        catalogue.active = file;
        catalogue.damaged.retain(|id| *id != load_id);
        if catalogue.refused.remove(&load_id).is_some() {
            // Judged afresh and accepted: the record of its refusal says nothing any more.
            crate::store::forget_refused(&self.data, &load_id)?;
        }
        catalogue.retained.insert(load_id.clone(), manifest);
        let record = catalogue.get(&load_id).ok_or(LoadError::NotFound { load_id })?;
        drop(catalogue);

        tracing::info!(load_id = record.manifest.load_id, region = record.manifest.region.slug(), "load activated");
        self.flips.send_modify(|flips| *flips += 1);
        Ok(record)
    }
}
