//! A load from its first byte to its last: received and read on two threads, then concluded. Any failure on the way
//! leaves every answer as it was.

use std::{
    fs,
    io::{self, Read},
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::{
    ingest::{self, Encoding, FileError, FileKind, Limits, Scanned},
    store::{StoreError, remove_dir},
};

use super::{
    GivenUp, LoadError, LoadHeader, Loads, Settings, Submitted,
    conclude::Concluded,
    keep::{Kept, keep},
    limits,
    priority::yield_to_lookups,
    room::{A_LOOK, Needs},
    upload::{Part, UploadReader},
};

/// One load's work.
pub(super) struct Process {
    pub(super) loads: Arc<Loads>,
    /// What was in force when it began: a reload is for the loads after it.
    pub(super) settings: Arc<Settings>,
    pub(super) header: LoadHeader,
    pub(super) received: Timestamp,
    pub(super) directory: PathBuf,
    keeper: mpsc::Sender<Part>,
    given_up: Arc<OnceLock<GivenUp>>,
}

/// A file that came whole and could be read.
pub(super) struct Received {
    pub(super) kept: Kept,
    pub(super) content_sha256: [u8; 32],
    pub(super) scanned: Scanned,
}

impl Process {
    /// `given_up` is set before an upload is broken off, unless its sender went away.
    pub(super) fn new(
        loads: Arc<Loads>,
        settings: Arc<Settings>,
        header: LoadHeader,
        keeper: mpsc::Sender<Part>,
        given_up: Arc<OnceLock<GivenUp>>,
    ) -> Self {
        let received = loads.now();
        let directory = loads.data().incoming().join("load");
        Self { loads, settings, header, received, directory, keeper, given_up }
    }

    /// The work is done on threads that yield to lookups. This one does not, and activates what they made: an operator who
    /// activates a load at that moment waits for a thread that runs, however busy the processor is.
    pub(super) fn run(
        self,
        reader_parts: mpsc::Receiver<Part>,
        keeper_parts: mpsc::Receiver<Part>,
    ) -> Result<Submitted, LoadError> {
        let concluded = thread::scope(|scope| {
            let work = || {
                yield_to_lookups();
                self.work(reader_parts, keeper_parts)
            };
            let working = thread::Builder::new().name("load-work".to_owned()).spawn_scoped(scope, work);
            working.map_err(|_| LoadError::Thread)?.join().map_err(|_| LoadError::Thread)?
        });
        concluded.inspect_err(|error| self.loads.note_failure(&self.header, error)).and_then(|whole| self.enter(whole))
    }

    fn work(
        &self,
        reader_parts: mpsc::Receiver<Part>,
        keeper_parts: mpsc::Receiver<Part>,
    ) -> Result<Concluded, LoadError> {
        let begin = || {
            remove_dir(&self.directory)?;
            fs::create_dir_all(&self.directory).map_err(StoreError::io("creating", &self.directory))?;
            // What is announced must fit before any of it is taken.
            let needs = Needs { rows: self.header.row_count.unwrap_or_default(), ..Needs::default() };
            self.loads.room_for(needs, &self.settings)
        };
        let result = begin()
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
        let (loads, settings) = (Arc::clone(&self.loads), Arc::clone(&self.settings));
        let keeping = move || {
            yield_to_lookups();
            let needs = Needs { file: A_LOOK, ..Needs::default() };
            keep(keeper_parts, &directory, encoding, || loads.room_for(needs, &settings))
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
            (Err(_), _) if abandoned.load(Ordering::Relaxed) => Err(self.broken_off()),
            (Err(error), _) => Err(error),
            (Ok(_), Ok(None)) => Err(self.broken_off()),
            (Ok((scanned, content_sha256)), Ok(Some(kept))) => {
                Ok(Received { kept, content_sha256: content_sha256.unwrap_or(kept.sha256), scanned })
            }
        }
    }

    /// Why the upload ended early.
    fn broken_off(&self) -> LoadError {
        match self.given_up.get() {
            _ if self.loads.closing().load(Ordering::Relaxed) => LoadError::ShuttingDown,
            Some(&why) => why.into(),
            None => LoadError::Abandoned,
        }
    }

    /// What the file is announced as.
    pub(super) const fn kind(&self) -> FileKind {
        if self.header.base_load_id.is_some() { FileKind::Delta } else { FileKind::Full }
    }

    pub(super) fn limits(&self) -> Limits {
        limits(&self.settings, self.directory.join("texts.spill"))
    }

    /// The rows, and the sha256 of the content where that differs from the bytes as sent.
    fn read(&self, upload: UploadReader) -> Result<(Scanned, Option<[u8; 32]>), LoadError> {
        let limits = self.limits();
        let variants = self.loads.table3().region(self.header.region);
        let encoding = self.header.encoding;
        let unreadable = |source| FileError::Unreadable { after: 0, source };
        let mut content = Content {
            inner: ingest::decoder(encoding, upload).map_err(unreadable)?,
            hash: (encoding != Encoding::Identity).then(Sha256::new),
        };
        let scanned = ingest::read(&mut content, self.kind(), variants, &limits, self.loads.closing())?;
        Ok((scanned, content.hash.map(|hash| hash.finalize().into())))
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
