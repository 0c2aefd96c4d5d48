//! Loads that a disk spoilt.

use std::{fs, path::Path};

/// Overwrites what the load's database holds.
pub(crate) fn damage_blocks(data_dir: &Path, load_id: &str) {
    let db = data_dir.join("loads").join(load_id).join("blocks/db");
    let mut bytes = fs::read(&db).unwrap();
    let written = bytes.iter().rposition(|&byte| byte != 0).unwrap();
    bytes[..=written].fill(0xA5);
    fs::write(&db, bytes).unwrap();
}

/// Cuts the file that the load could be rebuilt from.
pub(crate) fn damage_kept_file(data_dir: &Path, load_id: &str) {
    let kept = data_dir.join("loads").join(load_id).join("file.csv.zst");
    let bytes = fs::read(&kept).unwrap();
    fs::write(&kept, &bytes[..bytes.len() / 2]).unwrap();
}
