//! Every load that is known, in memory: what `GetCoverageLoad` and `ListCoverageLoads` answer from.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use crate::{
    domain::{CspRegion, RegionMap},
    store::{ActiveFile, Manifest},
};

use super::{LoadError, LoadRecord, LoadState, unreadable::from_id};

/// Which loads to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListFilter {
    /// Only this region's.
    pub region: Option<CspRegion>,
    /// Only those in this state.
    pub state: Option<LoadState>,
    /// Never those of these regions, whatever else is asked: they are not the caller's business.
    pub hidden: RegionMap<bool>,
}

/// A page of loads, newest first.
#[derive(Clone, Debug)]
pub struct Page {
    /// The loads.
    pub records: Vec<LoadRecord>,
    /// Empty on the last page.
    pub next_page_token: String,
}

/// Retained and refused loads, and which are active. Copied to be changed, so manifests are shared.
#[derive(Clone, Debug, Default)]
pub(super) struct Catalogue {
    pub(super) active: ActiveFile,
    pub(super) damaged: Vec<String>,
    pub(super) retained: BTreeMap<String, Arc<Manifest>>,
    /// Loads whose manifest cannot be read, with what their ids say.
    pub(super) unreadable: BTreeMap<String, Arc<Manifest>>,
    pub(super) refused: BTreeMap<String, Arc<Refused>>,
}

/// The record of a refused load.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) manifest: Manifest,
    /// What its sender was told.
    pub(super) words: String,
}

/// Newest first: when the first byte came, then the id.
type Place<'a> = (Timestamp, &'a str);

impl Catalogue {
    pub(super) fn get(&self, load_id: &str) -> Option<LoadRecord> {
        let retained = self.retained.get(load_id).or_else(|| self.unreadable.get(load_id));
        let retained = retained.map(|manifest| self.retained_record(manifest));
        retained.or_else(|| self.refused.get(load_id).map(|refused| refused_record(refused)))
    }

    /// Enters a load that was sealed, and says whether it had been refused before: that says nothing any more.
    pub(super) fn enter(&mut self, manifest: &Arc<Manifest>) -> bool {
        let load_id = &manifest.load_id;
        self.unreadable.remove(load_id);
        // One that its region should answer from is damaged until it does.
        if self.active.active(manifest.region) != Some(load_id) {
            self.damaged.retain(|id| id != load_id);
        }
        self.retained.insert(load_id.clone(), Arc::clone(manifest));
        self.refused.remove(load_id).is_some()
    }

    /// Forgets a load that is deleted.
    pub(super) fn forget(&mut self, load_id: &str) {
        self.retained.remove(load_id);
        self.damaged.retain(|id| id != load_id);
        self.active.forget(load_id);
    }

    fn retained_record(&self, manifest: &Manifest) -> LoadRecord {
        let load_id = &manifest.load_id;
        let activated = self.active.activated(load_id);
        let state = if self.damaged.contains(load_id) || self.unreadable.contains_key(load_id) {
            LoadState::Damaged
        } else if self.active.active(manifest.region) == Some(load_id) {
            LoadState::Active
        } else if activated.is_some() {
            LoadState::Superseded
        } else {
            LoadState::Staged
        };
        // One that waits to be activated may have been sent again meanwhile, and refused.
        let waits = matches!(state, LoadState::Staged | LoadState::Damaged);
        let refused = self.refused.get(load_id).filter(|_| waits);
        let refusal = refused.map(|refused| refused.words.clone());
        LoadRecord { manifest: manifest.clone(), state, activated: activated.cloned(), refusal }
    }

    pub(super) fn list(&self, filter: ListFilter, page_size: usize, page_token: &str) -> Result<Page, LoadError> {
        let after = token::read(page_token, filter)?;
        let only_refused = |manifest: &&Manifest| {
            !self.retained.contains_key(&manifest.load_id) && !self.unreadable.contains_key(&manifest.load_id)
        };
        let mut all: Vec<Place<'_>> = self
            .retained
            .values()
            .chain(self.unreadable.values())
            .map(Arc::as_ref)
            .chain(self.refused.values().map(|refused| &refused.manifest).filter(only_refused))
            .filter(|manifest| !filter.hidden[manifest.region])
            .filter(|manifest| filter.region.is_none_or(|region| region == manifest.region))
            .map(|manifest| (manifest.received, manifest.load_id.as_str()))
            .collect();
        all.sort_unstable_by(|a, b| b.cmp(a));
        let later = |place: &Place<'_>| after.as_ref().is_none_or(|(received, id)| *place < (*received, id.as_str()));
        let mut records: Vec<LoadRecord> = all
            .into_iter()
            .filter(later)
            .filter_map(|(_, load_id)| self.get(load_id))
            .filter(|record| filter.state.is_none_or(|state| state == record.state))
            .take(page_size + 1)
            .collect();
        let more = records.len() > page_size;
        records.truncate(page_size);
        let last = records.last().filter(|_| more);
        let next_page_token = last.map_or_else(String::new, |record| token::write(&record.manifest, filter));
        Ok(Page { records, next_page_token })
    }
}

fn refused_record(Refused { manifest, words }: &Refused) -> LoadRecord {
    LoadRecord { manifest: manifest.clone(), state: LoadState::Refused, activated: None, refusal: Some(words.clone()) }
}

mod token {
    //! A page token: where the last page ended, and under which filters. Opaque to clients, and good across restarts.

    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::{ListFilter, LoadError, LoadState, Manifest, Timestamp, from_id};

    fn filter_text(filter: ListFilter) -> String {
        let ListFilter { region, state, hidden: _ } = filter;
        format!("{}/{}", region.map_or("", crate::domain::CspRegion::slug), state.map_or("", LoadState::slug))
    }

    pub(super) fn write(last: &Manifest, filter: ListFilter) -> String {
        let text = format!("1\n{}\n{}\n{}", filter_text(filter), last.received, last.load_id);
        URL_SAFE_NO_PAD.encode(text)
    }

    pub(super) fn read(token: &str, filter: ListFilter) -> Result<Option<(Timestamp, String)>, LoadError> {
        if token.is_empty() {
            return Ok(None);
        }
        let read = || {
            let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
            let mut lines = text.split('\n');
            let ours = lines.next()? == "1" && lines.next()? == filter_text(filter);
            let place = (lines.next()?.parse().ok()?, lines.next()?.to_owned());
            let ours = ours && from_id(&place.1).is_some();
            (ours && lines.next().is_none()).then_some(place)
        };
        read().map(Some).ok_or(LoadError::PageToken)
    }
}

#[cfg(test)]
#[path = "catalogue_tests.rs"]
pub(super) mod tests;
