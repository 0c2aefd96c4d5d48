//! `wan-matrix loads activate`.

use clap::Args;

use crate::{
    cli::{
        connect::{Server, soon},
        exit::Failure,
        json::to_json,
        plain::plain,
        screen::{Output, Screen},
        words,
    },
    grpc::proto::ActivateCoverageLoadRequest,
};

/// Which load to activate.
#[derive(Args, Debug)]
#[command(after_help = "Example, the way back to the load before this one:
  wan-matrix loads list --region central
  wan-matrix loads activate central-20260201T030000Z-0123456789ab")]
pub struct ActivateArgs {
    /// The load's id, as `loads list` gives it
    #[arg(value_name = "ID")]
    pub load_id: String,
    /// How to tell
    #[arg(long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
    #[command(flatten)]
    pub server: Server,
}

pub(super) async fn run(args: ActivateArgs, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let server = &args.server.url;
    let mut client = server.coverage_loads().await?;
    let request = soon(ActivateCoverageLoadRequest { load_id: args.load_id });
    let reply = client.activate_coverage_load(request).await.map_err(|status| server.refused(status))?;
    let load = reply.into_inner().load.ok_or_else(|| server.broke_contract("it names no load"))?;
    match args.output {
        Output::Json => writeln!(screen.out, "{}", to_json(&load)?)?,
        Output::Table => writeln!(
            screen.out,
            "{} answers from {} since {}",
            words::region(load.csp_region),
            plain(&load.load_id),
            words::time(load.activation_time)
        )?,
    }
    Ok(())
}
