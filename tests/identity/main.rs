//! Who may call what: a real server over mutual TLS, and callers of every kind.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says so by failing")]

mod commands;
mod every_method;
mod handshake;
#[path = "../../examples/certificates/pki.rs"]
mod pki;
mod regions;
mod rotation;
mod server;
mod user_roles;
