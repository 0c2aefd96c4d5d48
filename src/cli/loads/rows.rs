//! Rows of a stream, shown as they come: in a table, as JSON or as CSV.

use std::fmt;

use csv::ByteRecord;
use prost::Name;
use tonic::Streaming;

use crate::cli::{
    connect::ServerUrl,
    exit::Failure,
    json::to_json,
    plain::plain,
    screen::{RowOutput, Screen},
    words,
};

/// Rows of a table that are laid out together: the stream may be long, the screen wants it soon.
const TOGETHER: usize = 200;

/// What one message of a stream tells. A table has so many `CELLS`; CSV may have more columns than a screen.
pub(super) trait Row<const CELLS: usize>: Name + Sized {
    /// The message it comes in.
    type Reply;
    /// The header row of CSV.
    const COLUMNS: &'static [&'static str];
    /// The header of a table.
    const HEADER: [&'static str; CELLS];

    /// Takes it out of its message, or says how the message breaks the contract.
    fn of(reply: Self::Reply) -> Result<Self, &'static str>;

    /// What it is in CSV, column by column.
    fn record(&self) -> ByteRecord;

    /// What it is in a table. A cell with nothing to say is empty.
    fn cells(&self) -> [String; CELLS];
}

/// What is kept of the rows that came. Written, it is the option that goes on behind the last of them: `; --after-line 7
/// goes on from here`, or nothing where there is none.
pub(super) trait Follow<R>: fmt::Display {
    /// A row came, and is about to be shown.
    fn follow(&mut self, row: &R);
}

/// How rows are shown, and whose they are.
pub(super) struct Rows<'a> {
    pub(super) server: &'a ServerUrl,
    pub(super) output: RowOutput,
    /// At most so many.
    pub(super) limit: Option<usize>,
}

impl Rows<'_> {
    /// Shows them until the stream ends, and gives how many there were. When it breaks off, what came before is shown all
    /// the same, and where to go on is said.
    pub(super) async fn show<R: Row<CELLS>, const CELLS: usize>(
        self,
        mut stream: Streaming<R::Reply>,
        followed: &mut impl Follow<R>,
        screen: &mut Screen<'_>,
    ) -> Result<usize, Failure> {
        if self.output == RowOutput::Csv {
            write_record(&R::COLUMNS.iter().collect(), screen)?;
        }
        let (mut shown, mut together) = (0, Vec::new());
        let ended = loop {
            if self.limit == Some(shown) {
                break Ok(shown);
            }
            let row = match stream.message().await {
                Ok(Some(reply)) => R::of(reply).map_err(|how| self.server.broke_contract(how))?,
                Ok(None) => break Ok(shown),
                Err(status) => break Err(self.server.refused(status)),
            };
            shown += 1;
            followed.follow(&row);
            match self.output {
                RowOutput::Json => writeln!(screen.out, "{}", to_json(&row)?)?,
                RowOutput::Csv => write_record(&row.record(), screen)?,
                RowOutput::Table => {
                    together.push(row);
                    if together.len() == TOGETHER {
                        write_table(&together, screen)?;
                        together.clear();
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
            let _ = writeln!(screen.notes, "stopped{}", plain(&followed.to_string()));
        }
        ended
    }
}

/// A writer for each record, so that it is out before the next one is waited for.
fn write_record(record: &ByteRecord, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let mut csv = csv::Writer::from_writer(&mut *screen.out);
    csv.write_byte_record(record)?;
    Ok(csv.flush()?)
}

fn write_table<R: Row<CELLS>, const CELLS: usize>(rows: &[R], screen: &mut Screen<'_>) -> Result<(), Failure> {
    let mut table = screen.table(R::HEADER);
    for row in rows {
        table.add_row(row.cells().map(|cell| plain(words::or_dash(&cell))));
    }
    Ok(screen.show(&table)?)
}
