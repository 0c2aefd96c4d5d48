//! The server as a process: what its signals do, and what it does when the system gives no more.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says so by failing")]

#[path = "common/listening.rs"]
mod listening;

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use listening::listening;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);

struct Process {
    child: Child,
    addr: SocketAddr,
    log: fs::File,
    directory: TempDir,
}

impl Process {
    /// A server with this configuration; `limit` is the system's on open files, as `ulimit` sets it: `-n 64`, `-S -n 64`.
    fn start(text: &str, limit: Option<&str>) -> Self {
        let directory = TempDir::new().unwrap();
        fs::write(directory.path().join("wan-matrix.toml"), text).unwrap();
        let log = fs::File::options().create(true).append(true).read(true).open(directory.path().join("log")).unwrap();
        let limited = limit.map_or_else(String::new, |files| format!("ulimit {files}; "));
        let mut child = Command::new("sh")
            .args([
                "-c",
                &format!(
                    "{limited}exec \"$0\" serve --config wan-matrix.toml --listen 127.0.0.1:0 --admin-listen off \
                     --log-format json"
                ),
            ])
            .arg(env!("CARGO_BIN_EXE_wan-matrix"))
            .current_dir(directory.path())
            .stdout(Stdio::piped())
            .stderr(log.try_clone().unwrap())
            .spawn()
            .unwrap();
        let (addr, _) = listening(&mut child);
        Self { addr, child, log, directory }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until the log has a line with all of these words.
    fn logs(&self, words: &[&str]) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let text = fs::read_to_string(self.directory.path().join("log")).unwrap();
            if let Some(line) = text.lines().find(|line| words.iter().all(|word| line.contains(word))) {
                return line.to_owned();
            }
            assert!(Instant::now() < until, "no line with {words:?} in\n{text}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn ends(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < until, "it does not end");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Exit code of a command that asks it.
    fn asked(&self) -> Option<i32> {
        let server = self.addr.to_string();
        let ask = Command::new(env!("CARGO_BIN_EXE_wan-matrix")).args(["variants", "--server", &server]).output();
        ask.unwrap().status.code()
    }

    /// Processor time so far, in hundredths of a second.
    fn ticks(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[test]
fn one_signal_ends_it_in_order_and_a_second_at_once() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut server = Process::start("health_listen = \"127.0.0.1:0\"", None);
        // Ports that the system chose are told.
        server.logs(&["serving", &server.addr.to_string(), "\"health\":\"127.0.0.1:"]);
        server.signal(signal);
        assert_eq!(server.ends().code(), Some(0));
        server.logs(&["the server has ended"]);
    }
    let mut server = Process::start("shutdown.delay_seconds = 600", None);
    server.signal(Signal::TERM);
    server.logs(&["shutting down", "SIGTERM"]);
    // It answers for the moment that was configured.
    assert_eq!(server.asked(), Some(0));
    server.signal(Signal::TERM);
    assert_eq!(server.ends().code(), Some(70));
    let mut said = String::new();
    server.log.read_to_string(&mut said).unwrap_or_default();
    server.logs(&["error: stopped at once by a second signal"]);
}

#[test]
fn a_hang_up_reloads_what_can_be_and_says_what_cannot() {
    let server = Process::start("log.level = \"info\"", None);
    let file = server.directory.path().join("wan-matrix.toml");
    fs::write(&file, "log.level = \"debug\"\nexpected_regions = [\"north\"]\nlimits.max_rows = 7\nconnections.max = 1")
        .unwrap();
    server.signal(Signal::HUP);
    server.logs(&["expected_regions", "takes effect at the next start only"]);
    server.logs(&["the configuration is reloaded", "connections.max, limits.max_rows, log.level"]);
    // The level is in force: this is said at debug only.
    drop(TcpStream::connect(server.addr).unwrap());
    server.logs(&["DEBUG", "a connection did not begin"]);
    // And the limits are.
    let server_url = format!("http://{}", server.addr);
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/data/sample/south.csv");
    let mut load = Command::new(env!("CARGO_BIN_EXE_wan-matrix"));
    let load =
        load.args(["load", "--region", "south", "--issued-from-mtime", sample, "--server", &server_url]).output();
    assert!(String::from_utf8(load.unwrap().stderr).unwrap().contains("LOAD_TOO_LARGE"));
    let held = TcpStream::connect(server.addr).unwrap();
    thread::sleep(Duration::from_millis(200));
    assert_eq!(server.asked(), Some(69));
    drop(held);

    fs::write(&file, "log.level = \"loud\"").unwrap();
    server.signal(Signal::HUP);
    server.logs(&["the configuration is wrong; nothing is reloaded", "log.level is "]);
    let files = "tls.cert = \"a\"\ntls.key = \"b\"\naccess.without_certificate = \"planner\"";
    fs::write(&file, format!("log.level = \"error\"\n{files}")).unwrap();
    server.signal(Signal::HUP);
    server.logs(&["TLS and client certificates are turned on or off by a restart only"]);
    thread::sleep(Duration::from_millis(200));
    // Nothing of it is in force, the level neither: what is said at debug is said once more.
    let said = |words: &str| fs::read_to_string(server.directory.path().join("log")).unwrap().matches(words).count();
    let before = said("a connection did not begin");
    drop(TcpStream::connect(server.addr).unwrap());
    let until = Instant::now() + PATIENCE;
    while said("a connection did not begin") == before {
        assert!(Instant::now() < until, "the level is another");
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(server.asked(), Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn when_files_run_out_it_waits_without_spinning_and_answers_again() {
    let server = Process::start("connections.handshake_seconds = 600", Some("-n 64"));
    let mut held = Vec::new();
    while held.len() < 100 {
        held.push(TcpStream::connect(server.addr).unwrap());
    }
    server.logs(&["no connection can be accepted", "Too many open files"]);
    let (ticks, seconds) = (server.ticks(), 2);
    thread::sleep(Duration::from_secs(seconds));
    let spent = server.ticks() - ticks;
    assert!(spent < 20 * seconds, "{spent} hundredths of a second in {seconds} seconds");
    drop(held);
    let until = Instant::now() + PATIENCE;
    while server.asked() != Some(0) {
        assert!(Instant::now() < until, "it does not answer any more");
        thread::sleep(Duration::from_millis(50));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_limit_on_open_files_is_raised_as_far_as_may_be_and_one_that_is_too_small_is_told() {
    let open_files = |server: &Process| {
        let limits = fs::read_to_string(format!("/proc/{}/limits", server.child.id())).unwrap();
        let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap().to_owned();
        line.split_whitespace().next().unwrap().parse::<u32>().unwrap()
    };
    const SHORT: &str = "connections may be open (connections.max) and need some";
    let enough = Process::start("connections.max = 500", Some("-S -n 64"));
    assert!(open_files(&enough) >= 500, "{}", open_files(&enough));
    enough.logs(&["serving"]);
    assert!(!fs::read_to_string(enough.directory.path().join("log")).unwrap().contains(SHORT));
    // Another configuration may need more.
    fs::write(enough.directory.path().join("wan-matrix.toml"), "connections.max = 600").unwrap();
    enough.signal(Signal::HUP);
    enough.logs(&["the configuration is reloaded"]);
    assert!(open_files(&enough) >= 600, "{}", open_files(&enough));

    let short = Process::start("connections.max = 500", Some("-n 300"));
    assert_eq!(open_files(&short), 300);
    let line = short.logs(&["WARN", "500 ", SHORT, "may have 300"]);
    assert!(line.contains("LimitNOFILE"), "{line}");
    for (limit, told) in [("-n 300", true), ("-S -n 300", false)] {
        let check = Command::new("sh")
            .args(["-c", &format!("ulimit {limit}; exec \"$0\" config check")])
            .arg(env!("CARGO_BIN_EXE_wan-matrix"))
            .output()
            .unwrap();
        let said = String::from_utf8(check.stderr).unwrap();
        assert_eq!((check.status.code(), said.contains(SHORT)), (Some(0), told), "{limit}: {said}");
        assert_eq!(String::from_utf8(check.stdout).unwrap(), "the configuration can be served with\n");
    }
}

/// Who reads the log may go away, and the disk that it is on may be full: no load and no shutdown fails for that.
#[test]
fn a_log_that_cannot_be_written_takes_nothing_with_it() {
    let directory = TempDir::new().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_wan-matrix"))
        .args(["serve", "--listen", "127.0.0.1:0", "--admin-listen", "off", "--data-dir"])
        .arg(directory.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    let url = format!("http://{}", listening(&mut child).0);
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/data/sample/south.csv");
    let load = ["load", "--region", "south", "--issued", "2026-02-01T03:00:00Z", sample, "--server", &url];
    let loaded = Command::new(env!("CARGO_BIN_EXE_wan-matrix")).args(load).output().unwrap();
    assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
}

/// What an admin listener answers.
fn get(admin: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(admin).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Who reads the log may stall, and the pipe between be full: that holds no call, no probe and no signal.
#[test]
fn a_log_that_nobody_reads_holds_nothing_up() {
    for (signals, code) in [(1, 0), (2, 70)] {
        let directory = TempDir::new().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_wan-matrix"))
            .args(["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data-dir"])
            .arg(directory.path().join("data"))
            .env("WAN_MATRIX_LOG_LEVEL", "trace")
            .env("WAN_MATRIX_SHUTDOWN_DELAY_SECONDS", if signals > 1 { "600" } else { "0" })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (addr, _) = listening(&mut child);
        let mut line = String::new();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let admin = loop {
            line.clear();
            log.read_line(&mut line).unwrap();
            let told: serde_json::Value = serde_json::from_str(&line).unwrap();
            if told["fields"]["message"] == "serving" {
                break told["fields"]["admin"].as_str().unwrap().parse().unwrap();
            }
        };
        // From here on nobody reads.
        let mut server = Process { child, addr, log: fs::File::open("/dev/null").unwrap(), directory };
        let until = Instant::now() + PATIENCE;
        while get(admin, "/metrics").contains("\nwan_matrix_log_lines_lost_total 0\n") {
            assert!(Instant::now() < until, "no line is lost");
            assert_eq!(server.asked(), Some(0));
        }
        assert_eq!(server.asked(), Some(0));
        assert!(get(admin, "/livez").ends_with("alive\n"));
        let begun = Instant::now();
        for _ in 0..signals {
            server.signal(Signal::TERM);
            thread::sleep(Duration::from_millis(100));
        }
        assert_eq!(server.ends().code(), Some(code));
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        drop(log);
    }
}

#[test]
fn a_configuration_that_cannot_be_served_with_is_78_and_names_file_and_key() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("wan-matrix.toml");
    let files = "tls.cert = \"cert.pem\"\ntls.key = \"key.pem\"\naccess.without_certificate = \"planner\"\n";
    for (text, said) in [
        ("listen = \"0.0.0.0:0\"", "wan-matrix.toml: listen is 0.0.0.0:0, which others can reach"),
        ("listen = \"0.0.0.0:0\"", "set allow_plaintext = true"),
        ("admin.listen = \"0.0.0.0:0\"", "wan-matrix.toml: admin.listen is 0.0.0.0:0, which others can reach"),
        (files, "wan-matrix.toml: tls.cert: cannot read cert.pem: "),
        ("tls.cert = \"a\"", "wan-matrix.toml: tls.cert is set, and tls.key is missing"),
        ("connections.max = 0", "connections.max is 0; expected a whole number from 1 to 100000"),
    ] {
        fs::write(&file, text).unwrap();
        for command in [&["serve"][..], &["config", "check"]] {
            let mut run = Command::new(env!("CARGO_BIN_EXE_wan-matrix"));
            let output = run.args(command).arg("--config").arg(&file).current_dir(directory.path()).output().unwrap();
            let words = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(78), "{command:?} {text}: {words}");
            assert!(words.contains(said), "{command:?} {text}: {words}");
        }
        assert!(!directory.path().join("var").exists(), "it was begun: {text}");
    }
}
