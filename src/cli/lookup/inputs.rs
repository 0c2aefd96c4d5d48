//! The locations to look up, from the command line and from a file, in bounded memory.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    thread,
};

use tokio::sync::mpsc;

use crate::cli::exit::Failure;

/// The most a batch call takes.
const BATCH: usize = 1000;
/// The bytes of a line that are kept. No location is longer; a file without line ends must not fill memory.
const LINE: usize = 256;

/// Every location in order, in batches of 1,000: those of the command line first, then the file's lines that are not
/// blank.
///
/// # Errors
/// [`Failure::File`] when the file cannot be opened; one that fails later ends the batches with the same.
pub(super) fn batches(
    locations: Vec<String>,
    file: Option<PathBuf>,
) -> Result<mpsc::Receiver<Result<Vec<String>, Failure>>, Failure> {
    let lines = file.map(Lines::open).transpose()?;
    let (send, receive) = mpsc::channel(1);
    // A thread of its own: reading standard input may block for ever, and must not keep the program from ending.
    let feed = move || feed(locations.into_iter().map(Ok).chain(lines.into_iter().flatten()), &send);
    thread::Builder::new().name("locations".to_owned()).spawn(feed).map_err(Failure::Machine)?;
    Ok(receive)
}

/// Stops early when nobody wants more.
fn feed(
    mut locations: impl Iterator<Item = Result<String, Failure>>,
    send: &mpsc::Sender<Result<Vec<String>, Failure>>,
) {
    loop {
        let batch = locations.by_ref().take(BATCH).collect::<Result<Vec<_>, _>>();
        let last = batch.as_ref().map_or(true, |batch| batch.len() < BATCH);
        let empty = batch.as_ref().is_ok_and(Vec::is_empty);
        if (!empty && send.blocking_send(batch).is_err()) || last {
            return;
        }
    }
}

struct Lines {
    path: PathBuf,
    from: Box<dyn BufRead + Send>,
    first: bool,
}

impl Lines {
    fn open(path: PathBuf) -> Result<Self, Failure> {
        let from: Box<dyn BufRead + Send> = if path == Path::new("-") {
            Box::new(BufReader::new(io::stdin()))
        } else {
            match File::open(&path) {
                Ok(file) => Box::new(BufReader::new(file)),
                Err(source) => return Err(Failure::File { path, source }),
            }
        };
        Ok(Self { path, from, first: true })
    }

    fn line(&mut self) -> io::Result<Option<String>> {
        let mut bytes = Vec::new();
        if self.from.by_ref().take(LINE as u64).read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        let whole = bytes.ends_with(b"\n") || self.from.fill_buf()?.is_empty();
        let mut text = String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned();
        if !whole {
            self.from.skip_until(b'\n')?;
            // What was cut must not look like a location that was not.
            text.push('…');
        }
        if std::mem::take(&mut self.first) && text.starts_with('\u{feff}') {
            text.remove(0);
        }
        Ok(Some(text))
    }
}

impl Iterator for Lines {
    type Item = Result<String, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.line() {
                Ok(Some(text)) if text.trim().is_empty() => {}
                Ok(line) => return line.map(Ok),
                Err(source) => return Some(Err(Failure::File { path: self.path.clone(), source })),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: impl Into<Vec<u8>>) -> Vec<String> {
        let from = Box::new(io::Cursor::new(bytes.into()));
        Lines { path: PathBuf::new(), from, first: true }.map(Result::unwrap).collect()
    }

    #[test]
    fn lines_are_locations_and_blank_ones_are_not() {
        assert_eq!(read("\u{feff}AA1 1AA\r\n\n  \n aa11ab \nAA1 1AC"), ["AA1 1AA", " aa11ab ", "AA1 1AC"]);
        assert_eq!(read(""), Vec::<String>::new());
    }

    #[test]
    fn a_line_that_is_cut_cannot_pass_for_a_location() {
        let long = format!("AA1 1AA{}X\nAA1 1AB\n", " ".repeat(100_000));
        let lines = read(long);
        assert_eq!(lines.len(), 2);
        assert!(lines[0].starts_with("AA1 1AA ") && lines[0].ends_with('…') && lines[0].len() < 300);
        assert_eq!(lines[1], "AA1 1AB");
    }

    #[test]
    fn bytes_that_are_not_utf8_still_make_a_line() {
        assert_eq!(read(b"AA1\xff1AA\n"), ["AA1\u{fffd}1AA"]);
    }

    #[test]
    fn batches_hold_a_thousand_and_keep_the_order() {
        let names = |range: std::ops::Range<usize>| range.map(|n| n.to_string()).collect::<Vec<_>>();
        for (count, sizes) in [(0, vec![]), (1, vec![1]), (1000, vec![1000]), (2500, vec![1000, 1000, 500])] {
            let mut batches = batches(names(0..count), None).unwrap();
            let mut got = Vec::new();
            let mut all = Vec::new();
            while let Some(batch) = batches.blocking_recv() {
                let batch = batch.unwrap();
                got.push(batch.len());
                all.extend(batch);
            }
            assert_eq!(got, sizes);
            assert_eq!(all, names(0..count));
        }
    }
}
