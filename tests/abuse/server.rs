//! The server under attack: a process of its own, so that its memory can be told from ours.

use std::{
    fs,
    io::BufReader,
    net::SocketAddr,
    process::{Child, ChildStdout, Command, Stdio},
    sync::Mutex,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::listening::listening;

pub(crate) struct Process {
    child: Mutex<Child>,
    pid: u32,
    addr: SocketAddr,
    _stdout: BufReader<ChildStdout>,
    directory: TempDir,
}

impl Process {
    /// With the sample loaded, and times that are short enough for a test.
    pub(crate) async fn start() -> Self {
        tokio::task::spawn_blocking(|| {
            let directory = TempDir::new().unwrap();
            let log = fs::File::create(directory.path().join("log")).unwrap();
            let mut child = Command::new(env!("CARGO_BIN_EXE_wan-matrix"))
                .args(["serve", "--sample", "--listen", "127.0.0.1:0", "--admin-listen", "off", "--data-dir"])
                .arg(directory.path().join("data"))
                .env("WAN_MATRIX_LIMITS_MAX_REQUEST_SECONDS", "2")
                .env("WAN_MATRIX_CONNECTIONS_HANDSHAKE_SECONDS", "2")
                .stdout(Stdio::piped())
                .stderr(log)
                .spawn()
                .unwrap();
            let (addr, stdout) = listening(&mut child);
            Self { pid: child.id(), child: Mutex::new(child), addr, _stdout: stdout, directory }
        })
        .await
        .unwrap()
    }

    pub(crate) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// In megabytes of a million bytes.
    pub(crate) fn resident_mb(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim_end_matches("kB").trim().parse::<f64>().unwrap() * 1024.0 / 1e6
    }

    pub(crate) fn is_up(&self) -> bool {
        self.child.lock().unwrap().try_wait().unwrap().is_none()
    }

    /// It ends as if nothing had happened.
    pub(crate) fn end(self) {
        let mut child = self.child.lock().unwrap();
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        let log = fs::read_to_string(self.directory.path().join("log")).unwrap();
        assert!(child.wait().unwrap().success(), "{log}");
        assert!(!log.contains("panicked"), "{log}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut child = self.child.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let _ended = child.kill();
        let _ended = child.wait();
    }
}
