//! Deltas about premises: what each kind of row does, and that any delta on any base comes to what the full file would have
//! been, however it is looked at.

use std::{
    collections::BTreeMap,
    fs,
    sync::{Arc, atomic::AtomicBool},
};

use jiff::Timestamp;
use proptest::prelude::*;

use crate::{
    domain::{AddressIdentifier, Coverage, CspRegion, Location, Postcode, RegionMap, Said, Table3, Uprn},
    ingest::{FileKind, Ingested, Limits, Premises, Row, TextTable, read},
    store::{
        ActiveLoad, ActiveSet, Applied, ChangedLocation, Changes, DataDir, Manifest, Merged, Movement, Packed, Reaper,
        SealedLoad, apply, changes, compare, compare_sealed, fixture_tests, pack, read_rows, seal, write_rows,
    },
};

const COLUMNS: &str =
    "postcode,availability_date,wan_variant,connectivity_likelihood,uprn,address_identifier,additional_information";
const REGION: CspRegion = CspRegion::South;
/// A row that changes nothing, so that a file has one.
const ANCHOR: &str = "AA9 9ZZ,,,,,,";

/// Where the loads of one test are.
struct Desk {
    data: DataDir,
    reaper: Reaper,
    table3: Table3,
    directory: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let data = DataDir::open(&directory.path().join("data")).unwrap();
        let (reaper, table3) = (Reaper::start().unwrap(), Table3::shipped().unwrap());
        Self { data, reaper, table3, directory }
    }

    fn ingest(&self, kind: FileKind, rows: &[String]) -> Ingested {
        let change = if kind == FileKind::Delta { ",change" } else { "" };
        let file = format!("{COLUMNS}{change}\n{}\n", rows.join("\n"));
        let limits = Limits::new(self.directory.path().join("spill"));
        let variants = self.table3.region(REGION);
        let scanned = read(file.as_bytes(), kind, variants, &limits, &AtomicBool::new(false)).unwrap();
        scanned.settle(|| Ok(file.as_bytes())).unwrap()
    }

    fn pack(&self, rows: &[Row], premises: &Premises, texts: &TextTable) -> Packed {
        let directory = self.data.incoming().join("load");
        crate::store::remove_dir(&directory).unwrap();
        fs::create_dir_all(&directory).unwrap();
        pack(&directory, rows, premises, texts, &self.table3, &fixture_tests::manifest()).unwrap()
    }

    fn seal(&self, id: &str, rows: &[Row], premises: &Premises, texts: &TextTable) -> Arc<SealedLoad> {
        let packed = self.pack(rows, premises, texts);
        let manifest = Manifest {
            load_id: id.to_owned(),
            table3_sha256: hex::encode(self.table3.sha256()),
            format: packed.format(),
            packed: Some(packed),
            ..fixture_tests::manifest()
        };
        Arc::new(
            seal(&self.data, &self.data.incoming().join("load"), manifest, &self.table3, &self.reaper).unwrap().load,
        )
    }

    fn full(&self, id: &str, rows: &[String]) -> Arc<SealedLoad> {
        let Ingested { rows, premises, texts, .. } = self.ingest(FileKind::Full, rows);
        self.seal(id, &rows, &premises, &texts)
    }

    fn merge(&self, base: &SealedLoad, rows: &[String]) -> Merged {
        let delta = self.ingest(FileKind::Delta, rows);
        apply(base, &delta, &self.table3, 10, self.directory.path()).unwrap()
    }
}

/// Each premises in words: its UPRN, where it lies, and what is said.
fn said(premises: &Premises, texts: &TextTable, table3: &Table3) -> Vec<String> {
    let (mut reader, mut all) = (premises.reader(), Vec::new());
    while let Some(row) = reader.next_row().unwrap() {
        let variants = table3.region(REGION);
        let words = match row.facts.unpack(variants).unwrap() {
            Said::SetAside => "aside",
            Said::Coverage(Coverage::NonePlanned) => "none",
            Said::Coverage(Coverage::From(from)) => variants.name(from.variant).unwrap(),
        };
        let (_, text) = texts.get(row.texts).unwrap();
        let postcode = Postcode::from_packed(row.postcode).map_or("?".to_owned(), |postcode| postcode.to_string());
        all.push(format!("{} {postcode} {} {words} {text}", row.uprn, row.identifier).trim_end().replace("  ", " "));
    }
    all
}

fn owned(rows: &[&str]) -> Vec<String> {
    rows.iter().map(|row| (*row).to_owned()).collect()
}

#[test]
fn what_each_row_about_a_premises_does() {
    let desk = Desk::new();
    let base = [
        ANCHOR,
        "AA1 1AA,2020-01-01,Cellular,High,,,",
        "AA1 1AA,,,,7,Flat 1,bell",
        "AA1 1AA,2020-01-01, ,High,8,,",
        "AA1 1AB,bad,,,9,Flat 9,",
        "ZZ99 9ZZ,,,,10,,",
        "AA1 1AA,,,,,Flat 1,",
        "AA1 1AB,bad,,,,The Mill,",
    ];
    let load = desk.full("base", &owned(&base));
    let before = [
        "7 AA1 1AA flat 1 none bell",
        "8 AA1 1AA Unknown",
        "9 AA1 1AB flat 9 aside",
        "10 ? aside",
        "0 AA1 1AA flat 1 none",
        "0 AA1 1AB the mill aside",
    ];
    let none = Applied::default();
    let (added, changed) = (Applied { added: 1, ..none }, Applied { changed: 1, ..none });
    let (unchanged, deleted) = (Applied { unchanged: 1, ..none }, Applied { deleted: 1, ..none });
    let set_aside = Applied { set_aside: 1, ..none };
    // The row of the delta, the one it takes the place of, what stands there then, and whether it deletes what is not there.
    for (row, of, now, applied, unknown) in [
        ("AA1 1AA,,,,7,flat-1,bell,upsert", 0, Some("7 AA1 1AA flat 1 none bell"), unchanged, 0),
        ("AA1 1AA,,,,7,Flat 1,,upsert", 0, Some("7 AA1 1AA flat 1 none"), changed, 0),
        (
            "AA1 1AA,2020-01-01,Cellular,High,7,Flat 1,bell,upsert",
            0,
            Some("7 AA1 1AA flat 1 Cellular bell"),
            changed,
            0,
        ),
        // The key is the UPRN: what lies elsewhere, or has another name, is the same premises changed.
        ("AA1 1AB,,,,7,Flat 1,bell,upsert", 0, Some("7 AA1 1AB flat 1 none bell"), changed, 0),
        ("AA1 1AA,,,,7,Flat 2,bell,upsert", 0, Some("7 AA1 1AA flat 2 none bell"), changed, 0),
        ("AA1 1AA,,,,0007,,bell,upsert", 0, Some("7 AA1 1AA none bell"), changed, 0),
        // A mark gives way to an answer, and the location of one that told none is known then.
        ("AA1 1AD,,,,9,,,upsert", 2, Some("9 AA1 1AD none"), changed, 0),
        ("AA1 1AD,,,,10,Flat 3,,upsert", 3, Some("10 AA1 1AD flat 3 none"), changed, 0),
        ("AA1 1AB,,,,,\"THE  MILL.\",,upsert", 5, Some("0 AA1 1AB the mill none"), changed, 0),
        ("AA1 1AA,2020-01-01, ,Low,,flat 1,,upsert", 4, Some("0 AA1 1AA flat 1 Unknown"), changed, 0),
        // A row without a UPRN is about another premises than one with, whatever address they share.
        ("AA1 1AA,,,,,Flat 2,,upsert", 6, Some("0 AA1 1AA flat 2 none"), added, 0),
        ("AA1 1AA,,,,11,Flat 1,,upsert", 6, Some("11 AA1 1AA flat 1 none"), added, 0),
        // A delete names its key, and may name the rest; what it says of that is not asked.
        (",,,,7,,,delete", 0, None, deleted, 0),
        ("AA1 1AA,,,,7,Flat 1,,delete", 0, None, deleted, 0),
        ("ZE1 1AA,,,,7,The Barn,,delete", 0, None, deleted, 0),
        (",,,,10,,,delete", 3, None, deleted, 0),
        ("AA1 1AA,,,,,FLAT 1,,delete", 4, None, deleted, 0),
        ("AA1 1AB,,,,,the mill,,delete", 5, None, deleted, 0),
        (",,,,11,,,delete", 6, None, none, 1),
        ("AA1 1AA,,,,,Flat 9,,delete", 6, None, none, 1),
        ("AA1 1AB,,,,,Flat 9,,delete", 6, None, none, 1),
        // A row that is set aside is not believed, nor where it has the premises: the mark stands where the answer did.
        ("AA1 1AA,bad,,,7,Flat 1,,upsert", 0, Some("7 AA1 1AA flat 1 aside"), set_aside, 0),
        ("ZE1 1AA,bad,,,7,The Barn,,upsert", 0, Some("7 AA1 1AA flat 1 aside"), set_aside, 0),
        ("ZZ99 9ZZ,,,,7,Flat 1,,upsert", 0, Some("7 AA1 1AA flat 1 aside"), set_aside, 0),
        ("AA1 1AA,,,,7,Flat 1,,replace", 0, Some("7 AA1 1AA flat 1 aside"), set_aside, 0),
        (",,,,7,,note,delete", 0, Some("7 AA1 1AA flat 1 aside"), set_aside, 0),
        ("AA1 1AD,bad,,,10,Flat 3,,upsert", 3, Some("10 AA1 1AD flat 3 aside"), set_aside, 0),
        ("ZZ99 9ZZ,,,,11,Flat 3,,upsert", 6, Some("11 ? aside"), set_aside, 0),
        ("AA1 1AA,bad,,,,Flat 1,,upsert", 4, Some("0 AA1 1AA flat 1 aside"), set_aside, 0),
        ("ZE1 1AA,bad,,,,Flat 1,,upsert", 6, Some("0 ZE1 1AA flat 1 aside"), set_aside, 0),
        // A postcode's row is no premises', and its delete leaves them.
        ("AA1 1AA,,,,,,,delete", 6, None, deleted, 0),
    ] {
        let merged = desk.merge(&load, &owned(&[&format!("{ANCHOR},upsert"), row]));
        let mut wanted: Vec<_> = owned(&before);
        if of < wanted.len() {
            wanted.remove(of);
        }
        wanted.extend(now.map(str::to_owned));
        let mut found = said(&merged.premises, &merged.texts, &desk.table3);
        wanted.sort();
        found.sort();
        assert_eq!(found, wanted, "{row}");
        assert_eq!(merged.applied, Applied { unchanged: applied.unchanged + 1, ..applied }, "{row}");
        assert_eq!((merged.unknown_premises.rows(), merged.unknown_deletes.len()), (unknown, 0), "{row}");
        assert!(merged.unknown_premises.lines().all(|line| line == 3), "{row}");
    }
}

#[test]
fn rows_that_disagree_on_a_premises_leave_its_mark_and_repeats_count_once() {
    let desk = Desk::new();
    let load = desk.full("base", &owned(&[ANCHOR, "AA1 1AA,,,,7,Flat 1,", "AA1 1AA,,,,,Flat 2,"]));
    for (rows, now, repeats, set_aside) in [
        (&[",,,,7,,,delete", "AA1 1AA,,,,07,Flat 1,,delete"][..], &["0 AA1 1AA flat 2 none"][..], 1, 0),
        (
            &[",,,,7,,,delete", "AA1 1AA,,,,7,Flat 1,,upsert"],
            &["7 AA1 1AA flat 1 aside", "0 AA1 1AA flat 2 none"],
            0,
            2,
        ),
        (
            &["AA1 1AA,,,,7,Flat 1,,upsert", "AA1 1AB,,,,7,Flat 1,,upsert"],
            &["7 AA1 1AA flat 1 aside", "0 AA1 1AA flat 2 none"],
            0,
            2,
        ),
        (
            &["AA1 1AA,,,,,flat 2,,delete", "AA1 1AA,,,,,FLAT-2,,delete", "AA1 1AA,,,,,Flat 2,,upsert"],
            &["7 AA1 1AA flat 1 none", "0 AA1 1AA flat 2 aside"],
            0,
            3,
        ),
    ] {
        let mut delta = owned(rows);
        delta.push(format!("{ANCHOR},upsert"));
        let ingested = desk.ingest(FileKind::Delta, &delta);
        assert_eq!((ingested.report.repeats, ingested.report.set_aside), (repeats, set_aside), "{rows:?}");
        let merged = apply(&load, &ingested, &desk.table3, 10, desk.directory.path()).unwrap();
        assert_eq!(said(&merged.premises, &merged.texts, &desk.table3), now, "{rows:?}");
    }
}

#[test]
fn a_variant_that_table_3_lost_must_not_be_left_at_a_premises() {
    let table = |names: &[&str]| {
        let mut csv =
            "csp_region,wan_variant,description,provenance\nSouth,Unknown,,DP106\nCentral,Unknown,,DP106\n".to_owned();
        names.iter().for_each(|name| csv += &format!("South,{name},,assumed\n"));
        Table3::from_csv(csv.as_bytes()).unwrap()
    };
    let mut desk = Desk { table3: table(&["A", "B", "C"]), ..Desk::new() };
    let base = ["AA1 1AA,,,,,,", "AA1 1AA,2020-01-01,B,High,7,,", "AA1 1AA,2020-01-01,C,High,,1,"];
    let load = desk.full("base", &owned(&base));
    desk.table3 = table(&["C", "A"]);
    let delta = |row: &str| {
        let delta = desk.ingest(FileKind::Delta, &owned(&[row]));
        apply(&load, &delta, &desk.table3, 10, desk.directory.path())
    };
    let Err(left) = delta("AA1 1AA,,,,,,,upsert") else { panic!("7 has a variant that is listed no more") };
    assert!(left.to_string().contains("no longer lists the variant \"B\" for South"), "{left}");
    // The others go over by name.
    let merged = delta(",,,,7,,,delete").unwrap();
    assert_eq!(said(&merged.premises, &merged.texts, &desk.table3), ["0 AA1 1AA 1 C"]);
}

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
        let wanted = base.keys().chain(after.keys()).collect::<std::collections::BTreeSet<_>>().len();
        prop_assert_eq!((figures.new + figures.removed + figures.in_both()) as usize, wanted + 1);
        prop_assert!(all.is_sorted_by_key(|location| location.location.clone()));
        // From behind each of them, and from behind a place of each kind that may be in neither.
        let absent = [
            Location::Postcode("AA1 1AD".parse().unwrap()),
            Location::Uprn(Uprn::new(20).unwrap()),
            Location::Address("AA1 1AD".parse().unwrap(), AddressIdentifier::parse("flat").unwrap()),
        ];
        for last in all.iter().map(|location| location.location.clone()).chain(absent) {
            let rest: Vec<_> = changes(Arc::clone(&earlier), Arc::clone(&merged), Some(last.clone()))
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
        let rest = changes(Arc::clone(&base), Arc::clone(&merged), Some(location.location.clone()));
        assert_eq!(rest.map(Result::unwrap).collect::<Vec<_>>(), all[place + 1..], "behind {}", location.location);
    }
}
