//! Configuration as it is given: keys with dots in them, each with its value and where that came from.
//!
//! Flags go before `WAN_MATRIX_*` variables, those before the file. A key nobody knows is an error: a setting that is
//! misspelt would otherwise silently be its default.

use std::{collections::BTreeMap, fmt, fs, io, net::SocketAddr, path::PathBuf};

use crate::{domain::Table3Error, duis::ResponseCodesError};

use super::identity_table::IdentityFault;

/// Every key, and what it expects.
pub(super) const KEYS: [(&str, &str); 68] = [
    ("data_dir", "a directory"),
    ("listen", "an address and port such as 127.0.0.1:50051"),
    ("health_listen", "an address and port such as 127.0.0.1:50051"),
    ("allow_plaintext", "true or false"),
    ("tls.cert", "the path of a PEM file: the server's certificate, then those between it and its CA"),
    ("tls.key", "the path of a PEM file: the private key of tls.cert"),
    ("tls.client_ca", "the path of a PEM file: the CA of callers' certificates"),
    (
        "identities",
        "tables, each with uri or dns, roles (planner, csp, operator), the regions of a csp, and the user_roles of a \
         planner where they count; each name once",
    ),
    ("access.without_certificate", "none, or any of planner, operator and csp:REGION"),
    ("access.health", "anyone, known or operator"),
    ("access.reflection", "anyone, known or operator"),
    ("connections.max", "a whole number from 1 to 100000"),
    ("connections.max_without_certificate", "a whole number from 1 to 100000"),
    ("connections.max_handshakes", "a whole number from 1 to 100000"),
    ("connections.handshake_seconds", "a whole number from 1 to 31536000"),
    ("connections.idle_seconds", "a whole number from 1 to 31536000"),
    ("connections.max_age_seconds", "a whole number from 1 to 31536000"),
    ("connections.grace_seconds", "a whole number from 1 to 31536000"),
    ("connections.max_header_bytes", "a whole number from 4096 to 1048576"),
    ("connections.keepalive_seconds", "a whole number from 1 to 31536000"),
    ("connections.keepalive_timeout_seconds", "a whole number from 1 to 31536000"),
    ("expected_regions", "one or more of north, central, south, 4g-north, 4g-central and 4g-south"),
    ("wan_variants", "the path of a Table 3 as CSV"),
    ("duis_response_codes", "the path of a table of DUIS response codes as CSV"),
    ("guards.rejects_percent", PERCENT),
    ("guards.delta_rejects_percent", PERCENT),
    ("guards.delta_rejects_rows", "a whole number"),
    ("guards.coverage_lost_percent", PERCENT),
    ("guards.variant_changed_percent", PERCENT),
    ("guards.unknown_percent", PERCENT),
    ("guards.shrink_percent", PERCENT),
    ("guards.growth_percent", "a number from 0, with up to four decimals"),
    ("guards.issue_order", "true or false"),
    ("limits.max_upload_bytes", "a whole number from 1"),
    ("limits.max_decompressed_bytes", "a whole number from 1"),
    ("limits.max_rows", "a whole number from 1 to 4294967295"),
    ("limits.max_request_seconds", "a whole number from 1 to 31536000"),
    ("limits.max_upload_silence_seconds", "a whole number from 1 to 31536000"),
    ("limits.min_upload_bytes_per_second", "a whole number from 1"),
    ("limits.keep_free_bytes", "a whole number"),
    ("limits.max_stream_seconds", "a whole number from 1 to 31536000"),
    ("limits.max_message_bytes", "a whole number from 65536 to 67108864"),
    ("limits.max_streams_per_connection", "a whole number from 1"),
    ("limits.interactive_calls", "a whole number from 1"),
    ("limits.bulk_calls", "a whole number from 1"),
    ("limits.watch_calls", "a whole number from 1"),
    ("limits.caller_share_percent", "a whole number from 1 to 100"),
    ("limits.calls_per_second", "a whole number; 0 for no limit"),
    ("limits.calls_burst", "a whole number from 1"),
    ("audit.max_file_bytes", "a whole number from 1"),
    ("audit.kept_files", "a whole number from 1 to 1000"),
    ("max_age_hours.north", "a whole number from 1"),
    ("max_age_hours.central", "a whole number from 1"),
    ("max_age_hours.south", "a whole number from 1"),
    ("max_age_hours.4g-north", "a whole number from 1"),
    ("max_age_hours.4g-central", "a whole number from 1"),
    ("max_age_hours.4g-south", "a whole number from 1"),
    ("shutdown.delay_seconds", "a whole number up to 31536000"),
    ("shutdown.drain_seconds", "a whole number up to 31536000"),
    ("log.level", "error, warn, info, debug or trace, or directives such as warn,wan_matrix=debug"),
    ("log.format", "auto, text or json"),
    ("log.slow_call_milliseconds", "a whole number from 1"),
    ("runtime.worker_threads", "a whole number from 1 to 1024"),
    ("runtime.bulk_threads", "a whole number from 1 to 1024"),
    ("admin.listen", "an address and port such as 127.0.0.1:9464, or off"),
    ("admin.allow_plaintext", "true or false"),
    ("otlp.endpoint", "the address of a collector such as http://127.0.0.1:4317"),
    ("otlp.every", "a whole number; 0 for only those whose caller records them"),
];

const PERCENT: &str = "a number from 0 to 100, with up to four decimals";

const VARIABLE: &str = "WAN_MATRIX_";
/// Variables of other commands, and those that Kubernetes sets for every pod beside a service called `wan-matrix`.
const NOT_OURS: [&str; 4] = ["CONFIG", "SERVER", "SERVICE_", "PORT"];

/// What client commands prove themselves with.
const OF_CLIENTS: [&str; 3] = ["CA", "CERT", "KEY"];

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages are the documentation")]
pub enum ConfigError {
    #[error("cannot read the configuration {}: {source}", .path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{} is not TOML: {source}", .path.display())]
    Toml { path: PathBuf, source: Box<toml::de::Error> },
    #[error("{origin}: there is no key {key}; the keys are {}", known())]
    UnknownKey { origin: Origin, key: String },
    #[error("{origin}: its value is not UTF-8")]
    NotUtf8 { origin: Origin },
    #[error("{origin}: {key} is {found}; expected {expected}")]
    Value { origin: Origin, key: &'static str, found: String, expected: &'static str },
    #[error("{origin}: identities: table {number}{}: {fault}", .name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default())]
    Identity { origin: Origin, number: usize, name: Option<String>, fault: IdentityFault },
    #[error("{origin}: wan_variants: cannot read {}: {source}", .path.display())]
    Table3File { origin: Origin, path: PathBuf, source: io::Error },
    #[error("{origin}: wan_variants: {}: {source}", .path.display())]
    Table3 { origin: Origin, path: PathBuf, source: Table3Error },
    #[error("the Table 3 that is compiled in: {0}")]
    ShippedTable3(Table3Error),
    #[error("{origin}: duis_response_codes: cannot read {}: {source}", .path.display())]
    ResponseCodesFile { origin: Origin, path: PathBuf, source: io::Error },
    #[error("{origin}: duis_response_codes: {}: {source}", .path.display())]
    ResponseCodes { origin: Origin, path: PathBuf, source: ResponseCodesError },
    #[error("the DUIS response codes that are compiled in: {0}")]
    ShippedResponseCodes(ResponseCodesError),
    #[error(
        "{origin}: listen is {listen}, which others can reach, and without TLS anybody on the way could read and change \
         the answers: set tls.cert and tls.key; or listen on 127.0.0.1 behind a proxy that speaks TLS, with access.without_certificate \
         for all that come through it; or set allow_plaintext = true where the network itself is trusted"
    )]
    Plaintext { origin: Origin, listen: SocketAddr },
    #[error(
        "{origin}: admin.listen is {listen}, which others can reach, and health and metrics are told there in plain text \
         to whoever asks: listen on 127.0.0.1, or set admin.allow_plaintext = true where the network itself is trusted"
    )]
    AdminPlaintext { origin: Origin, listen: SocketAddr },
    #[error("{origin}: {key} is set, and {what}")]
    Clash { origin: Origin, key: &'static str, what: &'static str },
}

fn known() -> String {
    KEYS.map(|(key, _)| key).join(", ")
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A configuration file.
    File(PathBuf),
    /// An environment variable.
    Variable(String),
    /// A flag of the command line.
    Flag(&'static str),
    /// Nobody gave it.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(flag) => f.write_str(flag),
            Self::Default => f.write_str("the defaults"),
        }
    }
}

/// A value as it was given: typed in a file, text elsewhere.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Given {
    Toml(toml::Value),
    Text(String),
}

impl Given {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Toml(value) => value.as_str(),
            Self::Text(text) => Some(text),
        }
    }

    pub(super) fn whole(&self) -> Option<u64> {
        match self {
            Self::Toml(value) => value.as_integer()?.try_into().ok(),
            Self::Text(text) => text.parse().ok(),
        }
    }

    /// A number in decimal, in the digits it was given with: 0.1 is no power of two.
    pub(super) fn decimal(&self) -> Option<String> {
        match self {
            // The shortest text that reads back as the same number is what the file had.
            Self::Toml(toml::Value::Float(number)) => Some(number.to_string()),
            Self::Toml(value) => Some(value.as_integer()?.to_string()),
            Self::Text(text) => Some(text.clone()),
        }
    }

    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            Self::Toml(value) => value.as_bool(),
            Self::Text(text) => text.parse().ok(),
        }
    }

    /// An array of texts, or one text with commas between.
    pub(super) fn list(&self) -> Option<Vec<&str>> {
        match self {
            Self::Toml(value) => value.as_array()?.iter().map(toml::Value::as_str).collect(),
            Self::Text(text) => Some(text.split(',').map(str::trim).collect()),
        }
    }
}

impl Given {
    /// An array of tables; as a text, written as TOML has it within one line.
    pub(super) fn tables(&self) -> Option<Vec<toml::Table>> {
        let value = match self {
            Self::Toml(value) => value.clone(),
            Self::Text(text) => toml::from_str::<toml::Table>(&format!("x = {text}")).ok()?.remove("x")?,
        };
        let toml::Value::Array(tables) = value else { return None };
        tables.into_iter().map(|table| if let toml::Value::Table(table) = table { Some(table) } else { None }).collect()
    }
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Toml(value) => value.fmt(f),
            Self::Text(text) => write!(f, "{text:?}"),
        }
    }
}

/// One key as it was given.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Setting {
    pub(super) key: &'static str,
    pub(super) given: Given,
    pub(super) origin: Origin,
}

/// Everything that was given, the later layers over the earlier.
#[derive(Debug, Default)]
pub(super) struct Keys(BTreeMap<&'static str, (Origin, Given)>);

impl Keys {
    /// A file's keys.
    pub(super) fn file(&mut self, path: PathBuf) -> Result<(), ConfigError> {
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(source) => return Err(ConfigError::File { path, source }),
        };
        match toml::from_str::<toml::Table>(&text) {
            Ok(table) => self.table("", table, &Origin::File(path)),
            Err(source) => Err(ConfigError::Toml { path, source: Box::new(source) }),
        }
    }

    fn table(&mut self, within: &str, table: toml::Table, origin: &Origin) -> Result<(), ConfigError> {
        for (key, value) in table {
            let key = if within.is_empty() { key } else { format!("{within}.{key}") };
            match value {
                toml::Value::Table(table) => self.table(&key, table, origin)?,
                value => self.set(key, origin.clone(), Given::Toml(value))?,
            }
        }
        Ok(())
    }

    /// The variables of the environment that are meant for us.
    pub(super) fn variables(&mut self, variables: impl Iterator<Item = (String, String)>) -> Result<(), ConfigError> {
        for (name, value) in variables {
            let Some(ours) = name.strip_prefix(VARIABLE) else { continue };
            if NOT_OURS.iter().any(|other| ours.starts_with(other)) || OF_CLIENTS.contains(&ours) {
                continue;
            }
            // What stands for bytes that are no text: a path that is left out would be the default's, and another store.
            if value.contains(char::REPLACEMENT_CHARACTER) {
                return Err(ConfigError::NotUtf8 { origin: Origin::Variable(name) });
            }
            let called = |key: &str| key.replace(['.', '-'], "_").eq_ignore_ascii_case(ours);
            let key = KEYS.into_iter().map(|(key, _)| key).find(|key| called(key)).unwrap_or(ours).to_owned();
            self.set(key, Origin::Variable(name), Given::Text(value))?;
        }
        Ok(())
    }

    /// A flag's value, where it was given.
    pub(super) fn flag(&mut self, flag: &'static str, key: &str, value: Option<String>) -> Result<(), ConfigError> {
        value.map_or(Ok(()), |value| self.set(key.to_owned(), Origin::Flag(flag), Given::Text(value)))
    }

    fn set(&mut self, key: String, origin: Origin, given: Given) -> Result<(), ConfigError> {
        match KEYS.into_iter().find(|(known, _)| *known == key) {
            Some((known, _)) => {
                self.0.insert(known, (origin, given));
                Ok(())
            }
            None => Err(ConfigError::UnknownKey { origin, key }),
        }
    }

    /// What was given for a key, as `read` understands it; `None` when nothing was.
    pub(super) fn get<T>(
        &self,
        key: &'static str,
        read: impl FnOnce(&Given) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some((origin, given)) = self.0.get(key) else { return Ok(None) };
        read(given).map(Some).ok_or_else(|| ConfigError::Value {
            origin: origin.clone(),
            key,
            found: given.to_string(),
            expected: KEYS.into_iter().find(|(known, _)| *known == key).map_or("nothing", |(_, expected)| expected),
        })
    }

    /// Everything that was given.
    pub(super) fn settings(&self) -> Vec<Setting> {
        let setting = |(&key, (origin, given)): (&&'static str, &(Origin, Given))| Setting {
            key,
            given: given.clone(),
            origin: origin.clone(),
        };
        self.0.iter().map(setting).collect()
    }

    /// The error of a key that does not go with others.
    pub(super) fn clash(&self, key: &'static str, what: &'static str) -> ConfigError {
        ConfigError::Clash { origin: self.origin_of(key), key, what }
    }

    /// The error of one identity's table.
    pub(super) fn identity(&self, number: usize, name: Option<&str>, fault: IdentityFault) -> ConfigError {
        let name = name.map(str::to_owned);
        ConfigError::Identity { origin: self.origin_of("identities"), number, name, fault }
    }

    /// Where the value of a key comes from that has one in any case.
    pub(super) fn origin_of(&self, key: &str) -> Origin {
        self.origin(key).cloned().unwrap_or(Origin::Default)
    }

    /// Where a key's value came from.
    pub(super) fn origin(&self, key: &str) -> Option<&Origin> {
        self.0.get(key).map(|(origin, _)| origin)
    }
}
