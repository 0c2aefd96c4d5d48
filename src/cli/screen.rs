//! Where a command writes: answers to standard output, everything else to standard error.

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, presets};

/// The two streams of a command. A test puts buffers in their place.
pub struct Screen<'a> {
    /// Answers, and nothing but answers.
    pub out: &'a mut dyn Write,
    /// Progress, warnings and footers of machine-readable output.
    pub notes: &'a mut dyn Write,
    /// Columns of the terminal that `out` is; `None` when it is none, and then nothing is wrapped.
    pub width: Option<u16>,
    /// Whether `notes` is a terminal, where a progress bar may be drawn.
    pub live: bool,
}

/// For people, or for programs.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Output {
    /// Columns for people
    Table,
    /// Proto JSON, one object a line
    Json,
}

/// For people, or for programs that prefer rows.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum RowOutput {
    /// Columns for people
    Table,
    /// Proto JSON, one object a line
    Json,
    /// Comma-separated values with a header row
    Csv,
}

impl<'a> Screen<'a> {
    /// The process's own streams.
    pub fn of_process(out: &'a mut dyn Write, notes: &'a mut dyn Write) -> Self {
        Self { out, notes, width: Table::new().width(), live: io::stderr().is_terminal() }
    }

    /// An empty table as wide as the screen.
    pub(super) fn table<const N: usize>(&self, header: [&str; N]) -> Table {
        let mut table = Table::new();
        table.force_no_tty().load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        if let Some(width) = self.width {
            table.set_width(width);
        }
        table.set_header(header);
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        table
    }

    /// Writes a table, without the blanks that would pad its last column.
    pub(super) fn show(&mut self, table: &Table) -> io::Result<()> {
        for line in table.lines() {
            writeln!(self.out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
