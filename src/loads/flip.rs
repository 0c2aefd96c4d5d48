//! Where a load becomes the truth.

use std::sync::Arc;

use crate::store::{self, Activation, ActiveLoad, AuditEvent, SealedLoad};

use super::{LoadError, LoadRecord, LoadState, Loads, not_found, start};

impl Loads {
    /// Makes a sealed load the one its region answers from, provided that the region still answers from the load it was
    /// judged against.
    ///
    /// First on disk, by one rename, so that an activation that is acknowledged survives whatever comes; then in memory,
    /// by one pointer. Calls under way go on with the set they hold.
    ///
    /// # Errors
    /// When `active.json` cannot be written, or another load was activated meanwhile; every answer is then as it was.
    pub(super) fn flip(
        &self,
        load: SealedLoad,
        by: &str,
        judged_against: JudgedAgainst,
    ) -> Result<LoadRecord, LoadError> {
        let now = self.now();
        let region = load.manifest().region;
        let load_id = load.manifest().load_id.clone();

        let mut catalogue = self.write();
        let active = catalogue.active.active(region);
        if let JudgedAgainst::Load(judged) = judged_against
            && judged.as_deref() != active
        {
            let now_active = active.unwrap_or("none").to_owned();
            return Err(LoadError::Overtaken { load_id, now_active });
        }
        let mut file = catalogue.active.clone();
        file.activate(region, &load_id, Activation { at: now, by: by.to_owned() });
        file.write(&self.data)?;

        let set = self.active.load().with(ActiveLoad::new(Arc::new(load), now));
        self.active.store(Arc::new(set));
        catalogue.active = file;
        catalogue.damaged.retain(|id| *id != load_id);
        let record = catalogue.get(&load_id).ok_or_else(|| not_found(&load_id))?;
        drop(catalogue);

        tracing::info!(load_id, region = region.slug(), by, "load activated");
        self.audit(AuditEvent::Activated, region, &load_id, by, "");
        self.flips.send_modify(|flips| *flips += 1);
        Ok(record)
    }

    /// Enters a sealed load in the catalogue and activates it. One that cannot be activated is withdrawn, so that it can
    /// be sent again.
    pub(super) fn admit(
        &self,
        load: SealedLoad,
        by: &str,
        judged_against: JudgedAgainst,
    ) -> Result<LoadRecord, LoadError> {
        let (load_id, region) = (load.manifest().load_id.clone(), load.manifest().region);
        self.enter(&load, by)?;
        match self.flip(load, by, judged_against) {
            Ok(record) => {
                self.retain(region)?;
                Ok(record)
            }
            Err(error) => {
                self.write().retained.remove(&load_id);
                store::remove_load(&self.data, &load_id)?;
                self.audit(AuditEvent::Deleted, region, &load_id, by, &error.to_string());
                Err(error)
            }
        }
    }

    /// Enters a sealed load in the catalogue, where it can be seen and activated.
    fn enter(&self, load: &SealedLoad, by: &str) -> Result<(), LoadError> {
        let manifest = load.manifest();
        let mut catalogue = self.write();
        if catalogue.refused.remove(&manifest.load_id).is_some() {
            // Judged afresh and accepted: the record of its refusal says nothing any more.
            store::forget_refused(&self.data, &manifest.load_id)?;
        }
        catalogue.retained.insert(manifest.load_id.clone(), manifest.clone());
        drop(catalogue);
        self.audit(AuditEvent::Loaded, manifest.region, &manifest.load_id, by, "");
        Ok(())
    }

    /// Activates a staged or an earlier load: forward, or back. One that is active already stays so. Blocks.
    ///
    /// It waits for no load in progress: that one, judged against what was active, is then told that it was overtaken.
    ///
    /// # Errors
    /// [`LoadError::NotFound`] for a load that is not retained, [`LoadError::Store`] for one that is damaged beyond
    /// rebuilding.
    pub fn activate_retained(&self, load_id: &str, by: &str) -> Result<LoadRecord, LoadError> {
        let record = self.get(load_id)?;
        match record.state {
            LoadState::Active => return Ok(record),
            LoadState::Refused => return Err(LoadError::RefusedLoad { load_id: load_id.to_owned() }),
            LoadState::Staged | LoadState::Superseded | LoadState::Damaged => {}
        }
        let load = start::open_or_rebuild(&self.data, &record.manifest, &self.table3, &self.limits(), &self.reaper)?;
        let activated = self.flip(load, by, JudgedAgainst::Nothing)?;
        self.retain(record.manifest.region)?;
        Ok(activated)
    }
}

/// What a load must still find active for its judgement to hold.
#[derive(Clone, Debug)]
pub(super) enum JudgedAgainst {
    /// This load; `None` when the region had none.
    Load(Option<String>),
    /// An operator's choice is not judged.
    Nothing,
}
