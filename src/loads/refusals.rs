//! Loads that were judged and found wanting: what is left of them.

use std::sync::Arc;

use crate::{
    ingest::Reject,
    store::{self, AuditEvent, Manifest, StoreError},
};

use super::{LoadError, Loads, catalogue::Refused, noted};

impl Loads {
    /// Keeps the record of a load that was judged and found wanting, and gives back why.
    pub(super) fn refuse(&self, manifest: Manifest, refusal: LoadError, rejects: &[Reject]) -> LoadError {
        let by_what = noted::by_what(&refusal).0;
        tracing::warn!(load_id = manifest.load_id, by_what, "load refused");
        // The sender's words may quote a cell, and a cell may be a postcode.
        tracing::debug!(load_id = manifest.load_id, %refusal, "what its sender is told");
        self.note_refusal(AuditEvent::Refused, manifest.region, &manifest.load_id, &manifest.submitter, &refusal);
        match self.record_refusal(manifest, refusal.to_string(), rejects) {
            Ok(()) => refusal,
            Err(error) => error.into(),
        }
    }

    fn record_refusal(&self, manifest: Manifest, words: String, rejects: &[Reject]) -> Result<(), StoreError> {
        store::keep_refused(&self.data, &manifest, &words, rejects)?;
        let (region, load_id) = (manifest.region, manifest.load_id.clone());
        let record = Arc::new(Refused { manifest, words });
        let surplus = self.change(|catalogue| {
            catalogue.refused.insert(load_id.clone(), Arc::clone(&record));
            let mut oldest_first: Vec<_> = catalogue.refused.values().map(|refused| &refused.manifest).collect();
            oldest_first.sort_unstable_by_key(|manifest| manifest.received);
            let surplus = store::surplus(oldest_first.into_iter(), region);
            catalogue.refused.retain(|load_id, _| !surplus.contains(load_id));
            surplus
        });
        for load_id in surplus {
            match store::forget_refused(&self.data, &load_id) {
                Ok(()) => {
                    self.audit(AuditEvent::Deleted, region, &load_id, "retention", "the record of a refused load");
                }
                // The refusal stands, and is what its sender hears of.
                Err(error) => tracing::error!(load_id, %error, "the record of a refused load could not be deleted"),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "refusals_tests.rs"]
mod tests;
