use std::{fs, path::Path};

use tempfile::TempDir;

use super::{super::config_keys::KEYS, *};

fn file(directory: &TempDir, text: &str) -> PathBuf {
    let path = directory.path().join("wan-matrix.toml");
    fs::write(&path, text).unwrap();
    path
}

fn read(file: Option<&Path>, variables: &[(&str, &str)]) -> Result<Config, String> {
    let flags = Flags { config: file.map(Path::to_owned), ..Flags::default() };
    let variables = variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
    Config::read(flags, variables).map_err(|error| error.to_string())
}

#[test]
fn nothing_set_is_the_documented_defaults() {
    let config = read(None, &[("HOME", "/root"), ("WAN_MATRIX_SERVER", "http://elsewhere:1")]).unwrap();
    assert_eq!(config.data_dir, Path::new("./var"));
    assert_eq!(config.listen.to_string(), "127.0.0.1:50051");
    assert_eq!(config.expected_regions, [CspRegion::North, CspRegion::Central, CspRegion::South]);
    assert_eq!(config.max_age, RegionMap::default());
    assert_eq!(config.guards, loads::Thresholds::default());
    assert_eq!(config.drain, Duration::from_secs(10));
    assert_eq!((config.log.level.as_str(), config.log.format), ("info", LogFormat::Auto));
    assert_eq!(config.loads().thresholds, loads::Thresholds::default());
    assert_eq!(config.admin, "127.0.0.1:9464".parse().ok());
    assert_eq!((config.log.slow_call, config.log.otlp), (Duration::from_secs(1), None));
    assert_eq!(config.calls, CallLimits::default());
}

#[test]
fn limits_of_calls_are_read_key_by_key() {
    let directory = TempDir::new().unwrap();
    let text = r#"
        [limits]
        max_stream_seconds = 1
        max_message_bytes = 65536
        max_streams_per_connection = 2
        interactive_calls = 3
        bulk_calls = 4
        watch_calls = 5
        caller_share_percent = 6
        calls_per_second = 7
        calls_burst = 8
        [log]
        slow_call_milliseconds = 9
        [admin]
        listen = "[::1]:1"
    "#;
    let path = file(&directory, text);
    let config = read(Some(&path), &[]).unwrap();
    let expected = CallLimits {
        interactive_calls: 3,
        bulk_calls: 4,
        watch_calls: 5,
        caller_share_percent: 6,
        calls_per_second: Some(7),
        calls_burst: 8,
        max_stream: Duration::from_secs(1),
        max_streams_per_connection: 2,
        max_message_bytes: 65536,
    };
    assert_eq!(config.calls, expected);
    assert_eq!((config.log.slow_call, config.admin), (Duration::from_millis(9), "[::1]:1".parse().ok()));
    let unlimited = read(Some(&path), &[("WAN_MATRIX_LIMITS_CALLS_PER_SECOND", "0")]).unwrap();
    assert_eq!(unlimited.calls.calls_per_second, None);
}

#[test]
fn health_and_metrics_leave_this_machine_only_when_that_is_allowed() {
    for (listen, allow, fine) in [
        ("127.0.0.1:1", "false", true),
        ("off", "false", true),
        ("0.0.0.0:1", "false", false),
        ("0.0.0.0:1", "true", true),
    ] {
        // What allows plain text for gRPC says nothing of this.
        let variables = [
            ("WAN_MATRIX_ADMIN_LISTEN", listen),
            ("WAN_MATRIX_ADMIN_ALLOW_PLAINTEXT", allow),
            ("WAN_MATRIX_ALLOW_PLAINTEXT", "true"),
        ];
        let config = read(None, &variables);
        assert_eq!(config.is_ok(), fine, "{listen} {allow}: {config:?}");
        if let Err(error) = config {
            assert!(error.starts_with(&format!("WAN_MATRIX_ADMIN_LISTEN: admin.listen is {listen}, ")), "{error}");
            assert!(error.contains("admin.allow_plaintext = true"), "{error}");
        }
    }
}

#[test]
fn traces_are_sent_only_by_a_build_that_can() {
    let read = read(None, &[("WAN_MATRIX_OTLP_ENDPOINT", "http://127.0.0.1:4317")]);
    // A build has the feature or has it not: the other arm is for the other build.
    match read {
        Ok(config) if cfg!(feature = "otlp") => {
            assert_eq!(config.log.otlp, Some(Otlp { endpoint: "http://127.0.0.1:4317".to_owned(), every: 100 }));
        }
        Err(error) if !cfg!(feature = "otlp") => {
            assert!(error.starts_with("WAN_MATRIX_OTLP_ENDPOINT: otlp.endpoint is set, and this build"), "{error}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn flags_stand_over_variables_and_those_over_the_file() {
    let directory = TempDir::new().unwrap();
    let text = r#"
        data_dir = "/of/the/file"
        listen = "127.0.0.1:1"
        expected_regions = ["north", "4G South"]
        [guards]
        rejects_percent = 1
        delta_rejects_percent = 0.0625
        delta_rejects_rows = 0
        coverage_lost_percent = 0.1
        variant_changed_percent = 100
        unknown_percent = 0
        shrink_percent = 2.50
        growth_percent = 400.5
        issue_order = false
        [limits]
        max_rows = 10
        max_request_seconds = 5
        min_upload_bytes_per_second = 7
        keep_free_bytes = 0
        [audit]
        max_file_bytes = 1000
        kept_files = 3
        [max_age_hours]
        4g-south = 36
        [log]
        level = "warn,wan_matrix=debug"
        [runtime]
        worker_threads = 3
    "#;
    let flags = Flags {
        config: Some(file(&directory, text)),
        data_dir: None,
        listen: Some("127.0.0.1:3".parse().unwrap()),
        admin_listen: Some("off".to_owned()),
        log_format: Some("json".to_owned()),
    };
    let variables = [
        ("WAN_MATRIX_LISTEN", "127.0.0.1:2"),
        ("WAN_MATRIX_LIMITS_MAX_ROWS", "20"),
        ("WAN_MATRIX_LOG_FORMAT", "text"),
        ("WAN_MATRIX_GUARDS_SHRINK_PERCENT", "3"),
        ("WAN_MATRIX_MAX_AGE_HOURS_4G_NORTH", "1"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = Config::read(flags, variables.into_iter()).unwrap();
    assert_eq!(config.data_dir, Path::new("/of/the/file"));
    assert_eq!(config.listen.port(), 3);
    assert_eq!(config.expected_regions, [CspRegion::North, CspRegion::South4G]);
    let guards = loads::Thresholds {
        rejects: loads::Share::percent(1),
        delta_rejects: loads::Share::millionths(625),
        delta_rejects_rows: 0,
        coverage_lost: loads::Share::millionths(1_000),
        variant_changed: loads::Share::percent(100),
        unknown: loads::Share::percent(0),
        shrink: loads::Share::millionths(30_000),
        growth: loads::Share::millionths(4_005_000),
        newer_only: false,
    };
    assert_eq!(config.loads().thresholds, guards);
    assert_eq!(config.limits.max_rows, 20);
    assert_eq!(config.limits.max_request, Duration::from_secs(5));
    let loads = config.loads();
    assert_eq!((loads.max_silence, loads.min_upload_rate), (Duration::from_secs(60), 7));
    assert_eq!(config.loads().keep_free, 0);
    assert_eq!(config.loads().audit, Rotation { bytes: 1000, kept: 3 });
    assert_eq!(config.max_age[CspRegion::South4G], Some(SignedDuration::from_hours(36)));
    assert_eq!(config.max_age[CspRegion::North4G], Some(SignedDuration::from_hours(1)));
    assert_eq!(config.log.level, "warn,wan_matrix=debug");
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.worker_threads, 3);
    assert_eq!(config.admin, None);
}

#[test]
fn every_key_has_a_variable_and_refuses_nonsense_by_name() {
    for (key, expected) in KEYS {
        let variable = format!("WAN_MATRIX_{}", key.replace(['.', '-'], "_").to_uppercase());
        // A path may be anything but empty, and is read elsewhere.
        let nonsense = if expected.contains("directory") || expected.contains("path") { "" } else { "nonsense" };
        let error = read(None, &[(&variable, nonsense)]).unwrap_err();
        assert_eq!(error, format!("{variable}: {key} is {nonsense:?}; expected {expected}"));
    }
}

#[test]
fn a_wrong_file_says_which_key_and_what_is_expected() {
    let directory = TempDir::new().unwrap();
    for (text, said) in [
        ("datadir = 'x'", "there is no key datadir; the keys are data_dir, listen, "),
        ("[limits]\nmax_row = 1", "there is no key limits.max_row; "),
        ("[limits]\nmax_rows = '1'", "limits.max_rows is \"1\"; expected a whole number from 1 to 4294967295"),
        ("[limits]\nmax_rows = 4294967296", "limits.max_rows is 4294967296; expected a whole number from 1 to"),
        ("[limits]\nmax_upload_bytes = 0", "limits.max_upload_bytes is 0; expected a whole number from 1"),
        ("[limits]\nmax_upload_bytes = -1", "limits.max_upload_bytes is -1; "),
        (
            "limits.max_request_seconds = 31536001",
            "limits.max_request_seconds is 31536001; expected a whole number from 1 to",
        ),
        (
            "shutdown.drain_seconds = 31536001",
            "shutdown.drain_seconds is 31536001; expected a whole number up to 31536000",
        ),
        ("guards.rejects_percent = 100.5", "guards.rejects_percent is 100.5; expected a number from 0 to 100"),
        ("guards.rejects_percent = nan", "guards.rejects_percent is nan; "),
        ("guards.unknown_percent = -1", "guards.unknown_percent is -1; "),
        (
            "guards.unknown_percent = 0.00001",
            "guards.unknown_percent is 0.00001; expected a number from 0 to 100, with",
        ),
        ("guards.growth_percent = inf", "guards.growth_percent is inf; expected a number from 0, with up to four"),
        ("expected_regions = []", "expected_regions is []; expected one or more of north, "),
        ("expected_regions = ['west']", "expected_regions is [\"west\"]; "),
        ("listen = 'localhost:1'", "listen is \"localhost:1\"; expected an address and port such as 127.0.0.1:50051"),
        ("log.level = 'loud'", "log.level is \"loud\"; expected error, warn, info, debug or trace, or directives"),
        ("log.level = '=debug'", "log.level is \"=debug\"; "),
        ("log.level = 'info,wan_matrix[x=debug'", "log.level is \"info,wan_matrix[x=debug\"; "),
        ("log.level = 'info,'", "log.level is \"info,\"; "),
        ("runtime.worker_threads = 0", "runtime.worker_threads is 0; "),
        ("listen = ", "is not TOML: "),
        ("wan_variants = '/nowhere/annex-e.csv'", "wan_variants: cannot read /nowhere/annex-e.csv: "),
        ("duis_response_codes = '/nowhere/codes.csv'", "duis_response_codes: cannot read /nowhere/codes.csv: "),
    ] {
        let path = file(&directory, text);
        let error = read(Some(&path), &[]).unwrap_err();
        assert!(error.starts_with(&path.display().to_string()), "{text}: {error}");
        assert!(error.contains(said), "{text}: {error}");
    }
    let error = read(Some(Path::new("/nowhere/wan-matrix.toml")), &[]).unwrap_err();
    assert!(error.starts_with("cannot read the configuration /nowhere/wan-matrix.toml: "), "{error}");
}

#[test]
fn a_misspelt_variable_is_an_error_and_other_programs_are_not() {
    let error = read(None, &[("WAN_MATRIX_LIMITS_MAX_ROW", "1")]).unwrap_err();
    assert!(error.starts_with("WAN_MATRIX_LIMITS_MAX_ROW: there is no key LIMITS_MAX_ROW; "), "{error}");
    let error = read(None, &[("WAN_MATRIX_DATA_DIR", "/srv/\u{fffd}")]).unwrap_err();
    assert_eq!(error, "WAN_MATRIX_DATA_DIR: its value is not UTF-8");
    assert!(read(None, &[("WAN_MATRIX_CA", "/srv/\u{fffd}"), ("HOME", "/srv/\u{fffd}")]).is_ok());
    // What Kubernetes tells every pod beside a service of this name.
    let others = [("WAN_MATRIX_SERVICE_HOST", "10.0.0.1"), ("WAN_MATRIX_PORT_50051_TCP_ADDR", "10.0.0.1")];
    assert!(read(None, &others).is_ok());
}

#[test]
fn plain_text_leaves_this_machine_only_when_that_is_allowed() {
    for (listen, allow, fine) in [
        ("127.0.0.1:1", "false", true),
        ("[::1]:1", "false", true),
        ("0.0.0.0:1", "false", false),
        ("[::]:1", "false", false),
        ("10.0.0.1:1", "false", false),
        ("0.0.0.0:1", "true", true),
    ] {
        let variables = [("WAN_MATRIX_LISTEN", listen), ("WAN_MATRIX_ALLOW_PLAINTEXT", allow)];
        let config = read(None, &variables);
        assert_eq!(config.is_ok(), fine, "{listen} {allow}: {config:?}");
        if let Err(error) = config {
            assert!(error.starts_with(&format!("WAN_MATRIX_LISTEN: listen is {listen}, ")), "{error}");
            assert!(error.contains("allow_plaintext = true"), "{error}");
        }
    }
}

#[test]
fn no_two_listeners_have_one_port() {
    for (variables, named) in [
        (&[("LISTEN", "127.0.0.1:9464")][..], Some("LISTEN: listen")),
        (&[("ADMIN_LISTEN", "127.0.0.1:50051")], Some("ADMIN_LISTEN: admin.listen")),
        (&[("HEALTH_LISTEN", "0.0.0.0:50051")], Some("HEALTH_LISTEN: health_listen")),
        (&[("HEALTH_LISTEN", "[::]:9464")], Some("HEALTH_LISTEN: health_listen")),
        (&[("HEALTH_LISTEN", "127.0.0.2:9464")], None),
        (&[("LISTEN", "127.0.0.1:0"), ("ADMIN_LISTEN", "127.0.0.1:0")], None),
        (&[("LISTEN", "127.0.0.1:9464"), ("ADMIN_LISTEN", "off")], None),
    ] {
        let of_ours: Vec<_> = variables.iter().map(|(key, value)| (format!("WAN_MATRIX_{key}"), *value)).collect();
        let of_ours: Vec<_> = of_ours.iter().map(|(key, value)| (key.as_str(), *value)).collect();
        let error = read(None, &of_ours).err();
        let said = named.map(|named| {
            format!(
                "WAN_MATRIX_{named} is set, and listen, health_listen and admin.listen each need a port of their own"
            )
        });
        assert_eq!(error, said, "{variables:?}");
    }
}

#[test]
fn what_cannot_be_served_with_is_named_wherever_it_was_given() {
    let directory = TempDir::new().unwrap();
    let path = file(&directory, "listen = '0.0.0.0:1'\nadmin.listen = '0.0.0.0:2'\nallow_plaintext = true");
    let named = path.display().to_string();
    let config = |flags: Flags| Config::read(flags, std::iter::empty()).unwrap_err().to_string();
    let from_file = Flags { config: Some(path), ..Flags::default() };
    assert!(config(from_file.clone()).starts_with(&format!("{named}: admin.listen is 0.0.0.0:2, ")));
    let flag = Flags { admin_listen: Some("0.0.0.0:3".to_owned()), ..from_file };
    assert!(config(flag).starts_with("--admin-listen: admin.listen is 0.0.0.0:3, "));
    let flag = Flags { listen: "0.0.0.0:4".parse().ok(), ..Flags::default() };
    assert!(config(flag).starts_with("--listen: listen is 0.0.0.0:4, "));
}

#[test]
fn table_3_may_be_replaced_and_is_checked() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("annex-e.csv");
    let mut table = "csp_region,wan_variant,description,provenance\nnorth,Long Range,A hub,ours\n".to_owned();
    fs::write(&path, &table).unwrap();
    let named = path.display().to_string();
    let error = read(None, &[("WAN_MATRIX_WAN_VARIANTS", &named)]).unwrap_err();
    assert!(error.starts_with(&format!("WAN_MATRIX_WAN_VARIANTS: wan_variants: {named}: ")), "{error}");
    assert!(error.contains("no row for the variant Unknown"), "{error}");
    table.push_str("central,Unknown,Not confirmed,DP106\nsouth,Unknown,Not confirmed,DP106\n");
    fs::write(&path, &table).unwrap();
    let config = read(None, &[("WAN_MATRIX_WAN_VARIANTS", &named)]).unwrap();
    assert_eq!(config.table3.rows().len(), 3);
}

#[test]
fn the_response_codes_of_duis_may_be_replaced_and_are_checked() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("codes.csv");
    let shipped = include_str!("../../data/duis-response-codes.csv");
    let named = path.display().to_string();
    fs::write(&path, shipped.replace("E120101", "E120102")).unwrap();
    let error = read(None, &[("WAN_MATRIX_DUIS_RESPONSE_CODES", &named)]).unwrap_err();
    assert!(error.starts_with(&format!("WAN_MATRIX_DUIS_RESPONSE_CODES: duis_response_codes: {named}: ")), "{error}");
    assert!(error.contains("location_not_in_coverage and location_malformed have one code"), "{error}");
    fs::write(&path, shipped.replace("E120101", "E120199")).unwrap();
    let config = read(None, &[("WAN_MATRIX_DUIS_RESPONSE_CODES", &named)]).unwrap();
    assert_eq!(config.duis_response_codes.of(crate::duis::Outcome::NotInCoverage).as_str(), "E120199");
    let config = read(None, &[]).unwrap();
    assert_eq!(config.duis_response_codes.of(crate::duis::Outcome::NotInCoverage).as_str(), "E120101");
}
