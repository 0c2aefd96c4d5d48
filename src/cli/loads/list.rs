//! `wan-matrix loads list`.

use clap::{Args, ValueEnum};

use crate::{
    cli::{
        connect::{Server, soon},
        exit::Failure,
        json::to_json,
        plain::plain,
        screen::{Output, Screen},
        words,
    },
    domain::CspRegion,
    grpc::proto::{CoverageLoad, CoverageLoadState, ListCoverageLoadsRequest},
};

/// The most a server puts on one page.
const PAGE: usize = 200;

/// Which loads to list.
#[derive(Args, Debug)]
#[command(
    after_help = "ROWS, SET ASIDE and UNKNOWN count the rows of the file as it was sent: of a delta, what it changes. `wan-matrix
active` tells how much a region answers for.

Examples:
  wan-matrix loads list
  wan-matrix loads list --region central --state refused --limit 5
  wan-matrix loads list --limit 1000 --output json"
)]
pub struct ListArgs {
    /// Only this region's
    #[arg(long, value_name = "REGION")]
    pub region: Option<CspRegion>,
    /// Only loads in this state
    #[arg(long, value_enum)]
    pub state: Option<State>,
    /// At most so many, the newest
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
    /// How to show them
    #[arg(long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
    #[command(flatten)]
    pub server: Server,
}

/// What became of a load.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Checked and not yet answering
    Staged,
    /// Answering
    Active,
    /// Answered once, and is kept
    Superseded,
    /// Never answered
    Refused,
    /// Can no longer be read
    Damaged,
}

impl From<State> for CoverageLoadState {
    fn from(state: State) -> Self {
        match state {
            State::Staged => Self::Staged,
            State::Active => Self::Active,
            State::Superseded => Self::Superseded,
            State::Refused => Self::Refused,
            State::Damaged => Self::Damaged,
        }
    }
}

pub(super) async fn run(args: ListArgs, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let server = args.server.url;
    let mut client = server.coverage_loads().await?;
    let mut left = args.limit;
    let mut request = ListCoverageLoadsRequest {
        csp_region: args.region.map(words::region_number).unwrap_or_default(),
        state: args.state.map(|state| CoverageLoadState::from(state).into()).unwrap_or_default(),
        ..ListCoverageLoadsRequest::default()
    };
    // Columns are laid out over all pages.
    let mut table = Vec::new();
    while left > 0 {
        request.page_size = i32::try_from(left.min(PAGE)).unwrap_or(i32::MAX);
        let page = client.list_coverage_loads(soon(request.clone())).await;
        let mut page = page.map_err(|status| server.refused(status))?.into_inner();
        page.loads.truncate(left);
        left -= page.loads.len();
        match args.output {
            Output::Json => {
                for load in &page.loads {
                    writeln!(screen.out, "{}", to_json(load)?)?;
                }
            }
            Output::Table => table.append(&mut page.loads),
        }
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    match args.output {
        Output::Json => Ok(()),
        Output::Table if table.is_empty() => Ok(writeln!(screen.out, "no such loads")?),
        Output::Table => write_table(&table, screen),
    }
}

fn write_table(loads: &[CoverageLoad], screen: &mut Screen<'_>) -> Result<(), Failure> {
    let header = ["LOAD", "REGION", "STATE", "ISSUED", "ACTIVATED", "ROWS", "SET ASIDE", "UNKNOWN", "REFERENCE"];
    let mut table = screen.table(header);
    for load in loads {
        let report = load.report.clone().unwrap_or_default();
        let count = |number: i64| if load.report.is_some() { words::count(number) } else { String::new() };
        let cells = [
            load.load_id.clone(),
            words::region(load.csp_region),
            words::load_state(load.state),
            words::time(load.issue_time),
            words::time(load.activation_time),
            count(report.rows),
            count(report.set_aside),
            count(report.unknown),
            load.reference.clone(),
        ];
        table.add_row(cells.iter().map(|cell| plain(words::or_dash(cell))));
    }
    Ok(screen.show(&table)?)
}
