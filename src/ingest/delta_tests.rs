//! Delta files: the `change` column, deletes, and what is set aside.

use std::sync::atomic::AtomicBool;

use proptest::prelude::*;

use super::*;
use crate::domain::{CspRegion, Facts, Table3};

const HEADER: &str = "postcode,availability_date,wan_variant,connectivity_likelihood,auxiliary_equipment_required,\
                      additional_information,change\n";
const GOOD: &str = "AA9 9AA,2020-01-01,Cellular,High,,,upsert\n";

fn limits() -> Limits {
    Limits::new(std::env::temp_dir().join(format!("wan-matrix-delta-{}", std::process::id())))
}

fn read_as(kind: FileKind, file: &[u8]) -> Result<Scanned, FileError> {
    let table = Table3::shipped().unwrap();
    read(file, kind, table.region(CspRegion::South), &limits(), &AtomicBool::new(false))
}

fn settled(file: &str) -> Ingested {
    read_as(FileKind::Delta, file.as_bytes()).unwrap().settle(|| Ok(file.as_bytes())).unwrap()
}

/// What is in flight for AA1 1AA.
fn in_flight(ingested: &Ingested) -> Option<Facts> {
    let key = "AA1 1AA".parse::<crate::domain::Postcode>().unwrap().packed();
    ingested.rows.iter().find(|row| row.key() == key).map(Row::facts)
}

#[test]
fn a_header_must_be_that_of_the_kind_announced() {
    let told = |kind, header: &str| match read_as(kind, format!("{header}\n{GOOD}").as_bytes()) {
        Ok(_) => "taken".to_owned(),
        Err(error) => error.to_string(),
    };
    let full = "postcode,availability_date,wan_variant,connectivity_likelihood";
    let mut all = String::new();
    for (kind, header) in [
        (FileKind::Full, full.to_owned()),
        (FileKind::Delta, full.to_owned() + ",change"),
        (FileKind::Delta, "change,".to_owned() + full),
        (FileKind::Full, full.to_owned() + ",change"),
        (FileKind::Full, full.to_owned() + ",Change"),
        (FileKind::Delta, full.to_owned()),
        (FileKind::Delta, full.to_owned() + ",Change"),
        (FileKind::Delta, full.to_owned() + ",change,change"),
        (FileKind::Delta, "postcode,change".to_owned()),
    ] {
        all += &format!("{kind:?} {header}\n  {}\n", told(kind, &header));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn each_row_says_what_becomes_of_it() {
    let mut messages = String::new();
    for (row, reason, column) in [
        ("AA1 1AA,,,,,,upsert", None, None),
        ("AA1 1AA,,,,,,delete", None, None),
        ("aa11aa,,,,,,\"delete\"", None, None),
        ("AA1 1AA,,,,,,", Some(RejectReason::ChangeMalformed), Some(Column::Change)),
        ("AA1 1AA,,,,,,Delete", Some(RejectReason::ChangeMalformed), Some(Column::Change)),
        ("AA1 1AA,,,,,,upsert ", Some(RejectReason::ChangeMalformed), Some(Column::Change)),
        ("AA1 1AA,,,,,,insert", Some(RejectReason::ChangeMalformed), Some(Column::Change)),
        ("AA1 1AA,2020-01-01,,,,,delete", Some(RejectReason::DeleteNotBare), Some(Column::AvailabilityDate)),
        // A space says "not confirmed": a delete says nothing.
        ("AA1 1AA,, ,,,,delete", Some(RejectReason::DeleteNotBare), Some(Column::WanVariant)),
        ("AA1 1AA,,,High,,,delete", Some(RejectReason::DeleteNotBare), Some(Column::ConnectivityLikelihood)),
        ("AA1 1AA,,,,x,,delete", Some(RejectReason::DeleteNotBare), Some(Column::AuxiliaryEquipmentRequired)),
        ("AA1 1AA,,,,,x,delete", Some(RejectReason::DeleteNotBare), Some(Column::AdditionalInformation)),
        // What a full file's row may not say, an upsert may not.
        (
            "AA1 1AA,2020-01-01,Cellular,,,,upsert",
            Some(RejectReason::LikelihoodMissing),
            Some(Column::ConnectivityLikelihood),
        ),
        ("AA1 1AA,,,,,delete", Some(RejectReason::FieldCount), None),
    ] {
        let ingested = settled(&format!("{HEADER}{row}\n{GOOD}"));
        let reject = ingested.rejects.first();
        assert_eq!(reject.map(|reject| (reject.reason, reject.column)), reason.map(|reason| (reason, column)), "{row}");
        let facts = match row.contains("delete\"") || row.ends_with(",,,,,,delete") {
            true => Facts::DELETE,
            _ if reason.is_some() => Facts::SET_ASIDE,
            false => Facts::from_bits(0),
        };
        assert_eq!(in_flight(&ingested), Some(facts), "{row}");
        if let Some(reject) = reject {
            assert_eq!(reject.row, row.as_bytes());
            messages += &format!("{row}\n  {}\n", reject.message);
        }
    }
    insta::assert_snapshot!(messages);
}

#[test]
fn rows_of_one_place_agree_on_its_change() {
    let (delete, none) = ("AA1 1AA,,,,,,delete", "AA1 1AA,,,,,,upsert");
    for (rows, accepted, deletes, repeats, set_aside) in [
        (vec![delete], 1, 1, 0, 0),
        (vec![delete, "aa11aa,,,,,,delete", delete], 1, 1, 2, 0),
        (vec![none, none], 1, 0, 1, 0),
        (vec![delete, none], 0, 0, 0, 2),
        (vec![none, delete, delete], 0, 0, 0, 3),
        (vec![delete, "AA1 1AA,,,,,,drop"], 0, 0, 0, 2),
        (vec![delete, "AA1 1AA,,,,x,,delete"], 0, 0, 0, 2),
    ] {
        let Report { rows: all, accepted: a, deletes: d, repeats: r, set_aside: s, set_aside_locations, .. } =
            settled(&format!("{HEADER}{}\n{GOOD}", rows.join("\n"))).report;
        assert_eq!((a, d, r, s), (accepted + 1, deletes, repeats, set_aside), "{rows:?}");
        assert_eq!(all, a + s + r, "{rows:?}");
        assert_eq!(set_aside_locations, u64::from(set_aside > 0), "{rows:?}");
    }
}

#[test]
fn deletes_of_one_premises_agree_wherever_they_say_that_it_lies() {
    let columns = "postcode,availability_date,wan_variant,connectivity_likelihood,uprn,address_identifier,change";
    let deletes = [",,,,7,,delete", "AA1 1AA,,,,7,Flat 1,delete", "AA1 1AB,,,,7,,delete"];
    let Ingested { premises, report, .. } = settled(&format!("{columns}\n{GOOD}{}\n", deletes.join("\n")));
    assert_eq!((report.accepted, report.deletes, report.repeats, report.set_aside), (2, 1, 2, 0));
    assert_eq!(premises.rows(), 1);
}

#[test]
fn unknown_deletes_are_set_aside_afterwards() {
    // The last line is an unknown delete too, beyond the one reject more that is kept.
    let file = format!(
        "{HEADER}{GOOD}AA1 1AA,,,,,,delete\nAA1 1AB,,,,,,drop\naa1 1ad,,,,,,delete\nAA1 1AE,,,,,,upsert\n\
         AA1 1AE,,,,,,delete\nAA1 1AF,,,,,,delete\n"
    );
    let limits = Limits { rejects_kept: 4, ..limits() };
    let table = Table3::shipped().unwrap();
    let south = table.region(CspRegion::South);
    let scanned = read(file.as_bytes(), FileKind::Delta, south, &limits, &AtomicBool::new(false)).unwrap();
    let mut ingested = scanned.settle(|| Ok(file.as_bytes())).unwrap();
    ingested
        .set_aside_unknown_deletes(&[], &UnknownDeletes::default(), &limits, || -> std::io::Result<&[u8]> {
            panic!("nothing to read")
        })
        .unwrap();
    assert_eq!((ingested.report.accepted, ingested.report.deletes), (4, 3));

    ingested.set_aside_unknown_deletes(&[5, 8], &UnknownDeletes::default(), &limits, || Ok(file.as_bytes())).unwrap();
    let report = &ingested.report;
    assert_eq!((report.rows, report.accepted, report.deletes, report.set_aside), (7, 2, 1, 5));
    assert_eq!(report.rejects_by_reason[&RejectReason::DeleteUnknown], 2);
    assert_eq!((report.set_aside_locations, report.rejects_kept), (2, 4));
    assert_eq!(in_flight(&ingested), Some(Facts::DELETE));
    assert_eq!(ingested.rows.iter().filter(|row| row.facts().is_delete()).count(), 1);
    let kept: Vec<_> = ingested
        .rejects
        .iter()
        .map(|reject| (reject.line, reject.reason.name(), String::from_utf8(reject.row.clone()).unwrap()))
        .collect();
    insta::assert_debug_snapshot!(kept);
    insta::assert_snapshot!(report);
    insta::assert_snapshot!(ingested.rejects[1].message, @"the base load has no such location, so there is nothing to delete; correct the postcode, or leave the row out");
}

#[test]
fn a_delta_of_nothing_but_unknown_deletes_has_no_accepted_row() {
    let file = format!("{HEADER}AA1 1AA,,,,,,delete\n");
    let mut ingested = settled(&file);
    match ingested.set_aside_unknown_deletes(&[2], &UnknownDeletes::default(), &limits(), || Ok(file.as_bytes())) {
        Err(FileError::NoAcceptedRow(unaccepted)) => {
            assert_eq!((unaccepted.report.accepted, unaccepted.report.set_aside), (0, 1));
            assert_eq!(unaccepted.rejects[0].row, b"AA1 1AA,,,,,,delete");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_report_kept_before_there_were_deltas_is_still_read() {
    let mut json = serde_json::to_value(Report { rows: 3, accepted: 3, ..Report::default() }).unwrap();
    json.as_object_mut().unwrap().remove("deletes").unwrap();
    let report: Report = serde_json::from_value(json).unwrap();
    assert_eq!((report.accepted, report.deletes), (3, 0));
    assert!(!report.to_string().contains("delete"), "only a delta's report speaks of deletes");
}

proptest! {
    #[test]
    fn the_counts_of_any_delta_add_up(rows in prop::collection::vec(
        ("AA1 1A[ABD]", prop::sample::select(vec![",,", "2020-01-01,Cellular,High", "x,,"]),
         prop::sample::select(vec!["upsert", "delete", "drop"])),
        0..12,
    )) {
        let rows: String = rows.iter().map(|(place, cells, change)| format!("{place},{cells},,,{change}\n")).collect();
        let ingested = settled(&format!("{HEADER}{GOOD}{rows}"));
        let report = &ingested.report;
        prop_assert_eq!(report.rows, report.accepted + report.set_aside + report.repeats);
        prop_assert_eq!(report.rejects_by_reason.values().sum::<u64>(), report.set_aside);
        let deletes = ingested.rows.iter().filter(|row| row.facts().is_delete()).count() as u64;
        prop_assert_eq!(report.deletes, deletes);
        prop_assert_eq!(ingested.rows.len() as u64, report.accepted + report.set_aside_locations);
        // Only rows of kinds that a full file could hold, or deletes, are in flight.
        let table = Table3::shipped().unwrap();
        let south = table.region(CspRegion::South);
        prop_assert!(ingested.rows.iter().all(|row| row.facts().is_delete() != row.facts().unpack(south).is_ok()));
    }
}
