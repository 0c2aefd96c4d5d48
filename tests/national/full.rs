//! `just national`: the national proof for every live postcode of Great Britain, or as many invented ones.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a proof says so by failing")]

mod proof;
mod rig;

fn main() {
    // Beside the build, not in a memory file system: the loads are synced as in earnest.
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    proof::prove(&rig::Postcodes::national(), directory.path());
}
