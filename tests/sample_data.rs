//! The tables of `data/sample/README.md` and of `data/sample/rejects/README.md` say what the files beside them do.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use wan_matrix::{
    domain::{
        ADDITIONAL_INFORMATION_MAX, AUXILIARY_EQUIPMENT_MAX, AddressIdentifier, AvailabilityDate,
        ConnectivityLikelihood, CspRegion, Day, Location, Postcode, Table3, Uprn, Verdict, check_text, judge,
    },
    grpc::proto::{ErrorReason, RejectReason},
    sample::FILES,
};

const HEADER: [&str; 6] = [
    "postcode",
    "availability_date",
    "wan_variant",
    "connectivity_likelihood",
    "auxiliary_equipment_required",
    "additional_information",
];

/// The columns of the files that have rows about premises, after the others.
const PREMISES: [&str; 2] = ["uprn", "address_identifier"];

/// Every row, those about premises too.
fn all_records(bytes: &[u8]) -> Vec<csv::StringRecord> {
    let mut reader = csv::Reader::from_reader(bytes);
    let header = reader.headers().unwrap().clone();
    assert!(header == HEADER[..] || header == [&HEADER[..], &PREMISES].concat(), "{header:?}");
    reader.records().map(Result::unwrap).collect()
}

fn names_premises(record: &csv::StringRecord) -> bool {
    record.iter().skip(HEADER.len()).any(|cell| !cell.is_empty())
}

/// The rows about whole postcodes.
fn records(bytes: &[u8]) -> Vec<csv::StringRecord> {
    all_records(bytes).into_iter().filter(|record| !names_premises(record)).collect()
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/sample")
}

/// The rows of the Markdown table whose header row begins with these columns; back-quotes are dropped.
fn table(text: &str, header: &str) -> Vec<Vec<String>> {
    let from = text.find(header).unwrap_or_else(|| panic!("no table {header}"));
    let rows = text[from..].lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect()).collect()
}

/// A row of a sample file as the README's table tells it, the postcode and region aside.
fn told(region: CspRegion, record: &csv::StringRecord, table3: &Table3) -> Vec<String> {
    let variants = table3.region(region);
    let date = (!record[1].is_empty()).then(|| AvailabilityDate(record[1].parse::<Day>().unwrap()));
    let (state, name) = match judge(variants, date, &record[2]).unwrap() {
        Verdict::NonePlanned => ("none planned", ""),
        Verdict::Covered { date, variant, from_empty } => {
            assert_eq!(from_empty, record[2].is_empty());
            let long_past = date.0 < "2020-01-01".parse().unwrap();
            let far_off = date.0 > "2080-01-01".parse().unwrap();
            assert!(long_past || far_off, "the sandbox must mean the same for many years");
            (if far_off { "planned" } else { "available" }, variants.name(variant).unwrap())
        }
    };
    let sent = match &record[2] {
        "" => "empty",
        " " => "one space",
        "  " => "two spaces",
        "   " => "three spaces",
        value => value,
    };
    let texts = match (record[4].is_empty(), record[5].is_empty()) {
        (true, true) => "",
        (false, true) => "equipment",
        (true, false) => "information",
        (false, false) => "both",
    };
    [state, &record[1], sent, name, &record[3], texts].map(str::to_owned).into()
}

#[test]
fn no_row_of_the_clean_files_would_be_set_aside() {
    let table3 = Table3::shipped().unwrap();
    for file in FILES {
        let records = all_records(file.bytes);
        assert!((150..=400).contains(&records.len()), "{}: {} rows", file.region, records.len());
        let mut seen = BTreeSet::new();
        for record in &records {
            let postcode: Postcode = record[0].parse().unwrap();
            assert_eq!(postcode.to_string(), record[0]);
            let cell = |place| record.get(HEADER.len() + place).filter(|cell: &&str| !cell.is_empty());
            let identifier = cell(1).map(|cell| AddressIdentifier::parse(cell).unwrap());
            let key = match (cell(0), identifier) {
                (Some(uprn), _) => Location::Uprn(uprn.parse().unwrap()),
                (None, Some(identifier)) => Location::Address(postcode, identifier),
                (None, None) => Location::Postcode(postcode),
            };
            assert!(seen.insert(key), "{record:?} twice in {}", file.region);
            let date = (!record[1].is_empty()).then(|| AvailabilityDate(record[1].parse::<Day>().unwrap()));
            judge(table3.region(file.region), date, &record[2]).unwrap();
            assert_eq!(ConnectivityLikelihood::parse(record[3].as_bytes()).is_ok(), date.is_some(), "{postcode}");
            assert!(date.is_some() || record[3].is_empty(), "{postcode}");
            check_text(&record[4], AUXILIARY_EQUIPMENT_MAX).unwrap();
            check_text(&record[5], ADDITIONAL_INFORMATION_MAX).unwrap();
        }
    }
}

#[test]
fn the_files_are_announced_by_region_with_an_instant_and_a_reference() {
    for (file, next) in FILES.iter().zip(&FILES[1..]) {
        assert!(file.region < next.region);
    }
    for file in FILES {
        assert!(file.issued.parse::<jiff::Timestamp>().is_ok(), "{}", file.issued);
        assert_eq!(file.reference, format!("sample-{}", file.region.slug()));
        let path = folder().join(format!("{}.csv", file.region.slug()));
        assert_eq!(fs::read(path).unwrap(), file.bytes);
    }
}

#[test]
fn the_sandbox_table_is_what_the_files_say() {
    let table3 = Table3::shipped().unwrap();
    let mut in_files = BTreeMap::new();
    for file in FILES {
        let sandbox = |record: &&csv::StringRecord| record[0].starts_with("AA") && !record[0].starts_with("AA8 ");
        for record in records(file.bytes).iter().filter(sandbox) {
            in_files.insert((record[0].to_owned(), file.region), told(file.region, record, &table3));
        }
    }
    let readme = fs::read_to_string(folder().join("README.md")).unwrap();
    let mut in_readme = BTreeMap::new();
    for row in table(&readme, "| postcode | region | state") {
        in_readme.insert((row[0].clone(), row[1].parse().unwrap()), row[2..].to_vec());
    }
    assert_eq!(in_readme, in_files);
}

#[test]
fn the_premises_table_is_what_the_files_say() {
    let table3 = Table3::shipped().unwrap();
    let mut in_files = Vec::new();
    for file in FILES {
        for record in all_records(file.bytes).iter().filter(|record| record[0].starts_with("AA8 ")) {
            let [uprn, identifier] = [6, 7].map(|place| record[place].to_owned());
            let mut row = vec![record[0].to_owned(), identifier, uprn, file.region.name().to_owned()];
            row.extend(told(file.region, record, &table3));
            in_files.push(row);
        }
    }
    let readme = fs::read_to_string(folder().join("README.md")).unwrap();
    let mut in_readme = table(&readme, "| postcode | identifier | UPRN");
    assert!(in_readme.iter().all(|row| row.len() == 10));
    in_files.sort();
    in_readme.sort();
    assert_eq!(in_readme, in_files);
    let premises = |record: &csv::StringRecord| names_premises(record) && !record[0].starts_with("AA8 ");
    assert!(FILES.iter().all(|file| !all_records(file.bytes).iter().any(premises)), "all of them are in the table");
}

#[test]
fn the_sandbox_has_every_outcome() {
    let readme = fs::read_to_string(folder().join("README.md")).unwrap();
    let rows = table(&readme, "| postcode | region | state");
    let has = |region: &str, state: &str, variant: &str| {
        rows.iter().any(|row| row[1] == region && row[2] == state && row[5] == variant)
    };
    for region in FILES.map(|file| file.region) {
        let variants = Table3::shipped().unwrap();
        for name in variants.region(region).confirmed() {
            assert!(has(region.name(), "available", name.as_str()), "{region} {name}");
        }
        assert!(rows.iter().any(|row| row[1] == region.name() && row[2] == "planned"), "{region}");
        assert!(has(region.name(), "none planned", ""), "{region}");
        for sent in ["one space", "Unknown", "empty"] {
            let shown = rows.iter().any(|row| row[1] == region.name() && row[4] == sent && row[5] == "Unknown");
            assert_eq!(shown, region.may_leave_variant_unconfirmed(), "{region} {sent}");
        }
    }
    for likelihood in ConnectivityLikelihood::ALL {
        assert!(rows.iter().any(|row| row[6] == likelihood.name()), "{likelihood:?}");
    }
    let mut answers: BTreeMap<&str, usize> = BTreeMap::new();
    rows.iter().for_each(|row| *answers.entry(&row[0]).or_default() += 1);
    assert!([1, 2, 3].iter().all(|n| answers.values().any(|regions| regions == n)), "{answers:?}");
}

#[test]
fn the_sandbox_errors_are_errors() {
    let readme = fs::read_to_string(folder().join("README.md")).unwrap();
    let rows = table(&readme, "| asked for | reason");
    assert!(rows.len() > 1);
    for row in rows {
        let reason = ErrorReason::from_str_name(&format!("ERROR_REASON_{}", row[1])).unwrap();
        let known = |cells: &[(usize, &str)]| {
            let is = |record: &csv::StringRecord| cells.iter().all(|&(at, cell)| record.get(at) == Some(cell));
            FILES.iter().any(|file| all_records(file.bytes).iter().any(is))
        };
        let wanted = if let Some(uprn) = row[0].strip_prefix("UPRN ") {
            assert!(!known(&[(6, uprn)]));
            uprn.parse::<Uprn>().map_or(ErrorReason::UprnMalformed, |_| ErrorReason::UprnNotInCoverage)
        } else if let Some((postcode, identifier)) = row[0].split_once(", ") {
            assert!(!known(&[(0, postcode), (7, identifier)]));
            let malformed = AddressIdentifier::parse(identifier).is_err();
            assert!(malformed || !known(&[(0, postcode), (6, ""), (7, "")]), "{postcode}");
            if malformed { ErrorReason::AddressIdentifierMalformed } else { ErrorReason::LocationNotInCoverage }
        } else {
            let not_known = |postcode: Postcode| {
                let known = |bytes| records(bytes).iter().any(|record| record[0] == postcode.to_string());
                assert!(FILES.iter().all(|file| !known(file.bytes)), "{postcode}");
                ErrorReason::LocationNotInCoverage
            };
            row[0].parse::<Postcode>().map_or(ErrorReason::PostcodeMalformed, not_known)
        };
        assert_eq!(reason, wanted, "{}", row[0]);
    }
}

#[test]
fn some_real_postcodes_are_in_two_files_too() {
    let all = FILES.map(|file| records(file.bytes).iter().map(|record| record[0].to_owned()).collect::<BTreeSet<_>>());
    let shared = |a: usize, b: usize| all[a].intersection(&all[b]).filter(|code| !code.starts_with("AA")).count();
    let [north, central, south, four_g] = [0, 1, 2, 3];
    assert!(shared(north, central) >= 5 && shared(central, south) >= 5 && shared(central, four_g) >= 100);
    assert_eq!(shared(north, south), 0);
}

#[test]
fn every_reject_reason_and_every_file_of_the_folder_is_documented() {
    let readme = fs::read_to_string(folder().join("rejects/README.md")).unwrap();
    let (rows, whole) = (table(&readme, "| file | reason"), table(&readme, "| file | column"));
    let documented: BTreeSet<String> = rows.iter().chain(&whole).map(|row| row[0].clone()).collect();
    let files = fs::read_dir(folder().join("rejects")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    assert_eq!(documented, names.filter(|name| name != "README.md").collect());
    let reasons: BTreeSet<i32> = rows
        .iter()
        .map(|row| RejectReason::from_str_name(&format!("REJECT_REASON_{}", row[1])).unwrap() as i32)
        .collect();
    let published = (1..).map_while(|number| RejectReason::try_from(number).ok()).map(|reason| reason as i32);
    assert_eq!(reasons, published.collect());
    for row in rows {
        let named = [&HEADER[..], &PREMISES, &["", "change"]].concat();
        assert!(named.contains(&row[2].as_str()), "{}: {}", row[0], row[2]);
        let bytes = fs::read(folder().join("rejects").join(&row[0])).unwrap();
        let lines = bytes.split(|b| *b == b'\n').count() - 1;
        let named: Vec<usize> = row[3].split(", ").map(|line| line.parse().unwrap()).collect();
        assert!(named.iter().all(|line| (3..lines).contains(line)), "{}: the first and last rows are good", row[0]);
        assert!(bytes.starts_with(HEADER.join(",").as_bytes()), "{}", row[0]);
    }
}
