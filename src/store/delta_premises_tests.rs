//! Deltas about premises: what each kind of row does.

use std::{
    fs,
    sync::{Arc, atomic::AtomicBool},
};

use crate::{
    domain::{Coverage, CspRegion, Postcode, Said, Table3},
    ingest::{FileKind, Ingested, Limits, Premises, Row, TextTable, read},
    store::{Applied, DataDir, Manifest, Merged, Packed, Reaper, SealedLoad, apply, fixture_tests, pack, seal},
};

#[path = "delta_premises_model_tests.rs"]
mod model;

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
