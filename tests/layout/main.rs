//! The rooms of ARCHITECTURE.md, and who may enter whom: what the compiler does not hold, held here.
//!
//! Each breach is printed as `file:line`, what it names, and the rule it breaks. Test code may enter any room.

#![expect(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

mod paths;
mod rooms;
mod source;

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Every `.rs` file below a folder, in a steady order.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let mut files = Vec::new();
    for entry in entries {
        if entry.is_dir() {
            files.extend(rust_files(&entry));
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            files.push(entry);
        }
    }
    files
}

#[test]
fn every_room_imports_only_what_lies_below_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = rust_files(&src);
    assert!(files.len() > 10, "the walk of {} found only {} files", src.display(), files.len());

    let mut breaches = Vec::new();
    for file in &files {
        let inside = file.strip_prefix(&src).unwrap();
        breaches.extend(rooms::breaches(inside, &fs::read_to_string(file).unwrap()));
    }
    assert!(breaches.is_empty(), "{} breaches:\n{}\n", breaches.len(), breaches.join("\n"));
}

#[test]
fn every_room_is_in_architecture_md() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let told = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    for entry in fs::read_dir(root.join("src")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let room = if entry.path().is_dir() { format!("| `{name}/` |") } else { format!("| `{name}` |") };
        assert!(name == "lib.rs" || told.contains(&room), "ARCHITECTURE.md has no line of the rooms' table for {name}");
    }
}
