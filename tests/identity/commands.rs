//! The commands over mutual TLS: what they print when it does not work, and their exit codes.

use std::{path::Path, process::Command};

use crate::{
    pki::Ca,
    server::{CSP, PLANNER, STRANGER, Server},
};

struct Ran {
    code: Option<i32>,
    said: String,
}

async fn run(directory: &Path, port: u16, credentials: &[&str], arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wan-matrix"));
    command.current_dir(directory).args(arguments).args(credentials);
    for variable in ["WAN_MATRIX_CA", "WAN_MATRIX_CERT", "WAN_MATRIX_KEY"] {
        command.env_remove(variable);
    }
    command.env("WAN_MATRIX_SERVER", format!("localhost:{port}"));
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    Ran { code: output.status.code(), said: String::from_utf8(output.stderr).unwrap() }
}

#[tokio::test]
async fn a_command_shows_its_certificate_and_says_why_it_is_not_taken() {
    let server = Server::start().await;
    let directory = server.directory.path();
    let other = Ca::new("another").unwrap();
    std::fs::write(directory.join("other.pem"), &other.pem).unwrap();
    for (name, pair) in [
        ("planner", server.ca.caller(PLANNER)),
        ("csp", server.ca.caller(CSP)),
        ("stranger", server.ca.caller(STRANGER)),
        ("expired", server.ca.expired(PLANNER)),
        ("unknown", other.caller(PLANNER)),
    ] {
        pair.unwrap().write(directory, name).unwrap();
    }
    let port = server.running.addr().port();
    let cases: [(&[&str], &[&str], i32, &str); 13] = [
        (&["variants"], &["--ca", "ca.pem", "--cert", "planner.pem", "--key", "planner.key"], 0, ""),
        (&["loads", "list"], &["--ca", "ca.pem", "--cert", "csp.pem", "--key", "csp.key"], 0, ""),
        (
            &["loads", "list"],
            &["--ca", "ca.pem", "--cert", "planner.pem", "--key", "planner.key"],
            77,
            "PERMISSION_DENIED",
        ),
        (
            &["variants"],
            &["--ca", "ca.pem", "--cert", "stranger.pem", "--key", "stranger.key"],
            77,
            "is not known here",
        ),
        (&["variants"], &["--ca", "ca.pem"], 77, "this one shows no client certificate"),
        (
            &["variants"],
            &["--ca", "ca.pem", "--cert", "expired.pem", "--key", "expired.key"],
            69,
            "does not take this caller's certificate",
        ),
        (
            &["variants"],
            &["--ca", "ca.pem", "--cert", "unknown.pem", "--key", "unknown.key"],
            69,
            "does not take this caller's certificate",
        ),
        (&["variants"], &["--ca", "other.pem"], 69, "--ca must name the CA that signed the server's certificate"),
        (&["variants"], &["--ca", "nowhere.pem"], 2, "cannot read nowhere.pem"),
        (&["variants"], &["--ca", "planner.key"], 2, "there is no certificate in planner.key"),
        (&["variants"], &["--server", "http://localhost:1", "--ca", "ca.pem"], 2, "is plain text"),
        (&["variants"], &["--ca", "ca.pem", "--cert", "csp.pem", "--key", "ca.pem"], 2, "--ca, --cert or --key: "),
        (
            &["variants"],
            &["--ca", "ca.pem", "--cert", "csp.pem", "--key", "planner.key"],
            2,
            "--key: keys may not be consistent",
        ),
    ];
    for (arguments, credentials, code, said) in cases {
        let ran = run(directory, port, credentials, arguments).await;
        assert_eq!(ran.code, Some(code), "{arguments:?} {credentials:?}: {}", ran.said);
        assert!(ran.said.contains(said), "{arguments:?} {credentials:?}: {}", ran.said);
    }
    // Without TLS there is nobody to speak to.
    let ran = run(directory, port, &[], &["variants"]).await;
    assert_eq!(ran.code, Some(69), "{}", ran.said);
}
