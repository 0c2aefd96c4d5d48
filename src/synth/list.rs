//! Postcodes from a file.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use super::SynthError;
use crate::domain::Postcode;

/// What a zstd frame begins with (RFC 8878).
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// The postcodes of a file, in its order; from [`postcodes_from_file`]. Ends at the first error.
pub struct PostcodeList {
    path: PathBuf,
    reader: csv::Reader<Box<dyn Read>>,
    record: csv::ByteRecord,
    column: usize,
    done: bool,
}

/// Opens a CSV file with a column `postcode`, plain or zstd; its other columns mean nothing here.
///
/// # Errors
/// [`SynthError`] if it cannot be read or has no such column; the list itself tells of a row at fault by its line.
pub fn postcodes_from_file(path: &Path) -> Result<PostcodeList, SynthError> {
    let bytes = open(path).map_err(|source| SynthError::Read { path: path.to_owned(), source })?;
    let mut reader = csv::Reader::from_reader(bytes);
    let headers = reader.byte_headers().map_err(|source| SynthError::Csv { path: path.to_owned(), source })?;
    let column = headers
        .iter()
        .position(|name| name == b"postcode")
        .ok_or_else(|| SynthError::NoPostcodeColumn { path: path.to_owned() })?;
    Ok(PostcodeList { path: path.to_owned(), reader, record: csv::ByteRecord::new(), column, done: false })
}

fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    let mut file = BufReader::with_capacity(1 << 16, File::open(path)?);
    // By what it is, not by its name.
    Ok(if file.fill_buf()?.starts_with(&ZSTD) { Box::new(zstd::Decoder::with_buffer(file)?) } else { Box::new(file) })
}

impl PostcodeList {
    fn read(&mut self) -> Result<Option<Postcode>, SynthError> {
        let more = self.reader.read_byte_record(&mut self.record);
        if !more.map_err(|source| SynthError::Csv { path: self.path.clone(), source })? {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(self.record.get(self.column).unwrap_or_default());
        Postcode::parse(&text).map(Some).map_err(|source| {
            let line = self.record.position().map_or(0, csv::Position::line);
            SynthError::Postcode { path: self.path.clone(), line, source }
        })
    }
}

impl Iterator for PostcodeList {
    type Item = Result<Postcode, SynthError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let read = self.read().transpose();
        self.done = !matches!(read, Some(Ok(_)));
        read
    }
}

impl std::fmt::Debug for PostcodeList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostcodeList").field("path", &self.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(bytes: &[u8]) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.csv");
        std::fs::write(&path, bytes).unwrap();
        let told = |error: SynthError| error.to_string().replace(&path.display().to_string(), "list.csv");
        let postcodes = postcodes_from_file(&path).map_err(told)?;
        postcodes.map(|postcode| postcode.map(|p| p.to_string()).map_err(told)).collect()
    }

    #[test]
    fn a_column_named_postcode_is_read_wherever_it_stands() {
        let plain = b"country,postcode,n\r\nE,sw1a1aa,1\r\nS,\"M1 1AE\",2\r\n";
        let packed = zstd::encode_all(&plain[..], 1).unwrap();
        for bytes in [&plain[..], &packed, b"\xef\xbb\xbfpostcode\nSW1A 1AA\nM1 1AE"] {
            assert_eq!(list(bytes).unwrap(), ["SW1A 1AA", "M1 1AE"]);
        }
        assert_eq!(list(b"postcode\n"), Ok(vec![]));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let packed = zstd::encode_all(&b"postcode\nSW1A 1AA\n"[..], 1).unwrap();
        let messages: Vec<String> = [
            &b""[..],
            b"Postcode\nSW1A 1AA\n",
            b"postcode\nSW1A 1AA\nZZ99 3WZ\nM1 1AE\n",
            b"postcode,n\nSW1A 1AA,\"two\nlines\"\n,3\n",
            b"postcode,n\nSW1A 1AA\n",
            b"postcode\nSW1A\xff1AA\n",
            &packed[..packed.len() - 3],
        ]
        .map(|bytes| list(bytes).unwrap_err())
        .into();
        insta::assert_snapshot!(messages.join("\n"), @r#"
        list.csv, line 1: there is no column named postcode; name one so in the header row
        list.csv, line 1: there is no column named postcode; name one so in the header row
        list.csv, line 3, column postcode: "ZZ99 3WZ" is not a postcode: no live one has this shape; it should look like SW1A 1AA or M1 1AE
        list.csv, line 4, column postcode: the postcode is empty; send one such as SW1A 1AA
        list.csv is not readable as CSV: CSV error: record 1 (line: 2, byte: 11): found record with 1 fields, but the previous record has 2 fields
        list.csv, line 2, column postcode: "SW1A�1AA" is not a postcode: it holds the character '�'; letters A to Z and digits only
        list.csv is not readable as CSV: incomplete frame
        "#);
        let missing = postcodes_from_file(Path::new("no/such/list.csv")).unwrap_err().to_string();
        assert!(missing.starts_with("no/such/list.csv cannot be read: "), "{missing}");
    }
}
