//! The configuration in force, as `wan-matrix config show` writes it: TOML that would be read the same, each key with where
//! its value came from. It holds no secret: of a key file it shows the path.

use std::fmt::{self, Write as _};

use super::{
    Config,
    config::default_threads,
    config_keys::{Given, KEYS},
    limits::default_bulk_threads,
};

/// What a key is when nobody sets it; keys without a default are not here.
const DEFAULTS: [(&str, &str); 51] = [
    ("data_dir", "\"./var\""),
    ("listen", "\"127.0.0.1:50051\""),
    ("allow_plaintext", "false"),
    ("access.health", "\"anyone\""),
    ("access.reflection", "\"known\""),
    ("connections.max", "1000"),
    ("connections.max_without_certificate", "100"),
    ("connections.max_handshakes", "100"),
    ("connections.handshake_seconds", "10"),
    ("connections.idle_seconds", "600"),
    ("connections.max_age_seconds", "3600"),
    ("connections.grace_seconds", "300"),
    ("connections.max_header_bytes", "16384"),
    ("connections.keepalive_seconds", "60"),
    ("connections.keepalive_timeout_seconds", "20"),
    ("expected_regions", "[\"north\", \"central\", \"south\"]"),
    ("guards.rejects_percent", "0.1"),
    ("guards.delta_rejects_percent", "1"),
    ("guards.delta_rejects_rows", "10"),
    ("guards.coverage_lost_percent", "1"),
    ("guards.variant_changed_percent", "10"),
    ("guards.unknown_percent", "5"),
    ("guards.shrink_percent", "10"),
    ("guards.growth_percent", "25"),
    ("guards.issue_order", "true"),
    ("limits.max_upload_bytes", "1073741824"),
    ("limits.max_decompressed_bytes", "4294967296"),
    ("limits.max_rows", "20000000"),
    ("limits.max_request_seconds", "30"),
    ("limits.max_upload_silence_seconds", "60"),
    ("limits.min_upload_bytes_per_second", "32768"),
    ("limits.keep_free_bytes", "268435456"),
    ("limits.max_stream_seconds", "900"),
    ("limits.max_message_bytes", "4194304"),
    ("limits.max_streams_per_connection", "256"),
    ("limits.interactive_calls", "4096"),
    ("limits.bulk_calls", "32"),
    ("limits.watch_calls", "1024"),
    ("limits.caller_share_percent", "50"),
    ("limits.calls_per_second", "5000"),
    ("limits.calls_burst", "10000"),
    ("audit.max_file_bytes", "4194304"),
    ("audit.kept_files", "9"),
    ("shutdown.delay_seconds", "0"),
    ("shutdown.drain_seconds", "10"),
    ("log.level", "\"info\""),
    ("log.format", "\"auto\""),
    ("log.slow_call_milliseconds", "1000"),
    ("admin.listen", "\"127.0.0.1:9464\""),
    ("admin.allow_plaintext", "false"),
    ("otlp.every", "100"),
];

impl Config {
    /// Every key, its value and where that came from.
    #[must_use]
    pub fn shown(&self) -> String {
        KEYS.iter().fold(String::new(), |mut text, (key, expected)| {
            let _infallible = match self.given.iter().find(|setting| setting.key == *key) {
                Some(setting) => {
                    writeln!(text, "{key} = {}  # {}", Toml { given: &setting.given, expected }, setting.origin)
                }
                None if *key == "runtime.worker_threads" => {
                    writeln!(text, "{key} = {}  # default, on this machine", default_threads())
                }
                None if *key == "runtime.bulk_threads" => {
                    writeln!(text, "{key} = {}  # default, on this machine", default_bulk_threads())
                }
                None => match DEFAULTS.iter().find(|(with_default, _)| with_default == key) {
                    Some((_, default)) => writeln!(text, "{key} = {default}  # default"),
                    None => writeln!(text, "# {key} is not set: {expected}"),
                },
            };
            text
        })
    }
}

/// A value as a file would have it, wherever it came from.
struct Toml<'a> {
    given: &'a Given,
    expected: &'a str,
}

impl fmt::Display for Toml<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.given {
            Given::Toml(value) => return value.fmt(f),
            Given::Text(text) => text,
        };
        let is = |kinds: &[&str]| kinds.iter().any(|kind| self.expected.starts_with(kind));
        if is(&["a whole number", "a number", "true or false", "tables"]) {
            return f.write_str(text);
        }
        let quoted = |text: &str| toml::Value::from(text).to_string();
        if is(&["one or more of", "none, or any of"]) {
            let parts: Vec<_> = text.split(',').map(|part| quoted(part.trim())).collect();
            return write!(f, "[{}]", parts.join(", "));
        }
        f.write_str(&quoted(text))
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{super::Flags, *};

    fn read(file: Option<PathBuf>, variables: &[(&str, &str)]) -> Config {
        let variables = variables.iter().map(|(key, value)| (format!("WAN_MATRIX_{key}"), (*value).to_owned()));
        Config::read(Flags { config: file, ..Flags::default() }, variables).unwrap()
    }

    /// All that a configuration says, wherever it was said.
    fn meaning(config: Config) -> String {
        format!("{:?}", Config { given: Vec::new(), ..config })
    }

    fn read_back(config: &Config) -> Config {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("shown.toml");
        std::fs::write(&path, config.shown()).unwrap();
        read(Some(path), &[])
    }

    #[test]
    fn what_is_shown_reads_back_as_the_same() {
        let nothing = read(None, &[]);
        assert!(
            nothing.shown().lines().all(|line| line.ends_with("# default")
                || line.starts_with("# ")
                || line.ends_with("# default, on this machine")),
            "{}",
            nothing.shown()
        );
        assert_eq!(meaning(read_back(&nothing)), meaning(nothing));
        let much = read(
            None,
            &[
                ("LISTEN", "0.0.0.0:1"),
                ("ALLOW_PLAINTEXT", "true"),
                ("EXPECTED_REGIONS", "south, 4g-south"),
                ("GUARDS_REJECTS_PERCENT", "2.5"),
                ("ACCESS_WITHOUT_CERTIFICATE", "planner,csp:north"),
                ("MAX_AGE_HOURS_4G_NORTH", "36"),
                ("LOG_LEVEL", "warn,wan_matrix=debug"),
            ],
        );
        assert!(much.shown().contains("max_age_hours.4g-north = 36  # WAN_MATRIX_MAX_AGE_HOURS_4G_NORTH\n"));
        assert_eq!(meaning(read_back(&much)), meaning(much));
    }

    #[test]
    fn every_key_is_shown_once() {
        let shown = read(None, &[]).shown();
        for (key, _) in KEYS {
            let lines = shown.lines().filter(|line| {
                let line = line.trim_start_matches("# ");
                line.split_once(' ').is_some_and(|(first, _)| first == key)
            });
            assert_eq!(lines.count(), 1, "{key}");
        }
        assert!(DEFAULTS.iter().all(|(key, _)| KEYS.iter().any(|(known, _)| known == key)));
    }
}
