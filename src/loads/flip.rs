//! Where a load becomes the truth.

use std::sync::{Arc, PoisonError};

use crate::{
    domain::CspRegion,
    store::{self, Activation, ActiveFile, ActiveLoad, AuditEvent, AuditLine, Manifest, SealedLoad},
};

use super::{LoadError, LoadRecord, LoadState, Loads, not_found};

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
        load: Arc<SealedLoad>,
        by: &str,
        judged_against: JudgedAgainst,
    ) -> Result<LoadRecord, LoadError> {
        let region = load.manifest().region;
        let load_id = load.manifest().load_id.clone();

        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now();
        let catalogue = self.catalogue();
        if !catalogue.retained.contains_key(&load_id) {
            // Deleted by retention while it was being opened.
            return Err(not_found(&load_id));
        }
        let before = &catalogue.active;
        let answering = self.answering(region).map(|active| active.manifest().load_id.clone());
        if answering.as_ref() == Some(&load_id) && !matches!(judged_against, JudgedAgainst::JustNow(_)) {
            // Asked for twice at once, it is activated once, and whoever asked has what was asked for.
            return catalogue.get(&load_id).ok_or_else(|| not_found(&load_id));
        }
        if matches!(judged_against, JudgedAgainst::LoadSinceStaged(_)) && before.activated(&load_id).is_some() {
            return Err(LoadError::NotStaged { load_id });
        }
        if let JudgedAgainst::JustNow(judged) | JudgedAgainst::Load(judged) | JudgedAgainst::LoadSinceStaged(judged) =
            judged_against
            && judged != answering
        {
            return Err(overtaken(load.manifest(), judged, answering));
        }
        let mut file = before.clone();
        file.activate(region, &load_id, Activation { at: now, by: by.to_owned() });
        if let Err(error) = file.write(&self.data) {
            // The rename may be done all the same; what a restart finds must be what answers now.
            let is_as_before = ActiveFile::read(&self.data).is_ok_and(|found| found == *before);
            if !is_as_before && let Err(error) = before.write(&self.data) {
                tracing::error!(load_id, %error, "active.json may name a load that was not acknowledged");
            }
            return Err(error.into());
        }

        let set = self.active.load().with(ActiveLoad::new(load, now));
        self.active.store(Arc::new(set));
        let record = self.change(|catalogue| {
            catalogue.active = file.clone();
            catalogue.damaged.retain(|id| *id != load_id);
            catalogue.get(&load_id)
        });
        let record = record.ok_or_else(|| not_found(&load_id))?;

        self.flips.send_modify(|flips| *flips += 1);
        // Its time is the activation's own, so that a start can tell whether the last one is noted.
        let (event, region_slug) = (AuditEvent::Activated, region.slug());
        self.note_line(&AuditLine {
            time: now,
            event,
            region: region_slug,
            load_id: &load_id,
            by,
            reason: "",
            note: "",
        });
        tracing::info!(load_id, region = region.slug(), by, "load activated");
        Ok(record)
    }

    /// Enters a sealed load in the catalogue to stay there until it is activated. One that is active on disk, and was sent
    /// again because it is damaged, answers again instead.
    pub(super) fn stage(
        &self,
        load: SealedLoad,
        by: &str,
        judged_against: JudgedAgainst,
    ) -> Result<LoadRecord, LoadError> {
        let (load_id, region) = (load.manifest().load_id.clone(), load.manifest().region);
        if self.catalogue().active.active(region) == Some(&load_id) {
            return self.admit(load, by, judged_against);
        }
        self.enter(&load);
        self.tidy(region);
        self.get(&load_id)
    }

    /// Enters a sealed load in the catalogue and activates it. One that was overtaken is withdrawn. One that met a fault of
    /// the disk stays where it is, for `active.json` may name it; sent again, it is judged afresh.
    pub(super) fn admit(
        &self,
        load: SealedLoad,
        by: &str,
        judged_against: JudgedAgainst,
    ) -> Result<LoadRecord, LoadError> {
        let (load_id, region) = (load.manifest().load_id.clone(), load.manifest().region);
        self.enter(&load);
        let load = Arc::new(load);
        self.opened.remember(&load);
        match self.flip(load, by, judged_against) {
            Ok(record) => {
                self.tidy(region);
                Ok(record)
            }
            Err(error @ (LoadError::Overtaken { .. } | LoadError::BaseNotActive { .. })) => {
                self.withdraw(region, &load_id, by, &error.to_string())?;
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Deletes a load that was sealed and never became active.
    fn withdraw(&self, region: CspRegion, load_id: &str, by: &str, why: &str) -> Result<(), LoadError> {
        let one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.catalogue().active.active(region) == Some(load_id) {
            // Activated by an operator in the meantime.
            return Ok(());
        }
        self.change(|catalogue| catalogue.retained.remove(load_id));
        let files = store::delete_load(&self.data, load_id)?;
        self.audit(AuditEvent::Deleted, region, load_id, by, why);
        drop(one_at_a_time);
        Self::remove_deleted(files);
        Ok(())
    }

    /// Enters a sealed load in the catalogue, where it can be seen and activated.
    fn enter(&self, load: &SealedLoad) {
        let manifest = Arc::new(load.manifest().clone());
        let load_id = &manifest.load_id;
        // One of its id may be read still, which came before it and has another history.
        self.opened.forget(load_id);
        let refused_before = self.change(|catalogue| catalogue.enter(&manifest));
        self.note_loaded(&manifest, self.now(), "", if manifest.staged { "staged" } else { "" });
        if refused_before && let Err(error) = store::forget_refused(&self.data, load_id) {
            // What is read at the next start is the load all the same.
            tracing::error!(load_id, %error, "the record that this load was refused before could not be removed");
        }
    }

    /// Activates a staged or an earlier load: forward, or back. One that is active already stays so. Blocks.
    ///
    /// It waits for no load in progress: that one, judged against what was active, is then told that it was overtaken.
    ///
    /// # Errors
    /// [`LoadError::NotFound`] for a load that is not retained, [`LoadError::Store`] for one that is damaged beyond
    /// rebuilding. A staged load that was judged against another than is active now has never been judged by what it
    /// would change: [`LoadError::Overtaken`], or [`LoadError::BaseNotActive`] for a delta, whose result leaves out
    /// what came since.
    pub fn activate_retained(&self, load_id: &str, by: &str) -> Result<LoadRecord, LoadError> {
        self.activate(load_id, by, Activating::AnyRetained)
    }

    /// [`Loads::activate_retained`], for whoever may activate some loads only. Blocks.
    ///
    /// # Errors
    /// As there, and [`LoadError::NotStaged`] for a load that was active before or becomes so meanwhile, where only a staged
    /// one may be activated.
    pub fn activate(&self, load_id: &str, by: &str, activating: Activating) -> Result<LoadRecord, LoadError> {
        let record = self.get(load_id)?;
        let region = record.manifest.region;
        let activated = self.activate_known(record, by, activating);
        if let Err(error) = &activated {
            self.note_not_activated(region, load_id, by, error);
        }
        activated
    }

    fn activate_known(&self, record: LoadRecord, by: &str, activating: Activating) -> Result<LoadRecord, LoadError> {
        let load_id = &record.manifest.load_id;
        match record.state {
            LoadState::Active => return Ok(record),
            LoadState::Refused => return Err(LoadError::RefusedLoad { load_id: load_id.clone() }),
            LoadState::Staged | LoadState::Superseded | LoadState::Damaged | LoadState::DryRun => {}
        }
        let judged = || record.judged_against().map(str::to_owned);
        let judged_against = match (activating, &record.activated) {
            (Activating::OnlyStaged, Some(_)) => return Err(LoadError::NotStaged { load_id: load_id.clone() }),
            // It may have become history by the time it is open.
            (Activating::OnlyStaged, None) => JudgedAgainst::LoadSinceStaged(judged()),
            (Activating::AnyRetained, None) => JudgedAgainst::Load(judged()),
            (Activating::AnyRetained, Some(_)) => JudgedAgainst::Nothing,
        };
        let load = self.open_retained(&record.manifest)?;
        let activated = self.flip(load, by, judged_against)?;
        self.tidy(record.manifest.region);
        Ok(activated)
    }
}

/// Which loads whoever activates one may activate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Activating {
    /// Every load that is kept: forward, and back.
    AnyRetained,
    /// One that is staged and was never active.
    OnlyStaged,
}

/// What a load must still find active for its judgement to hold.
#[derive(Clone, Debug)]
pub(super) enum JudgedAgainst {
    /// This load, when the load itself was sealed; `None` when the region had none.
    JustNow(Option<String>),
    /// This load, when the load itself was staged.
    Load(Option<String>),
    /// This load too, and the load itself must never have been active: its sender may not go back.
    LoadSinceStaged(Option<String>),
    /// A load that was active before is history, which an operator may go back to.
    Nothing,
}

/// Another load answers than the one that a load was judged against, which for a delta is its base.
fn overtaken(manifest: &Manifest, judged: Option<String>, answering: Option<String>) -> LoadError {
    let Manifest { load_id, region, base_load_id, .. } = manifest;
    let none = || "no load".to_owned();
    match base_load_id.clone() {
        Some(base) => LoadError::BaseNotActive { base, region: *region, active: answering },
        None => LoadError::Overtaken {
            load_id: load_id.clone(),
            judged_against: judged.unwrap_or_else(none),
            now_active: answering.unwrap_or_else(none),
        },
    }
}

#[cfg(test)]
#[path = "flip_tests.rs"]
mod tests;
