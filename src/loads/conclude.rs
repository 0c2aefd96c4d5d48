//! From a file that came whole to a load: known already or new, made whole, compared, judged; then refused, or sealed and
//! flipped, or neither in a dry run.

use std::{sync::atomic::Ordering, thread, time::Instant};

use crate::{
    ingest::{FileError, Ingested, Premises, Reject, Report, Row, Scanned, TextTable, Unaccepted},
    store::{
        self, AuditEvent, Compared, DeltaError, FORMAT, Manifest, Merged, Packed, SealedLoad, StoreError, read_kept,
    },
};

use super::{
    LoadError, LoadRecord, LoadState, Loads, Submitted, Wanted,
    flip::JudgedAgainst,
    guards,
    identity::Identity,
    priority::yield_to_lookups,
    process::{Process, Received},
    room::{A_KEPT_PREMISES, Needs},
};

/// What a file that was not refused came to.
pub(super) enum Concluded {
    /// Its end: it was here already, or it was a dry run.
    Submitted(Box<Submitted>),
    /// A load that is whole on disk, and the load that was active when it was judged.
    Sealed { load: Box<SealedLoad>, judged_against: Option<String> },
}

/// All coverage of the region as the load has it, and what was in the file.
struct Whole {
    rows: Vec<Row>,
    premises: Premises,
    texts: TextTable,
    report: Report,
    rejects: Vec<Reject>,
}

impl Process {
    /// Checks what was announced, then settles, judges and seals.
    pub(super) fn conclude(&self, received: Received) -> Result<Concluded, LoadError> {
        let Received { kept, content_sha256, scanned } = received;
        let (loads, header) = (&self.loads, &self.header);
        guards::as_announced(header, &kept.sha256, scanned.rows())?;
        let identity = Identity::of(header, &content_sha256, &loads.table3().sha256());
        // Held to the end: the load that the new one is merged with and judged against.
        let active = loads.answering(header.region);
        let active_id = active.as_ref().map(|active| active.manifest().load_id.clone());
        if let Some(present) = loads.present(&identity.load_id, active_id.as_deref(), header.wanted)? {
            return Ok(Concluded::Submitted(Box::new(present)));
        }
        let base = self.base(active.as_deref())?;

        let mut manifest = Manifest {
            format: FORMAT,
            load_id: identity.load_id,
            region: header.region,
            issue_time: header.issue_time,
            reference: header.reference.clone(),
            received: self.received,
            submitter: header.submitter.clone(),
            base_load_id: header.base_load_id.clone(),
            encoding: header.encoding,
            sha256: hex::encode(kept.sha256),
            content_sha256: hex::encode(content_sha256),
            identity: identity.sha256,
            table3_sha256: hex::encode(loads.table3().sha256()),
            bytes_sent: kept.bytes,
            bytes_decompressed: scanned.bytes_decompressed(),
            report: Report::default(),
            compared: None,
            guards: Vec::new(),
            override_note: String::new(),
            staged: header.wanted == Wanted::Staged,
            packed: None,
        };
        let settling = Instant::now();
        let Whole { rows, premises, texts, report, rejects } = match self.settle(scanned, base) {
            Err(LoadError::File(FileError::NoAcceptedRow(unaccepted))) => {
                return Err(self.refuse_unaccepted(manifest, *unaccepted));
            }
            settled => settled?,
        };
        manifest.report = report;
        let settled = settling.elapsed();
        let packing = Instant::now();
        let (compared, blocks) = self.compare_and_pack(&manifest, active.as_deref(), &rows, &premises, &texts)?;
        drop((rows, premises, texts));
        manifest.compared = compared;
        self.judge(&mut manifest, active.as_deref(), &rejects)?;
        let Some(blocks) = blocks else {
            return Ok(Concluded::Submitted(Box::new(self.judged(manifest))));
        };
        manifest.format = blocks.format();
        manifest.packed = Some(blocks);
        store::write_rejects(&self.directory, &rejects)?;
        let packed = packing.elapsed();
        if loads.closing().load(Ordering::Relaxed) {
            return Err(LoadError::ShuttingDown);
        }
        let sealed = store::seal(loads.data(), &self.directory, manifest, loads.table3(), loads.reaper())?;
        tracing::info!(
            load_id = sealed.load.manifest().load_id,
            rows = sealed.load.manifest().report.rows,
            set_aside = sealed.load.manifest().report.set_aside,
            settle_ms = settled.as_millis(),
            pack_ms = packed.as_millis(),
            verify_ms = sealed.verify.as_millis(),
            sync_ms = sealed.sync.as_millis(),
            "load sealed"
        );
        Ok(Concluded::Sealed { load: Box::new(sealed.load), judged_against: active_id })
    }

    /// Enters a sealed load, and flips unless it is to wait. Others who change what is active wait for this meanwhile, so it is
    /// not for a thread that waits for the processor itself.
    pub(super) fn enter(&self, concluded: Concluded) -> Result<Submitted, LoadError> {
        let (load, judged_against) = match concluded {
            Concluded::Submitted(submitted) => return Ok(*submitted),
            Concluded::Sealed { load, judged_against } => (*load, JudgedAgainst::JustNow(judged_against)),
        };
        let enter = if load.manifest().staged { Loads::stage } else { Loads::admit };
        let entered = enter(&self.loads, load, &self.header.submitter, judged_against);
        match entered {
            Ok(record) => Ok(Submitted { record, already_present: false }),
            // It was loaded and deleted, and each has its line: it did not fail as well.
            Err(error @ (LoadError::Overtaken { .. } | LoadError::BaseNotActive { .. })) => Err(error),
            Err(error) => {
                self.loads.note_failure(&self.header, &error);
                Err(error)
            }
        }
    }

    /// The load that a delta changes, which must be the one that answers.
    fn base<'a>(&self, active: Option<&'a SealedLoad>) -> Result<Option<&'a SealedLoad>, LoadError> {
        let Some(base) = &self.header.base_load_id else { return Ok(None) };
        match active.filter(|active| active.manifest().load_id == *base) {
            Some(active) => Ok(Some(active)),
            None => Err(LoadError::BaseNotActive {
                base: base.clone(),
                region: self.header.region,
                active: active.map(|active| active.manifest().load_id.clone()),
            }),
        }
    }

    /// Holds the rows against each other and, for a delta, makes the whole of them and their base.
    fn settle(&self, scanned: Scanned, base: Option<&SealedLoad>) -> Result<Whole, LoadError> {
        let reread = || read_kept(&self.directory, self.header.encoding);
        let mut ingested = scanned.settle(reread)?;
        let Some(base) = base else {
            let Ingested { rows, premises, texts, report, rejects } = ingested;
            return Ok(Whole { rows, premises, texts, report, rejects });
        };
        // The base's premises are sorted again and gathered with the delta's.
        let premises = base.manifest().premises_rows() + ingested.premises.rows();
        if premises > 0 {
            self.loads.room_for(Needs { premises, ..Needs::default() }, &self.settings)?;
        }
        let limits = self.limits();
        let merged = store::apply(base, &ingested, self.loads.table3(), limits.rejects_kept, &self.directory);
        let merged = merged.map_err(|error| match error {
            DeltaError::Store(error) => LoadError::Store(error),
            DeltaError::TableChanged { .. } => {
                LoadError::BaseTableChanged { base: base.manifest().load_id.clone(), said: error.to_string() }
            }
        })?;
        let Merged { rows, premises, texts, unknown_deletes, unknown_premises, .. } = merged;
        ingested.set_aside_unknown_deletes(&unknown_deletes, &unknown_premises, &limits, reread)?;
        let Ingested { report, rejects, .. } = ingested;
        Ok(Whole { rows, premises, texts, report, rejects })
    }

    /// Compares the rows with those of the load that answers, and packs them meanwhile: most loads are good, and what is
    /// packed of one that is not goes with the rest of it. A dry run is not packed. The rows of a delta are kept too, for its
    /// file alone could not bring them back.
    fn compare_and_pack(
        &self,
        manifest: &Manifest,
        active: Option<&SealedLoad>,
        rows: &[Row],
        premises: &Premises,
        texts: &TextTable,
    ) -> Result<(Option<Compared>, Option<Packed>), LoadError> {
        let (directory, table3) = (&self.directory, self.loads.table3());
        let keeps = self.header.wanted != Wanted::Judged;
        if keeps {
            let (rows, premises) = (rows.len() as u64, premises.rows());
            let file = if manifest.base_load_id.is_some() { premises * A_KEPT_PREMISES } else { 0 };
            let needs = Needs { rows, premises, texts: texts.bytes(), file };
            self.loads.room_for(needs, &self.settings)?;
        }
        let compare = |active: &SealedLoad| {
            let changes = store::compare(active, rows, premises, texts, table3.region(self.header.region))?;
            Ok(Compared { with: active.manifest().load_id.clone(), changes })
        };
        thread::scope(|scope| {
            let beside = scope.spawn(|| -> Result<_, StoreError> {
                yield_to_lookups();
                if keeps && manifest.base_load_id.is_some() {
                    store::write_rows(directory, rows, premises, texts)?;
                }
                active.map(compare).transpose()
            });
            let packed = keeps.then(|| store::pack(directory, rows, premises, texts, table3, manifest));
            let compared = beside.join().map_err(|_| LoadError::Thread)?;
            Ok((compared?, packed.transpose()?))
        })
    }

    /// Lets the guards judge the load by its report and by what it changes. The manifest hears of what stood against it.
    fn judge(&self, manifest: &mut Manifest, active: Option<&SealedLoad>, rejects: &[Reject]) -> Result<(), LoadError> {
        let damaged = if active.is_none() { self.loads.damaged_active(manifest.region) } else { None };
        let active = active.map(SealedLoad::manifest);
        let judged = guards::judge(manifest, active, damaged.as_deref(), &self.settings.thresholds, &self.header);
        if manifest.guards.iter().any(|guard| guard.overridden) {
            manifest.override_note.clone_from(&self.header.override_note);
        }
        judged.map_err(|tripped| {
            let refusal = |load_id, dry_run| LoadError::Guards { load_id, tripped, dry_run };
            self.refuse(manifest.clone(), refusal, rejects)
        })
    }

    fn refuse_unaccepted(&self, mut manifest: Manifest, unaccepted: Unaccepted) -> LoadError {
        let said = FileError::NoAcceptedRow(Box::new(unaccepted.clone())).to_string();
        manifest.report = unaccepted.report;
        let refusal = |load_id, dry_run| LoadError::NoAcceptedRow { load_id, said, dry_run };
        self.refuse(manifest, refusal, &unaccepted.rejects)
    }

    /// Keeps the record of a refused load; of a dry run the error itself carries it, and an audit line stays.
    fn refuse(
        &self,
        manifest: Manifest,
        refusal: impl FnOnce(String, Option<Box<Manifest>>) -> LoadError,
        rejects: &[Reject],
    ) -> LoadError {
        let load_id = manifest.load_id.clone();
        if self.header.wanted != Wanted::Judged {
            return self.loads.refuse(manifest, refusal(load_id, None), rejects);
        }
        let (region, by) = (manifest.region, &self.header.submitter);
        let refusal = refusal(load_id.clone(), Some(Box::new(manifest)));
        self.loads.note_refusal(AuditEvent::DryRun, region, &load_id, by, &refusal);
        refusal
    }

    /// The end of a dry run that nothing stood against.
    fn judged(&self, manifest: Manifest) -> Submitted {
        let (region, by) = (manifest.region, &self.header.submitter);
        self.loads.audit(AuditEvent::DryRun, region, &manifest.load_id, by, "it would be taken");
        let record = LoadRecord { manifest, state: LoadState::DryRun, activated: None, refusal: None };
        Submitted { record, already_present: false }
    }
}
