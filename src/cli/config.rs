//! `wan-matrix config`: what a configuration says, without serving.

use std::io::Write;

use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::{
    configured::{self, Configured},
    exit::{Exit, Failure},
};
use crate::server::{Config, TlsError};

/// What to do with a configuration.
#[derive(Subcommand, Debug)]
pub enum ConfigCommand {
    /// Check a configuration and the files it names, as `serve` would
    Check(ConfigArgs),
    /// Show every key, its value and where that came from
    Show(ConfigArgs),
}

/// Which configuration. The same flags and variables as `serve` has.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  wan-matrix config check --config /etc/wan-matrix.toml
  wan-matrix config show | grep limits

Exit codes: 0 it can be served with, 78 it cannot.")]
pub struct ConfigArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it")]
    pub configured: Configured,
}

impl From<TlsError> for Failure {
    fn from(error: TlsError) -> Self {
        Self::Configuration(error.to_string())
    }
}

/// Does it.
///
/// # Errors
/// [`Failure::Configuration`] names the file or variable, the key, and what is expected; [`Failure::Output`].
pub fn run(command: ConfigCommand, out: &mut dyn Write) -> Result<Exit, Failure> {
    match command {
        ConfigCommand::Check(args) => {
            let config = read(args)?;
            if let Some(tls) = &config.tls {
                tls.check(Timestamp::now())?;
            }
            writeln!(out, "the configuration can be served with")?;
            for planner in config.identities.not_eligible() {
                writeln!(out, "note: {planner}")?;
            }
        }
        ConfigCommand::Show(args) => write!(out, "{}", read(args)?.shown())?,
    }
    out.flush()?;
    Ok(Exit::Answered)
}

fn read(args: ConfigArgs) -> Result<Config, Failure> {
    Ok(configured::read(args.configured.into())?)
}
