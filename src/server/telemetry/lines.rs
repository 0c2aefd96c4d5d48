//! Log lines on their way out, which nobody who logs waits for.
//!
//! Who reads standard error may stall with its pipe full, and a write would then hold whoever logs: on one thread, that is
//! the whole server. So lines wait in a queue for a thread of their own. What finds the queue full, or cannot be written, is
//! lost and counted: a line is worth less than a call.

use std::{
    io::{self, Write},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use tracing_subscriber::fmt::MakeWriter;

/// Lines that wait: about a megabyte of them, and a second of a busy server at debug.
const WAITING: usize = 4096;
/// How long the last words may take.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Of the process, as the log is.
static LOST: AtomicU64 = AtomicU64::new(0);

/// Lines that were not written.
pub(in crate::server) fn lost() -> u64 {
    LOST.load(Ordering::Relaxed)
}

/// Takes lines in.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    queue: SyncSender<Vec<u8>>,
    progress: Arc<Progress>,
}

/// How far the writing is.
#[derive(Debug, Default)]
struct Progress {
    queued: AtomicU64,
    written: Mutex<u64>,
    moved: Condvar,
}

impl Progress {
    fn written(&self) -> MutexGuard<'_, u64> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits a moment for the last words when it is dropped.
#[derive(Debug)]
pub(super) struct LastWords(Arc<Progress>);

/// A queue, and the thread that writes what is in it.
pub(super) fn start(to: impl Write + Send + 'static) -> (Lines, LastWords) {
    let (queue, waiting) = sync_channel(WAITING);
    let progress = Arc::new(Progress::default());
    let lines = Lines { queue, progress: Arc::clone(&progress) };
    let written = Arc::clone(&progress);
    // A machine that has no thread for this has none for the server either, which says so as it ends.
    let _no_thread = thread::Builder::new().name("log".to_owned()).spawn(move || write(&waiting, to, &written));
    (lines, LastWords(progress))
}

fn write(waiting: &Receiver<Vec<u8>>, mut to: impl Write, progress: &Progress) {
    for line in waiting {
        // The pipe's reader may be gone, or the disk full.
        if to.write_all(&line).is_err() {
            LOST.fetch_add(1, Ordering::Relaxed);
        }
        *progress.written() += 1;
        progress.moved.notify_all();
    }
}

/// The subscriber hands over whole lines, one a call.
impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // Before it is sent: whoever waits for the last words must not find fewer than there are.
        self.progress.queued.fetch_add(1, Ordering::Relaxed);
        if self.queue.try_send(line.to_owned()).is_err() {
            self.progress.queued.fetch_sub(1, Ordering::Relaxed);
            LOST.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Drop for LastWords {
    fn drop(&mut self) {
        let queued = self.0.queued.load(Ordering::Relaxed);
        let waited = self.0.moved.wait_timeout_while(self.0.written(), LAST_WORDS, |written| *written < queued);
        // What nobody has read by now is lost with the process.
        drop(waited);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::mpsc::{Sender, channel},
        time::Instant,
    };

    use super::*;

    /// Writes each line once it may.
    struct Held {
        may: Receiver<()>,
        written: Sender<Vec<u8>>,
    }

    impl Write for Held {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            self.may.recv().map_err(io::Error::other)?;
            self.written.send(line.to_owned()).map_err(io::Error::other)?;
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_stalls_holds_nobody_and_what_it_misses_is_counted() {
        let (go_on, may) = channel();
        let (written, read) = channel();
        let (mut lines, last_words) = start(Held { may, written });
        let before = lost();
        let begun = Instant::now();
        for number in 0..2 * WAITING {
            lines.write_all(format!("{number}\n").as_bytes()).unwrap();
        }
        let missed = lost() - before;
        // One more than wait may be in the writer's hands.
        assert!((WAITING as u64 - 1..=WAITING as u64).contains(&missed), "{missed} lost");
        drop(last_words);
        let took = begun.elapsed();
        assert!(took >= LAST_WORDS && took < LAST_WORDS * 5, "{took:?}");

        // Once it reads again, what waited comes in order.
        for number in 0..WAITING {
            go_on.send(()).unwrap();
            assert_eq!(read.recv().unwrap(), format!("{number}\n").as_bytes());
        }
    }

    #[test]
    fn the_last_words_are_waited_for_and_no_longer_than_they_take() {
        let (go_on, may) = channel();
        let (written, read) = channel();
        let (mut lines, last_words) = start(Held { may, written });
        for word in ["last", "words"] {
            lines.write_all(word.as_bytes()).unwrap();
        }
        let reader = thread::spawn(move || {
            thread::sleep(Duration::from_millis(50));
            for _ in 0..2 {
                go_on.send(()).unwrap();
            }
            go_on
        });
        let begun = Instant::now();
        drop(last_words);
        assert!(begun.elapsed() < LAST_WORDS, "{:?}", begun.elapsed());
        assert_eq!(read.try_iter().collect::<Vec<_>>(), [b"last".to_vec(), b"words".to_vec()]);
        drop(reader.join().unwrap());
    }
}
