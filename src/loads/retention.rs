//! How long earlier loads are kept: long enough to roll back to, and not for ever.

use std::{collections::BTreeSet, sync::PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::{
    domain::CspRegion,
    store::{AuditEvent, Deleted, StoreError, delete_load},
};

use super::{Loads, catalogue::Catalogue};

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
        let one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now();
        let retention = self.settings().retention;
        let mut deleted = Vec::new();
        for load_id in surplus(&self.catalogue(), region, retention, now) {
            match self.delete(region, &load_id) {
                Ok(files) => deleted.push(files),
                Err(error) => tracing::error!(load_id, %error, "a load that is no longer kept could not be deleted"),
            }
        }
        // Whoever activates a load does not wait for files to be removed.
        drop(one_at_a_time);
        deleted.into_iter().for_each(Self::remove_deleted);
    }

    fn delete(&self, region: CspRegion, load_id: &str) -> Result<Deleted, StoreError> {
        // Forgotten first: a load that is listed can always be activated.
        let file = self.change(|catalogue| {
            catalogue.forget(load_id);
            catalogue.active.clone()
        });
        file.write(&self.data)?;
        let files = delete_load(&self.data, load_id)?;
        self.audit(AuditEvent::Deleted, region, load_id, "retention", "");
        Ok(files)
    }

    /// Removes the files of a load that is deleted and noted. Those that stay are the next start's.
    pub(super) fn remove_deleted(files: Deleted) {
        if let Err(error) = files.remove() {
            tracing::error!(%error, "the files of a deleted load could not be removed; the next start tries again");
        }
    }
}

#[cfg(test)]
#[path = "retention_tests.rs"]
mod tests;
