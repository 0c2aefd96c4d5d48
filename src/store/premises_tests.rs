//! Any file about premises, packed, sealed and opened; then every place asked, and each answer held against what the rows
//! say when read one by one.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::{Arc, atomic::AtomicBool},
};

use jiff::Timestamp;
use proptest::prelude::*;

use crate::{
    domain::{AddressIdentifier, Coverage, CspRegion, Location, Postcode, RegionMap, Said, Table3, Uprn},
    ingest::{FileKind, Limits, read},
    store::{
        ActiveLoad, ActiveSet, DataDir, Manifest, Reaper, SealedLoad, StoreError, compare_sealed, fixture_tests, pack,
        seal,
    },
};

const HEADER: &str = "postcode,availability_date,wan_variant,connectivity_likelihood,uprn,address_identifier,\
                      additional_information\n";
const POSTCODES: [&str; 4] = ["AA1 1AA", "AA1 1AB", "AA1 2AA", "AB1 1AA"];
/// As sent, and folded.
const IDENTIFIERS: [(&str, &str); 7] = [
    ("", ""),
    ("1", "1"),
    ("Flat 1", "flat 1"),
    ("FLAT-1", "flat 1"),
    ("Flat 1 12", "flat 1 12"),
    ("Flat 11 2", "flat 11 2"),
    ("Tŷ Coch", "tŷ coch"),
];
/// Cells as sent, whether they answer, and the variant and text told.
const SAID: [(&str, &str, &str); 5] = [
    (",,", "", "none planned"),
    ("2020-01-01,Cellular,High", "", "Cellular"),
    ("2020-01-01, ,Low", "", "Unknown"),
    ("2020-01-01,Cellular,High", "ring first", "Cellular, ring first"),
    ("bad,,", "", "set aside"),
];

#[derive(Clone, Debug)]
struct Sent {
    uprn: u64,
    postcode: usize,
    identifier: usize,
    said: usize,
}

fn sent() -> impl Strategy<Value = Sent> {
    let uprn = prop_oneof![2 => Just(0), 3 => 1..60u64, 1 => 1..=Uprn::MAX];
    let said = prop_oneof![20 => 0..SAID.len() - 1, 1 => Just(SAID.len() - 1)];
    (uprn, 0..POSTCODES.len(), 0..IDENTIFIERS.len(), said).prop_map(|(uprn, postcode, identifier, said)| Sent {
        uprn,
        postcode,
        identifier,
        said,
    })
}

fn file(rows: &[Sent]) -> String {
    let row = |row: &Sent| {
        let uprn = if row.uprn == 0 { String::new() } else { row.uprn.to_string() };
        let (cells, text, _) = SAID[row.said];
        format!("{},{cells},{uprn},{},{text}\n", POSTCODES[row.postcode], IDENTIFIERS[row.identifier].0)
    };
    // One row that always answers, so that there is a load.
    format!("{HEADER}AA9 9ZZ,,,,,,\n{}", rows.iter().map(row).collect::<String>())
}

/// UPRN, postcode and identifier that a place is found by, and what is told of it.
type Told = (u64, usize, &'static str, &'static str);

/// What stands for each place that rows speak of: what they agree on, or that they were set aside.
fn settled(rows: &[Sent]) -> (BTreeMap<usize, &'static str>, Vec<Told>) {
    let mut places: BTreeMap<(u64, usize, &str), Vec<&Sent>> = BTreeMap::new();
    for row in rows {
        let identifier = IDENTIFIERS[row.identifier].1;
        let key = if row.uprn == 0 { (0, row.postcode, identifier) } else { (row.uprn, 0, "") };
        places.entry(key).or_default().push(row);
    }
    let (mut postcodes, mut premises) = (BTreeMap::new(), Vec::new());
    for ((uprn, _, _), rows) in places {
        let place = |row: &Sent| (row.postcode, IDENTIFIERS[row.identifier].1);
        let differ = rows.iter().any(|row| place(row) != place(rows[0]) || SAID[row.said].2 != SAID[rows[0].said].2);
        let told = if differ || rows.iter().any(|row| row.said + 1 == SAID.len()) {
            "set aside"
        } else {
            SAID[rows[0].said].2
        };
        let (postcode, identifier) = place(rows[0]);
        if uprn == 0 && identifier.is_empty() {
            postcodes.insert(postcode, told);
        } else {
            premises.push((uprn, postcode, identifier, told));
        }
    }
    (postcodes, premises)
}

struct Desk {
    data: DataDir,
    reaper: Reaper,
    table3: Table3,
    _directory: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let data = DataDir::open(directory.path()).unwrap();
        let (reaper, table3) = (Reaper::start().unwrap(), Table3::shipped().unwrap());
        Self { data, reaper, table3, _directory: directory }
    }

    fn load(&self, file: &str, id: &str) -> SealedLoad {
        let directory = self.data.incoming().join("load");
        fs::create_dir_all(&directory).unwrap();
        let limits = Limits::new(directory.join("spill"));
        let variants = self.table3.region(CspRegion::South);
        let scanned = read(file.as_bytes(), FileKind::Full, variants, &limits, &AtomicBool::new(false)).unwrap();
        let ingested = scanned.settle(|| Ok(file.as_bytes())).unwrap();
        let manifest = Manifest {
            load_id: id.to_owned(),
            table3_sha256: hex::encode(self.table3.sha256()),
            report: ingested.report,
            ..fixture_tests::manifest()
        };
        let packed =
            pack(&directory, &ingested.rows, &ingested.premises, &ingested.texts, &self.table3, &manifest).unwrap();
        let manifest = Manifest { format: packed.format(), packed: Some(packed), ..manifest };
        seal(&self.data, &directory, manifest, &self.table3, &self.reaper).unwrap().load
    }

    fn reopened(&self, load: SealedLoad) -> Result<SealedLoad, StoreError> {
        let home = self.data.load(&load.manifest().load_id);
        drop(load);
        SealedLoad::open(&home, &self.reaper)
    }
}

fn active(load: SealedLoad) -> ActiveSet {
    let mut load = Some(ActiveLoad::new(Arc::new(load), Timestamp::UNIX_EPOCH));
    let loads = RegionMap::from_fn(|region| if region == CspRegion::South { load.take() } else { None });
    ActiveSet::new(loads, Vec::new())
}

fn words(answer: &crate::store::Answer<'_>) -> String {
    match answer.said {
        Said::SetAside => "set aside".to_owned(),
        Said::Coverage(Coverage::NonePlanned) => "none planned".to_owned(),
        Said::Coverage(Coverage::From(_)) if answer.additional_information.is_empty() => {
            answer.variant_name.unwrap().into()
        }
        Said::Coverage(Coverage::From(_)) => {
            format!("{}, {}", answer.variant_name.unwrap(), answer.additional_information)
        }
    }
}

/// Asks for every postcode, every address and every UPRN there is or might be.
fn ask_all(set: &ActiveSet, rows: &[Sent]) {
    let (postcodes, premises) = settled(rows);
    for (place, text) in POSTCODES.iter().enumerate() {
        let postcode: Postcode = text.parse().unwrap();
        let own = premises.iter().filter(|told| told.1 == place && told.3 != "set aside").count();
        let told: Vec<_> = set.lookup(postcode).map(Result::unwrap).collect();
        assert_eq!(
            told.iter().map(words).collect::<Vec<_>>(),
            postcodes.get(&place).map_or(vec![], |said| vec![*said])
        );
        assert!(told.iter().all(|answer| answer.premises.is_none() && answer.premises_rows as usize == own));
        assert_eq!(set.premises_rows(postcode) as usize, own, "{text}");
        for (_, folded) in &IDENTIFIERS[1..] {
            let identifier = AddressIdentifier::parse(folded).unwrap();
            let matches = set.lookup_address(postcode, &identifier).unwrap();
            assert!(!matches.too_many);
            let found: Vec<_> = matches
                .answers
                .iter()
                .map(|answer| {
                    let uprn = answer.premises.map(|premises| premises.uprn.map_or(0, Uprn::number));
                    assert!(answer.premises.is_none_or(|premises| premises.postcode == Some(postcode)));
                    (uprn, words(answer))
                })
                .collect();
            let mut wanted: Vec<_> = premises
                .iter()
                .filter(|told| told.1 == place && told.2 == *folded)
                .map(|told| (Some(told.0), told.3.to_owned()))
                .collect();
            wanted.sort();
            if wanted.is_empty() {
                wanted.extend(postcodes.get(&place).map(|said| (None, (*said).to_owned())));
            }
            assert_eq!(found, wanted, "{folded:?} in {text}");
        }
    }
    let mut uprns: BTreeSet<u64> = (1..62).collect();
    uprns.extend(rows.iter().flat_map(|row| [row.uprn.saturating_sub(1), row.uprn, row.uprn + 1]));
    for uprn in uprns.into_iter().filter_map(Uprn::new) {
        let told: Vec<_> = set.lookup_uprn(uprn).map(Result::unwrap).collect();
        let wanted = premises.iter().find(|told| told.0 == uprn.number());
        assert_eq!(told.iter().map(words).collect::<Vec<_>>(), wanted.map_or(vec![], |told| vec![told.3]), "{uprn}");
        for answer in told {
            let place = answer.premises.unwrap();
            assert_eq!(place.uprn, Some(uprn));
            assert_eq!(place.postcode.unwrap().to_string(), POSTCODES[wanted.unwrap().1]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_the_file_every_key_is_answered_by_the_row_that_should_answer(
        rows in prop::collection::vec(sent(), 0..700),
        seed in any::<u64>(),
    ) {
        let desk = Desk::new();
        let load = desk.load(&file(&rows), "one");
        let packed = load.manifest().packed.clone();
        let set = active(load);
        ask_all(&set, &rows);
        drop(set);
        let reopened = SealedLoad::open(&desk.data.load("one"), &desk.reaper).unwrap();
        ask_all(&active(reopened), &rows);

        // In another order the file is the same load, but for the rows that stand first for a place that was set aside.
        let (_, premises) = settled(&rows);
        if premises.iter().all(|told| told.3 != "set aside") {
            let mut shuffled = rows;
            let mut places = 0..u64::MAX;
            shuffled.sort_by_cached_key(|_| (places.next().unwrap() + 1).wrapping_mul(seed | 1).rotate_left(23));
            prop_assert_eq!(desk.load(&file(&shuffled), "two").manifest().packed.clone(), packed);
        }
    }
}

fn many(premises: u64) -> Vec<Sent> {
    (1..=premises)
        .map(|n| Sent { uprn: n * 3, postcode: (n % 4) as usize, identifier: (n % 7) as usize, said: (n % 4) as usize })
        .collect()
}

#[test]
fn a_postcode_of_very_many_premises_is_searched_and_tells_no_more_than_it_can() {
    let desk = Desk::new();
    let mut file = file(&[]);
    for n in 1..=20_000u64 {
        file += &format!("AA1 1AA,,,,{n},House {:05},\n", n % 10_000);
    }
    for n in 20_001..=20_400u64 {
        file += &format!("AA1 1AA,,,,{n},The Tower,\n");
    }
    let set = active(desk.load(&file, "one"));
    let postcode: Postcode = "AA1 1AA".parse().unwrap();
    for n in [0, 1, 127, 128, 129, 5_000, 9_998, 9_999u64] {
        let identifier = AddressIdentifier::parse(&format!("house {n:05}")).unwrap();
        let matches = set.lookup_address(postcode, &identifier).unwrap();
        let uprns: Vec<_> =
            matches.answers.iter().map(|answer| answer.premises.unwrap().uprn.unwrap().number()).collect();
        assert_eq!(uprns, if n == 0 { [10_000, 20_000] } else { [n, n + 10_000] });
    }
    for absent in ["a", "house", "house 00000 a", "house 10000", "z"] {
        let identifier = AddressIdentifier::parse(absent).unwrap();
        assert!(set.lookup_address(postcode, &identifier).unwrap().answers.is_empty(), "{absent}");
    }
    let tower = set.lookup_address(postcode, &AddressIdentifier::parse("THE TOWER").unwrap()).unwrap();
    assert!(tower.too_many && tower.answers.len() == super::MATCHES);
    assert_eq!(set.premises_rows(postcode), 20_400);
}

#[test]
fn only_an_address_where_there_are_premises_takes_the_disk() {
    let desk = Desk::new();
    let set = active(desk.load(&format!("{}AA1 1AA,,,,,Flat 1,\nAA1 1AB,,,,,,\n", file(&many(0))), "one"));
    let location = |postcode: &str, identifier: Option<&str>| {
        let postcode = postcode.parse().unwrap();
        identifier.map_or(Location::Postcode(postcode), |identifier| {
            Location::Address(postcode, AddressIdentifier::parse(identifier).unwrap())
        })
    };
    for (postcode, identifier, in_memory) in [
        ("AA1 1AA", None, true),
        ("AA1 1AA", Some("flat 1"), false),
        ("AA1 1AA", Some("flat 2"), false),
        // Known without premises, in a known sector, and not at all.
        ("AA1 1AB", Some("flat 1"), true),
        ("AA1 1AD", Some("flat 1"), true),
        ("ZE1 1AA", Some("flat 1"), true),
    ] {
        assert_eq!(set.in_memory(&location(postcode, identifier)), in_memory, "{identifier:?} in {postcode}");
    }
    assert!(set.in_memory(&Location::Uprn(Uprn::new(7).unwrap())));
    assert!(ActiveSet::default().in_memory(&location("AA1 1AA", Some("flat 1"))));
}

#[test]
fn a_load_without_uprns_or_without_addresses_is_answered_from() {
    let desk = Desk::new();
    for (rows, id) in [("AA1 1AA,,,,,Flat 1,\n", "addresses"), ("bad,,,,7,,\n", "a mark")] {
        let load = desk.load(&format!("{HEADER}AA9 9ZZ,,,,,,\n{rows}"), id);
        let reopened = desk.reopened(load).unwrap();
        let set = active(reopened);
        let identifier = AddressIdentifier::parse("flat 1").unwrap();
        let by_address = set.lookup_address("AA1 1AA".parse().unwrap(), &identifier).unwrap().answers.len();
        let by_uprn = set.lookup_uprn(Uprn::new(7).unwrap()).count();
        assert_eq!([by_address, by_uprn], if id == "addresses" { [1, 0] } else { [0, 1] }, "{id}");
    }
}

#[test]
fn premises_are_compared_by_their_keys_and_counted_apart() {
    let desk = Desk::new();
    let rows = |rows: &[&str]| format!("{HEADER}AA9 9ZZ,,,,,,\n{}\n", rows.join("\n"));
    let before = rows(&[
        "AA1 1AA,2020-01-01,Cellular,High,,,",
        "AA1 1AA,2020-01-01,Cellular,High,7,1,",
        "AA1 1AA,2020-01-01,Cellular,High,8,,",
        "AA1 1AA,2020-01-01,Cellular,High,9,,",
        "AA1 1AA,2020-01-01, ,High,,Flat 1,",
        "AA1 1AB,,,,,Flat 1,",
        "AA1 1AA,bad,,,10,,",
    ]);
    let after = rows(&[
        // 7 says what it said, at another postcode; 8 is Unknown now; 9 is gone, 11 is new; 10 answers now.
        "AA1 1AB,2020-01-01,Cellular,High,7,2,",
        "AA1 1AA,2020-01-01, ,High,8,,",
        "AA1 1AA,,,,10,,",
        "AA1 1AA,,,,11,,",
        "AA1 1AA,2020-01-01,Cellular,High,,flat-1,ring first",
        "AA1 1AB,,,,,FLAT 1,",
    ]);
    let [before, after] = [(before, "one"), (after, "two")].map(|(file, id)| desk.load(&file, id));
    let changes = compare_sealed(&before, &after).unwrap();
    assert_eq!((changes.before(), changes.after(), changes.new, changes.removed), (8, 7, 1, 2));
    assert_eq!((changes.same, changes.changed, changes.postcode_changed), (2, 4, 1));
    assert_eq!((changes.confirmed_to_unknown, changes.unknown_to_confirmed, changes.texts_changed), (1, 1, 1));
    assert_eq!(changes.no_longer_set_aside, 1);
    assert_eq!((changes.answers_before, changes.answers_after, changes.answers_in_both), (7, 7, 5));
    assert_eq!((changes.premises_before, changes.premises_after, changes.premises_in_both), (5, 6, 4));
    let mirrored = compare_sealed(&after, &before).unwrap();
    assert_eq!((mirrored.new, mirrored.removed, mirrored.newly_set_aside), (2, 1, 1));
    assert!(compare_sealed(&before, &before).unwrap().is_nothing());
}

#[test]
fn a_load_without_premises_keeps_the_format_that_older_servers_read() {
    let desk = Desk::new();
    let without = desk.load(&file(&[]), "one");
    assert_eq!((without.manifest().format, &without.manifest().packed.as_ref().unwrap().premises), (1, &None));
    let with = desk.load(&file(&many(3)), "two");
    let premises = with.manifest().packed.as_ref().unwrap().premises.clone().unwrap();
    assert_eq!((with.manifest().format, premises.rows, premises.uprns, premises.postcodes), (2, 3, 3, 3));
}

#[path = "premises_damage_tests.rs"]
mod damage;
