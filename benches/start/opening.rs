//! The bare process: this benchmark itself, started again to open databases and nothing else.

use std::{
    env, fs,
    io::{Read as _, Write as _},
    path::Path,
    process::{self, Command, ExitCode, Stdio},
    time::Instant,
};

/// Set for the bare process: the data directory.
pub(crate) const CHILD: &str = "WAN_MATRIX_BENCH_OPEN";

/// Seconds from the start of a process to its word that every database of a data directory is open.
pub(crate) fn measure(data_dir: &Path) -> f64 {
    let started = Instant::now();
    let mut child =
        Command::new(env::current_exe().unwrap()).env(CHILD, data_dir).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = [0; 4];
    child.stdout.take().unwrap().read_exact(&mut said).unwrap();
    let seconds = started.elapsed().as_secs_f64();
    assert_eq!(&said, b"open");
    child.wait().unwrap();
    seconds
}

/// Opens one database after the other, with the store's own settings, and says so. Closing is not measured.
pub(crate) fn child(data_dir: &Path) -> ExitCode {
    let loads = fs::read_dir(data_dir.join("loads")).unwrap();
    let open = |load: fs::DirEntry| {
        let config = sled::Config::new().path(load.path().join("blocks"));
        let config = config.cache_capacity(8 << 20).segment_size(128 << 10);
        config.flush_every_ms(None).mode(sled::Mode::HighThroughput).open().unwrap()
    };
    let databases: Vec<sled::Db> = loads.map(|load| open(load.unwrap())).collect();
    let mut out = std::io::stdout();
    out.write_all(b"open").and_then(|()| out.flush()).unwrap();
    assert_eq!(databases.len(), 5);
    process::exit(0)
}
