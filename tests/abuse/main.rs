//! What strangers may try: the server stays up, answers whoever behaves, and its memory stays bounded.
//!
//! One server process, on loopback, for all of it. Attackers call from 127.0.0.1 and a planner from 127.0.0.2, as they would
//! from two hosts. Each attack is bounded in number and time; the planner asks all the while, and every answer must be right.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod attacks;
#[path = "../common/listening.rs"]
mod listening;
mod planner;
mod server;

use std::time::{Duration, Instant};

use planner::Planner;
use server::Process;

/// What a server with the sample and idle callers holds is some 30 MB; this is what attacks may add.
const MAY_GROW_MB: f64 = 250.0;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_behaves_is_answered_whatever_others_do() {
    let server = Process::start().await;
    let planner = Planner::start(server.addr()).await;
    planner.settled().await;
    let before = server.resident_mb();

    let attacks: [(&str, attacks::Attack); 7] = [
        ("rapid reset", attacks::rapid_reset),
        ("slow headers", attacks::slow_headers),
        ("a message of 100 MB", attacks::huge_message),
        ("10,000 streams", attacks::many_streams),
        ("replies that are not read", attacks::unread_replies),
        ("garbage", attacks::garbage),
        ("half-open connections", attacks::half_open),
    ];
    for (name, attack) in attacks {
        let answered = planner.answered();
        let began = Instant::now();
        attack(server.addr()).await;
        // It took part of the time at least, and the planner was answered within it and after.
        planner.settled().await;
        let (more, took, grown) = (planner.answered() - answered, began.elapsed(), server.resident_mb() - before);
        println!("{name}: {took:.1?}, the planner answered {more} times, memory grown by {grown:.0} MB");
        planner.all_is_well(name);
        assert!(took < Duration::from_secs(20), "{name} took {took:?}");
        assert!(grown < MAY_GROW_MB, "{name}: memory has grown by {grown:.0} MB");
        assert!(server.is_up(), "{name}: the server has gone");
    }
    planner.stop().await;
    server.end();
}
