//! What an operator may set, and the defaults.

use std::{fs, net::SocketAddr, path::PathBuf, sync::Arc, thread, time::Duration};

use jiff::SignedDuration;
use tracing_subscriber::EnvFilter;

use crate::{
    domain::{CspRegion, RegionMap, Table3},
    duis::ResponseCodes,
    loads,
    store::Rotation,
};

use super::{
    config_connections::{self, Connections},
    config_keys::{ConfigError, Given, Keys, Setting},
    identities::Identities,
    limits::{CallLimits, default_bulk_threads},
    tls::TlsFiles,
};

/// A server's configuration, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where coverage is kept; one server owns it.
    pub data_dir: PathBuf,
    /// Where gRPC is served; port 0 for any that is free.
    pub listen: SocketAddr,
    /// Where health is served as well, in plain text and nothing beside it; `None`: nowhere.
    pub health_listen: Option<SocketAddr>,
    /// Regions without which a miss cannot be told. At least one.
    pub expected_regions: Vec<CspRegion>,
    /// How old a region's load may grow before it is marked stale.
    pub max_age: RegionMap<Option<SignedDuration>>,
    /// Table 3 as served, and as new loads are judged against.
    pub table3: Arc<Table3>,
    /// What the guards of loads allow.
    pub guards: loads::Thresholds,
    /// What DUIS documents call each outcome.
    pub duis_response_codes: ResponseCodes,
    /// Bounds of what callers may ask for.
    pub limits: Limits,
    /// When the audit log is put aside, and how much of it is kept.
    pub audit: Rotation,
    /// Bounds of how much of it at once, and how often.
    pub calls: CallLimits,
    /// Where health and metrics are told over HTTP; `None` for nowhere.
    pub admin: Option<SocketAddr>,
    /// The certificate to serve with; `None`: plain text.
    pub tls: Option<TlsFiles>,
    /// Who is known, and as what.
    pub identities: Arc<Identities>,
    /// Bounds of connections.
    pub connections: Connections,
    /// How long the server goes on answering after its health has said that it ends.
    pub delay: Duration,
    /// How long calls in flight may take to finish at shutdown.
    pub drain: Duration,
    /// What is logged, and how.
    pub log: Log,
    /// Threads that serve calls; 1 is a runtime without the cost of sharing work among threads.
    pub worker_threads: usize,
    /// Threads of lower priority that do bulk work.
    pub bulk_threads: usize,
    /// Everything that was given, and where.
    pub(super) given: Vec<Setting>,
}

/// Bounds of what callers may ask for.
#[derive(Clone, Debug)]
pub struct Limits {
    /// An upload, as sent.
    pub max_upload_bytes: u64,
    /// A file, decompressed.
    pub max_decompressed_bytes: u64,
    /// A file's data rows.
    pub max_rows: u32,
    /// A call, whatever deadline its caller gave; uploads apart.
    pub max_request: Duration,
    /// The longest silence of an upload's sender.
    pub max_upload_silence: Duration,
    /// The least rate of an upload, in bytes a second, once it has been waited for as long as a silence may last.
    pub min_upload_rate: u64,
    /// What loads leave free of the disk.
    pub keep_free_bytes: u64,
}

/// What is logged, and how.
#[derive(Clone, Debug)]
pub struct Log {
    /// A level, or directives as tracing-subscriber reads them.
    pub level: String,
    /// For whom.
    pub format: LogFormat,
    /// From where on a question took long, and is told of.
    pub slow_call: Duration,
    /// Where traces are sent, if anywhere.
    pub otlp: Option<Otlp>,
}

/// Where traces are sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Otlp {
    /// A collector's address, for OTLP over gRPC.
    pub endpoint: String,
    /// Of calls that their caller does not record, every so many are; 0 for none.
    pub every: u64,
}

/// Whom log lines are for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogFormat {
    /// People on a terminal, programs elsewhere.
    Auto,
    /// People.
    Text,
    /// Programs: one JSON object a line.
    Json,
}

/// What the command line sets.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--config`: the file to read.
    pub config: Option<PathBuf>,
    /// `--data-dir`.
    pub data_dir: Option<PathBuf>,
    /// `--listen`.
    pub listen: Option<SocketAddr>,
    /// `--admin-listen`: an address, or `off`.
    pub admin_listen: Option<String>,
    /// `--log-format`: `text` or `json`.
    pub log_format: Option<String>,
}

impl Config {
    /// Reads flags, variables and file, and checks all of it.
    ///
    /// # Errors
    /// [`ConfigError`] names the flag, variable or file, the key, and what is expected there.
    pub fn read(flags: Flags, variables: impl Iterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let mut keys = Keys::default();
        flags.config.map_or(Ok(()), |path| keys.file(path))?;
        keys.variables(variables)?;
        let shown = flags.data_dir.as_ref().map(|path| path.to_string_lossy().into_owned());
        keys.flag("--data-dir", "data_dir", shown)?;
        keys.flag("--listen", "listen", flags.listen.map(|listen| listen.to_string()))?;
        keys.flag("--admin-listen", "admin.listen", flags.admin_listen)?;
        keys.flag("--log-format", "log.format", flags.log_format)?;
        let config = Self::from_keys(&keys)?;
        // A path need not be text, and so goes past the keys.
        Ok(Self { data_dir: flags.data_dir.unwrap_or(config.data_dir), ..config })
    }

    fn from_keys(keys: &Keys) -> Result<Self, ConfigError> {
        let defaults = loads::Settings::default();
        let listen = keys.get("listen", |given| given.text()?.parse().ok())?;
        let listen: SocketAddr = listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 50051)));
        let tls = config_connections::tls(keys)?;
        let plaintext_is_fine = keys.get("allow_plaintext", Given::truth)?.unwrap_or(false);
        if tls.is_none() && !listen.ip().is_loopback() && !plaintext_is_fine {
            return Err(ConfigError::Plaintext { origin: keys.origin_of("listen"), listen });
        }
        let health_listen = keys.get("health_listen", |given| given.text()?.parse().ok())?;
        let admin = admin(keys)?;
        apart(keys, [("listen", Some(listen)), ("health_listen", health_listen), ("admin.listen", admin)])?;
        let whole = |key, default| Ok(keys.get(key, at_least_one)?.unwrap_or(default));
        let seconds =
            |key, default| Ok(Duration::from_secs(keys.get(key, config_connections::positive)?.unwrap_or(default)));
        let rows = |given: &Given| u32::try_from(at_least_one(given)?).ok();
        Ok(Self {
            data_dir: keys.get("data_dir", path)?.unwrap_or_else(|| PathBuf::from("./var")),
            listen,
            health_listen,
            expected_regions: keys
                .get("expected_regions", regions)?
                .unwrap_or_else(|| vec![CspRegion::North, CspRegion::Central, CspRegion::South]),
            max_age: max_age(keys)?,
            table3: Arc::new(table3(keys)?),
            guards: guards(keys, defaults.thresholds)?,
            duis_response_codes: response_codes(keys)?,
            limits: Limits {
                max_upload_bytes: whole("limits.max_upload_bytes", defaults.max_bytes_sent)?,
                max_decompressed_bytes: whole("limits.max_decompressed_bytes", defaults.max_decompressed)?,
                max_rows: keys.get("limits.max_rows", rows)?.unwrap_or(defaults.max_rows),
                max_request: seconds("limits.max_request_seconds", 30)?,
                max_upload_silence: seconds("limits.max_upload_silence_seconds", 60)?,
                min_upload_rate: whole("limits.min_upload_bytes_per_second", 32 << 10)?,
                keep_free_bytes: keys.get("limits.keep_free_bytes", Given::whole)?.unwrap_or(defaults.keep_free),
            },
            audit: Rotation {
                bytes: whole("audit.max_file_bytes", defaults.audit.bytes)?,
                kept: keys.get("audit.kept_files", files)?.unwrap_or(defaults.audit.kept),
            },
            calls: CallLimits::from_keys(keys)?,
            admin,
            identities: Arc::new(Identities::from_keys(keys, tls.as_ref())?),
            tls,
            connections: config_connections::connections(keys)?,
            delay: Duration::from_secs(keys.get("shutdown.delay_seconds", config_connections::seconds)?.unwrap_or(0)),
            drain: Duration::from_secs(keys.get("shutdown.drain_seconds", config_connections::seconds)?.unwrap_or(10)),
            log: Log {
                level: keys.get("log.level", level)?.unwrap_or_else(|| "info".to_owned()),
                format: keys.get("log.format", format)?.unwrap_or(LogFormat::Auto),
                slow_call: Duration::from_millis(whole("log.slow_call_milliseconds", 1000)?),
                otlp: otlp(keys)?,
            },
            worker_threads: keys.get("runtime.worker_threads", threads)?.unwrap_or_else(default_threads),
            bulk_threads: keys.get("runtime.bulk_threads", threads)?.unwrap_or_else(default_bulk_threads),
            given: keys.settings(),
        })
    }

    /// The settings of the loads.
    #[must_use]
    pub fn loads(&self) -> loads::Settings {
        loads::Settings {
            data_dir: self.data_dir.clone(),
            max_bytes_sent: self.limits.max_upload_bytes,
            max_decompressed: self.limits.max_decompressed_bytes,
            max_rows: self.limits.max_rows,
            keep_free: self.limits.keep_free_bytes,
            max_silence: self.limits.max_upload_silence,
            min_upload_rate: self.limits.min_upload_rate,
            thresholds: self.guards,
            audit: self.audit,
            retention: loads::Retention::default(),
        }
    }
}

/// One thread serves on a small machine. It costs half the processor time a call of several that share work, and no call
/// waits for another: an answer takes microseconds, a batch pauses within, loads and files have threads of their own.
pub(super) fn default_threads() -> usize {
    match thread::available_parallelism() {
        Ok(processors) if processors.get() > 2 => processors.get(),
        _ => 1,
    }
}

fn at_least_one(given: &Given) -> Option<u64> {
    given.whole().filter(|&number| number > 0)
}

fn files(given: &Given) -> Option<u32> {
    u32::try_from(given.whole()?).ok().filter(|files| (1..=1000).contains(files))
}

fn threads(given: &Given) -> Option<usize> {
    usize::try_from(given.whole()?).ok().filter(|threads| (1..=1024).contains(threads))
}

fn percent(given: &Given) -> Option<loads::Share> {
    share(given).filter(|share| *share <= loads::Share::percent(100))
}

/// More than the whole is what a region that grows may reach.
fn share(given: &Given) -> Option<loads::Share> {
    format!("{}%", given.decimal()?).parse().ok()
}

fn guards(keys: &Keys, defaults: loads::Thresholds) -> Result<loads::Thresholds, ConfigError> {
    let at_most = |key, default| Ok(keys.get(key, percent)?.unwrap_or(default));
    Ok(loads::Thresholds {
        rejects: at_most("guards.rejects_percent", defaults.rejects)?,
        delta_rejects: at_most("guards.delta_rejects_percent", defaults.delta_rejects)?,
        delta_rejects_rows: keys.get("guards.delta_rejects_rows", Given::whole)?.unwrap_or(defaults.delta_rejects_rows),
        coverage_lost: at_most("guards.coverage_lost_percent", defaults.coverage_lost)?,
        variant_changed: at_most("guards.variant_changed_percent", defaults.variant_changed)?,
        unknown: at_most("guards.unknown_percent", defaults.unknown)?,
        shrink: at_most("guards.shrink_percent", defaults.shrink)?,
        growth: keys.get("guards.growth_percent", share)?.unwrap_or(defaults.growth),
        newer_only: keys.get("guards.issue_order", Given::truth)?.unwrap_or(defaults.newer_only),
    })
}

pub(super) fn path(given: &Given) -> Option<PathBuf> {
    given.text().filter(|text| !text.is_empty()).map(PathBuf::from)
}

fn regions(given: &Given) -> Option<Vec<CspRegion>> {
    let regions: Vec<CspRegion> = given.list()?.into_iter().map(|name| name.parse().ok()).collect::<Option<_>>()?;
    (!regions.is_empty()).then_some(regions)
}

fn max_age(keys: &Keys) -> Result<RegionMap<Option<SignedDuration>>, ConfigError> {
    let hours = |given: &Given| i64::try_from(at_least_one(given)?).ok().and_then(SignedDuration::try_from_hours);
    let mut ages = RegionMap::default();
    for (region, key) in CspRegion::ALL.into_iter().zip([
        "max_age_hours.north",
        "max_age_hours.central",
        "max_age_hours.south",
        "max_age_hours.4g-north",
        "max_age_hours.4g-central",
        "max_age_hours.4g-south",
    ]) {
        ages[region] = keys.get(key, hours)?;
    }
    Ok(ages)
}

fn table3(keys: &Keys) -> Result<Table3, ConfigError> {
    let (Some(path), Some(origin)) = (keys.get("wan_variants", path)?, keys.origin("wan_variants")) else {
        return Table3::shipped().map_err(ConfigError::ShippedTable3);
    };
    let origin = origin.clone();
    match fs::read(&path) {
        Ok(csv) => Table3::from_csv(&csv).map_err(|source| ConfigError::Table3 { origin, path, source }),
        Err(source) => Err(ConfigError::Table3File { origin, path, source }),
    }
}

fn response_codes(keys: &Keys) -> Result<ResponseCodes, ConfigError> {
    let key = "duis_response_codes";
    let (Some(path), Some(origin)) = (keys.get(key, path)?, keys.origin(key)) else {
        return ResponseCodes::shipped().map_err(ConfigError::ShippedResponseCodes);
    };
    let origin = origin.clone();
    match fs::read(&path) {
        Ok(csv) => ResponseCodes::from_csv(&csv).map_err(|source| ConfigError::ResponseCodes { origin, path, source }),
        Err(source) => Err(ConfigError::ResponseCodesFile { origin, path, source }),
    }
}

/// A word alone would be read as the name of a module, at its lowest level: a misspelt level must not log everything.
fn level(given: &Given) -> Option<String> {
    let text = given.text()?;
    let plain = |part: &str| ["error", "warn", "info", "debug", "trace"].contains(&part);
    let sound = |part: &str| plain(part) || part.split_once('=').is_some_and(|(_, level)| plain(level));
    // Of directives that it cannot read, the filter would take none, and log errors alone.
    (text.split(',').all(sound) && EnvFilter::try_new(text).is_ok()).then(|| text.to_owned())
}

fn admin(keys: &Keys) -> Result<Option<SocketAddr>, ConfigError> {
    let address_or_off = |given: &Given| match given.text()? {
        "off" => Some(None),
        address => Some(Some(address.parse().ok()?)),
    };
    let listen: Option<SocketAddr> =
        keys.get("admin.listen", address_or_off)?.unwrap_or_else(|| Some(SocketAddr::from(([127, 0, 0, 1], 9464))));
    // Of its own, beside `allow_plaintext`: probes and scrapers come from elsewhere also where gRPC speaks TLS.
    let plaintext_is_fine = keys.get("admin.allow_plaintext", Given::truth)?.unwrap_or(false);
    match listen {
        Some(listen) if !listen.ip().is_loopback() && !plaintext_is_fine => {
            Err(ConfigError::AdminPlaintext { origin: keys.origin_of("admin.listen"), listen })
        }
        listen => Ok(listen),
    }
}

/// Two listeners in one place: the second would find it taken, at a start that had passed every check.
fn apart(keys: &Keys, listeners: [(&'static str, Option<SocketAddr>); 3]) -> Result<(), ConfigError> {
    let meet = |one: SocketAddr, other: SocketAddr| {
        let everywhere = one.ip().is_unspecified() || other.ip().is_unspecified();
        one.port() == other.port() && one.port() != 0 && (everywhere || one.ip() == other.ip())
    };
    for (place, (key, address)) in listeners.into_iter().enumerate() {
        for (other, before) in listeners.into_iter().take(place) {
            if address.zip(before).is_some_and(|(one, other)| meet(one, other)) {
                let given = if keys.origin(key).is_some() { key } else { other };
                let what = "listen, health_listen and admin.listen each need a port of their own";
                return Err(keys.clash(given, what));
            }
        }
    }
    Ok(())
}

fn otlp(keys: &Keys) -> Result<Option<Otlp>, ConfigError> {
    let address = |given: &Given| {
        let text = given.text()?;
        let uri: http::Uri = text.parse().ok()?;
        (uri.scheme().is_some() && uri.host().is_some()).then(|| text.to_owned())
    };
    let every = keys.get("otlp.every", Given::whole)?.unwrap_or(100);
    match keys.get("otlp.endpoint", address)? {
        Some(_) if !cfg!(feature = "otlp") => {
            Err(keys.clash("otlp.endpoint", "this build cannot send traces; build it with --features otlp"))
        }
        endpoint => Ok(endpoint.map(|endpoint| Otlp { endpoint, every })),
    }
}

fn format(given: &Given) -> Option<LogFormat> {
    match given.text()? {
        "auto" => Some(LogFormat::Auto),
        "text" => Some(LogFormat::Text),
        "json" => Some(LogFormat::Json),
        _ => None,
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
