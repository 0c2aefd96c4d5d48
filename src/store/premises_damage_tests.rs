//! What a disk may do to premises: found when the load is opened, and never an answer while it is open.

use std::{fs, os::unix::fs::FileExt as _, path::Path};

use super::{Desk, HEADER, IDENTIFIERS, active, ask_all, file, many};
use crate::{
    domain::AddressIdentifier,
    store::{SealedLoad, StoreError},
};

/// Where each entry of a file begins, and the file.
fn entries(path: &Path) -> (Vec<usize>, Vec<u8>) {
    let (bytes, mut places) = (fs::read(path).unwrap(), vec![0]);
    let key = if path.ends_with("by-uprn") { 6 } else { 5 };
    while let Some(&[a, b]) = bytes[places[places.len() - 1]..].first_chunk() {
        places.push(places[places.len() - 1] + 2 + key + usize::from(u16::from_be_bytes([a, b])));
    }
    (places, bytes)
}

#[test]
fn damage_to_any_block_is_found_when_the_load_is_opened() {
    let desk = Desk::new();
    let rows = many(1_000);
    drop(desk.load(&file(&rows), "one"));
    let home = desk.data.load("one");
    for order in ["by-uprn", "by-address"] {
        let path = home.join("premises").join(order);
        let (places, sound) = entries(&path);
        assert!(places.len() > 5, "{order}: {places:?}");
        let mut damaged = Vec::new();
        for pair in places.windows(2) {
            let (at, end) = (pair[0], pair[1]);
            // Of its length, its key, its content and its checksum.
            for at in [at, at + 1, at + 3, at.midpoint(end), end - 1] {
                let mut bent = sound.clone();
                bent[at] ^= 1;
                damaged.push(bent);
            }
            damaged.push([&sound[..at], &sound[end..]].concat());
            damaged.push([&sound[..end], &sound[at..]].concat());
            damaged.push(sound[..at].to_vec());
            damaged.push(sound[..end - 1].to_vec());
        }
        damaged.push([&sound[..], b"\0"].concat());
        for (number, damaged) in damaged.iter().enumerate() {
            fs::write(&path, damaged).unwrap();
            let opened = SealedLoad::open(&home, &desk.reaper);
            assert!(opened.is_err_and(|error| error.is_damage()), "{order}, damage {number}");
        }
        fs::remove_file(&path).unwrap();
        assert!(SealedLoad::open(&home, &desk.reaper).is_err_and(|error| error.is_damage()), "{order} is gone");
        fs::write(&path, sound).unwrap();
    }
    let again = SealedLoad::open(&home, &desk.reaper).unwrap();
    ask_all(&active(desk.reopened(again).unwrap()), &rows);
}

/// A load in use is not opened again: what is read for an answer is checked each time.
#[test]
fn damage_to_a_block_that_is_read_for_an_answer_is_never_one() {
    let desk = Desk::new();
    let set = active(desk.load(&file(&many(1_000)), "one"));
    let path = desk.data.load("one").join("premises/by-address");
    let (places, sound) = entries(&path);
    let ask = || {
        let identifiers = IDENTIFIERS[1..].iter().map(|(_, folded)| AddressIdentifier::parse(folded).unwrap());
        let asked = identifiers.map(|identifier| set.lookup_address("AA1 1AA".parse().unwrap(), &identifier));
        asked.filter(|answer| answer.as_ref().is_err_and(StoreError::is_damage)).count()
    };
    assert_eq!(ask(), 0);
    for at in [0, 1, 3, places[1] / 2, places[1] - 1] {
        let mut bent = sound.clone();
        bent[at] ^= 1;
        // In place: the file that is open is this one.
        fs::File::options().write(true).open(&path).unwrap().write_all_at(&bent, 0).unwrap();
        assert!(ask() > 0, "byte {at}");
    }
    fs::File::options().write(true).open(&path).unwrap().set_len(7).unwrap();
    assert!(ask() > 0, "cut short");
}

/// Only the digest over a whole file can tell.
#[test]
fn sound_premises_of_another_load_are_found() {
    let desk = Desk::new();
    let [sealed, other] = [["1", "2", "3"], ["1", "2", "4"]].map(|uprns| {
        let rows = uprns.map(|uprn| format!("AA1 1AA,2020-01-01,Cellular,High,{uprn},Flat {uprn},\n"));
        format!("{HEADER}AA9 9ZZ,,,,,,\n{}", rows.concat())
    });
    drop((desk.load(&sealed, "sealed"), desk.load(&other, "other")));
    let file = |load, order| desk.data.load(load).join("premises").join(order);
    for orders in [&["by-uprn"][..], &["by-address"], &["by-uprn", "by-address"]] {
        let sound = ["by-uprn", "by-address"].map(|order| fs::read(file("sealed", order)).unwrap());
        for order in orders {
            fs::copy(file("other", order), file("sealed", order)).unwrap();
        }
        let opened = SealedLoad::open(&desk.data.load("sealed"), &desk.reaper);
        let StoreError::Damaged { what, .. } = opened.unwrap_err() else { panic!() };
        assert_eq!(what, "the blocks are not those that were sealed");
        for (order, sound) in ["by-uprn", "by-address"].into_iter().zip(sound) {
            fs::write(file("sealed", order), sound).unwrap();
        }
    }
}
