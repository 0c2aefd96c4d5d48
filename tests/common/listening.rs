//! A server as a process of its own, which prints where it listens.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, ChildStdout},
};

/// Waits until it serves: where that is, and the rest of what it prints, to be held for as long as it may want to write.
pub(crate) fn listening(child: &mut Child) -> (SocketAddr, BufReader<ChildStdout>) {
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let addr = line.trim_end().strip_prefix("gRPC listening on ").and_then(|addr| addr.parse().ok());
    (addr.unwrap_or_else(|| panic!("no server: {line:?}")), stdout)
}
