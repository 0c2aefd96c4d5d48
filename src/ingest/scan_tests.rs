use std::path::PathBuf;

use proptest::prelude::*;

use super::*;

/// A record or a fault: where it begins, its fields (those before the fault) and its bytes as sent.
#[derive(Debug, PartialEq)]
struct Seen {
    line: u32,
    fault: Option<ScanFault>,
    fields: Vec<String>,
    raw: Vec<u8>,
}

fn limits(max_record: usize) -> Limits {
    Limits { max_record, ..Limits::new(PathBuf::new()) }
}

/// An input that hands out as few bytes at a time as it may.
struct Trickle<'a>(&'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let len = to.len().min(1);
        self.0.read(&mut to[..len])
    }
}

fn scan_with(input: impl Read, max_record: usize, mut give_back: impl FnMut(&Record<'_>) -> bool) -> Vec<Seen> {
    let cancelled = AtomicBool::new(false);
    let mut scanner = Scanner::new(input, &limits(max_record), &cancelled).unwrap();
    let mut seen = Vec::new();
    loop {
        let fault = match scanner.step().unwrap() {
            Step::End => return seen,
            Step::Record => None,
            Step::Fault(fault) => Some(fault),
        };
        if fault.is_none() && give_back(&scanner.record()) {
            scanner.give_back_after_first_line();
        }
        let record = scanner.record();
        let fields = (0..record.len()).map(|i| String::from_utf8_lossy(record.field(i).unwrap()).into_owned());
        seen.push(Seen { line: record.line, fault, fields: fields.collect(), raw: record.raw.to_vec() });
    }
}

fn scan(input: &[u8]) -> Vec<Seen> {
    scan_with(input, 64 << 10, |_| false)
}

fn fields(input: &str) -> Vec<Vec<String>> {
    let seen = scan(input.as_bytes());
    assert!(seen.iter().all(|seen| seen.fault.is_none()), "{seen:?}");
    seen.into_iter().map(|seen| seen.fields).collect()
}

#[test]
fn records_as_rfc_4180_has_them() {
    for (input, expected) in [
        ("", vec![]),
        ("\u{FEFF}", vec![]),
        ("a", vec![vec!["a"]]),
        ("a,b\nc,d\n", vec![vec!["a", "b"], vec!["c", "d"]]),
        ("a,b\r\nc,d\r\n", vec![vec!["a", "b"], vec!["c", "d"]]),
        ("a,b\r\nc,d", vec![vec!["a", "b"], vec!["c", "d"]]),
        ("\u{FEFF}a\nb", vec![vec!["a"], vec!["b"]]),
        ("\u{FEFF}\"a\"\n", vec![vec!["a"]]),
        ("\n\na\n\r\n\nb\n\n", vec![vec!["a"], vec!["b"]]),
        (",\n,,", vec![vec!["", ""], vec!["", "", ""]]),
        (" a , b \n", vec![vec![" a ", " b "]]),
        ("\"\"\n", vec![vec![""]]),
        ("\"a,b\",c\n", vec![vec!["a,b", "c"]]),
        ("a,\"b\r\nc\"\r\nd,e", vec![vec!["a", "b\r\nc"], vec!["d", "e"]]),
        ("a,\"say \"\"x\"\"\",\"\"\"\"\n", vec![vec!["a", "say \"x\"", "\""]]),
        ("\"a\",\"b\"\r\n\"c\",\"d\"\r", vec![vec!["a", "b"], vec!["c", "d"]]),
        ("a,b\r", vec![vec!["a", "b"]]),
        ("\"a\",b\r", vec![vec!["a", "b"]]),
    ] {
        assert_eq!(fields(input), expected, "{input:?}");
    }
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    let seen = scan(b"\xEF\xBB\xBFa,b\r\n\r\n\"c\n\nd\",e\nf,g\n\"\n\"\n h");
    let lines: Vec<_> = seen.iter().map(|seen| (seen.line, seen.raw.as_slice())).collect();
    assert_eq!(lines, [(1, &b"a,b"[..]), (3, b"\"c\n\nd\",e"), (6, b"f,g"), (7, b"\"\n\""), (9, b" h")]);
}

#[test]
fn a_misplaced_quote_costs_its_line_and_no_other() {
    use QuoteFault::{InField, NeverClosed, TextAfter};
    for (bad, fault, before) in [
        ("x\",y", ScanFault::Quote(InField, 0), vec![]),
        ("x,6\" pole,z", ScanFault::Quote(InField, 1), vec!["x"]),
        ("x,\"\"y", ScanFault::Quote(TextAfter, 1), vec!["x", ""]),
        ("x,\"y\" ,z", ScanFault::Quote(TextAfter, 1), vec!["x", "y"]),
        ("x,\"y\"\rz", ScanFault::Quote(TextAfter, 1), vec!["x", "y"]),
        // Opened here, and closed by a quote that is the next line's own: only this line is lost.
        ("x,\"y", ScanFault::Quote(TextAfter, 1), vec!["x"]),
    ] {
        for end in ["\n", "\r\n"] {
            let file = format!("a,b{end}{bad}{end}\"c\",d{end}e,f{end}");
            let seen = scan(file.as_bytes());
            let expected = [
                (1, None, vec!["a", "b"]),
                (2, Some(fault), before.clone()),
                (3, None, vec!["c", "d"]),
                (4, None, vec!["e", "f"]),
            ];
            assert_eq!(seen.len(), expected.len(), "{file:?} {seen:?}");
            for (seen, (line, fault, fields)) in seen.iter().zip(expected) {
                assert_eq!((seen.line, seen.fault), (line, fault), "{file:?}");
                // What a misplaced quote ended is a field of its line only if it lies in it.
                assert_eq!(seen.fields, fields, "{file:?}");
            }
            assert_eq!(seen[1].raw, bad.as_bytes());
        }
    }
    let seen = scan(b"a,\"b\nc,d\ne");
    let lines: Vec<_> = seen.iter().map(|seen| (seen.line, seen.fault)).collect();
    assert_eq!(lines, [(1, Some(ScanFault::Quote(NeverClosed, 1))), (2, None), (3, None)]);
}

#[test]
fn a_record_past_the_limit_costs_its_first_line() {
    let fits = format!("{},{}", "a".repeat(9), "b".repeat(10));
    let quoted = format!("\"{}\n\",{}", "a".repeat(6), "b".repeat(10));
    for record in [&fits, &quoted] {
        assert_eq!(record.len(), 20);
        for end in ["", "\n", "\r\n"] {
            let seen = scan_with(format!("{record}{end}").as_bytes(), 20, |_| false);
            assert_eq!((seen.len(), seen[0].fault), (1, None), "{record:?} {end:?}");
            let seen = scan_with(format!("{record}{end}").as_bytes(), 19, |_| false);
            assert_eq!(seen[0].fault, Some(ScanFault::TooLong), "{record:?} {end:?}");
        }
    }
    let seen = scan_with(&b"k,\"opened\n1,2\n3,4\n5,6\n7,8\n9,0\n"[..], 20, |_| false);
    let lines: Vec<_> = seen.iter().map(|seen| (seen.line, seen.fault, seen.raw.as_slice())).collect();
    assert_eq!(lines[..2], [(1, Some(ScanFault::TooLong), &b"k,\"opened"[..]), (2, None, &b"1,2"[..])]);
    assert_eq!(lines.len(), 6);
    assert_eq!(seen[0].fields, ["k"]);
}

#[test]
fn a_line_longer_than_the_window_is_one_line() {
    let mut file = b"AA1 1AA,".to_vec();
    file.resize(3 << 20, b'x');
    file.extend(b"\nnext,row\n");
    let seen = scan(&file);
    assert_eq!(seen.len(), 2);
    assert_eq!(
        (seen[0].line, seen[0].fault, seen[0].fields.as_slice()),
        (1, Some(ScanFault::TooLong), &["AA1 1AA".to_owned()][..])
    );
    assert_eq!((seen[1].line, seen[1].raw.as_slice()), (2, &b"next,row"[..]));
    assert!(seen[0].raw.len() > 4096 && seen[0].raw.len() < 1 << 20, "{}", seen[0].raw.len());
}

#[test]
fn what_is_given_back_is_read_again() {
    let seen = scan_with(&b"a,\"b\r\nc,d\ne\",f\n"[..], 1000, |record| record.lines > 1);
    let lines: Vec<_> = seen.iter().map(|seen| (seen.line, seen.raw.as_slice())).collect();
    assert_eq!(lines, [(1, &b"a,\"b"[..]), (2, b"c,d"), (3, b"e\",f")]);
    assert_eq!(seen[0].fields, ["a"], "a field that runs over the line is not one of its fields");
}

#[test]
fn a_line_is_found_by_its_number() {
    let file = b"h\n\"a\nb\"\n\nlast";
    let cancelled = AtomicBool::new(false);
    for (line, raw) in [(1, Some(&b"h"[..])), (2, Some(b"\"a\nb\"")), (5, Some(b"last")), (7, None)] {
        let mut scanner = Scanner::new(&file[..], &limits(1000), &cancelled).unwrap();
        assert_eq!(scanner.skip_to_line(line).unwrap(), raw.is_some(), "{line}");
        if let Some(raw) = raw {
            assert_eq!(scanner.step().unwrap(), Step::Record);
            assert_eq!((scanner.record().line, scanner.record().raw), (line, raw));
        }
    }
}

#[test]
fn size_is_bounded_and_cancelling_is_heeded() {
    let cancelled = AtomicBool::new(false);
    let limits = Limits { max_decompressed: 10, ..limits(1000) };
    assert!(Scanner::new(&b"0123456789"[..], &limits, &cancelled).is_ok());
    let error = Scanner::new(&b"01234567890"[..], &limits, &cancelled).err().unwrap();
    assert!(matches!(error, FileError::TooLarge(SizeLimit::Bytes(10))), "{error}");
    let cancelled = AtomicBool::new(true);
    let error = Scanner::new(&b"0"[..], &limits, &cancelled).err().unwrap();
    assert!(matches!(error, FileError::Cancelled), "{error}");
}

/// Bytes among which what matters to a scanner is frequent.
fn any_csv() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => Just(b"\"".to_vec()),
        4 => Just(b",".to_vec()),
        3 => Just(b"\n".to_vec()),
        1 => Just(b"\r\n".to_vec()),
        1 => Just(b"\r".to_vec()),
        3 => "[a-z ]{1,9}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn well_formed_files_read_as_the_csv_crate_reads_them(
        rows in prop::collection::vec(prop::collection::vec("[a\", \n\ré]{0,6}", 1..5), 0..20),
        crlf: bool, all_quoted: bool,
    ) {
        let mut writer = csv::WriterBuilder::new()
            .flexible(true)
            .terminator(if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') })
            .quote_style(if all_quoted { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary })
            .from_writer(Vec::new());
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let file = writer.into_inner().unwrap();
        let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(file.as_slice());
        let expected: Vec<(u32, Vec<String>)> = reader.records().map(|record| {
            let record = record.unwrap();
            (record.position().unwrap().line() as u32, record.iter().map(str::to_owned).collect())
        }).collect();
        let seen = scan(&file);
        prop_assert!(seen.iter().all(|seen| seen.fault.is_none()), "{:?}", seen);
        prop_assert_eq!(expected.len(), rows.len());
        let fields: Vec<_> = seen.iter().map(|seen| &seen.fields).collect();
        prop_assert_eq!(fields, expected.iter().map(|(_, fields)| fields).collect::<Vec<_>>());
    }

    #[test]
    fn every_byte_of_any_input_is_in_a_record_or_a_line_end(input in any_csv(), max in 4..200usize, give: bool) {
        let seen = scan_with(input.as_slice(), max, |record| give && record.lines > 1);
        let mut rest = input.strip_prefix(BOM).unwrap_or(&input);
        let mut line = 1;
        for Seen { line: begins, raw, .. } in &seen {
            rest = after_line_ends(rest, &mut line);
            prop_assert_eq!(*begins, line);
            prop_assert!(rest.starts_with(raw), "{:?} at {:?}", raw, rest);
            line += memchr_iter(b'\n', raw).count() as u32;
            rest = &rest[raw.len()..];
        }
        rest = after_line_ends(rest, &mut line);
        prop_assert!(rest.is_empty(), "left over: {:?}", rest);
    }

    #[test]
    fn small_reads_and_large_ones_give_the_same(input in any_csv(), max in 4..200usize) {
        prop_assert_eq!(scan_with(Trickle(&input), max, |_| false), scan_with(input.as_slice(), max, |_| false));
    }

    #[test]
    fn reading_again_never_makes_more_than_three_passes(input in any_csv(), give: bool) {
        let cancelled = AtomicBool::new(false);
        let mut scanner = Scanner::new(input.as_slice(), &limits(1 << 16), &cancelled).unwrap();
        loop {
            match scanner.step().unwrap() {
                Step::End => break,
                Step::Record if give => scanner.give_back_after_first_line(),
                Step::Record | Step::Fault(_) => {}
            }
        }
        prop_assert!(scanner.looked_at <= 3 * input.len(), "{} of {}", scanner.looked_at, input.len());
    }
}

fn after_line_ends<'a>(mut rest: &'a [u8], line: &mut u32) -> &'a [u8] {
    loop {
        rest = match rest {
            [b'\n', after @ ..] | [b'\r', b'\n', after @ ..] => {
                *line += 1;
                after
            }
            [b'\r'] => &[],
            _ => return rest,
        };
    }
}
