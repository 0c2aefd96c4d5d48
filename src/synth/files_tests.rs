use super::*;
use crate::synth::invented;

fn table3() -> Table3 {
    Table3::shipped().unwrap()
}

fn written(postcodes: impl Iterator<Item = Postcode>, seed: u64) -> Vec<(FileSummary, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    let files = write_files(postcodes.map(Ok), folder.path(), seed, 0, &table3()).unwrap();
    files.into_iter().map(|file| (file.clone(), fs::read(&file.path).unwrap())).collect()
}

fn bytes(files: Vec<(FileSummary, Vec<u8>)>) -> Vec<Vec<u8>> {
    files.into_iter().map(|(_, bytes)| bytes).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let make = |seed| bytes(written(invented(3_000).unwrap(), seed));
    assert_eq!(make(7), make(7));
    assert_ne!(make(7), make(8));
}

#[test]
fn a_part_of_the_list_in_any_order_gives_the_same_rows() {
    let whole = bytes(written(invented(3_000).unwrap(), 7));
    let part: Vec<Postcode> = invented(3_000).unwrap().step_by(7).collect();
    let part = bytes(written(part.into_iter().rev(), 7));
    for (part, whole) in part.iter().zip(&whole) {
        let lines = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap().lines().map(str::to_owned).collect();
        let (part, whole): (Vec<String>, Vec<String>) = (lines(part), lines(whole));
        assert!(part.len() > 20);
        assert_eq!(part[0], whole[0]);
        let mut expected = part[1..].to_vec();
        expected.reverse();
        let found: Vec<&String> = whole.iter().filter(|line| expected.contains(line)).collect();
        assert_eq!(found, expected.iter().collect::<Vec<_>>());
    }
}

#[test]
fn a_file_reads_back_as_the_rows_it_was_made_from() {
    let table3 = table3();
    for (summary, bytes) in written(invented(3_000).unwrap(), 7) {
        let mut reader = csv::Reader::from_reader(&bytes[..]);
        assert_eq!(reader.headers().unwrap(), &COLUMNS[..]);
        let expected: Vec<SynthRow<'_>> = invented(3_000)
            .unwrap()
            .filter_map(|postcode| Synth::new(7).row(summary.region, postcode, &table3))
            .collect();
        let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(records.len(), expected.len());
        assert_eq!(summary.rows, expected.len() as u64);
        assert_eq!(summary.path.file_name().unwrap(), format!("{}.csv", summary.region.slug()).as_str());
        for (record, row) in records.iter().zip(&expected) {
            assert_eq!(record[0], row.postcode.to_string());
            assert_eq!(record[1], row.availability_date.map(|date| date.to_string()).unwrap_or_default());
            assert_eq!(&record[2], row.wan_variant);
            assert_eq!(&record[3], row.connectivity_likelihood.map_or("", |likelihood| likelihood.name()));
            assert_eq!(&record[4], row.auxiliary_equipment_required);
            assert_eq!(record[5], row.additional_information);
        }
        let none_planned = records.iter().filter(|record| record[1].is_empty()).count();
        let unknown = records.iter().filter(|r| !r[1].is_empty() && ["", " ", "   ", "Unknown"].contains(&&r[2]));
        assert_eq!(summary.none_planned, none_planned as u64);
        assert_eq!(summary.unknown, unknown.count() as u64);
    }
}

#[test]
fn the_lists_error_and_the_folders_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let list = [Ok("M1 1AE".parse().unwrap()), Err(SynthError::NoPostcodeColumn { path: "list.csv".into() })];
    let error = write_files(list, folder.path(), 1, 0, &table3()).unwrap_err();
    assert!(matches!(error, SynthError::NoPostcodeColumn { .. }), "{error}");
    let file = folder.path().join("north.csv");
    let error = write_files([], &file, 1, 0, &table3()).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{} cannot be written: ", file.display())), "{error}");
}
