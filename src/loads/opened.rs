//! Retained loads opened to be read: each once, however many read it.
//!
//! sled lets a database be opened once, and a load whose texts outgrew memory keeps its own open for as long as somebody
//! reads it. So whoever wants a load that is open shares it: one that answers, one that has just been superseded and is
//! still being read, one that is being compared.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use crate::store::{Manifest, SealedLoad};

use super::{LoadError, Loads, not_found, start};

/// The loads that somebody holds.
#[derive(Debug, Default)]
pub(super) struct Opened {
    /// Of each load that is being read from disk: held meanwhile, for a second reader shall find it open.
    opening: Mutex<BTreeMap<String, Weak<Mutex<()>>>>,
    /// Held while one is rebuilt, by whoever holds the one of that load as well.
    rebuilding: Mutex<()>,
    known: Mutex<BTreeMap<String, Weak<SealedLoad>>>,
}

impl Opened {
    /// Remembers a load for as long as somebody holds it.
    pub(super) fn remember(&self, load: &Arc<SealedLoad>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, load| load.strong_count() > 0);
        known.insert(load.manifest().load_id.clone(), Arc::downgrade(load));
    }

    /// Forgets a load in whose place another of its id was put: whoever holds it may read it to its end.
    pub(super) fn forget(&self, load_id: &str) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(load_id);
    }

    /// The lock of one load: nobody waits for another to be opened, which may take minutes when it has to be rebuilt.
    fn opening(&self, load_id: &str) -> Arc<Mutex<()>> {
        let mut opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lock) = opening.get(load_id).and_then(Weak::upgrade) {
            return lock;
        }
        opening.retain(|_, lock| lock.strong_count() > 0);
        let lock = Arc::default();
        opening.insert(load_id.to_owned(), Arc::downgrade(&lock));
        lock
    }

    fn held(&self, load_id: &str) -> Option<Arc<SealedLoad>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(load_id)?.upgrade()
    }
}

impl Loads {
    /// A retained load, opened unless somebody has it open. Once open it stays whole for whoever holds it: retention may
    /// delete its directory meanwhile, and takes nothing away from under a reader. Blocks.
    ///
    /// # Errors
    /// [`LoadError::NotFound`] for one that was deleted meanwhile, [`LoadError::Store`] for one that is damaged beyond
    /// rebuilding; that one is listed as damaged from now on.
    pub(super) fn open_retained(&self, manifest: &Manifest) -> Result<Arc<SealedLoad>, LoadError> {
        let load_id = &manifest.load_id;
        if let Some(load) = self.opened.held(load_id) {
            return Ok(load);
        }
        let opening = self.opened.opening(load_id);
        let _one_at_a_time = opening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(load) = self.opened.held(load_id) {
            return Ok(load);
        }
        let opened = match SealedLoad::open(&self.data.load(load_id), &self.reaper) {
            Err(error) if error.is_damage() => {
                let _one_at_a_time = self.opened.rebuilding.lock().unwrap_or_else(PoisonError::into_inner);
                start::rebuild(&self.data, manifest, &self.table3, &self.limits(), &self.reaper, &error)
            }
            opened => opened.map_err(LoadError::from),
        };
        match opened {
            Ok(load) => {
                let load = Arc::new(load);
                self.opened.remember(&load);
                self.change(|catalogue| catalogue.damaged.retain(|id| id != load_id));
                Ok(load)
            }
            Err(error) => Err(self.unopened(load_id, error)),
        }
    }

    /// Why a load cannot be opened: for one that was deleted meanwhile, that it is gone.
    fn unopened(&self, load_id: &str, error: LoadError) -> LoadError {
        let damaged = error.is_damage();
        let is_known = self.change(|catalogue| {
            let is_known = catalogue.retained.contains_key(load_id) || catalogue.unreadable.contains_key(load_id);
            if is_known && damaged && !catalogue.damaged.iter().any(|id| id == load_id) {
                catalogue.damaged.push(load_id.to_owned());
            }
            is_known
        });
        if !is_known {
            return not_found(load_id);
        }
        tracing::error!(load_id, %error, "a retained load cannot be opened");
        error
    }
}
