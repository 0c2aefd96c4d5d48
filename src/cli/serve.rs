//! `wan-matrix serve`: the service itself.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, ValueEnum};

use super::exit::{Exit, Failure};

/// How to serve. Flags stand over `WAN_MATRIX_*`, those over the configuration file, that over the defaults.
#[derive(Args, Debug, Default)]
#[command(after_help = "Examples:
  wan-matrix serve --sample
  wan-matrix serve --config /etc/wan-matrix.toml
  wan-matrix serve --data-dir /var/lib/wan-matrix --listen 0.0.0.0:50051 --log-format json")]
pub struct ServeArgs {
    /// The configuration file, TOML
    #[arg(long, value_name = "FILE", env = "WAN_MATRIX_CONFIG")]
    pub config: Option<PathBuf>,
    /// Where the coverage loads are kept; one server owns it [default: ./var]
    #[arg(long, value_name = "DIR", env = "WAN_MATRIX_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// Where to listen for gRPC [default: 127.0.0.1:50051]
    #[arg(long, value_name = "ADDRESS", env = "WAN_MATRIX_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// Load the built-in sample into an empty store
    #[arg(long)]
    pub sample: bool,
    /// How to write the log [default: text]
    #[arg(long, value_enum, env = "WAN_MATRIX_LOG_FORMAT")]
    pub log_format: Option<LogFormat>,
}

/// The shape of log lines.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// Serves until told to stop.
///
/// # Errors
/// [`Failure::Configuration`].
#[expect(clippy::needless_pass_by_value, reason = "the server keeps what it is given")]
pub fn run(args: ServeArgs) -> Result<Exit, Failure> {
    let _ = args;
    Err(Failure::Configuration("serve is not wired yet".to_owned()))
}
