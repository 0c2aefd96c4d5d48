//! Small loads for the tests of what compares loads, written as their rows read.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use jiff::Timestamp;
use tempfile::TempDir;

use super::{Manifest, Reaper, SealedLoad, database, pack, sealed};
use crate::{
    domain::{
        AvailabilityDate, ConnectivityLikelihood, Coverage, CoveredFrom, CspRegion, Facts, Postcode, Said, Table3,
        UNKNOWN, WanVariant,
    },
    ingest::{Premises, Row, TextTable},
};

/// What one row says: `aside`, `none`, or `2027-03-01 Cellular High`; then, after a `|`, the additional information.
pub(super) type Words = String;

/// Two tables that list the same names in other places, and one name each that the other has not.
pub(super) static TABLES: LazyLock<[Table3; 2]> = LazyLock::new(|| {
    [["Mesh", "Cellular", "Old"], ["Cellular", "New", "Mesh"]].map(|names| {
        let mut csv = "csp_region,wan_variant,description,provenance\nSouth,Unknown,,DP106\n".to_owned();
        csv += "Central,Unknown,,DP106\n";
        for name in names {
            csv += &format!("South,{name},,assumed\n");
        }
        Table3::from_csv(csv.as_bytes()).unwrap()
    })
});

/// Rows as the store takes them, and their texts. `spare` texts stand before those of the rows, so that the same texts
/// have other numbers.
pub(super) fn rows(words: &BTreeMap<Postcode, Words>, table3: &Table3, spare: u32) -> (Vec<Row>, TextTable) {
    let directory = tempfile::tempdir().unwrap();
    let mut texts = TextTable::new(directory.path().join("texts.spill"));
    for number in 0..spare {
        texts.intern("", &format!("spare {number}")).unwrap();
    }
    let row = |(line, (&postcode, words)): (usize, (&Postcode, &Words))| {
        let (facts, text) = words.split_once('|').unwrap_or((words, ""));
        let facts = Facts::pack(said(facts, table3));
        Row::new(postcode, facts, texts.intern("", text).unwrap(), line as u32 + 2)
    };
    (words.iter().enumerate().map(row).collect(), texts)
}

fn said(words: &str, table3: &Table3) -> Said {
    let words: Vec<_> = words.split(' ').collect();
    let &[date, variant, likelihood] = words.as_slice() else {
        let aside = words == ["aside"];
        assert!(aside || words == ["none"], "{words:?}");
        return if aside { Said::SetAside } else { Said::Coverage(Coverage::NonePlanned) };
    };
    let variants = table3.region(CspRegion::South);
    let variant = match variant {
        UNKNOWN => WanVariant::unknown(CspRegion::South).unwrap(),
        name => variants.confirm(name).unwrap(),
    };
    let likelihood = ConnectivityLikelihood::parse(likelihood.as_bytes()).unwrap();
    Said::Coverage(Coverage::From(CoveredFrom { date: AvailabilityDate(date.parse().unwrap()), variant, likelihood }))
}

/// A load opened from its blocks, as far as its rows are concerned; its directory lives as long as the second value.
pub(super) fn sealed(
    words: &BTreeMap<Postcode, Words>,
    table3: &Table3,
    reaper: &Reaper,
) -> (Arc<SealedLoad>, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let (rows, texts) = rows(words, table3, 0);
    let mut manifest = manifest();
    let packed = pack(directory.path(), &rows, &Premises::default(), &texts, table3, &manifest).unwrap();
    let path = directory.path().join(sealed::BLOCKS);
    let image = sealed::check(&database::open(&path).unwrap(), &path, &packed, table3, CspRegion::South).unwrap();
    manifest.packed = Some(packed);
    (Arc::new(SealedLoad::new(manifest, image, reaper)), directory)
}

pub(super) fn manifest() -> Manifest {
    let load_id = "south-20261120T040506Z-0123456789ab".to_owned();
    Manifest::of_id(load_id, CspRegion::South, Timestamp::UNIX_EPOCH)
}

/// A load of consecutive postcodes from `AA1 1AA` on, one for each row told.
pub(super) fn consecutive(told: &[&str]) -> BTreeMap<Postcode, Words> {
    let units = "ABDEFGHJLNPQRSTUWXYZ".chars();
    let postcodes = units.map(|unit| format!("AA1 1A{unit}").parse().unwrap());
    assert!(told.len() <= 20);
    postcodes
        .zip(told)
        .filter(|(_, words)| !words.is_empty())
        .map(|(postcode, &words)| (postcode, words.to_owned()))
        .collect()
}
