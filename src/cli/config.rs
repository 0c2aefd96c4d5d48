//! `wan-matrix config`: what a configuration says, without serving.

use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::{
    configured::{self, Configured},
    exit::{Exit, Failure},
    screen::Screen,
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
pub fn run(command: ConfigCommand, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    match command {
        ConfigCommand::Check(args) => {
            let config = read(args)?;
            if let Some(tls) = &config.tls {
                tls.check(Timestamp::now())?;
            }
            // Of this process: the server's limits may be others, and it says the same of them when it starts.
            if let Some(short) = config.short_of_files() {
                writeln!(screen.notes, "warning: {short}")?;
            }
            writeln!(screen.out, "the configuration can be served with")?;
            for planner in config.identities.not_eligible() {
                writeln!(screen.out, "note: {planner}")?;
            }
        }
        ConfigCommand::Show(args) => write!(screen.out, "{}", read(args)?.shown())?,
    }
    screen.out.flush()?;
    Ok(Exit::Answered)
}

fn read(args: ConfigArgs) -> Result<Config, Failure> {
    Ok(configured::read(args.configured.into())?)
}
