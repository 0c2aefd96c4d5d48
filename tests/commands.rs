//! The binary from the outside: its exit codes, and how it treats a reader that goes away.

use std::{
    ffi::OsStr,
    io::{self, BufRead, BufReader, Read},
    os::unix::ffi::OsStrExt as _,
    process::{Command, Output, Stdio},
};

fn wan_matrix() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wan-matrix"));
    command.env_remove("WAN_MATRIX_SERVER");
    command
}

fn run(args: &[&str]) -> io::Result<Output> {
    wan_matrix().args(args).output()
}

#[test]
fn a_wrong_command_line_is_2_and_help_is_0() {
    for (args, code) in [
        (&["--help"][..], 0),
        (&["--version"], 0),
        (&["lookup", "--help"], 0),
        (&["load", "--help"], 0),
        (&["loads", "rejects", "--help"], 0),
        (&["loads", "changes", "--help"], 0),
        (&["loads", "changes", "a"], 2),
        (&["loads", "changes", "a", "b", "--after", "nowhere"], 2),
        (&["duis", "--help"], 0),
        (&["duis", "no/such/file"], 2),
        (&["check", "--help"], 0),
        (&[], 2),
        (&["lookup"], 2),
        (&["lookup", "AA1 1AA", "--as-of", "1 March"], 2),
        (&["lookup", "AA1 1AA", "--server", "https://localhost"], 2),
        (&["lookup", "AA1 1AA", "--server", "ftp://localhost"], 2),
        (&["lookup", "AA1 1AA", "--cert", "a.pem"], 2),
        (&["config", "check"], 0),
        (&["config", "show"], 0),
        (&["config", "check", "--config", "no/such/file"], 78),
        (&["config", "check", "--listen", "0.0.0.0:1"], 78),
        (&["load", "--region", "north", "file"], 2),
        (&["load", "--region", "north", "--issued", "2026-02-01T03:00:00Z", "--issued-from-mtime", "file"], 2),
        (&["load", "--region", "wales", "--issued-from-mtime", "file"], 2),
        (&["check", "--region", "north", "no/such/file"], 2),
        (&["check", "--region", "north", "--table3", "no/such/table", "Cargo.toml"], 78),
        (&["synth", "--out", "d", "--postcodes", "no/such/file"], 2),
    ] {
        let output = run(args).unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.stdout.is_empty(), code != 0, "{args:?}: answers and only answers go to standard output");
    }
}

#[test]
fn no_server_is_69_for_every_command_that_asks_one() {
    // Port 1 is reserved; nothing of ours listens there.
    for args in [
        &["active"][..],
        &["variants"],
        &["lookup", "AA1 1AA"],
        &["loads", "list"],
        &["duis", "/dev/null"],
        &["loads", "show", "x"],
        &["loads", "rejects", "x"],
        &["loads", "changes", "x", "y"],
        &["load", "--region", "south", "--issued-from-mtime", "data/sample/south.csv"],
    ] {
        let output = wan_matrix().args(args).env("WAN_MATRIX_SERVER", "http://127.0.0.1:1").output().unwrap();
        assert_eq!(output.status.code(), Some(69), "{args:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with("error: no server answers at http://127.0.0.1:1: "), "{args:?}: {said}");
    }
}

/// What is checked is what would be served with.
#[test]
fn config_takes_every_flag_of_serve_that_configures() {
    let flags = ["--data-dir", "x", "--listen", "127.0.0.1:1", "--admin-listen", "off", "--log-format", "json"];
    let shown = run(&[&["config", "show"], &flags[..]].concat()).unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    for flag in flags.iter().step_by(2) {
        assert!(shown.lines().any(|line| line.ends_with(&format!("  # {flag}"))), "{flag}: {shown}");
    }
    let help = String::from_utf8(run(&["serve", "--help"]).unwrap().stdout).unwrap();
    let of_serve = help.lines().filter(|line| line.trim_start().starts_with("--")).count();
    assert_eq!(of_serve, flags.len() / 2 + ["--config", "--sample"].len(), "{help}");
}

/// Left out, it would be the default's: another directory, and an empty store in it.
#[test]
fn a_variable_that_is_not_utf_8_is_a_wrong_configuration() {
    let not_utf_8 = OsStr::from_bytes(b"/srv/\xff");
    let output = wan_matrix().args(["config", "check"]).env("WAN_MATRIX_DATA_DIR", not_utf_8).output().unwrap();
    assert_eq!(output.status.code(), Some(78));
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said, "error: WAN_MATRIX_DATA_DIR: its value is not UTF-8\n");
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let reject = format!("nonsense,,,,{}\n", "x".repeat(300));
    let mut csv = "postcode,availability_date,wan_variant,connectivity_likelihood,additional_information\n".to_owned();
    csv += &reject.repeat(10_000);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), csv).unwrap();
    let mut child = wan_matrix()
        .args(["check", "--region", "south", "--rejects", "10000"])
        .arg(file.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::with_capacity(16, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("rows "), "{line}");
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""));
}
