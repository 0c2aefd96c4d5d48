//! `wan-matrix variants`: CHISM Annex E, Table 3, as the server serves it.

use clap::Args;

use super::{
    connect::{Server, soon},
    exit::{Exit, Failure},
    json::to_json,
    plain::plain,
    screen::{Output, Screen},
    words,
};
use crate::{
    domain::CspRegion,
    grpc::proto::{ListWanVariantsRequest, ListedWanVariant},
};

/// Which variants to list.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  wan-matrix variants
  wan-matrix variants --region south --output json

The provenance `assumed` marks a name that is not public: the operator may replace the table by configuration.")]
pub struct VariantsArgs {
    /// Only this region's
    #[arg(long, value_name = "REGION")]
    pub region: Option<CspRegion>,
    /// How to show them
    #[arg(long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it")]
    pub server: Server,
}

/// Asks and writes.
///
/// # Errors
/// [`Failure`] when the server cannot be asked or fails, or the output is closed.
pub async fn run(args: VariantsArgs, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    let server = args.server.url;
    let mut client = server.wan_matrix().await?;
    let request = ListWanVariantsRequest { csp_region: args.region.map(words::region_number).unwrap_or_default() };
    let reply = client.list_wan_variants(soon(request)).await;
    let reply = reply.map_err(|status| server.refused(status))?.into_inner();
    if args.output == Output::Json {
        writeln!(screen.out, "{}", to_json(&reply)?)?;
    } else {
        let mut table = screen.table(["REGION", "WAN VARIANT", "STATUS", "DESCRIPTION", "PROVENANCE"]);
        for listed in &reply.wan_variants {
            table.add_row(row(listed).map(|cell| plain(words::or_dash(&cell))));
        }
        screen.show(&table)?;
        writeln!(screen.out, "\nsha256 of the table: {}", plain(&reply.sha256))?;
    }
    screen.out.flush()?;
    Ok(Exit::Answered)
}

fn row(listed: &ListedWanVariant) -> [String; 5] {
    let variant = listed.wan_variant.clone().unwrap_or_default();
    [
        words::region(listed.csp_region),
        variant.name,
        words::variant_status(variant.status),
        listed.description.clone(),
        listed.provenance.clone(),
    ]
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use crate::cli::{
        exit::Exit,
        fake_server::{FakeServer, run},
    };

    #[tokio::test]
    async fn the_table_is_told_as_it_is_served() {
        let (_server, url) = FakeServer::start().await;
        for (name, line) in
            [("variants", &["variants"][..]), ("variants_json", &["variants", "--region", "south", "--output", "json"])]
        {
            let ran = run(&url, line).await;
            assert_eq!(ran.exit, Exit::Answered);
            assert_snapshot!(name, ran.out);
        }
    }
}
