use std::{collections::BTreeMap, sync::atomic::AtomicBool};

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    domain::{Coverage, Facts, Postcode, Said},
    ingest::{FileKind, Ingested, Limits, read},
    store::{DataDir, FORMAT, Manifest, Packed, Reaper, pack, seal},
};

const HEADER: &str = "postcode,availability_date,wan_variant,connectivity_likelihood,auxiliary_equipment_required,\
                      additional_information";

/// Two files of South and a place to keep them in.
struct Desk {
    data: DataDir,
    reaper: Reaper,
    directory: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let data = DataDir::open(directory.path()).unwrap();
        Self { data, reaper: Reaper::start().unwrap(), directory }
    }

    fn ingest(&self, kind: FileKind, rows: &[String], table3: &Table3) -> Ingested {
        let change = if kind == FileKind::Delta { ",change" } else { "" };
        let file = format!("{HEADER}{change}\n{}\n", rows.join("\n"));
        let limits = Limits::new(self.directory.path().join("spill"));
        let scanned =
            read(file.as_bytes(), kind, table3.region(CspRegion::South), &limits, &AtomicBool::new(false)).unwrap();
        scanned.settle(|| Ok(file.as_bytes())).unwrap()
    }

    fn pack(&self, name: &str, rows: &[Row], texts: &TextTable, table3: &Table3) -> (Packed, Manifest) {
        let directory = self.data.incoming().join(name);
        std::fs::create_dir_all(&directory).unwrap();
        let manifest = json!({
            "format": FORMAT, "load_id": "south-base", "region": "south", "issue_time": "2026-11-20T04:05:06Z",
            "reference": "", "submitter": "", "received": "2026-11-20T04:05:06Z", "encoding": "identity", "sha256": "",
            "content_sha256": "", "identity": "", "table3_sha256": hex::encode(table3.sha256()), "bytes_sent": 0,
            "bytes_decompressed": 0, "report": crate::ingest::Report::default(),
        });
        let mut manifest: Manifest = serde_json::from_value(manifest).unwrap();
        let packed = pack(&directory, rows, &Premises::default(), texts, table3, &manifest).unwrap();
        manifest.packed = Some(packed.clone());
        (packed, manifest)
    }

    fn base(&self, rows: &[String], table3: &Table3) -> SealedLoad {
        let full = self.ingest(FileKind::Full, rows, table3);
        let (_, manifest) = self.pack("base", &full.rows, &full.texts, table3);
        seal(&self.data, &self.data.incoming().join("base"), manifest, table3, &self.reaper).unwrap().load
    }

    fn apply(&self, base: &SealedLoad, rows: &[String], table3: &Table3) -> Result<Merged, DeltaError> {
        let delta = self.ingest(FileKind::Delta, rows, table3);
        apply(base, &delta, table3, 10, self.directory.path())
    }
}

/// What rows say, by postcode.
fn said(rows: &[Row], texts: &TextTable, table3: &Table3) -> BTreeMap<String, String> {
    let variants = table3.region(CspRegion::South);
    let words = |row: &Row| match row.facts().unpack(variants).unwrap() {
        Said::SetAside => "set aside".to_owned(),
        Said::Coverage(Coverage::NonePlanned) => "none planned".to_owned(),
        Said::Coverage(Coverage::From(from)) => {
            format!("{} {} {}", from.date, variants.name(from.variant).unwrap(), from.likelihood.name())
        }
    };
    let all = rows.iter().map(|row| {
        let (auxiliary, additional) = texts.get(row.texts).unwrap();
        let texts = if row.texts == 0 { String::new() } else { format!(" ({auxiliary}|{additional})") };
        (Postcode::from_packed(row.key()).unwrap().to_string(), words(row) + &texts)
    });
    all.collect()
}

fn owned(rows: &[&str]) -> Vec<String> {
    rows.iter().map(|row| (*row).to_owned()).collect()
}

#[test]
fn what_each_row_of_a_delta_does() {
    let table3 = Table3::shipped().unwrap();
    let desk = Desk::new();
    let base = owned(&[
        "AA1 1AB,2020-01-01,Cellular,High,aerial,",
        "AA1 1AD,2020-01-01, ,High,,",
        "AA1 1AE,,,,,",
        "AA1 1AF,2020-13-01,Cellular,High,,",
        "AA9 9ZZ,,,,,note",
    ]);
    let load = desk.base(&base, &table3);
    let full = desk.ingest(FileKind::Full, &base, &table3);
    let before = said(&full.rows, &full.texts, &table3);

    let none = Applied::default();
    let (added, changed) = (Applied { added: 1, ..none }, Applied { changed: 1, ..none });
    let (unchanged, deleted) = (Applied { unchanged: 1, ..none }, Applied { deleted: 1, ..none });
    let set_aside = Applied { set_aside: 1, ..none };
    let gone = None;
    for (rows, place, now, applied, unknown) in [
        (
            &["AA1 1AB,2020-01-01,Cellular,High,aerial,,upsert"][..],
            "AA1 1AB",
            Some("2020-01-01 Cellular High (aerial|)"),
            unchanged,
            0,
        ),
        (
            &["AA1 1AB,2020-01-01,Cellular,High,,aerial,upsert"],
            "AA1 1AB",
            Some("2020-01-01 Cellular High (|aerial)"),
            changed,
            0,
        ),
        (
            &["AA1 1AB,2020-01-01,Cellular,High,note,,upsert"],
            "AA1 1AB",
            Some("2020-01-01 Cellular High (note|)"),
            changed,
            0,
        ),
        (&["AA1 1AB,2020-01-01,Cellular,High,,,upsert"], "AA1 1AB", Some("2020-01-01 Cellular High"), changed, 0),
        (&["AA1 1AD,2020-01-01,Unknown,High,,,upsert"], "AA1 1AD", Some("2020-01-01 Unknown High"), unchanged, 0),
        (&["AA1 1AD,2020-01-01, ,Low,,,upsert"], "AA1 1AD", Some("2020-01-01 Unknown Low"), changed, 0),
        (&["AA1 1AE,,,,,,upsert"], "AA1 1AE", Some("none planned"), unchanged, 0),
        (&["AA1 1AE,2030-01-01,Cellular,Low,,,upsert"], "AA1 1AE", Some("2030-01-01 Cellular Low"), changed, 0),
        // A mark of the base gives way to an answer.
        (&["AA1 1AF,,,,,,upsert"], "AA1 1AF", Some("none planned"), changed, 0),
        // Before, between and after the base's rows; twice the same is once.
        (&["AA1 1AA,,,,,,upsert"], "AA1 1AA", Some("none planned"), added, 0),
        (&["AA1 2AA,,,,aerial,,upsert"], "AA1 2AA", Some("none planned (aerial|)"), added, 0),
        (&["ZE1 1AA,,,,new,,upsert", "ZE1 1AA,,,,new,,upsert"], "ZE1 1AA", Some("none planned (new|)"), added, 0),
        // Rows and marks alike are deleted; twice the same is once.
        (&["AA1 1AB,,,,,,delete"], "AA1 1AB", gone, deleted, 0),
        (&["AA1 1AF,,,,,,delete", "aa11af,,,,,,delete"], "AA1 1AF", gone, deleted, 0),
        (&["AA1 1AA,,,,,,delete"], "AA1 1AA", gone, none, 1),
        (&["ZE1 1AA,,,,,,delete"], "ZE1 1AA", gone, none, 1),
        // A row of the delta that is set aside leaves its mark, whatever was there.
        (&["AA1 1AB,2020-01-01,Cellulr,High,,,upsert"], "AA1 1AB", Some("set aside"), set_aside, 0),
        (&["AA1 1AF,2020-01-01,Cellulr,High,,,upsert"], "AA1 1AF", Some("set aside"), set_aside, 0),
        (&["ZE1 1AA,2020-01-01,Cellulr,High,,,upsert"], "ZE1 1AA", Some("set aside"), set_aside, 0),
        (&["AA1 1AB,,,,,,replace"], "AA1 1AB", Some("set aside"), set_aside, 0),
        (&["AA1 1AB,,,,aerial,,delete"], "AA1 1AB", Some("set aside"), set_aside, 0),
        (&["AA1 1AB,,,,,,delete", "AA1 1AB,,,,,,upsert"], "AA1 1AB", Some("set aside"), set_aside, 0),
    ] {
        // A row that changes nothing, so that there is always one to accept.
        let delta = [&["AA9 9ZZ,,,,,note,upsert"], rows].concat();
        let merged = desk.apply(&load, &owned(&delta), &table3).unwrap();
        let mut expected = before.clone();
        expected.remove(place);
        expected.extend(now.map(|now| (place.to_owned(), now.to_owned())));
        assert_eq!(said(&merged.rows, &merged.texts, &table3), expected, "{rows:?}");
        assert!(merged.rows.is_sorted_by(|a, b| a.key() < b.key()), "{rows:?}");
        let applied = Applied { unchanged: applied.unchanged + 1, ..applied };
        assert_eq!(merged.applied, applied, "{rows:?}");
        assert_eq!(merged.unknown_deletes, vec![3; unknown], "{rows:?}");
    }
}

#[test]
fn unknown_deletes_are_told_by_line() {
    let table3 = Table3::shipped().unwrap();
    let desk = Desk::new();
    let load = desk.base(&owned(&["AA1 1AA,,,,,"]), &table3);
    let delta = ["ZE1 1AA,,,,,,delete", "AA1 1AA,,,,,,delete", "AA1 1AB,,,,,,delete"];
    let merged = desk.apply(&load, &owned(&delta), &table3).unwrap();
    assert_eq!(merged.unknown_deletes, [2, 4]);
    assert!(merged.rows.is_empty());
}

fn table3(south: &[&str]) -> Table3 {
    let mut csv =
        "csp_region,wan_variant,description,provenance\nSouth,Unknown,,DP106\nCentral,Unknown,,DP106\n".to_owned();
    south.iter().for_each(|name| csv += &format!("South,{name},,assumed\n"));
    Table3::from_csv(csv.as_bytes()).unwrap()
}

#[test]
fn variants_go_over_to_another_table_3_by_name() {
    let (then, now) = (table3(&["A", "B", "C"]), table3(&["D", "C", "A"]));
    let desk = Desk::new();
    let rows =
        ["AA1 1AA,2020-01-01,A,High,,", "AA1 1AB,2020-01-01,C,Low,,", "AA1 1AD,2020-01-01, ,Low,,", "AA1 1AE,,,,,"];
    let load = desk.base(&owned(&rows), &then);
    let delta = [
        "AA1 1AA,2020-01-01,A,High,,,upsert",
        "AA1 1AB,2020-01-01,D,Low,,,upsert",
        "AA2 1AA,2020-01-01,C,Low,,,upsert",
    ];
    let merged = desk.apply(&load, &owned(&delta), &now).unwrap();
    let expected = [
        ("AA1 1AA", "2020-01-01 A High"),
        ("AA1 1AB", "2020-01-01 D Low"),
        ("AA1 1AD", "2020-01-01 Unknown Low"),
        ("AA1 1AE", "none planned"),
        ("AA2 1AA", "2020-01-01 C Low"),
    ];
    let expected = expected.map(|(place, now)| (place.to_owned(), now.to_owned()));
    assert_eq!(said(&merged.rows, &merged.texts, &now), BTreeMap::from(expected));
    assert_eq!(merged.applied, Applied { added: 1, changed: 1, unchanged: 1, ..Applied::default() });
}

#[test]
fn a_variant_that_table_3_lost_must_not_be_left_in_place() {
    let (then, now) = (table3(&["A", "B"]), table3(&["A"]));
    let desk = Desk::new();
    let load = desk.base(&owned(&["AA1 1AA,2020-01-01,B,High,,", "AA1 1AB,2020-01-01,A,High,,"]), &then);
    for (row, left) in [
        ("AA1 1AB,2020-01-01,A,High,,,upsert", true),
        ("AA1 1AA,2020-01-01,A,High,,,upsert", false),
        ("AA1 1AA,,,,,,delete", false),
    ] {
        match desk.apply(&load, &owned(&[row]), &now) {
            Err(error @ DeltaError::TableChanged { .. }) => {
                assert!(left, "{row}");
                insta::assert_snapshot!(error, @r#"Table 3 no longer lists the variant "B" for South, and the base load has coverage with it that the delta leaves in place; send a full file"#);
            }
            merged => assert!(!left && merged.is_ok(), "{row}"),
        }
    }
}

/// One of some eighty postcodes in four sectors.
fn any_place() -> impl Strategy<Value = String> {
    let units = "[ABDEFGHJLN][AB]";
    (prop::sample::select(vec!["AA1 1", "AA1 2", "B1 1", "SW1A 1"]), units)
        .prop_map(|(sector, unit)| sector.to_owned() + &unit)
}

/// What a row says after its postcode: seven in eight can be accepted.
fn any_cells() -> impl Strategy<Value = String> {
    let texts = prop::sample::select(vec![",", "aerial,", ",note", "aerial,note", "note,"]);
    let coverage = prop_oneof![
        2 => Just(",,"),
        2 => Just("2020-01-01,Cellular,High"),
        2 => Just("2020-01-01, ,High"),
        1 => Just("2031-01-01,Cellular and Mesh,Low"),
        1 => Just("2031-01-01,Cellular,Likely"),
    ];
    (coverage, texts).prop_map(|(coverage, texts)| format!("{coverage},{texts}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_delta_comes_to_what_the_full_file_would_have_been(
        base in prop::collection::btree_map(any_place(), any_cells(), 0..60),
        // `None` deletes; some rows are repeated.
        delta in prop::collection::btree_map(any_place(), (prop::option::weighted(0.7, any_cells()), prop::bool::weighted(0.2)), 0..40),
        order in any::<u64>(),
    ) {
        let table3 = Table3::shipped().unwrap();
        let desk = Desk::new();
        let anchor = "ZE1 0AA,,,,,".to_owned();
        let line = |(place, cells): (&String, &String)| format!("{place},{cells}");
        let mut before: Vec<_> = base.iter().map(line).collect();
        before.push(anchor.clone());

        let mut rows = vec![format!("{anchor},upsert")];
        let mut after = base.clone();
        for (place, (cells, repeated)) in &delta {
            let row = match cells {
                Some(cells) => {
                    after.insert(place.clone(), cells.clone());
                    format!("{place},{cells},upsert")
                }
                None => {
                    after.remove(place);
                    format!("{place},,,,,,delete")
                }
            };
            rows.extend(vec![row; 1 + usize::from(*repeated)]);
        }
        let turn = order as usize % rows.len();
        rows.rotate_left(turn);
        let mut after: Vec<_> = after.iter().map(line).collect();
        after.push(anchor);

        let merged = desk.apply(&desk.base(&before, &table3), &rows, &table3).unwrap();
        let full = desk.ingest(FileKind::Full, &after, &table3);
        prop_assert_eq!(said(&merged.rows, &merged.texts, &table3), said(&full.rows, &full.texts, &table3));
        let marks = |rows: &[Row]| rows.iter().filter(|row| row.facts() == Facts::SET_ASIDE).count();
        prop_assert_eq!(marks(&merged.rows), marks(&full.rows));
        // Byte for byte the same blocks, too.
        let (packed, _) = desk.pack("merged", &merged.rows, &merged.texts, &table3);
        let (wanted, _) = desk.pack("full", &full.rows, &full.texts, &table3);
        prop_assert_eq!(packed, wanted);

        let unknown = delta.iter().filter(|(place, (cells, _))| cells.is_none() && !base.contains_key(*place)).count();
        prop_assert_eq!(merged.unknown_deletes.len(), unknown);
        let Applied { added, changed, unchanged, deleted, set_aside } = merged.applied;
        prop_assert_eq!((added + changed + unchanged + deleted + set_aside) as usize + unknown, delta.len() + 1);
        let now = merged.rows.len() as i64 - before.len() as i64;
        let new_marks = delta.iter().filter(|(place, (cells, _))| {
            cells.as_ref().is_some_and(|cells| cells.contains("Likely")) && !base.contains_key(*place)
        });
        prop_assert_eq!(now, added as i64 + new_marks.count() as i64 - deleted as i64);
    }
}
