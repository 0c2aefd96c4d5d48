//! An activation that a crash left without its line in the audit log gets one at the next start.

use crate::store::{Activated, AuditEvent, AuditLine, RECOVERED};

use super::Loads;

impl Loads {
    /// Holds what answers against the audit log, and notes what it does not tell of: with the load, the time and the name
    /// that `active.json` has. Once noted, it is told of. Blocks.
    pub(super) fn note_untold(&self) {
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
            let note = format!("noted at the start of {}: a crash took its own line away", self.now());
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
