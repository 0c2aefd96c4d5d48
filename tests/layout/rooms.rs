//! The map: which room may enter which, and what stays in which.

use std::path::Path;

use crate::{
    paths::{NamedPath, named_paths},
    source::{code_only, without_tests},
};

/// Every room, from the top down, and the rooms it may enter. A room that is not here has no place yet: give it one,
/// here and in ARCHITECTURE.md.
const ROOMS: [(&str, &[&str]); 12] = [
    ("main", &["cli", "server"]),
    ("cli", &["server", "sample", "synth", "grpc", "duis", "loads", "store", "ingest", "domain"]),
    ("synth", &["ingest", "domain"]),
    ("server", &["sample", "grpc", "duis", "loads", "store", "ingest", "domain"]),
    ("sample", &["ingest", "domain"]),
    ("fuzzing", &["duis", "store", "ingest", "domain"]),
    ("grpc", &["duis", "loads", "store", "ingest", "domain"]),
    ("duis", &["loads", "store", "ingest", "domain"]),
    ("loads", &["store", "ingest", "domain"]),
    ("store", &["ingest", "domain"]),
    ("ingest", &["domain"]),
    ("domain", &[]),
];

/// What the domain must not name: it does no I/O, waits for nothing, and is told the time.
const NOT_IN_DOMAIN: [&[&str]; 10] = [
    &["std", "fs"],
    &["std", "io"],
    &["std", "env"],
    &["std", "net"],
    &["std", "thread"],
    &["std", "time"],
    &["tokio"],
    &["tonic"],
    &["prost"],
    &["prost_types"],
];

/// What a file of `src/` says that the map forbids, each as `file:line`, the path and the rule.
pub(crate) fn breaches(file: &Path, source: &str) -> Vec<String> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    // The list of rooms itself, and tests that stand in a file of their own.
    if name == "lib.rs" || name == "tests.rs" || name.ends_with("_tests.rs") {
        return Vec::new();
    }
    let steps: Vec<_> = file.with_extension("").iter().map(|step| step.to_string_lossy().into_owned()).collect();
    let room = steps[0].as_str();
    let place = format!("src/{}", file.display());
    let Some((_, may_enter)) = ROOMS.iter().find(|(known, _)| *known == room) else {
        return vec![format!("{place}:1: the room `{room}` is not on the map of tests/layout/rooms.rs")];
    };
    // How many `super` lead from this file to the crate's root.
    let depth = if name == "mod.rs" { steps.len() - 1 } else { steps.len() };

    let mut found = Vec::new();
    for NamedPath { line, segments } in named_paths(&without_tests(&code_only(source))) {
        let mut breach = |rule: &str| found.push(format!("{place}:{line}: {}: {rule}", segments.join("::")));
        let from_root = from_root(&segments, depth);
        if let Some(entered) = from_root.and_then(|path| path.first())
            && ROOMS.iter().any(|(known, _)| known == entered)
            && entered != room
            && !may_enter.contains(&entered.as_str())
        {
            breach(&format!("{room} may not enter {entered}: imports go down only"));
        }
        if from_root.is_some_and(|path| starts_with(path, &["grpc", "proto"])) && !["grpc", "cli"].contains(&room) {
            breach("generated types stay in grpc and cli");
        }
        if segments[0] == "sled" && room != "store" {
            breach("sled stays in store");
        }
        if room == "domain" && NOT_IN_DOMAIN.iter().any(|barred| starts_with(&segments, barred)) {
            breach("domain does no I/O, no async, and reads no clock");
        }
    }
    found
}

/// The path below the crate's root; nothing for one that begins elsewhere.
fn from_root(segments: &[String], depth: usize) -> Option<&[String]> {
    let supers = segments.iter().take_while(|segment| *segment == "super").count();
    match segments[0].as_str() {
        "crate" | "wan_matrix" => Some(&segments[1..]),
        "super" if supers == depth => Some(&segments[supers..]),
        _ => None,
    }
}

fn starts_with(path: &[String], stem: &[&str]) -> bool {
    path.len() >= stem.len() && path.iter().zip(stem).all(|(segment, wanted)| segment == wanted)
}

#[test]
fn the_map_has_every_room_it_names_and_no_way_up() {
    for (index, (room, may_enter)) in ROOMS.iter().enumerate() {
        for entered in *may_enter {
            let below = ROOMS.iter().position(|(known, _)| known == entered);
            assert!(below > Some(index), "{room} enters {entered}, which is not below it");
        }
    }
}

#[test]
fn a_breach_is_found_and_named() {
    let cases: [(&str, &str, &[&str]); 14] = [
        ("domain/day.rs", "use super::Day;\nuse crate::domain::Unit;", &[]),
        ("domain/day.rs", "use std::{fmt,\n io};", &["2: std::io: domain does no I/O, no async, and reads no clock"]),
        ("domain/day.rs", "// std::fs\nconst A: &str = \"tokio\";", &[]),
        ("domain/day.rs", "#[cfg(test)]\nmod tests {\n use crate::store::Block;\n}", &[]),
        ("domain/day_tests.rs", "use crate::store::Block;", &[]),
        ("store/block.rs", "use sled::Db;\nuse crate::ingest::Row;", &[]),
        (
            "store/block.rs",
            "crate::loads::x();",
            &["1: crate::loads::x: store may not enter loads: imports go down only"],
        ),
        (
            "store/block.rs",
            "use super::super::loads::X;",
            &["1: super::super::loads::X: store may not enter loads: imports go down only"],
        ),
        ("store/mod.rs", "use super::grpc;", &["1: super::grpc: store may not enter grpc: imports go down only"]),
        ("loads/life.rs", "fn f(db: &sled::Db) {}", &["1: sled::Db: sled stays in store"]),
        (
            "server/run.rs",
            "use crate::{domain::X, grpc::{proto::Y, z}};",
            &["1: crate::grpc::proto::Y: generated types stay in grpc and cli"],
        ),
        ("cli/lookup.rs", "use crate::grpc::proto::Y;", &[]),
        (
            "main.rs",
            "use wan_matrix::store::Store;",
            &["1: wan_matrix::store::Store: main may not enter store: imports go down only"],
        ),
        ("odds/mod.rs", "", &["1: the room `odds` is not on the map of tests/layout/rooms.rs"]),
    ];
    for (file, source, expected) in cases {
        let wanted: Vec<_> = expected.iter().map(|breach| format!("src/{file}:{breach}")).collect();
        assert_eq!(breaches(Path::new(file), source), wanted, "{file}: {source}");
    }
}
