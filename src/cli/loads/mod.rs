//! `wan-matrix loads`: the loads a server knows, one of them, the rows it set aside, and what differs between two.

mod activate;
mod change;
mod changes;
mod list;
pub(super) mod rejects;
mod rows;
mod show;

use clap::Subcommand;

use super::{
    connect::{ServerUrl, soon},
    exit::{Exit, Failure},
    screen::Screen,
};
use crate::grpc::proto::{CoverageLoad, GetCoverageLoadRequest};

/// What to do with loads.
#[derive(Subcommand, Debug)]
pub enum LoadsCommand {
    /// List loads, newest first
    List(list::ListArgs),
    /// Show one load and its report
    Show(show::ShowArgs),
    /// Make a retained load the one its region answers from: forward, or back
    Activate(activate::ActivateArgs),
    /// List the rows of a load that were set aside, in the order of the file
    Rejects(rejects::RejectsArgs),
    /// List what differs between two retained loads of a region, by postcode
    Changes(changes::ChangesArgs),
}

/// Does it.
///
/// # Errors
/// [`Failure`] when the server cannot be asked, does not know the load or fails, or the output is closed.
pub async fn run(command: LoadsCommand, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    match command {
        LoadsCommand::List(args) => list::run(args, screen).await,
        LoadsCommand::Show(args) => show::run(args, screen).await,
        LoadsCommand::Activate(args) => activate::run(args, screen).await,
        LoadsCommand::Rejects(args) => rejects::run(args, screen).await,
        LoadsCommand::Changes(args) => changes::run(args, screen).await,
    }?;
    screen.out.flush()?;
    Ok(Exit::Answered)
}

/// One load.
pub(super) async fn get(server: &ServerUrl, load_id: &str) -> Result<CoverageLoad, Failure> {
    let mut client = server.coverage_loads().await?;
    let request = soon(GetCoverageLoadRequest { load_id: load_id.to_owned() });
    let reply = client.get_coverage_load(request).await.map_err(|status| server.refused(status))?;
    reply.into_inner().load.ok_or_else(|| server.broke_contract("it names no load"))
}

#[cfg(test)]
mod tests;
