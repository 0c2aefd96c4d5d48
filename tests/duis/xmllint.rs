//! `xmllint`, where it is installed, against the schema beside this file.

use std::{fs, io::ErrorKind, process::Command};

use tempfile::TempDir;

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/duis/sr12-1.xsd");

/// Whether each document is valid; `None` where there is no `xmllint` to ask.
pub(crate) fn judge(documents: &[String]) -> Option<Vec<bool>> {
    let directory = TempDir::new().unwrap();
    let names: Vec<_> = (0..documents.len()).map(|number| format!("{number}.xml")).collect();
    for (name, document) in names.iter().zip(documents) {
        fs::write(directory.path().join(name), document).unwrap();
    }
    let mut xmllint = Command::new("xmllint");
    let asked = xmllint.args(["--noout", "--nonet", "--schema", SCHEMA]).args(&names).current_dir(directory.path());
    let output = match asked.output() {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("xmllint is not installed: only the validator of this test judged");
            return None;
        }
        Err(error) => panic!("{error}"),
    };
    let said = String::from_utf8_lossy(&output.stderr);
    let verdict = |name: &String| {
        let valid = said.lines().any(|line| *line == format!("{name} validates"));
        // Neither word: it is not even XML, or the schema itself is broken, which is no verdict.
        assert!(!said.contains("Schemas parser error"), "{said}");
        valid
    };
    Some(names.iter().map(verdict).collect())
}
