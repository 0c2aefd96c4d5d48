//! The commands of `wan-matrix`, one file each: what they take, what they ask a server, and how they write the answer.
//!
//! Commands talk gRPC to a server; only `check`, `synth` and `serve` do without one. Each is a function from its
//! arguments and a [`Screen`] to an [`Exit`] or a [`Failure`]; what the process does with these lies in `main.rs`.

pub mod active;
pub mod check;
pub mod config;
pub mod configured;
pub mod connect;
mod coverage_file;
mod credentials;
pub mod duis;
pub mod exit;
pub mod json;
pub mod load;
pub mod loads;
pub mod lookup;
mod plain;
mod report;
pub mod screen;
pub mod serve;
pub mod synth;
pub mod variants;
mod words;

#[cfg(test)]
mod fake_server;

use clap::{Parser, Subcommand};

use self::{
    exit::{Exit, Failure},
    screen::Screen,
};

/// DCC Service Request 12.1, "Request WAN Matrix", as a gRPC service: is there Smart Metering WAN coverage at this
/// address, from when, and which Communications Hub must be in the van?
#[derive(Parser, Debug)]
#[command(name = "wan-matrix", version)]
#[command(after_help = "Try it:
  wan-matrix serve --sample          in one terminal
  wan-matrix lookup 'AA1 1AA'        in another

Regions: north central south 4g-north 4g-central 4g-south.
Exit codes: 0 all answered, 1 some location unanswered or the load refused,
2 usage, 69 unreachable, 70 server error, 77 denied, 78 configuration.")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Every command.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Serve the WAN Matrix over gRPC
    Serve(serve::ServeArgs),
    /// Check a CSP's coverage file without a server
    Check(check::CheckArgs),
    /// Make a national set of synthetic coverage files
    Synth(synth::SynthArgs),
    /// Check or show a configuration
    #[command(subcommand)]
    Config(config::ConfigCommand),
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it")]
    Ask(ServerCommand),
}

/// The commands that ask a server, and so need a runtime.
#[derive(Subcommand, Debug)]
pub enum ServerCommand {
    /// Load a CSP's coverage file
    Load(load::LoadArgs),
    /// Look up the WAN Matrix of postcodes, addresses or UPRNs
    Lookup(lookup::LookupArgs),
    /// Answer a DUIS 12.1 request document
    Duis(duis::DuisArgs),
    /// Show the load each region answers from
    Active(active::ActiveArgs),
    /// List, show and compare loads, and say which one answers
    #[command(subcommand)]
    Loads(loads::LoadsCommand),
    /// List the WAN Variants of CHISM Annex E, Table 3
    Variants(variants::VariantsArgs),
}

/// Runs a command that asks a server.
///
/// # Errors
/// [`Failure`] when it could not do what was asked.
pub async fn ask(command: ServerCommand, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    match command {
        ServerCommand::Load(args) => load::run(args, screen).await,
        ServerCommand::Lookup(args) => lookup::run(args, screen).await,
        ServerCommand::Duis(args) => duis::run(args, screen).await,
        ServerCommand::Active(args) => active::run(args, screen).await,
        ServerCommand::Loads(command) => loads::run(command, screen).await,
        ServerCommand::Variants(args) => variants::run(args, screen).await,
    }
}
