//! A load's life: attempt, integrity, guards, seal, flip, history.
//!
//! [`Loads`] owns the data directory and the active set. A load comes in as an [`Attempt`], is worked on by threads of its
//! own, and is either the truth for its region when its sender hears of it, or has changed nothing.

mod against;
mod attempt;
mod catalogue;
mod conclude;
mod damaged;
mod denials;
mod differing;
#[cfg(test)]
mod disk_fault_tests;
mod error;
mod flip;
mod given_up;
mod guard;
mod guards;
mod header;
mod identity;
mod judge;
mod keep;
mod moved;
mod noted;
mod opened;
mod priority;
mod process;
mod record;
mod refusals;
mod retention;
mod room;
mod settings;
mod share;
mod start;
mod tally;
mod turn;
mod turnover;
mod unreadable;
mod untold;
mod upload;
mod worker;

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::{sync::watch, task};

use crate::{
    domain::{CspRegion, Table3},
    ingest::{Limits, Reject},
    store::{self, ActiveSet, AuditLog, DataDir, Manifest, Reaper, SealedLoad},
};

pub use against::{Against, AgainstActive};
pub use attempt::{Attempt, Submitted};
pub use catalogue::{ListFilter, Page};
pub use damaged::AgainstDamaged;
pub use denials::Denied;
pub use error::LoadError;
pub use flip::Activating;
pub use given_up::GivenUp;
pub use guard::{Guard, UnknownGuard};
pub use header::{LoadHeader, OVERRIDE_NOTE_MAX, REFERENCE_MAX, Wanted};
pub use judge::{GuardInput, Tripped, judge};
pub use record::{LoadRecord, LoadState};
pub use retention::Retention;
pub use settings::{Clock, Settings, Thresholds};
pub use share::{Share, ShareMalformed};
pub use tally::Tally;

pub(crate) use priority::yield_to_lookups;

use catalogue::Catalogue;
use denials::Denials;
use opened::Opened;
use turn::{Taken, Turn, Turns};
use worker::Worker;

/// How far a sender's clock may run ahead of ours.
const CLOCK_SKEW: jiff::SignedDuration = jiff::SignedDuration::from_mins(5);

/// Every load of one data directory, and the set of those that answer.
pub struct Loads {
    settings: ArcSwap<Settings>,
    table3: Arc<Table3>,
    clock: Clock,
    data: DataDir,
    audit: AuditLog,
    reaper: Reaper,
    active: ArcSwap<ActiveSet>,
    /// Replaced whole, so that whoever asks waits for nobody: it is changed, too, on threads that wait for an idle processor.
    catalogue: ArcSwap<Catalogue>,
    /// Held by whoever changes which loads are active or kept.
    changing: Mutex<()>,
    opened: Opened,
    turns: Arc<Turns>,
    worker: Worker,
    tally: Tally,
    flips: watch::Sender<u64>,
    closing: AtomicBool,
    denials: Denials,
}

impl std::fmt::Debug for Loads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loads").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Loads {
    /// Takes a data directory over and opens its active loads. Blocks: call it where that is allowed.
    ///
    /// # Errors
    /// [`LoadError::Store`] when the directory is another process's, or cannot be read. A damaged load is rebuilt or left
    /// out, and is no error.
    pub fn open(settings: Settings, table3: Arc<Table3>, clock: Clock) -> Result<Arc<Self>, LoadError> {
        let data = DataDir::open(&settings.data_dir)?;
        let reaper = Reaper::start().map_err(|_| LoadError::Thread)?;
        let limits = limits(&settings, data.incoming().join("texts.spill"));
        let (catalogue, set) = start::open(&data, &table3, &limits, &reaper)?;
        let loads = Arc::new(Self {
            audit: AuditLog::start(&data, settings.audit).map_err(|_| LoadError::Thread)?,
            settings: ArcSwap::from_pointee(settings),
            table3,
            clock,
            data,
            reaper,
            active: ArcSwap::from_pointee(set),
            catalogue: ArcSwap::from_pointee(catalogue),
            changing: Mutex::default(),
            opened: Opened::default(),
            turns: Arc::default(),
            worker: Worker::start().map_err(|_| LoadError::Thread)?,
            tally: Tally::default(),
            flips: watch::Sender::new(0),
            closing: AtomicBool::new(false),
            denials: Denials::default(),
        });
        for active in loads.active().loads() {
            loads.opened.remember(active.sealed());
        }
        loads.note_untold();
        for region in CspRegion::ALL {
            loads.tidy(region);
        }
        Ok(loads)
    }

    /// The loads that answer. Hold one for the whole of a call; across an `await`, hold `load_full` of it.
    #[must_use]
    pub fn active(&self) -> arc_swap::Guard<Arc<ActiveSet>> {
        self.active.load()
    }

    /// The Table 3 that new loads are judged against.
    #[must_use]
    pub const fn table3(&self) -> &Arc<Table3> {
        &self.table3
    }

    /// Changes whenever the active set does.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.flips.subscribe()
    }

    /// How the loads of this server ended so far.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Begins a load.
    ///
    /// # Errors
    /// [`LoadError::InProgress`] while another is under way, [`LoadError::IssuedInFuture`], [`LoadError::ShuttingDown`],
    /// [`LoadError::BaseNotActive`].
    pub fn begin(self: &Arc<Self>, header: LoadHeader) -> Result<Attempt, LoadError> {
        match self.turn_for(&header) {
            Ok(turn) => Attempt::start(Arc::clone(self), turn, header),
            Err(error) => {
                self.note_turned_away(&header, &error);
                Err(error)
            }
        }
    }

    /// The turn, for a load of which nothing is known yet that stands against it.
    fn turn_for(&self, header: &LoadHeader) -> Result<Turn, LoadError> {
        let now = self.now();
        if header.issue_time.duration_since(now) > CLOCK_SKEW {
            return Err(LoadError::IssuedInFuture { issue_time: header.issue_time, now });
        }
        if let Some(base) = &header.base_load_id {
            self.may_be_changed(header.region, base)?;
        }
        self.turns.take(header.region).map_err(|taken| match taken {
            Taken::By(region) => LoadError::InProgress { region },
            Taken::ForGood => LoadError::ShuttingDown,
        })
    }

    /// Spares the sender of a delta the upload where it can be told already that its base is not active. A load that was
    /// made of that base may be this very one, sent again: that shows when its file is here.
    fn may_be_changed(&self, region: CspRegion, base: &str) -> Result<(), LoadError> {
        let active = self.answering(region).map(|active| active.manifest().load_id.clone());
        let made_of_it = |manifest: &Manifest| manifest.base_load_id.as_deref() == Some(base);
        if active.as_deref() == Some(base) || self.catalogue().retained.values().any(|load| made_of_it(load)) {
            return Ok(());
        }
        Err(LoadError::BaseNotActive { base: base.to_owned(), region, active })
    }

    /// One load, retained or refused.
    ///
    /// # Errors
    /// [`LoadError::NotFound`].
    pub fn get(&self, load_id: &str) -> Result<LoadRecord, LoadError> {
        self.catalogue().get(load_id).ok_or_else(|| not_found(load_id))
    }

    /// A page of loads, newest first.
    ///
    /// # Errors
    /// [`LoadError::PageToken`] for a token that is not this server's, or came with other filters.
    pub fn list(&self, filter: ListFilter, page_size: usize, page_token: &str) -> Result<Page, LoadError> {
        self.catalogue().list(filter, page_size, page_token)
    }

    /// The rejects of a load that lie after a line. Blocks, as does each step of the iterator.
    ///
    /// # Errors
    /// [`LoadError::NotFound`] for a load that is not known.
    pub fn rejects(
        &self,
        load_id: &str,
        after_line: u32,
    ) -> Result<impl Iterator<Item = Result<Reject, LoadError>> + Send + use<>, LoadError> {
        let read = || {
            let refused = self.get(load_id)?.state == LoadState::Refused;
            let directory = if refused { self.data.refused(load_id) } else { self.data.load(load_id) };
            Ok(store::read_rejects(&directory, after_line)?)
        };
        // A directory that is gone was deleted or replaced since the load was looked up: it is looked up again.
        let rejects = read().or_else(|error: LoadError| if error.is_missing() { read() } else { Err(error) })?;
        Ok(rejects.map(|reject| reject.map_err(LoadError::from)))
    }

    /// Stops the load in progress, if there is one, and waits until it is gone and all is noted.
    pub async fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        self.turns.close().await;
        let audit = self.audit.clone();
        // It fails when the runtime ends meanwhile.
        let _settled = task::spawn_blocking(move || audit.settle()).await;
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// The limits and guards that the next load meets.
    #[must_use]
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    /// Takes other limits and guards into force for the loads that begin from now on. The data directory stays.
    pub fn set(&self, mut settings: Settings) {
        settings.data_dir.clone_from(&self.settings.load().data_dir);
        self.settings.store(Arc::new(settings));
    }

    const fn data(&self) -> &DataDir {
        &self.data
    }

    const fn reaper(&self) -> &Reaper {
        &self.reaper
    }

    const fn closing(&self) -> &AtomicBool {
        &self.closing
    }

    fn limits(&self) -> Limits {
        limits(&self.settings.load(), self.data.incoming().join("texts.spill"))
    }

    /// The catalogue as it is now.
    fn catalogue(&self) -> arc_swap::Guard<Arc<Catalogue>> {
        self.catalogue.load()
    }

    /// Changes the catalogue, and gives back what the change did. It is done again when another came between.
    fn change<T>(&self, change: impl Fn(&mut Catalogue) -> T) -> T {
        let mut before = self.catalogue.load();
        loop {
            let mut after = Catalogue::clone(&before);
            let told = change(&mut after);
            let found = self.catalogue.compare_and_swap(&before, Arc::new(after));
            if Arc::ptr_eq(&found, &before) {
                return told;
            }
            before = found;
        }
    }

    /// The load a region answers from; `None` too for one that is damaged.
    fn answering(&self, region: CspRegion) -> Option<Arc<SealedLoad>> {
        self.active.load().load(region).map(|active| Arc::clone(active.sealed()))
    }

    /// The outcome of a submission that is here already: active means done, retained is for ActivateCoverageLoad. `active`
    /// is the load that the region answers from.
    fn present(&self, load_id: &str, active: Option<&str>, wanted: Wanted) -> Result<Option<Submitted>, LoadError> {
        let Some(record) = self.catalogue().get(load_id) else { return Ok(None) };
        match record.state {
            LoadState::Active => Ok(Some(Submitted { record, already_present: true })),
            LoadState::Superseded => Err(LoadError::Retained { load_id: load_id.to_owned() }),
            LoadState::Staged if record.manifest.staged && record.judged_against() == active => match wanted {
                Wanted::Staged => Ok(Some(Submitted { record, already_present: true })),
                Wanted::Active | Wanted::Judged => Err(LoadError::Retained { load_id: load_id.to_owned() }),
            },
            // Refused before, or staged when another load was active: judged afresh. Damaged: sent again, and welcome.
            // Staged without having been asked for: a crash came between its sealing and its activation, and its sender
            // never heard of it.
            LoadState::Refused | LoadState::Damaged | LoadState::Staged | LoadState::DryRun => Ok(None),
        }
    }
}

fn limits(settings: &Settings, spill: PathBuf) -> Limits {
    Limits { max_decompressed: settings.max_decompressed, max_rows: settings.max_rows, ..Limits::new(spill) }
}

/// What a caller sent as an id is quoted no longer than an id can be.
fn not_found(load_id: &str) -> LoadError {
    const LONGEST: usize = 60;
    LoadError::NotFound { load_id: load_id.chars().take(LONGEST).collect() }
}
