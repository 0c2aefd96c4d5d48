//! Any delta on any base comes to what the full file would have been, however it is looked at.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::{
    domain::{AddressIdentifier, Location, RegionMap, Uprn},
    store::{
        ActiveLoad, ActiveSet, ChangedLocation, Changes, Movement, changes, compare, compare_sealed, read_rows,
        write_rows,
    },
};

const POSTCODES: [&str; 4] = ["AA1 1AA", "AA1 1AB", "AA1 2AA", "AB1 1AA"];
const IDENTIFIERS: [&str; 6] = ["", "1", "flat 1", "flat 1 12", "flat 11 2", "tŷ coch"];
/// Cells and text; the last is set aside.
const CELLS: [(&str, &str); 6] = [
    (",,", ""),
    (",,", "gate"),
    ("2020-01-01,Cellular,High", ""),
    ("2020-01-01, ,Low", ""),
    ("2031-01-01,Cellular and Mesh,Low", "ring first"),
    ("bad,,", ""),
];
const ASIDE: usize = CELLS.len() - 1;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Key {
    Postcode(usize),
    Uprn(u64),
    Address(usize, usize),
}

/// What a row says beside its key: where it lies, `None` where that cannot be read, and its cells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Told {
    postcode: Option<usize>,
    identifier: usize,
    cells: usize,
}

fn any_key() -> impl Strategy<Value = Key> {
    let uprn = prop_oneof![6 => 1..40u64, 1 => 1..=Uprn::MAX];
    prop_oneof![
        1 => (0..POSTCODES.len()).prop_map(Key::Postcode),
        4 => uprn.prop_map(Key::Uprn),
        2 => (0..POSTCODES.len(), 1..IDENTIFIERS.len()).prop_map(|(postcode, identifier)| Key::Address(postcode, identifier)),
    ]
}

fn any_told() -> impl Strategy<Value = Told> {
    let cells = prop_oneof![8 => 0..ASIDE, 1 => Just(ASIDE)];
    (prop::option::weighted(0.9, 0..POSTCODES.len()), 0..IDENTIFIERS.len(), cells)
        .prop_map(|(postcode, identifier, cells)| Told { postcode, identifier, cells })
}

/// The same where its key says so, and where a row that cannot be read in full is set aside.
fn of_key(key: Key, told: Told) -> Told {
    match key {
        Key::Postcode(postcode) => Told { postcode: Some(postcode), identifier: 0, ..told },
        Key::Address(postcode, identifier) => Told { postcode: Some(postcode), identifier, ..told },
        Key::Uprn(_) if told.postcode.is_none() => Told { cells: ASIDE, ..told },
        Key::Uprn(_) => told,
    }
}

fn row(key: Key, told: Told) -> String {
    let uprn = if let Key::Uprn(uprn) = key { uprn.to_string() } else { String::new() };
    let postcode = told.postcode.map_or("ZZ99 9ZZ", |postcode| POSTCODES[postcode]);
    let (cells, text) = CELLS[told.cells];
    format!("{postcode},{cells},{uprn},{},{text}", IDENTIFIERS[told.identifier])
}

/// A delete by a key, which names the rest of the place or does not.
fn delete(key: Key, told: Told) -> String {
    match key {
        Key::Uprn(uprn) => {
            let postcode = told.postcode.map_or("", |postcode| POSTCODES[postcode]);
            format!("{postcode},,,,{uprn},{},,delete", IDENTIFIERS[told.identifier])
        }
        _ => row(key, Told { cells: 0, ..of_key(key, told) }) + ",delete",
    }
}

type Rows = BTreeMap<Key, Told>;

fn file(rows: &Rows) -> Vec<String> {
    rows.iter().map(|(&key, &told)| row(key, told)).chain([ANCHOR.to_owned()]).collect()
}

/// What the base and the delta come to, and how many deletes delete nothing.
fn model(base: &Rows, delta: &BTreeMap<Key, (Option<Told>, Told)>) -> (Rows, usize) {
    let (mut after, mut unknown) = (base.clone(), 0);
    for (&key, &(upsert, _)) in delta {
        match upsert.map(|told| of_key(key, told)) {
            None => unknown += usize::from(after.remove(&key).is_none()),
            Some(told) => {
                // A mark stands where the base has the premises.
                let stays = base.get(&key).filter(|old| told.cells == ASIDE && old.postcode.is_some());
                let told = stays.map_or(told, |old| Told { cells: ASIDE, ..*old });
                after.insert(key, told);
            }
        }
    }
    (after, unknown)
}

/// What is told of every place there is or might be.
fn answers(load: &Arc<SealedLoad>, uprns: &[u64]) -> Vec<String> {
    let mut active = Some(ActiveLoad::new(Arc::clone(load), Timestamp::UNIX_EPOCH));
    let loads = RegionMap::from_fn(|region| if region == REGION { active.take() } else { None });
    let set = ActiveSet::new(loads, Vec::new());
    let mut told = Vec::new();
    for postcode in POSTCODES.map(|text| text.parse::<Postcode>().unwrap()) {
        told.push(format!("{:?} {}", set.lookup(postcode).collect::<Vec<_>>(), set.premises_rows(postcode)));
        for identifier in &IDENTIFIERS[1..] {
            let identifier = AddressIdentifier::parse(identifier).unwrap();
            told.push(format!("{:?}", set.lookup_address(postcode, &identifier).unwrap()));
        }
    }
    let uprns = uprns.iter().filter_map(|&uprn| Uprn::new(uprn));
    told.extend(uprns.map(|uprn| format!("{:?}", set.lookup_uprn(uprn).collect::<Vec<_>>())));
    told
}

/// The rows behind the figures come to the figures.
fn counted(before: &Arc<SealedLoad>, after: &Arc<SealedLoad>) -> (Changes, Vec<ChangedLocation>) {
    let figures = compare_sealed(before, after).unwrap();
    let all: Vec<_> = changes(Arc::clone(before), Arc::clone(after), None).collect::<Result<_, _>>().unwrap();
    let [mut new, mut removed, mut changed] = [0; 3];
    for location in &all {
        *match (location.before(), location.after()) {
            (None, _) => &mut new,
            (_, None) => &mut removed,
            _ => &mut changed,
        } += 1;
    }
    assert_eq!((new, removed, changed), (figures.new, figures.removed, figures.changed));
    for movement in Movement::ALL {
        let moved = all.iter().filter(|location| location.movements().contains(movement)).count();
        assert_eq!(moved as u64, figures.count(movement), "{movement}");
    }
    (figures, all)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn any_delta_on_any_base_comes_to_the_full_load_of_what_is_expected(
        base in prop::collection::btree_map(any_key(), any_told(), 0..160),
        // `None` deletes; some rows come twice.
        delta in prop::collection::btree_map(any_key(), (prop::option::weighted(0.6, any_told()), any_told(), prop::bool::weighted(0.2)), 0..80),
        turn in any::<prop::sample::Index>(),
    ) {
        let base: Rows = base.into_iter().map(|(key, told)| (key, of_key(key, told))).collect();
        let mut rows = vec![format!("{ANCHOR},upsert")];
        for (&key, &(upsert, deleted, repeated)) in &delta {
            let row = match upsert {
                Some(told) => row(key, of_key(key, told)) + ",upsert",
                None => delete(key, deleted),
            };
            rows.extend(vec![row; 1 + usize::from(repeated)]);
        }
        let turn = turn.index(rows.len());
        rows.rotate_left(turn);
        let delta = delta.into_iter().map(|(key, (upsert, deleted, _))| (key, (upsert, deleted))).collect();
        let (after, unknown) = model(&base, &delta);

        let desk = Desk::new();
        let earlier = desk.full("base", &file(&base));
        let Merged { rows, premises, texts, unknown_deletes, unknown_premises, .. } = desk.merge(&earlier, &rows);
        prop_assert_eq!(unknown_deletes.len() + unknown_premises.rows() as usize, unknown);
        let in_flight = compare(&earlier, &rows, &premises, &texts, desk.table3.region(REGION)).unwrap();
        let merged = desk.seal("merged", &rows, &premises, &texts);
        let full = desk.full("full", &file(&after));
        // Byte for byte the same blocks.
        let packed = merged.manifest().packed.clone();
        prop_assert_eq!(&packed, &full.manifest().packed);
        let uprns: Vec<_> = (1..41).chain(base.keys().chain(after.keys()).filter_map(|key| match key {
            Key::Uprn(uprn) => Some(*uprn),
            _ => None,
        })).collect();
        prop_assert_eq!(answers(&merged, &uprns), answers(&full, &uprns));

        // From the rows it keeps it can be made again.
        let kept = desk.directory.path();
        write_rows(kept, &rows, &premises, &texts).unwrap();
        let (rows, premises, texts) = read_rows(kept, kept.join("spill")).unwrap();
        prop_assert_eq!(Some(desk.pack(&rows, &premises, &texts)), packed);

        let (figures, all) = counted(&earlier, &merged);
        prop_assert_eq!(in_flight, figures);
        let wanted = base.keys().chain(after.keys()).collect::<BTreeSet<_>>().len();
        prop_assert_eq!((figures.new + figures.removed + figures.in_both()) as usize, wanted + 1);
        prop_assert!(all.is_sorted_by_key(|location| location.location.clone()));
        // From behind each of them, and from behind a place of each kind that may be in neither.
        let absent = [
            Location::Postcode("AA1 1AD".parse().unwrap()),
            Location::Uprn(Uprn::new(20).unwrap()),
            Location::Address("AA1 1AD".parse().unwrap(), AddressIdentifier::parse("flat").unwrap()),
        ];
        for last in all.iter().map(|location| location.location.clone()).chain(absent) {
            let rest: Vec<_> = changes(Arc::clone(&earlier), Arc::clone(&merged), Some(&last))
                .map(|location| location.unwrap().location)
                .collect();
            let behind: Vec<_> = all.iter().map(|location| location.location.clone()).filter(|at| *at > last).collect();
            prop_assert_eq!(rest, behind, "behind {}", last);
        }
    }
}

#[test]
fn many_blocks_of_premises_are_merged_compared_and_resumed_anywhere() {
    let desk = Desk::new();
    let line =
        |n: u64, cells: &str| format!("AA1 1A{},{cells},{},House {},", ["A", "B", "D"][n as usize % 3], n * 7, n % 900);
    let by_address = |n: u64, cells: &str| format!("AB1 1AA,{cells},,House {n},");
    let mut before = vec![ANCHOR.to_owned()];
    before.extend((1..=3_000).map(|n| line(n, ",,")));
    before.extend((0..1_000).map(|n| by_address(n, ",,")));
    let base = desk.full("base", &before);
    let mut delta = Vec::new();
    let mut after = vec![ANCHOR.to_owned()];
    for n in 1..=3_000u64 {
        match n % 10 {
            0 => delta.push(format!(",,,,{},,,delete", n * 7)),
            1 => {
                delta.push(line(n, "2020-01-01,Cellular,High") + ",upsert");
                after.push(line(n, "2020-01-01,Cellular,High"));
            }
            _ => after.push(line(n, ",,")),
        }
    }
    for n in 0..1_000u64 {
        match n % 4 {
            0 => delta.push(by_address(n, ",,") + ",delete"),
            _ => after.push(by_address(n, ",,")),
        }
    }
    let merged = desk.merge(&base, &delta);
    let merged = desk.seal("merged", &merged.rows, &merged.premises, &merged.texts);
    assert_eq!(merged.manifest().packed, desk.full("full", &after).manifest().packed);
    let (figures, all) = counted(&base, &merged);
    assert_eq!((figures.removed, figures.coverage_gained, figures.premises_before), (300 + 250, 300, 4_000));
    for (place, location) in all.iter().enumerate().step_by(37) {
        let rest = changes(Arc::clone(&base), Arc::clone(&merged), Some(&location.location));
        assert_eq!(rest.map(Result::unwrap).collect::<Vec<_>>(), all[place + 1..], "behind {}", location.location);
    }
}
