//! A load, an activation or a deletion that a crash left without its line in the audit log gets one at the next start.

use std::sync::Arc;

use crate::store::{Activated, AuditEvent, AuditLine, Deleted, Fate, Manifest, RECOVERED, left_of_deletions};

use super::Loads;

impl Loads {
    /// Holds the newest load, what answers and what was being deleted against the audit log, and notes what it does not tell
    /// of: the first two with the time and the name that the manifest and `active.json` have. Once noted, it is told of.
    /// Blocks.
    pub(super) fn note_untold(&self) {
        // Both are looked for before anything is written.
        let (load, activations) = (self.untold_load(), self.untold_activations());
        load.iter().for_each(|manifest| self.recover_load(manifest));
        activations.iter().for_each(|activated| self.recover_activation(activated));
        match left_of_deletions(&self.data) {
            Ok(deleted) => deleted.into_iter().for_each(|files| self.finish_deletion(files)),
            Err(error) => tracing::error!(%error, "the files of deleted loads cannot be looked for"),
        }
    }

    /// Its files are removed once it is noted, so one whose manifest is gone has its line.
    fn finish_deletion(&self, files: Deleted) {
        if let Some(manifest) = files.manifest() {
            let (load_id, region) = (&manifest.load_id, manifest.region);
            match self.audit.tells_of(Fate::Deleted, load_id, manifest.received) {
                Ok(true) => {}
                Ok(false) => {
                    tracing::warn!(load_id, "the audit log had no line of a deletion; it has one now");
                    let note = self.recovered();
                    self.note(AuditEvent::Deleted, region.slug(), load_id, "retention", RECOVERED, &note);
                }
                Err(error) => {
                    tracing::error!(%error, "the audit log cannot be read; whether it tells of a deletion is not known");
                    return;
                }
            }
        }
        Self::remove_deleted(files);
    }

    /// One load runs at a time, so only the newest can be without its line.
    fn untold_load(&self) -> Option<Arc<Manifest>> {
        let newest = self.catalogue().retained.values().max_by_key(|manifest| manifest.received).cloned()?;
        match self.audit.tells_of(Fate::Loaded, &newest.load_id, newest.received) {
            Ok(told) => (!told).then_some(newest),
            Err(error) => {
                tracing::error!(%error, "the audit log cannot be read; whether it tells of the newest load is not known");
                None
            }
        }
    }

    fn recover_load(&self, manifest: &Manifest) {
        let (load_id, region) = (&manifest.load_id, manifest.region.slug());
        tracing::warn!(load_id, region, "the audit log had no line of a load; it has one now");
        self.note_loaded(manifest, manifest.received, RECOVERED, &self.recovered());
    }

    fn untold_activations(&self) -> Vec<Activated> {
        let answering = self.catalogue().active.answering();
        self.audit.untold(answering).unwrap_or_else(|error| {
            tracing::error!(%error, "the audit log cannot be read; whether it tells of every activation is not known");
            Vec::new()
        })
    }

    fn recover_activation(&self, Activated { region, load_id, activation }: &Activated) {
        let region = region.slug();
        tracing::warn!(load_id, region, "the audit log had no line of an activation; it has one now");
        self.note_line(&AuditLine {
            time: activation.at,
            event: AuditEvent::Activated,
            region,
            load_id,
            by: &activation.by,
            reason: RECOVERED,
            note: &self.recovered(),
        });
    }

    fn recovered(&self) -> String {
        format!("noted at the start of {}: a crash took its own line away", self.now())
    }
}

#[cfg(test)]
#[path = "untold_tests.rs"]
mod tests;
