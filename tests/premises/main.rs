//! The premises proof at a size for every day: invented postcodes, a real server process. `just premises` has it whole.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test says so by failing")]

mod altered;
mod proof;
#[path = "../national/rig/mod.rs"]
mod rig;
mod source;

#[test]
fn every_premises_is_answered_by_its_own_row_and_every_postcode_counts_its_premises() {
    let directory = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let files = rig::Postcodes::Invented(1_500).write_premises(&directory.path().join("files"), 1, 9);
    let server = rig::Served::start(&directory.path().join("data"));
    let tally = runtime.block_on(async {
        proof::load(&server, &files).await;
        proof::ask_all(&server, &files, 1).await
    });
    tally.assert_proved(files.iter().map(|file| file.rows).sum());
    server.stop();

    // Once more from disk alone.
    let server = rig::Served::start(&directory.path().join("data"));
    let tally = runtime.block_on(proof::ask_all(&server, &files, 7));
    tally.assert_proved(files.iter().map(|file| file.rows).sum());
    server.stop();
}

#[test]
fn after_a_delta_every_premises_is_answered_as_by_the_whole_file() {
    let directory = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let files = rig::Postcodes::Invented(1_500).write_premises(&directory.path().join("files"), 2, 9);
    let altered: Vec<_> = files.iter().map(|file| altered::alter(file, directory.path())).collect();
    let whole: Vec<_> = altered.iter().map(|altered| altered.whole.clone()).collect();
    let rows = whole.iter().map(|file| file.rows).sum();
    let server = rig::Served::start(&directory.path().join("data"));
    runtime.block_on(async {
        proof::load(&server, &files).await;
        let compared = altered::load_deltas(&server, &altered).await;
        assert!(compared.iter().take(3).all(|made| {
            [made.new, made.removed, made.postcode_changed, made.likelihood_changed].iter().all(|&figure| figure > 20)
        }));
        proof::ask_all(&server, &whole, 1).await.assert_proved(rows);
        assert!(altered::ask_gone(&server, &altered).await > 100);
    });
    server.stop();

    // Once more from disk alone.
    let server = rig::Served::start(&directory.path().join("data"));
    runtime.block_on(async {
        proof::ask_all(&server, &whole, 7).await.assert_proved(rows);
        altered::ask_gone(&server, &altered).await;
    });
    server.stop();
}
