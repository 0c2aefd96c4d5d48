//! `wan-matrix loads rejects`.

use clap::Args;

use crate::{
    cli::{
        connect::{Server, ServerUrl},
        exit::Failure,
        json::to_json,
        plain::plain,
        screen::{RowOutput, Screen},
        words,
    },
    grpc::proto::{CoverageReject, StreamCoverageRejectsRequest},
};

/// Rows of a table that are laid out together: the stream may be long, the screen wants it soon.
const TOGETHER: usize = 200;
const COLUMNS: [&str; 5] = ["line", "column", "reason", "message", "row"];

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
    let mut stream = stream.map_err(|status| server.refused(status))?.into_inner();
    if output == RowOutput::Csv {
        let mut rows = csv::Writer::from_writer(&mut *screen.out);
        rows.write_record(COLUMNS)?;
        rows.flush()?;
    }
    let mut together = Vec::new();
    let mut written = 0;
    let mut line = after_line;
    let ended = loop {
        if limit.is_some_and(|limit| written == limit) {
            break Ok(());
        }
        let reject = match stream.message().await {
            Ok(Some(message)) => {
                message.reject.ok_or_else(|| server.broke_contract("it sent a reject without a row"))?
            }
            Ok(None) => break Ok(()),
            Err(status) => break Err(server.refused(status)),
        };
        written += 1;
        line = reject.line;
        match output {
            RowOutput::Json => writeln!(screen.out, "{}", to_json(&reject)?)?,
            RowOutput::Csv => write_csv(&reject, screen)?,
            RowOutput::Table => {
                together.push(reject);
                if together.len() == TOGETHER {
                    write_table(&std::mem::take(&mut together), screen)?;
                }
            }
        }
    };
    // What came before the stream broke off is worth reading.
    if !together.is_empty() {
        write_table(&together, screen)?;
    }
    if ended.is_err() {
        // Best effort: the failure itself is what must be told.
        let _ = writeln!(screen.notes, "stopped; --after-line {line} goes on from here");
    } else if written == 0 && output == RowOutput::Table {
        writeln!(screen.out, "no rejects are kept{}", if after_line > 0 { " after that line" } else { "" })?;
    }
    ended
}

fn write_csv(reject: &CoverageReject, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let mut rows = csv::Writer::from_writer(&mut *screen.out);
    let (line, reason) = (reject.line.to_string(), words::reject_reason(reject.reason));
    rows.write_record([
        line.as_bytes(),
        reject.column.as_bytes(),
        reason.as_bytes(),
        reject.message.as_bytes(),
        &reject.row,
    ])?;
    Ok(rows.flush()?)
}

fn write_table(rejects: &[CoverageReject], screen: &mut Screen<'_>) -> Result<(), Failure> {
    let mut table = screen.table(["LINE", "COLUMN", "REASON", "MESSAGE"]);
    for reject in rejects {
        let line = reject.line.to_string();
        let reason = words::spaced(&words::reject_reason(reject.reason));
        table.add_row([line, reject.column.clone(), reason, reject.message.clone()].map(|c| plain(words::or_dash(&c))));
    }
    Ok(screen.show(&table)?)
}
