//! A load from its first byte to its last: received, checked, judged, sealed, flipped. Any failure on the way leaves
//! every answer as it was.

use std::{
    fs,
    io::{self, Read},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Instant,
};

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::{
    ingest::{self, Encoding, FileError, FileKind, Ingested, Limits, Scanned, Unaccepted},
    store::{self, FORMAT, Manifest, StoreError, read_kept, remove_dir},
};

use super::{
    LoadError, LoadHeader, Loads, Submitted,
    flip::JudgedAgainst,
    guards,
    identity::Identity,
    keep::{Kept, keep},
    upload::{Part, UploadReader},
};

/// One load's work.
pub(super) struct Process {
    loads: Arc<Loads>,
    header: LoadHeader,
    received: Timestamp,
    directory: PathBuf,
    keeper: mpsc::Sender<Part>,
}

/// A file that came whole and could be read.
struct Received {
    kept: Kept,
    content_sha256: [u8; 32],
    scanned: Scanned,
}

impl Process {
    pub(super) fn new(loads: Arc<Loads>, header: LoadHeader, keeper: mpsc::Sender<Part>) -> Self {
        let received = loads.now();
        let directory = loads.data().incoming().join("load");
        Self { loads, header, received, directory, keeper }
    }

    pub(super) fn run(
        self,
        reader_parts: mpsc::Receiver<Part>,
        keeper_parts: mpsc::Receiver<Part>,
    ) -> Result<Submitted, LoadError> {
        yield_to_lookups();
        let begin = || {
            remove_dir(&self.directory)?;
            fs::create_dir_all(&self.directory).map_err(StoreError::io("creating", &self.directory))
        };
        let result = begin()
            .map_err(LoadError::from)
            .and_then(|()| self.receive(reader_parts, keeper_parts))
            .and_then(|received| self.conclude(received));
        // A sealed load has moved away; whatever is still here belongs to nobody.
        if let Err(error) = remove_dir(&self.directory) {
            // The next load, and the next start, try again.
            tracing::error!(%error, "what a load left behind could not be removed");
        }
        result
    }

    /// Reads the rows on this thread while another hashes and keeps the bytes.
    fn receive(
        &self,
        reader_parts: mpsc::Receiver<Part>,
        keeper_parts: mpsc::Receiver<Part>,
    ) -> Result<Received, LoadError> {
        let (directory, encoding) = (self.directory.clone(), self.header.encoding);
        let keeping = move || {
            yield_to_lookups();
            keep(keeper_parts, &directory, encoding)
        };
        let keeping =
            thread::Builder::new().name("load-keep".to_owned()).spawn(keeping).map_err(|_| LoadError::Thread)?;

        let abandoned = Arc::new(AtomicBool::new(false));
        let read = self.read(UploadReader::new(reader_parts, Arc::clone(&abandoned)));
        if read.is_err() {
            // Fails only when the keeper has ended already.
            let _ended = self.keeper.blocking_send(Part::Stop);
        }
        let kept = keeping.join().map_err(|_| LoadError::Thread)?;
        match (read, kept) {
            // A disk that is full is the reason for whatever the reader met then.
            (_, Err(error)) => Err(error),
            (Err(_), _) if abandoned.load(Ordering::Relaxed) => Err(self.loads.broken_off()),
            (Err(error), _) => Err(error),
            (Ok(_), Ok(None)) => Err(self.loads.broken_off()),
            (Ok((scanned, content_sha256)), Ok(Some(kept))) => {
                Ok(Received { kept, content_sha256: content_sha256.unwrap_or(kept.sha256), scanned })
            }
        }
    }

    /// The rows, and the sha256 of the content where that differs from the bytes as sent.
    fn read(&self, upload: UploadReader) -> Result<(Scanned, Option<[u8; 32]>), LoadError> {
        let settings = self.loads.settings();
        let limits = Limits {
            max_decompressed: settings.max_decompressed,
            max_rows: settings.max_rows,
            ..Limits::new(self.directory.join("texts.spill"))
        };
        let variants = self.loads.table3().region(self.header.region);
        let encoding = self.header.encoding;
        let unreadable = |source| FileError::Unreadable { after: 0, source };
        let mut content = Content {
            inner: ingest::decoder(encoding, upload).map_err(unreadable)?,
            hash: (encoding != Encoding::Identity).then(Sha256::new),
        };
        let scanned = ingest::read(&mut content, FileKind::Full, variants, &limits, self.loads.closing())?;
        Ok((scanned, content.hash.map(|hash| hash.finalize().into())))
    }

    /// Checks what was announced, then settles, judges, seals and flips.
    fn conclude(&self, received: Received) -> Result<Submitted, LoadError> {
        let Received { kept, content_sha256, scanned } = received;
        let (loads, header, directory) = (&self.loads, &self.header, &self.directory);
        guards::as_announced(header, &kept.sha256, scanned.rows())?;
        let table3 = loads.table3();
        let identity = Identity::of(header, &content_sha256, &table3.sha256());
        if let Some(present) = loads.present(&identity.load_id)? {
            return Ok(present);
        }

        let judged_against = JudgedAgainst::Load(loads.active_id(header.region));
        let settling = Instant::now();
        let bytes_decompressed = scanned.bytes_decompressed();
        let reread = || read_kept(directory, header.encoding);
        let manifest = |report| Manifest {
            format: FORMAT,
            load_id: identity.load_id.clone(),
            region: header.region,
            issue_time: header.issue_time,
            reference: header.reference.clone(),
            received: self.received,
            submitter: header.submitter.clone(),
            base_load_id: None,
            encoding: header.encoding,
            sha256: hex::encode(kept.sha256),
            content_sha256: hex::encode(content_sha256),
            identity: identity.sha256.clone(),
            table3_sha256: hex::encode(table3.sha256()),
            bytes_sent: kept.bytes,
            bytes_decompressed,
            report,
            compared: None,
            guards: Vec::new(),
            override_note: String::new(),
            packed: None,
        };
        let Ingested { rows, premises, texts, report, rejects } = match scanned.settle(reread) {
            Err(FileError::NoAcceptedRow(unaccepted)) => {
                let said = FileError::NoAcceptedRow(unaccepted.clone()).to_string();
                let Unaccepted { report, rejects } = *unaccepted;
                let refusal = LoadError::NoAcceptedRow { load_id: identity.load_id.clone(), said };
                return Err(loads.refuse(manifest(report), refusal, &rejects));
            }
            settled => settled?,
        };
        let mut manifest = manifest(report);
        let settled = settling.elapsed();
        if let Err(refusal) = guards::judge(&manifest, loads.settings()) {
            return Err(loads.refuse(manifest, refusal, &rejects));
        }

        let packing = Instant::now();
        guards::disk(loads.data(), rows.len(), premises.rows())?;
        let packed = store::pack(directory, &rows, &premises, &texts, table3, &manifest)?;
        manifest.format = packed.format();
        manifest.packed = Some(packed);
        drop((rows, premises, texts));
        store::write_rejects(directory, &rejects)?;
        let packed = packing.elapsed();
        if loads.closing().load(Ordering::Relaxed) {
            return Err(LoadError::ShuttingDown);
        }
        let sealed = store::seal(loads.data(), directory, manifest, table3, loads.reaper())?;
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
        let record = loads.admit(sealed.load, &header.submitter, judged_against)?;
        Ok(Submitted { record, already_present: false })
    }
}

/// The file itself, decompressed, hashed as it passes unless the bytes as sent are hashed elsewhere already.
struct Content<R> {
    inner: R,
    hash: Option<Sha256>,
}

impl<R: Read> Read for Content<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(into)?;
        if let (Some(hash), Some(bytes)) = (&mut self.hash, into.get(..length)) {
            hash.update(bytes);
        }
        Ok(length)
    }
}

/// Lookups come first: the threads of a load take what processor time they leave.
fn yield_to_lookups() {
    const NICE: i32 = 10;
    // On Linux this is the calling thread's own priority. A system that refuses only makes lookups a little slower.
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "a load's thread keeps its ordinary priority");
    }
}
