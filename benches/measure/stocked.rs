//! A national set, and a data directory that holds it.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::rig::{Announced, CoverageFile, Postcodes, Served, submit};

/// When the loads are announced to have been issued: seconds since 1970, 2025-12-01.
pub const ISSUED: i64 = 1_764_547_200;

/// A national set on disk; gone when dropped.
#[derive(Debug)]
pub struct Stock {
    pub postcodes: Postcodes,
    pub files: Vec<CoverageFile>,
    home: TempDir,
}

impl Stock {
    /// Makes the files of the whole country.
    pub fn new() -> Self {
        Self::of(Postcodes::national())
    }

    /// Makes the files for these.
    pub fn of(postcodes: Postcodes) -> Self {
        // Beside the build, not in a memory file system: what is synced is synced in earnest.
        let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let files = postcodes.write(&home.path().join("files"), 1);
        let stock = Self { postcodes, files, home };
        println!("{}: {} rows in {} files, {:.0} MB", stock.postcodes, stock.rows(), stock.files.len(), stock.bytes());
        stock
    }

    pub fn rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }

    /// In megabytes of a million bytes.
    pub fn bytes(&self) -> f64 {
        self.files.iter().map(|file| file.bytes).sum::<u64>() as f64 / 1e6
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Loads every file, one after the other.
    pub async fn load(&self, server: &Served) {
        let channel = server.connect().await;
        for file in &self.files {
            let announced = Announced { issued: ISSUED, reference: file.region.slug().to_owned() };
            if let Err(status) = submit(channel.clone(), file, &announced).await {
                panic!("{}: {}\n{:#?}", file.region, status.message(), server.log());
            }
        }
    }

    /// A data directory that holds the set, as an orderly end leaves it.
    pub async fn data_dir(&self) -> PathBuf {
        let data_dir = self.path("stocked");
        let server = Served::start(&data_dir);
        self.load(&server).await;
        server.stop();
        data_dir
    }
}

/// Copies a directory and what is in it.
pub fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for item in fs::read_dir(from)? {
        let item = item?;
        let to = to.join(item.file_name());
        if item.file_type()?.is_dir() {
            copy_tree(&item.path(), &to)?;
        } else {
            fs::copy(item.path(), to)?;
        }
    }
    Ok(())
}

/// Bytes of the files below a directory for which `counts` says yes: as long as they are, and as the disk holds them.
pub fn disk(directory: &Path, counts: &impl Fn(&Path) -> bool) -> [u64; 2] {
    let mut sum = [0, 0];
    for item in fs::read_dir(directory).unwrap() {
        let path = item.unwrap().path();
        let metadata = path.metadata().unwrap();
        let of_item = match (metadata.is_dir(), counts(&path)) {
            (true, _) => disk(&path, counts),
            (false, true) => [metadata.len(), metadata.blocks() * 512],
            (false, false) => [0, 0],
        };
        sum = [sum[0] + of_item[0], sum[1] + of_item[1]];
    }
    sum
}
