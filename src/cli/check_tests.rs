use std::path::Path;

use clap::Parser;
use insta::assert_snapshot;

use super::run;
use crate::cli::{Cli, Command, exit::Exit, screen::Screen};

fn check(args: &[&str]) -> (Exit, String) {
    let Command::Check(args) = Cli::try_parse_from([&["wan-matrix", "check"], args].concat()).unwrap().command else {
        panic!("{args:?} is not a check");
    };
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let mut screen = Screen { out: &mut out, notes: &mut notes, width: None, live: false };
    let done = run(args, &mut screen);
    let failed = done.as_ref().err().map(ToString::to_string).unwrap_or_default();
    (done.unwrap_or_else(|failure| failure.exit()), String::from_utf8(out).unwrap() + &failed)
}

const HEADER: &str = "postcode,availability_date,wan_variant,connectivity_likelihood\n";

fn in_file(text: &str, args: &[&str]) -> (Exit, String) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    check(&[args, &[file.path().to_str().unwrap()]].concat())
}

/// Rows of the South that are right, all different.
fn good(rows: usize) -> String {
    let letters = b"ABDEFGHJLN";
    let rows = (0..rows).map(|n| {
        let [a, b] = [letters[n / 10 % 10], letters[n % 10]].map(char::from);
        format!("AA{} {}{a}{b},2020-01-01,Cellular,High\n", n / 1000 % 10 + 10, n / 100 % 10)
    });
    HEADER.to_owned() + &rows.collect::<String>()
}

#[test]
fn the_sample_passes() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/sample");
    for region in ["north", "central", "south", "4g-central"] {
        let file = data.join(region).with_extension("csv");
        let (exit, said) = check(&["--region", region, file.to_str().unwrap()]);
        assert_eq!(exit, Exit::Answered, "{region}: {said}");
    }
}

#[test]
fn a_file_with_too_many_bad_rows_is_told_row_by_row() {
    let bad = "ZZ99 1AA,2020-01-01,Cellular,High\nAA1 1AA,2020-01-01,cellular,High\nAA1 1AB,,,Low\n";
    let (exit, said) = in_file(&(good(500) + bad), &["--region", "south", "--rejects", "2"]);
    assert_eq!(exit, Exit::Unanswered);
    assert_snapshot!(said);
}

#[test]
fn one_bad_row_in_a_thousand_is_let_pass_and_two_are_not() {
    let bad = ["ZZ99 1AA,2020-01-01,Cellular,High\n", "ZZ99 1AB,2020-01-01,Cellular,High\n"];
    for (rows, bad, exit) in
        [(999, &bad[..1], Exit::Answered), (998, &bad[..1], Exit::Unanswered), (1000, &bad[..2], Exit::Unanswered)]
    {
        let (got, said) = in_file(&(good(rows) + &bad.concat()), &["--region", "south"]);
        assert_eq!(got, exit, "{rows} good, {} bad: {said}", bad.len());
    }
}

#[test]
fn a_file_that_cannot_be_taken_at_all_says_why() {
    for (name, text) in [
        ("header", "postcode,availability_date,wan_variant,likelihood\n"),
        ("no_rows", HEADER),
        ("no_good_row", "postcode,availability_date,wan_variant,connectivity_likelihood\nnonsense,,,\n"),
        ("empty", ""),
    ] {
        let (exit, said) = in_file(text, &["--region", "south"]);
        assert_eq!(exit, Exit::Unanswered, "{name}");
        assert_snapshot!(name, said);
    }
}

#[test]
fn rows_that_disagree_are_found_in_a_packed_file_too() {
    let text = good(10) + "AA1 1AA,2020-01-01,Cellular,High\nAA1 1AA,2021-01-01,Cellular,High\n";
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), zstd::encode_all(text.as_bytes(), 1).unwrap()).unwrap();
    let (exit, said) = check(&["--region", "south", "--output", "json", file.path().to_str().unwrap()]);
    assert_eq!(exit, Exit::Unanswered);
    let load: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(load["encoding"], "ENCODING_ZSTD");
    assert_eq!(load["bytesDecompressed"], text.len().to_string());
    assert_eq!(load["report"]["rejects"][0]["reason"], "REJECT_REASON_ROWS_DISAGREE");
    assert_eq!(load["report"]["setAside"], "2");
}

#[test]
fn a_table_3_that_cannot_be_used_is_a_matter_of_configuration() {
    let (exit, said) = in_file(HEADER, &["--region", "south", "--table3", "no/such/table"]);
    assert_eq!(exit, Exit::Configuration);
    assert!(said.starts_with("no/such/table: "), "{said}");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "wrong\n").unwrap();
    let (exit, said) = in_file(HEADER, &["--region", "south", "--table3", file.path().to_str().unwrap()]);
    assert_eq!(exit, Exit::Configuration);
    assert!(said.contains("the header row must be exactly"), "{said}");
    let (exit, _) = check(&["--region", "south", "no/such/file"]);
    assert_eq!(exit, Exit::Usage);
}

#[test]
fn a_delta_is_told_by_its_column_and_judged_as_one() {
    let header = HEADER.trim_end().to_owned() + ",change\n";
    let rows = "AA1 1AA,2020-01-01,Cellular,High,upsert\nAA1 1AB,,,,delete\nAA1 1AD,,,,\n";
    let (exit, said) = in_file(&(header + rows), &["--region", "south"]);
    assert_eq!(exit, Exit::Unanswered);
    assert_snapshot!("delta", said);
    // Of a delta's rows one in a hundred may be bad, and ten at most.
    let upserts = good(1_000).replace(",High\n", ",High,upsert\n").replace("likelihood\n", "likelihood,change\n");
    for (bad, exit) in [(10, Exit::Answered), (11, Exit::Unanswered)] {
        let (got, said) = in_file(&(upserts.clone() + &"nowhere,,,,delete\n".repeat(bad)), &["--region", "south"]);
        assert_eq!(got, exit, "{bad}: {said}");
    }
}
