//! How long earlier loads are kept: long enough to roll back to, and not for ever.

use std::{collections::BTreeSet, sync::PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::{
    domain::CspRegion,
    store::{AuditEvent, remove_load},
};

use super::{LoadError, Loads, catalogue::Catalogue};

/// A load is kept while it is among the newest of its region, or younger than this; whichever keeps more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retention {
    /// The newest loads of a region, by the time they came.
    pub loads: usize,
    /// Loads that came within this many days.
    pub days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { loads: 5, days: 35 }
    }
}

/// The loads of a region that are no longer kept. Never the active one, nor the one that answered before it: however old that
/// is, there must be a way back to it.
fn surplus(catalogue: &Catalogue, region: CspRegion, retention: Retention, now: Timestamp) -> Vec<String> {
    let age = SignedDuration::from_hours(24 * i64::from(retention.days));
    let newest_first: BTreeSet<_> = catalogue
        .retained
        .values()
        .filter(|manifest| manifest.region == region)
        .map(|manifest| std::cmp::Reverse((manifest.received, manifest.load_id.as_str())))
        .collect();
    let active = catalogue.active.active(region);
    let before = catalogue
        .retained
        .values()
        .filter(|manifest| manifest.region == region && active != Some(&manifest.load_id))
        .filter_map(|manifest| Some((catalogue.active.activated(&manifest.load_id)?.at, manifest.load_id.as_str())))
        .max()
        .map(|(_, load_id)| load_id);
    newest_first
        .into_iter()
        .skip(retention.loads)
        .map(|std::cmp::Reverse(load)| load)
        .filter(|(received, load_id)| {
            now.duration_since(*received) > age && active != Some(load_id) && before != Some(load_id)
        })
        .map(|(_, load_id)| load_id.to_owned())
        .collect()
}

impl Loads {
    /// Deletes what is no longer kept of a region. Blocks. A directory that cannot be removed now is left to the next start,
    /// and is nobody's failure.
    pub(super) fn tidy(&self, region: CspRegion) {
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now();
        let retention = self.settings().retention;
        for load_id in self.read(|catalogue| surplus(catalogue, region, retention, now)) {
            if let Err(error) = self.delete(region, &load_id) {
                tracing::error!(load_id, %error, "a load that is no longer kept could not be deleted");
            }
        }
    }

    fn delete(&self, region: CspRegion, load_id: &str) -> Result<(), LoadError> {
        // Forgotten first: a load that is listed can always be activated.
        let mut catalogue = self.write();
        catalogue.retained.remove(load_id);
        catalogue.damaged.retain(|id| id != load_id);
        catalogue.active.forget(load_id);
        let file = catalogue.active.clone();
        drop(catalogue);
        file.write(&self.data)?;
        remove_load(&self.data, load_id)?;
        self.audit(AuditEvent::Deleted, region, load_id, "retention", "");
        Ok(())
    }
}

#[cfg(test)]
#[path = "retention_tests.rs"]
mod tests;
