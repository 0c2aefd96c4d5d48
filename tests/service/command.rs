//! The command `wan-matrix`, run against a server as a CSP or an operator runs it.

use std::{
    io::Write as _,
    process::{Command, Output},
};

use tempfile::NamedTempFile;

use crate::running::Server;

/// What a command printed and how it ended, told as a person sees it; the server's address is taken out.
pub(crate) async fn run(server: &Server, args: &[&str]) -> String {
    let url = format!("http://{}", server.running.addr());
    let mut command = Command::new(env!("CARGO_BIN_EXE_wan-matrix"));
    command.args(args).env("WAN_MATRIX_SERVER", &url).env("COLUMNS", "120");
    // The server runs on this test's own threads, and must not wait.
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let Output { status, stdout, stderr } = output;
    let [out, notes] = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap().replace(&url, "http://SERVER"));
    let code = status.code().unwrap();
    format!("exit {code}\n{out}-- standard error\n{notes}")
}

/// `wan-matrix load` of a file for South, issued at midday of a day in June 2026.
pub(crate) async fn load(server: &Server, day: u32, file: &[u8], flags: &[&str]) -> String {
    load_to(server, "south", day, file, flags).await
}

pub(crate) async fn load_to(server: &Server, region: &str, day: u32, file: &[u8], flags: &[&str]) -> String {
    let mut named = NamedTempFile::new().unwrap();
    named.write_all(file).unwrap();
    let issued = format!("2026-06-{day:02}T12:00:00Z");
    let line = ["load", "--region", region, "--issued", &issued, named.path().to_str().unwrap()];
    run(server, &[&line[..], flags].concat()).await
}

/// The id of the load that a region answers from.
pub(crate) fn active_id(server: &Server) -> String {
    let set = server.running.loads().active();
    set.load(wan_matrix::domain::CspRegion::South).unwrap().manifest().load_id.clone()
}
