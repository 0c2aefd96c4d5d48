//! The national proof at a size for every day: invented postcodes, a real server process. `just national` has it whole.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test says so by failing")]

mod proof;
mod rig;

#[test]
fn every_answer_is_what_the_source_files_say_also_during_reloads() {
    let directory = tempfile::tempdir().unwrap();
    proof::prove(&rig::Postcodes::Invented(20_000), directory.path());
}
