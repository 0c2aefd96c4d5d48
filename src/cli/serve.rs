//! `wan-matrix serve`: configure, run, drain.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    sync::Arc,
    time::Duration,
};

use clap::Args;
use jiff::Timestamp;
use tokio::runtime::{Builder, Runtime};

use super::{
    configured::{self, Configured},
    exit::{Exit, Failure},
};
use crate::server::{self, Config, Flags, Running, SampleError, ServeError, Signals, Telemetry};

/// How to serve. Flags stand over `WAN_MATRIX_*`, those over the configuration file, that over the defaults.
#[derive(Args, Debug, Default)]
#[command(
    after_help = "Every key of the configuration file has a variable: limits.max_rows is WAN_MATRIX_LIMITS_MAX_ROWS.

Examples:
  wan-matrix serve --sample
  wan-matrix serve --config /etc/wan-matrix.toml
  wan-matrix serve --data-dir /var/lib/wan-matrix --listen 127.0.0.1:0 --log-format json"
)]
pub struct ServeArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it")]
    pub configured: Configured,
    /// Load the built-in sample into an empty store
    #[arg(long)]
    pub sample: bool,
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::Tls(error) => Self::Configuration(error.to_string()),
            error => Self::Serve(error.to_string()),
        }
    }
}

impl From<SampleError> for Failure {
    fn from(error: SampleError) -> Self {
        Self::Serve(error.to_string())
    }
}

/// Serves until a signal ends it.
///
/// # Errors
/// [`Failure::Configuration`] before anything is begun; [`Failure::Serve`] when the server did not come up, ended by
/// itself, or was stopped by a second signal.
pub fn run(args: ServeArgs) -> Result<Exit, Failure> {
    let flags = Flags::from(args.configured);
    let config = configured::read(flags.clone())?;
    let telemetry = server::start_telemetry(&config.log);
    let runtime = runtime(config.worker_threads).map_err(Failure::Machine)?;
    let done = runtime.block_on(until_signalled(&config, args.sample, &telemetry, || reread(&flags)));
    // Whatever still blocks is not waited for: an abandoned load is removed at the next start.
    runtime.shutdown_timeout(Duration::from_millis(200));
    done.map(|()| Exit::Answered)
}

/// The configuration as it is now; one that is wrong changes nothing.
fn reread(flags: &Flags) -> Option<Config> {
    let config = configured::read(flags.clone());
    config.inspect_err(|error| tracing::error!(%error, "the configuration is wrong; nothing is reloaded")).ok()
}

fn runtime(worker_threads: usize) -> io::Result<Runtime> {
    match worker_threads {
        1 => Builder::new_current_thread().enable_all().build(),
        several => Builder::new_multi_thread().worker_threads(several).enable_all().build(),
    }
}

async fn until_signalled(
    config: &Config,
    sample: bool,
    telemetry: &Telemetry,
    reread: impl Fn() -> Option<Config>,
) -> Result<(), Failure> {
    let mut signals = Signals::new().map_err(Failure::Machine)?;
    let mut running = tokio::select! {
        running = server::start(config, Arc::new(Timestamp::now)) => running?,
        // Nothing is served yet: there is nothing to drain.
        _signal = signals.next() => return Ok(()),
    };
    let mut ended = tokio::select! {
        begun = begin(&running, sample) => begun.map(|()| None),
        signal = signals.next() => Ok(Some(signal)),
    };
    while let Ok(None) = ended {
        ended = tokio::select! {
            ended = running.ended() => ended.map(|()| Some("the end of its listener")).map_err(Failure::from),
            signal = signals.next_or_reload() => Ok(signal),
        };
        if let Ok(None) = ended
            && let Some(config) = reread()
        {
            let level = config.log.level.clone();
            // Only with all the rest of it.
            if running.reload(config).await {
                telemetry.set_level(&level);
            }
        }
    }
    let ended = ended.map(|signal| tracing::info!(signal, "shutting down"));
    tokio::select! {
        down = running.shutdown() => ended.and(down.map_err(Failure::from)),
        _again = signals.next() => Err(Failure::Serve("stopped at once by a second signal".to_owned())),
    }
}

async fn begin(running: &Running, sample: bool) -> Result<(), Failure> {
    if sample && !server::load_sample(running.loads()).await? {
        tracing::info!("the data directory holds loads already, so the sample was not loaded");
    }
    let ready = ready(running);
    io::stdout().write_all(ready.as_bytes()).and_then(|()| io::stdout().flush()).map_err(Failure::Output)
}

/// What is printed once calls are answered. Scripts read it: lines are only ever added.
fn ready(running: &Running) -> String {
    let addr = running.addr();
    let mut text = format!("gRPC listening on {addr}\n");
    let set = running.loads().active();
    for load in set.loads() {
        let manifest = load.manifest();
        let _infallible =
            writeln!(text, "  {:<10}  {} rows  {}", manifest.region.name(), manifest.answers(), manifest.load_id);
    }
    if set.loads().next().is_none() {
        text.push_str("  no coverage is loaded yet: see `wan-matrix load --help`\n");
    }
    let how = match running.certificates() {
        None => "-plaintext",
        Some(_) => "-cacert CA.pem -cert CERT.pem -key KEY.pem",
    };
    let _infallible = writeln!(
        text,
        "Try:\n  grpcurl {how} -d '{{\"location\":{{\"postcode\":\"AA1 1AA\"}}}}' {addr} \
         wanmatrix.v1.WanMatrixService/RequestWanMatrix"
    );
    text
}
