//! `wan-matrix loads rejects`.

use std::fmt;

use clap::Args;
use csv::ByteRecord;

use super::rows::{Follow, Row, Rows};
use crate::{
    cli::{
        connect::{Server, ServerUrl},
        exit::Failure,
        screen::{RowOutput, Screen},
        words,
    },
    grpc::proto::{CoverageReject, StreamCoverageRejectsRequest, StreamCoverageRejectsResponse},
};

/// Which rejects to list.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  wan-matrix loads rejects central-20260201T030000Z-0123456789ab
  wan-matrix loads rejects central-20260201T030000Z-0123456789ab --output csv > to-correct.csv

In CSV the last column is the row as it was sent, cut at 4096 bytes.")]
pub struct RejectsArgs {
    /// The load's id; a refused load has one too
    #[arg(value_name = "ID")]
    pub load_id: String,
    /// Only rows on later lines of the file than this
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = clap::value_parser!(i64).range(0..))]
    pub after_line: i64,
    /// How to show them
    #[arg(long, value_enum, default_value_t = RowOutput::Table)]
    pub output: RowOutput,
    #[command(flatten)]
    pub server: Server,
}

pub(super) async fn run(args: RejectsArgs, screen: &mut Screen<'_>) -> Result<(), Failure> {
    write(&args.server.url, &args.load_id, args.after_line, None, args.output, screen).await
}

/// Writes the rejects after a line, at most `limit` of them.
pub(in crate::cli) async fn write(
    server: &ServerUrl,
    load_id: &str,
    after_line: i64,
    limit: Option<usize>,
    output: RowOutput,
    screen: &mut Screen<'_>,
) -> Result<(), Failure> {
    let mut client = server.coverage_loads().await?;
    let request = StreamCoverageRejectsRequest { load_id: load_id.to_owned(), after_line };
    let stream = client.stream_coverage_rejects(request).await;
    let stream = stream.map_err(|status| server.refused(status))?.into_inner();
    let written = Rows { server, output, limit }.show(stream, &mut Line(after_line), screen).await?;
    if written == 0 && output == RowOutput::Table {
        writeln!(screen.out, "no rejects are kept{}", if after_line > 0 { " after that line" } else { "" })?;
    }
    Ok(())
}

/// The line of the last reject that came, or that was asked for.
struct Line(i64);

impl Follow<CoverageReject> for Line {
    fn follow(&mut self, reject: &CoverageReject) {
        self.0 = reject.line;
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "; --after-line {} goes on from here", self.0)
    }
}

impl Row<4> for CoverageReject {
    type Reply = StreamCoverageRejectsResponse;

    const COLUMNS: &'static [&'static str] = &["line", "column", "reason", "message", "row"];
    const HEADER: [&'static str; 4] = ["LINE", "COLUMN", "REASON", "MESSAGE"];

    fn of(reply: Self::Reply) -> Result<Self, &'static str> {
        reply.reject.ok_or("it sent a reject without a row")
    }

    fn record(&self) -> ByteRecord {
        let (line, reason) = (self.line.to_string(), words::reject_reason(self.reason));
        let fields = [line.as_bytes(), self.column.as_bytes(), reason.as_bytes(), self.message.as_bytes(), &self.row];
        fields.into_iter().collect()
    }

    fn cells(&self) -> [String; 4] {
        let reason = words::spaced(&words::reject_reason(self.reason));
        [self.line.to_string(), self.column.clone(), reason, self.message.clone()]
    }
}
