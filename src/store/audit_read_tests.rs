use std::fs;

use super::*;
use crate::store::{AuditEvent, AuditLine, DataDir, Rotation};

fn at(second: i64) -> Timestamp {
    Timestamp::new(1_800_000_000 + second, 0).unwrap()
}

fn activated(region: CspRegion, load_id: &str, second: i64) -> Activated {
    Activated {
        region,
        load_id: load_id.to_owned(),
        activation: Activation { at: at(second), by: "operator".to_owned() },
    }
}

type Line<'a> = (i64, AuditEvent, &'a str, &'a str, &'a str);

/// These lines, if any, and one before all of them.
fn from_its_beginning<'a>(lines: &[Line<'a>]) -> Vec<Line<'a>> {
    let first = (!lines.is_empty()).then_some((1, AuditEvent::Denied, "", "", ""));
    first.into_iter().chain(lines.iter().copied()).collect()
}

/// A log of these lines, each with the second of its time.
fn log(dir: &Path, rotation: Rotation, lines: &[Line<'_>]) -> AuditLog {
    let log = AuditLog::start(&DataDir::open(dir).unwrap(), rotation).unwrap();
    for &(second, event, region, load_id, reason) in lines {
        let line = AuditLine { time: at(second), event, region, load_id, by: "operator", reason, note: "" };
        log.append(&[line]);
    }
    log
}

#[test]
fn an_activation_is_told_of_by_the_last_line_of_its_region_or_not_at_all() {
    use AuditEvent::{Activated as Act, Denied, Loaded};
    let (south, north) = (CspRegion::South, CspRegion::North);
    let last = activated(south, "s-2", 20);
    for (what, lines, untold) in [
        ("no log", &[][..], true),
        ("another load", &[(10, Act, "south", "s-1", "")], true),
        ("another region's", &[(20, Act, "north", "s-2", "")], true),
        ("the load came, and no more", &[(20, Loaded, "south", "s-2", "")], true),
        ("its line", &[(20, Act, "south", "s-2", "")], false),
        ("its line, written a moment later", &[(21, Act, "south", "s-2", ""), (22, Denied, "", "", "")], false),
        ("the line of the time before", &[(5, Act, "south", "s-2", ""), (10, Act, "south", "s-1", "")], true),
        ("the same load's, of the time before", &[(5, Act, "south", "s-2", "")], true),
        ("recovered before", &[(25, Denied, "", "", ""), (20, Act, "south", "s-2", RECOVERED)], false),
    ] {
        // All in one file, and each in its own.
        for bytes in [4 << 20, 1] {
            let dir = tempfile::tempdir().unwrap();
            let log = log(dir.path(), Rotation { bytes, kept: 9 }, &from_its_beginning(lines));
            let wanted: &[Activated] = if untold { std::slice::from_ref(&last) } else { &[] };
            assert_eq!(log.untold(vec![last.clone()]).unwrap(), wanted, "{what}, {bytes} bytes a file");
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let lines = [(10, Act, "south", "s-1", ""), (30, Act, "north", "n-1", "")];
    let log = log(dir.path(), Rotation::default(), &lines);
    let sought = vec![activated(south, "s-1", 10), activated(north, "n-2", 40)];
    assert_eq!(log.untold(sought).unwrap(), [activated(north, "n-2", 40)]);
}

/// A file of the log that must not be read is a directory here, which cannot be.
#[test]
fn no_more_is_read_than_it_takes_to_know() {
    use AuditEvent::{Activated as Act, Denied};
    let forbid = |dir: &Path, number| {
        fs::remove_file(put_aside(dir, number)).unwrap_or_default();
        fs::create_dir(put_aside(dir, number)).unwrap();
    };
    let a_file_each = Rotation { bytes: 1, kept: 9 };
    let lines = [(10, Act, "north", "n-1", ""), (20, Denied, "", "", ""), (30, Act, "south", "s-1", "")];
    let dir = tempfile::tempdir().unwrap();
    let log = log(dir.path(), a_file_each, &lines);
    forbid(dir.path(), 3);
    assert_eq!(log.untold(vec![activated(CspRegion::South, "s-1", 30)]).unwrap(), []);
    // What is older than every line of a file was noted before that file was begun, and nothing else was.
    let late = activated(CspRegion::Central, "c-1", 25);
    assert_eq!(log.untold(vec![late.clone()]).unwrap(), [late]);
    assert!(log.untold(vec![activated(CspRegion::North, "n-1", 10)]).is_err());
}

#[test]
fn what_was_thrown_away_with_an_old_file_is_not_missed() {
    let lines: Vec<_> = (1..9).map(|second| (second, AuditEvent::Activated, "south", "s-1", "")).collect();
    let dir = tempfile::tempdir().unwrap();
    let log = log(dir.path(), Rotation { bytes: 1, kept: 3 }, &lines);
    assert_eq!(log.untold(vec![activated(CspRegion::North, "n-1", 2)]).unwrap(), []);
    let after = activated(CspRegion::North, "n-1", 9);
    assert_eq!(log.untold(vec![after.clone()]).unwrap(), [after]);
}

/// More were kept at other times, or the oldest were taken elsewhere.
#[test]
fn what_may_have_been_thrown_away_is_not_missed_because_there_is_room_for_more_files() {
    let lines: Vec<_> = (5..9).map(|second| (second, AuditEvent::Denied, "", "", "")).collect();
    let dir = tempfile::tempdir().unwrap();
    log(dir.path(), Rotation { bytes: 1, kept: 2 }, &lines);
    let log = log(dir.path(), Rotation { bytes: 1, kept: 9 }, &[]);
    assert_eq!(log.untold(vec![activated(CspRegion::North, "n-1", 2)]).unwrap(), []);
    assert!(log.tells_of(Fate::Loaded, "n-1", at(2)).unwrap());
    assert!(!log.tells_of(Fate::Loaded, "n-1", at(9)).unwrap());
    // It would have been the last of all.
    assert!(!log.tells_of(Fate::Deleted, "n-1", at(2)).unwrap());
}

#[test]
fn a_load_is_told_of_by_a_line_that_came_after_it_did() {
    use AuditEvent::{Denied, Loaded};
    for (what, lines, told) in [
        ("no log", &[][..], false),
        ("another load", &[(30, Loaded, "south", "s-1", "")], false),
        ("its line", &[(21, Loaded, "south", "s-2", ""), (30, Denied, "", "", "")], true),
        ("its line, recovered", &[(30, Denied, "", "", ""), (20, Loaded, "south", "s-2", RECOVERED)], true),
        ("the line of one of its id that was deleted", &[(10, Loaded, "south", "s-2", "")], false),
        ("a word of another line", &[(30, Denied, "", "s-2", "loaded")], false),
    ] {
        for bytes in [4 << 20, 1] {
            let dir = tempfile::tempdir().unwrap();
            let log = log(dir.path(), Rotation { bytes, kept: 9 }, &from_its_beginning(lines));
            assert_eq!(log.tells_of(Fate::Loaded, "s-2", at(20)).unwrap(), told, "{what}, {bytes} bytes a file");
        }
    }
    // Its line may have gone with an old file, where it is older than what is kept.
    let dir = tempfile::tempdir().unwrap();
    let lines: Vec<_> = (5..12).map(|second| (second, Denied, "", "", "")).collect();
    let log = log(dir.path(), Rotation { bytes: 1, kept: 3 }, &lines);
    assert!(log.tells_of(Fate::Loaded, "s-2", at(2)).unwrap());
    assert!(!log.tells_of(Fate::Loaded, "s-2", at(12)).unwrap());
}
