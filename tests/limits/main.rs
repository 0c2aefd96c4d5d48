//! Every limit as a caller meets it, with a real client against a real server; and what operators are told of it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod admin;
mod counted;
mod in_flight;
mod rates;
#[path = "../service/running.rs"]
#[expect(dead_code, reason = "nobody turns the clock here")]
mod running;
mod sizes;
mod unread;
#[path = "../service/uploads.rs"]
#[expect(dead_code, reason = "the limits of uploads are tested beside the uploads")]
mod uploads;
mod wire;
