//! The targets, for a bounded time and from a seed that is printed.
//!
//! `WAN_MATRIX_FUZZ_SECONDS` (2) and `WAN_MATRIX_FUZZ_SEED` (fixed, so that a run can be repeated) change how long and
//! from where. The seeds are those of cargo-fuzz, in `fuzz/seeds/`.

use std::{
    env, fs,
    panic::catch_unwind,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::mutate::Mutator;

fn number(variable: &str, default: u64) -> u64 {
    env::var(variable).map_or(default, |text| text.parse().unwrap())
}

/// The seeds, and whether each must be accepted; one that must not is called `refused_…`.
fn seeds(target: &str) -> Vec<(bool, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    // In a steady order: the sequence of inputs depends on it.
    files.sort();
    let refused = |file: &PathBuf| file.file_name().unwrap().to_string_lossy().starts_with("refused_");
    files.iter().map(|file| (!refused(file), fs::read(file).unwrap())).collect()
}

/// Runs a target on its seeds and on what becomes of them.
fn run(target: &str, accepts: fn(&[u8]) -> bool, words: &'static [&'static [u8]]) {
    let seconds = Duration::from_secs(number("WAN_MATRIX_FUZZ_SECONDS", 2));
    let seed = number("WAN_MATRIX_FUZZ_SEED", 0x05EE_D0FD_015E_A5ED);
    let seeds = seeds(target);
    let mut counts = [0u64; 2];
    let mut feed = |input: &[u8]| match catch_unwind(|| accepts(input)) {
        Ok(accepted) => counts[usize::from(accepted)] += 1,
        Err(_) => panic!("{target}, WAN_MATRIX_FUZZ_SEED={seed}: this input broke it: \"{}\"", input.escape_ascii()),
    };
    for (acceptable, input) in &seeds {
        assert_eq!(accepts(input), *acceptable, "{target}: the seed \"{}\"", input.escape_ascii());
    }
    let mut mutator = Mutator::new(seed, seeds.into_iter().map(|(_, input)| input).collect(), words);
    let until = Instant::now() + seconds;
    while Instant::now() < until {
        for _ in 0..16 {
            feed(&mutator.next());
        }
    }
    let [refused, accepted] = counts;
    println!("{target}: WAN_MATRIX_FUZZ_SEED={seed}, {accepted} inputs accepted, {refused} refused");
    // Inputs that are all refused, or all accepted, never get to where it hurts.
    assert!(accepted > 20 && refused > 20, "{target}: {accepted} accepted, {refused} refused");
}

#[test]
fn every_folder_of_seeds_has_its_target() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let folders = fs::read_dir(root.join("seeds")).unwrap().map(|entry| entry.unwrap());
    let folders: Vec<_> = folders.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name()).collect();
    assert_eq!(folders.len(), 4);
    for folder in folders {
        let name = folder.to_str().unwrap();
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name} is not in fuzz/Cargo.toml");
        let target = fs::read_to_string(root.join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(target.contains(&format!("wan_matrix::fuzzing::{name}(data)")), "{name}: {target}");
    }
}

#[test]
fn postcodes() {
    run(
        "postcode",
        super::postcode,
        &[b" ", b"AA1 1AA", b"GIR 0AA", b"\xc2\xa0", b"\t", b"1", b"A", b"Z", b"-", b"\xff"],
    );
}

#[test]
fn coverage_files() {
    run(
        "ingest",
        super::ingest,
        &[
            b"\n",
            b"\r\n",
            b",",
            b"\"",
            b"\"\"",
            b" ",
            b"AA1 1AA",
            b"2020-01-01",
            b"Unknown",
            b"Cellular",
            b"High",
            b"Low",
            b"postcode",
            b"uprn",
            b"address_identifier",
            b"999900000001",
            b"Flat 1, 12",
            b"\xef\xbb\xbf",
            b"\x1f\x8b",
            b"\x28\xb5\x2f\xfd",
            b"\xff",
            b"\0",
        ],
    );
}

#[test]
fn duis_documents() {
    run(
        "duis",
        super::duis,
        &[
            b"<",
            b">",
            b"/>",
            b"</",
            b"&",
            b"&amp;",
            b"&#10;",
            b"&#x0;",
            b"&#xD;",
            b"]]>",
            b"<![CDATA[",
            b"<!--",
            b"-->",
            b"<?x ?>",
            b"<!DOCTYPE a [",
            b"xmlns='",
            b"sr:",
            b"schemaVersion=\"5.4\"",
            b"<sr:UPRN>1</sr:UPRN>",
            b"12.1",
            b" ",
            b"\r",
            b"\n",
            b"true",
            b"High",
            b"Unknown",
            b"2020-01-01",
            b"\xc2\xa0",
            b"\xff",
            b"\0",
        ],
    );
}

#[test]
fn stored_blocks() {
    run(
        "block",
        super::block,
        &[b"\0", b"\x01", b"\xff", b"p", b"t", b"u", b"x", b"\0\0\0\x01", b"\xff\xff", b"\x01\x90"],
    );
}
