//! `wan-matrix loads show`.

use std::io::Write;

use clap::Args;

use crate::{
    cli::{
        connect::Server,
        exit::Failure,
        json::to_json,
        plain::plain,
        report,
        screen::{Output, Screen},
        words,
    },
    grpc::proto::CoverageLoad,
};

/// Which load to show.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  wan-matrix loads show central-20260201T030000Z-0123456789ab")]
pub struct ShowArgs {
    /// The load's id, as `loads list` and every answer give it
    #[arg(value_name = "ID")]
    pub load_id: String,
    /// How to show it
    #[arg(long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
    #[command(flatten)]
    pub server: Server,
}

pub(super) async fn run(args: ShowArgs, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let load = super::get(&args.server.url, &args.load_id).await?;
    match args.output {
        Output::Json => writeln!(screen.out, "{}", to_json(&load)?)?,
        Output::Table => write(screen.out, &load)?,
    }
    Ok(())
}

fn write(out: &mut dyn Write, load: &CoverageLoad) -> Result<(), Failure> {
    let sizes = format!(
        "{} bytes as sent ({}), {} unpacked",
        words::count(load.bytes_sent),
        words::encoding(load.encoding),
        words::count(load.bytes_decompressed)
    );
    for (name, value) in [
        ("load", load.load_id.clone()),
        ("region", words::region(load.csp_region)),
        ("state", words::load_state(load.state)),
        ("refused because", load.refusal.clone()),
        ("issued", words::time(load.issue_time)),
        ("received", words::time(load.received_time)),
        ("activated", words::time(load.activation_time)),
        ("activated by", load.activated_by.clone()),
        ("sent by", load.submitter.clone()),
        ("delta on", load.base_load_id.clone()),
        ("reference", load.reference.clone()),
        ("file", sizes),
        ("file's sha256", load.sha256.clone()),
        ("rows' sha256", load.rows_sha256.clone()),
        ("Table 3's sha256", load.wan_variants_sha256.clone()),
    ] {
        if !value.is_empty() {
            writeln!(out, "{name:<16}  {}", plain(&value))?;
        }
    }
    writeln!(out)?;
    Ok(report::write(out, load)?)
}
