//! `wan-matrix serve` as a process of its own.

use std::{
    env,
    fs::{self, File},
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use tonic::transport::{Channel, Endpoint};

/// What the first line says before the address.
const READY: &str = "gRPC listening on ";

/// A server that answers; killed when dropped.
#[derive(Debug)]
pub struct Served {
    child: Child,
    addr: SocketAddr,
    log: PathBuf,
    /// Held, so that the server may go on writing.
    _stdout: BufReader<ChildStdout>,
}

impl Served {
    /// Starts the server on a data directory and any free port. Its log goes beside the directory. Returns once calls
    /// are answered.
    pub fn start(data_dir: &Path) -> Self {
        let log = data_dir.with_extension("log");
        let mut command = Command::new(env!("CARGO_BIN_EXE_wan-matrix"));
        command.arg("serve").arg("--data-dir").arg(data_dir);
        command.args(["--listen", "127.0.0.1:0", "--admin-listen", "off", "--log-format", "json"]);
        // What happens to be set here must not change what is proved or measured.
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("WAN_MATRIX_")) {
            command.env_remove(name);
        }
        // One caller asks all there is to ask, as fast as it goes.
        command.env("WAN_MATRIX_LIMITS_CALLS_PER_SECOND", "1000000");
        let stderr = File::create(&log).unwrap();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let addr = line.trim_end().strip_prefix(READY).and_then(|addr| addr.parse().ok());
        let addr = addr.unwrap_or_else(|| panic!("no server: {line:?}\n{}", fs::read_to_string(&log).unwrap()));
        Self { child, addr, log, _stdout: stdout }
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where it listens.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// A connection to it.
    pub async fn connect(&self) -> Channel {
        connect(self.addr).await
    }

    /// The lines it has logged, each a JSON object.
    pub fn log(&self) -> Vec<serde_json::Value> {
        let log = fs::read_to_string(&self.log).unwrap();
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Ends it in order: what it holds in memory is on disk afterwards.
    pub fn stop(mut self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success(), "the server's end: see {}", self.log.display());
    }
}

/// A connection to whoever listens there.
pub async fn connect(addr: SocketAddr) -> Channel {
    Endpoint::try_from(format!("http://{addr}")).unwrap().tcp_nodelay(true).connect().await.unwrap()
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already; a killed process is waited for, so that its data directory is free.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}
