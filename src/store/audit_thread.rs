//! The one thread that writes the audit log.
//!
//! Lines come from threads that yield to lookups and from threads that do not. Written by whoever has them, a line of the
//! former would keep one of the latter waiting, for as long as the processor is busy, while it holds the file.

use std::{
    io,
    path::Path,
    sync::{Arc, mpsc},
    thread,
};

use super::{
    StoreError,
    audit::{AuditLine, AuditLog, Files, Rotation, current},
    data_dir::DataDir,
};

/// What the thread is handed.
#[derive(Debug)]
pub(super) enum Job {
    /// Whole lines, and who waits until they are on disk, if anybody does.
    Append(Vec<u8>, Option<mpsc::Sender<Result<(), StoreError>>>),
    /// Nothing, and who waits until all before it is done.
    Settle(mpsc::Sender<()>),
}

impl AuditLog {
    /// The log of a data directory. Its thread has the priority of this one, and ends with the last handle.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(data: &DataDir, rotation: Rotation) -> io::Result<Self> {
        let files = Arc::new(Files::new(data.root(), rotation));
        let (thread, jobs) = mpsc::channel();
        let writing = Arc::clone(&files);
        thread::Builder::new().name("audit".to_owned()).spawn(move || run(&writing, jobs))?;
        Ok(Self { files, thread })
    }

    /// Appends lines, by one write, and waits until they are on disk. Blocks.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn append(&self, lines: &[AuditLine<'_>]) -> Result<(), StoreError> {
        let (tell, told) = mpsc::channel();
        self.hand(Job::Append(self.words(lines)?, Some(tell)))?;
        told.recv().unwrap_or_else(|_| Err(self.gone()))
    }

    /// Appends a line, and does not wait for it: a fault is logged.
    ///
    /// # Errors
    /// [`StoreError`] when it is known already that it will not be written.
    pub fn append_later(&self, line: &AuditLine<'_>) -> Result<(), StoreError> {
        self.hand(Job::Append(self.words(std::slice::from_ref(line))?, None))
    }

    /// Waits until every line that was handed over is on disk. Blocks.
    pub fn settle(&self) {
        let (tell, told) = mpsc::channel();
        if self.hand(Job::Settle(tell)).is_ok() {
            // A thread that ended has nothing left to write.
            let _settled = told.recv();
        }
    }

    fn words(&self, lines: &[AuditLine<'_>]) -> Result<Vec<u8>, StoreError> {
        let mut words = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut words, line)
                .map_err(|error| StoreError::damaged(&self.path(), error.to_string()))?;
            words.push(b'\n');
        }
        Ok(words)
    }

    fn hand(&self, job: Job) -> Result<(), StoreError> {
        self.thread.send(job).map_err(|_| self.gone())
    }

    fn gone(&self) -> StoreError {
        let path = self.path();
        StoreError::io("writing", &path)(io::Error::other("the thread that writes it has ended"))
    }

    fn path(&self) -> std::path::PathBuf {
        current(&self.files.root)
    }
}

fn run(files: &Files, jobs: mpsc::Receiver<Job>) {
    for job in jobs {
        match job {
            Job::Append(lines, waiting) => {
                let written = files.append(&lines);
                match (waiting, written) {
                    (Some(waiting), written) => {
                        // Whoever waited may be gone; the lines are there all the same.
                        let _unheard = waiting.send(written);
                    }
                    (None, Err(error)) => unwritten(&files.root, &lines, &error),
                    (None, Ok(())) => {}
                }
            }
            Job::Settle(waiting) => {
                let _unheard = waiting.send(());
            }
        }
    }
}

/// A log that cannot be written is loud, and undoes nothing.
fn unwritten(root: &Path, lines: &[u8], error: &StoreError) {
    let lines = String::from_utf8_lossy(lines);
    tracing::error!(lines = lines.trim_end(), root = %root.display(), %error, "the audit log cannot be written");
}

#[cfg(test)]
mod tests {
    use std::fs;

    use jiff::Timestamp;

    use super::*;
    use crate::store::AuditEvent;

    fn line(load_id: &str) -> AuditLine<'_> {
        let (region, by, event) = ("south", "operator", AuditEvent::Loaded);
        AuditLine { time: Timestamp::UNIX_EPOCH, event, region, load_id, by, reason: "", note: "" }
    }

    fn ids(log: &AuditLog) -> Vec<String> {
        let text = fs::read_to_string(log.path()).unwrap();
        let id =
            |line| serde_json::from_str::<serde_json::Value>(line).unwrap()["load_id"].as_str().unwrap().to_owned();
        text.lines().map(id).collect()
    }

    #[test]
    fn lines_lie_in_the_order_in_which_they_were_handed_over_whether_or_not_they_are_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let log = AuditLog::start(&DataDir::open(dir.path()).unwrap(), Rotation::default()).unwrap();
        let wanted: Vec<_> = (0..30).map(|number| format!("south-{number}")).collect();
        for three in wanted.chunks(3) {
            log.append_later(&line(&three[0])).unwrap();
            log.append(&[line(&three[1]), line(&three[2])]).unwrap();
            assert!(ids(&log).ends_with(three), "what was waited for is there, and what came before it");
        }
        log.append_later(&line("last")).unwrap();
        log.settle();
        assert_eq!(ids(&log), [&*wanted, &["last".to_owned()]].concat());
    }

    #[test]
    fn whoever_waits_hears_of_a_log_that_cannot_be_written_and_the_next_is_written_once_it_can_be() {
        let dir = tempfile::tempdir().unwrap();
        let log = AuditLog::start(&DataDir::open(dir.path()).unwrap(), Rotation::default()).unwrap();
        fs::create_dir(log.path()).unwrap();
        let error = log.append(&[line("south-1")]).unwrap_err();
        assert!(error.to_string().contains("audit.jsonl"), "{error}");
        log.append_later(&line("south-2")).unwrap();
        log.settle();
        fs::remove_dir(log.path()).unwrap();
        log.append(&[line("south-3")]).unwrap();
        assert_eq!(ids(&log), ["south-3"]);
    }
}
