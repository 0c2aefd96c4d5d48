//! Which configuration: the flags that `serve` and `config` share, so that what is checked is what is served with.

use std::{env, net::SocketAddr, path::PathBuf};

use clap::{Args, ValueEnum};

use super::exit::Failure;
use crate::server::{Config, ConfigError, Flags};

#[derive(Args, Debug, Default)]
#[expect(missing_docs, reason = "clap would print it, as the help of whoever flattens this")]
pub struct Configured {
    /// The configuration file, TOML
    #[arg(long, value_name = "FILE", env = "WAN_MATRIX_CONFIG")]
    pub config: Option<PathBuf>,
    /// Where the coverage loads are kept; one server owns it [default: ./var]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Where to listen for gRPC [default: 127.0.0.1:50051]
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Where to tell health and metrics over HTTP, or `off` [default: 127.0.0.1:9464]
    #[arg(long, value_name = "ADDRESS")]
    pub admin_listen: Option<String>,
    /// How to write the log [default: text on a terminal, JSON elsewhere]
    #[arg(long, value_enum)]
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

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Configuration(error.to_string())
    }
}

impl From<Configured> for Flags {
    fn from(Configured { config, data_dir, listen, admin_listen, log_format }: Configured) -> Self {
        let log_format = log_format.map(|format| match format {
            LogFormat::Text => "text".to_owned(),
            LogFormat::Json => "json".to_owned(),
        });
        Self { config, data_dir, listen, admin_listen, log_format }
    }
}

/// The configuration as it is now, from these flags, the environment and the file.
pub(super) fn read(flags: Flags) -> Result<Config, ConfigError> {
    // A name that is not UTF-8 is none of ours. A value may be of one that is, and is refused there.
    let variables = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())));
    Config::read(flags, variables)
}
