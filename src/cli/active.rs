//! `wan-matrix active`: the load each region answers from.

use clap::Args;

use super::{
    connect::{Server, soon},
    exit::{Exit, Failure},
    json::to_json,
    plain::plain,
    screen::{Output, Screen},
    words,
};
use crate::grpc::proto::{ActiveCoverage, ListActiveCoverageRequest};

/// How to show it.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  wan-matrix active
  wan-matrix active --output json --server http://coverage.example:50051

Two servers that print the same digest answer alike.")]
pub struct ActiveArgs {
    /// How to show it
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
pub async fn run(args: ActiveArgs, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    let server = args.server.url;
    let mut client = server.wan_matrix().await?;
    let reply = client.list_active_coverage(soon(ListActiveCoverageRequest {})).await;
    let reply = reply.map_err(|status| server.refused(status))?.into_inner();
    if args.output == Output::Json {
        writeln!(screen.out, "{}", to_json(&reply)?)?;
    } else {
        let mut table = screen.table(["REGION", "LOAD", "ISSUED", "ACTIVATED", "POSTCODES", "SET ASIDE", "REMARK"]);
        for region in &reply.regions {
            table.add_row(row(region).map(|cell| plain(words::or_dash(&cell))));
        }
        screen.show(&table)?;
        writeln!(screen.out, "\ndigest of the active set: {}", plain(words::or_dash(&reply.active_set_digest)))?;
    }
    screen.out.flush()?;
    Ok(Exit::Answered)
}

fn row(of: &ActiveCoverage) -> [String; 7] {
    let source = of.source.clone().unwrap_or_default();
    let answers = of.source.is_some();
    let count = |number| if answers { words::count(number) } else { String::new() };
    let remark = match (answers, of.expected, source.stale) {
        (false, true, _) if of.damaged => "expected, and DAMAGED: load it again; misses answer COVERAGE_DAMAGED",
        (false, false, _) if of.damaged => {
            "DAMAGED: load it again; misses answer COVERAGE_DAMAGED; not among the expected regions"
        }
        (false, true, _) => "expected, and has no active load: misses answer COVERAGE_INCOMPLETE",
        (false, false, _) => "has no active load",
        (true, true, false) => "",
        (true, false, false) => "not among the expected regions",
        (true, true, true) => "STALE: older than this server allows for",
        (true, false, true) => "STALE: older than this server allows for; not among the expected regions",
    };
    [
        words::region(of.csp_region),
        source.load_id,
        words::time(source.issue_time),
        words::time(source.activation_time),
        count(of.postcode_rows),
        count(of.set_aside_locations),
        remark.to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::cli::fake_server::{FakeServer, run};

    #[test]
    fn a_region_without_an_answer_is_told_with_what_its_misses_answer() {
        for (damaged, expected, said) in [
            (true, true, "expected, and DAMAGED: load it again; misses answer COVERAGE_DAMAGED"),
            (true, false, "DAMAGED: load it again; misses answer COVERAGE_DAMAGED; not among the expected regions"),
            (false, true, "expected, and has no active load: misses answer COVERAGE_INCOMPLETE"),
            (false, false, "has no active load"),
        ] {
            let of = ActiveCoverage { damaged, expected, ..ActiveCoverage::default() };
            assert_eq!(row(&of)[6], said);
        }
    }

    #[tokio::test]
    async fn each_region_is_told_with_its_load_or_without_one() {
        let (_server, url) = FakeServer::start().await;
        for (name, line) in [("active", &["active"][..]), ("active_json", &["active", "--output", "json"])] {
            let ran = run(&url, line).await;
            assert_eq!(ran.exit, Exit::Answered);
            assert_snapshot!(name, ran.out);
        }
    }
}
