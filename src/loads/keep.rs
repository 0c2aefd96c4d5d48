//! The thread that hashes the bytes as sent and keeps the file, while another reads its rows.

use std::{io::Write as _, path::PathBuf, thread};

use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::{
    ingest::Encoding,
    store::{KeptFile, StoreError},
};

use super::{LoadError, room::A_LOOK, upload::Part};

/// What is hashed and compressed at once, before others may have the processor: some 50 µs, as with
/// [`Breath`](crate::ingest::Breath).
const PIECE: usize = 16 << 10;

/// What was kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    /// Of the bytes as sent.
    pub(super) sha256: [u8; 32],
    /// Bytes as sent.
    pub(super) bytes: u64,
}

/// Runs to the end of the upload; `None` when it was broken off. Before each [`A_LOOK`] bytes `room` says whether the
/// disk has room for them.
pub(super) fn keep(
    mut parts: mpsc::Receiver<Part>,
    directory: &PathBuf,
    encoding: Encoding,
    room: impl Fn() -> Result<(), LoadError>,
) -> Result<Option<Kept>, LoadError> {
    let mut file = KeptFile::create(directory, encoding)?;
    let mut hash = Sha256::new();
    let mut length = 0;
    let mut looked_up_to = 0;
    let writing = || StoreError::io("keeping the file in", directory);
    loop {
        match parts.blocking_recv() {
            Some(Part::Bytes(bytes)) => {
                length += bytes.len() as u64;
                if length > looked_up_to {
                    room()?;
                    looked_up_to = length + A_LOOK;
                }
                for piece in bytes.chunks(PIECE) {
                    hash.update(piece);
                    file.write_all(piece).map_err(writing())?;
                    thread::yield_now();
                }
            }
            Some(Part::End) => break,
            Some(Part::Stop) | None => return Ok(None),
        }
    }
    file.finish().map_err(writing())?;
    Ok(Some(Kept { sha256: hash.finalize().into(), bytes: length }))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use bytes::Bytes;

    use super::*;

    /// Keeps so many chunks of 1 MiB; the disk fills up after so many looks.
    fn kept(chunks: usize, looks: usize) -> (Result<Option<Kept>, LoadError>, usize) {
        let directory = tempfile::tempdir().unwrap();
        let (send, parts) = mpsc::channel(chunks + 1);
        for _ in 0..chunks {
            send.try_send(Part::Bytes(Bytes::from_static(&[b'x'; 1 << 20]))).unwrap();
        }
        send.try_send(Part::End).unwrap();
        let looked = Cell::new(0);
        let room = || {
            looked.set(looked.get() + 1);
            if looked.get() > looks { Err(StoreError::DiskFull { needed: 2, free: 1 }.into()) } else { Ok(()) }
        };
        (keep(parts, &directory.path().to_owned(), Encoding::Identity, room), looked.get())
    }

    #[test]
    fn the_disk_is_looked_at_as_the_file_comes_and_a_full_one_ends_it() {
        let (result, looks) = kept(20, 99);
        assert_eq!((result.unwrap().unwrap().bytes, looks), (20 << 20, 3));
        for looks in 0..3 {
            let (result, looked) = kept(20, looks);
            assert!(matches!(result, Err(LoadError::Store(StoreError::DiskFull { .. }))), "after {looks} looks");
            assert_eq!(looked, looks + 1);
        }
        let (result, looks) = kept(0, 0);
        assert_eq!((result.unwrap().unwrap().bytes, looks), (0, 0));
    }
}
