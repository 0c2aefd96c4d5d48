//! The one thread that writes the audit log.
//!
//! Lines come from threads that yield to lookups and from threads that do not. Written by whoever has them, a line of the
//! former would keep one of the latter waiting, for as long as the processor is busy, while it holds the file.

use std::{
    fmt, io,
    sync::{Arc, mpsc},
    thread,
};

use super::{
    audit::{AuditLine, AuditLog, Files, Rotation},
    data_dir::DataDir,
};

/// What the thread is handed.
#[derive(Debug)]
pub(super) enum Job {
    /// Whole lines, and who waits until they are on disk or it is known that they will not be, if anybody does.
    Append(Vec<u8>, Option<mpsc::Sender<()>>),
    /// Nothing, and who waits until all before it is done.
    Settle(mpsc::Sender<()>),
}

/// A log that cannot be written is loud, and undoes nothing: whoever appends is told nothing.
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
    pub fn append(&self, lines: &[AuditLine<'_>]) {
        let (tell, told) = mpsc::channel();
        self.hand(Job::Append(words(lines), Some(tell)));
        // Dropped untold, it will not be written.
        let _written = told.recv();
    }

    /// Appends a line, and does not wait for it.
    pub fn append_later(&self, line: &AuditLine<'_>) {
        self.hand(Job::Append(words(std::slice::from_ref(line)), None));
    }

    /// Waits until every line that was handed over is on disk. Blocks.
    pub fn settle(&self) {
        let (tell, told) = mpsc::channel();
        self.hand(Job::Settle(tell));
        // A thread that ended has nothing left to write.
        let _settled = told.recv();
    }

    fn hand(&self, job: Job) {
        if let Err(mpsc::SendError(Job::Append(lines, _))) = self.thread.send(job) {
            unwritten(&lines, &io::Error::other("the thread that writes it has ended"));
        }
    }
}

fn words(lines: &[AuditLine<'_>]) -> Vec<u8> {
    let mut words = Vec::new();
    for line in lines {
        match serde_json::to_vec(line) {
            Ok(line) => words.extend(line.into_iter().chain([b'\n'])),
            Err(error) => {
                tracing::error!(event = ?line.event, %error, "a line of the audit log cannot be put in words");
            }
        }
    }
    words
}

fn run(files: &Files, jobs: mpsc::Receiver<Job>) {
    for job in jobs {
        let waiting = match job {
            Job::Append(lines, waiting) => {
                if let Err(error) = files.append(&lines) {
                    unwritten(&lines, &error);
                }
                waiting
            }
            Job::Settle(waiting) => Some(waiting),
        };
        if let Some(waiting) = waiting {
            // Whoever waited may be gone.
            let _unheard = waiting.send(());
        }
    }
}

fn unwritten(lines: &[u8], error: &dyn fmt::Display) {
    for line in without_notes(lines) {
        tracing::error!(line, %error, "the audit log cannot be written");
    }
}

/// The lines but for their notes: an operator's may name a postcode, which is for the audit log alone.
fn without_notes(lines: &[u8]) -> impl Iterator<Item = String> {
    let lines = lines.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| match serde_json::from_slice(line) {
        Ok(serde_json::Value::Object(mut line)) => {
            line.remove("note");
            serde_json::Value::from(line).to_string()
        }
        _ => "a line that is no JSON".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use jiff::Timestamp;

    use super::*;
    use crate::store::{AuditEvent, audit::current};

    fn line(load_id: &str) -> AuditLine<'_> {
        let (region, by, event) = ("south", "operator", AuditEvent::Loaded);
        AuditLine { time: Timestamp::UNIX_EPOCH, event, region, load_id, by, reason: "", note: "" }
    }

    fn ids(log: &AuditLog) -> Vec<String> {
        let text = fs::read_to_string(current(&log.files.root)).unwrap();
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
            log.append_later(&line(&three[0]));
            log.append(&[line(&three[1]), line(&three[2])]);
            assert!(ids(&log).ends_with(three), "what was waited for is there, and what came before it");
        }
        log.append_later(&line("last"));
        log.settle();
        assert_eq!(ids(&log), [&*wanted, &["last".to_owned()]].concat());
    }

    #[test]
    fn a_log_that_cannot_be_written_holds_nobody_and_the_next_line_is_written_once_it_can_be() {
        let dir = tempfile::tempdir().unwrap();
        let log = AuditLog::start(&DataDir::open(dir.path()).unwrap(), Rotation::default()).unwrap();
        let path = current(dir.path());
        fs::create_dir(&path).unwrap();
        log.append(&[line("south-1")]);
        log.append_later(&line("south-2"));
        log.settle();
        fs::remove_dir(&path).unwrap();
        log.append(&[line("south-3")]);
        assert_eq!(ids(&log), ["south-3"]);
    }

    #[test]
    fn what_is_said_of_a_line_that_cannot_be_written_leaves_out_its_note() {
        let noted = AuditLine { note: "for AA1 1AA", reason: "shrink", ..line("south-1") };
        let said: Vec<_> = without_notes(&words(&[noted, line("south-2")])).collect();
        assert_eq!(said.len(), 2);
        assert!(said[0].contains("south-1") && said[0].contains("shrink") && !said[0].contains("AA1 1AA"), "{said:?}");
        assert!(said[1].contains("south-2"), "{said:?}");
    }
}
