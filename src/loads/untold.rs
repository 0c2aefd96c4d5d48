//! A load or an activation that a crash left without its line in the audit log gets one at the next start.

use crate::store::{Activated, AuditEvent, AuditLine, RECOVERED};

use super::Loads;

impl Loads {
    /// Holds the newest load and what answers against the audit log, and notes what it does not tell of: with the time and the
    /// name that the manifest and `active.json` have. Once noted, it is told of. Blocks.
    pub(super) fn note_untold(&self) {
        self.note_untold_load();
        self.note_untold_activations();
    }

    /// One load runs at a time, so only the newest can be without its line.
    fn note_untold_load(&self) {
        let newest =
            self.read(|catalogue| catalogue.retained.values().max_by_key(|manifest| manifest.received).cloned());
        let Some(manifest) = newest else { return };
        match self.audit.tells_of_load(&manifest.load_id, manifest.received) {
            Ok(true) => {}
            Ok(false) => {
                let (load_id, region) = (&manifest.load_id, manifest.region.slug());
                tracing::warn!(load_id, region, "the audit log had no line of a load; it has one now");
                self.note_loaded(&manifest, manifest.received, RECOVERED, &self.recovered());
            }
            Err(error) => {
                tracing::error!(%error, "the audit log cannot be read; whether it tells of the newest load is not known");
            }
        }
    }

    fn recovered(&self) -> String {
        format!("noted at the start of {}: a crash took its own line away", self.now())
    }

    fn note_untold_activations(&self) {
        let answering = self.read(|catalogue| catalogue.active.answering());
        let untold = match self.audit.untold(answering) {
            Ok(untold) => untold,
            Err(error) => {
                tracing::error!(%error, "the audit log cannot be read; whether it tells of every activation is not known");
                return;
            }
        };
        for Activated { region, load_id, activation } in untold {
            tracing::warn!(
                load_id,
                region = region.slug(),
                "the audit log had no line of an activation; it has one now"
            );
            let note = self.recovered();
            self.note_line(&AuditLine {
                time: activation.at,
                event: AuditEvent::Activated,
                region: region.slug(),
                load_id: &load_id,
                by: &activation.by,
                reason: RECOVERED,
                note: &note,
            });
        }
    }
}

#[cfg(test)]
#[path = "untold_tests.rs"]
mod tests;
