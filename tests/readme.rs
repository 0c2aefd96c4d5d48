//! What the README tells a newcomer to run is what CI runs.

#![expect(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

use std::{fs, path::Path, process::Command};

fn text_of(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// The commands in the README's `sh` blocks, one a line.
fn commands(readme: &str) -> Vec<&str> {
    let blocks = readme.split("\n```sh\n").skip(1);
    blocks.filter_map(|block| block.split("\n```").next()).flat_map(str::lines).collect()
}

/// The indented lines of a recipe of the justfile.
fn recipe<'a>(justfile: &'a str, name: &str) -> Vec<&'a str> {
    let body = justfile.lines().skip_while(|line| *line != format!("{name}:")).skip(1);
    body.take_while(|line| line.starts_with("    ")).map(str::trim).collect()
}

#[test]
fn ci_begins_with_the_test_command_of_the_readme() {
    let (readme, justfile) = (text_of("README.md"), text_of("justfile"));

    let told: Vec<_> = commands(&readme).into_iter().filter(|command| command.starts_with("cargo test")).collect();
    assert_eq!(told, recipe(&justfile, "test"), "README.md on the left, `just test` on the right");

    let first = justfile.lines().find_map(|line| line.strip_prefix("ci: ")).and_then(|steps| steps.split(' ').next());
    assert_eq!(first, Some("test"), "`just ci` runs the README's test command first");
    assert!(text_of(".ci/run").ends_with("just ci\n"), ".ci/run ends with `just ci`");
}

#[test]
fn the_readme_tells_how_to_start_the_sample_server() {
    assert!(commands(&text_of("README.md")).contains(&"cargo run --release -- serve --sample"));
}

/// The server names its keys to whoever misspells one.
#[test]
fn the_readme_lists_every_key_of_the_configuration() {
    let mut serve = Command::new(env!("CARGO_BIN_EXE_wan-matrix"));
    let output = serve.args(["serve"]).env("WAN_MATRIX_MISSPELT", "1").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78), "{said}");
    let (_, keys) = said.trim_end().split_once("the keys are ").unwrap();

    let readme = text_of("README.md");
    let (_, configuration) = readme.split_once("\n## Configuration\n").unwrap();
    for key in keys.split(", ") {
        assert!(configuration.contains(&format!("`{key}`")), "README.md says nothing of the key {key}");
    }
}
