//! `rejects.jsonl`: the rows that were set aside, one JSON object a line, in the order of the file.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, BufWriter, Write as _},
    path::Path,
};

use crate::ingest::Reject;

use super::StoreError;

const FILE: &str = "rejects.jsonl";

/// Writes the kept rejects into a load's directory.
///
/// # Errors
/// [`StoreError::Io`].
pub fn write_rejects(directory: &Path, rejects: &[Reject]) -> Result<(), StoreError> {
    let path = directory.join(FILE);
    let write = || {
        let mut out = BufWriter::new(File::create(&path)?);
        for reject in rejects {
            serde_json::to_writer(&mut out, reject)?;
            out.write_all(b"\n")?;
        }
        out.flush()
    };
    write().map_err(StoreError::io("writing", &path))
}

/// Reads the rejects of a load's directory on lines after `after_line`, one at a time.
///
/// # Errors
/// [`StoreError::Io`] at once when there is no such file, [`StoreError::Damaged`] as an item for a line that cannot be
/// read.
pub fn read_rejects(
    directory: &Path,
    after_line: u32,
) -> Result<impl Iterator<Item = Result<Reject, StoreError>> + Send + use<>, StoreError> {
    let path = directory.join(FILE);
    let file = match File::open(&path) {
        Ok(file) => Some(file),
        // A load without rejects need not keep a file of none.
        Err(error) if error.kind() == io::ErrorKind::NotFound && directory.is_dir() => None,
        Err(error) => return Err(StoreError::io("opening", path)(error)),
    };
    let lines = file.into_iter().flat_map(|file| BufReader::new(file).lines());
    let read = move |line: io::Result<String>| {
        let line = line.map_err(StoreError::io("reading", &path))?;
        serde_json::from_str::<Reject>(&line).map_err(|error| StoreError::damaged(&path, error.to_string()))
    };
    Ok(lines.map(read).filter(move |item| !matches!(item, Ok(reject) if reject.line <= after_line)))
}
