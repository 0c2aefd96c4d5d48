//! The header row: which field of a row is which column.

use super::{Column, FileKind, scan::Record};

/// One thing that is wrong with a header row.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ColumnFault {
    /// The file has no header row.
    #[error("there is none; the first line must name the columns: {}", required())]
    NoHeaderRow,
    /// It cannot be read as CSV.
    #[error("it cannot be read as CSV; the first line must name the columns: {}", required())]
    Unreadable,
    /// The file is in UTF-16.
    #[error("the file is in UTF-16, as a spreadsheet's \"Unicode text\" is; save it as CSV in UTF-8")]
    Utf16,
    /// Its lines end with carriage returns alone.
    #[error(
        "the lines end with carriage returns alone, as those of old Macintosh files do; save the file with LF or CRLF as \
         line ends"
    )]
    CarriageReturns,
    /// A column of this name is not in the contract.
    #[error(
        "the column \"{}\" is not known{}", .name.escape_debug(),
        .meant.map_or_else(|| separator_hint(.name).to_owned(), |meant| format!("; did you mean \"{meant}\"?"))
    )]
    Unknown {
        /// The name as sent, cut short if long.
        name: String,
        /// The column whose name differs only in case, spaces or hyphens.
        meant: Option<Column>,
    },
    /// A column is there twice.
    #[error("the column \"{0}\" is there more than once")]
    Repeated(Column),
    /// A column that every file must have is not there.
    #[error("the column \"{0}\" is missing")]
    Missing(Column),
    /// The column of delta files, in a file that was not announced as one.
    #[error(
        "the column \"change\" makes this a delta file: name the load it changes with base_load_id, or send the whole of \
         the region's coverage without the column"
    )]
    ChangeWithoutBase,
    /// A file announced as a delta says of no row what is to become of it.
    #[error(
        "a delta file must have the column \"change\", upsert or delete in each row; add it, or send the file as the \
         whole of the region's coverage, without base_load_id"
    )]
    ChangeMissing,
}

impl ColumnFault {
    /// Nothing in the name recalls a column: it may be a row's cell.
    fn names_nothing(&self) -> bool {
        match self {
            Self::Unknown { name, meant } => meant.is_none() && separator_hint(name).is_empty(),
            Self::Missing(_) => true,
            _ => false,
        }
    }
}

/// What the file's first bytes say it is, where that is no CSV that could be read: better than to list all that a header
/// row of such bytes has wrong.
pub(super) fn told_by_its_bytes(first_line: &[u8]) -> Option<ColumnFault> {
    let first = |count: usize| first_line.get(..count).unwrap_or_default();
    let nulls = |odd: usize| first(8).iter().skip(odd).step_by(2).all(|&byte| byte == 0);
    let marked = matches!(first(2), [0xFF, 0xFE] | [0xFE, 0xFF]);
    // Without its mark every other byte of plain letters is zero.
    if marked || first_line.len() >= 8 && (nulls(0) != nulls(1)) {
        return Some(ColumnFault::Utf16);
    }
    // The column names hold none, and one before the line's end is of that end.
    let (_, before_last) = first_line.split_last()?;
    memchr::memchr(b'\r', before_last).map(|_| ColumnFault::CarriageReturns)
}

/// How much of an unknown name a message quotes.
const QUOTED: usize = 60;
/// How many faults are told; a file that is no CSV at all could have thousands.
const FAULTS_TOLD: usize = 8;

/// Where each column stands in a row.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    /// By the column's place in [`Column::ALL`]; no row has a field at [`ABSENT`].
    places: [usize; Column::ALL.len()],
    /// How many fields a row must have.
    count: usize,
}

const ABSENT: usize = usize::MAX;

impl Columns {
    /// Reads the header row.
    pub(super) fn read(record: &Record<'_>, kind: FileKind) -> Result<Self, Vec<ColumnFault>> {
        let mut places = [ABSENT; Column::ALL.len()];
        let mut faults = Vec::new();
        for place in 0..record.len() {
            let name = record.field(place).unwrap_or_default();
            let column = Column::ALL.into_iter().find(|column| column.name().as_bytes() == name);
            match column.and_then(|column| Some((column, places.get_mut(column as usize)?))) {
                Some((Column::Change, _)) if kind == FileKind::Full => faults.push(ColumnFault::ChangeWithoutBase),
                Some((_, at)) if *at == ABSENT => *at = place,
                Some((column, _)) => faults.push(ColumnFault::Repeated(column)),
                None => faults.push(not_ours(name, kind)),
            }
        }
        let missing = |&column: &Column| kind.requires(column) && places.get(column as usize) == Some(&ABSENT);
        // A name misspelled is told once, not as missing as well.
        let meant = |column: &Column| {
            faults.iter().any(|fault| matches!(fault, ColumnFault::Unknown { meant: Some(m), .. } if m == column))
        };
        let missing: Vec<_> = Column::ALL
            .into_iter()
            .filter(|column| missing(column) && !meant(column))
            .map(
                |column| {
                    if column == Column::Change { ColumnFault::ChangeMissing } else { ColumnFault::Missing(column) }
                },
            )
            .collect();
        faults.extend(missing);
        if places == [ABSENT; Column::ALL.len()] && faults.iter().all(ColumnFault::names_nothing) {
            return Err(vec![ColumnFault::NoHeaderRow]);
        }
        faults.dedup();
        faults.truncate(FAULTS_TOLD);
        if faults.is_empty() { Ok(Self { places, count: record.len() }) } else { Err(faults) }
    }

    /// How many fields a row must have.
    pub(super) const fn count(&self) -> usize {
        self.count
    }

    /// Where the column stands; beyond every row if the file does not have it.
    pub(super) const fn place(&self, column: Column) -> usize {
        self.places[column as usize]
    }

    /// Whether the file has the column.
    pub(super) const fn has(&self, column: Column) -> bool {
        self.place(column) != ABSENT
    }

    /// The column that stands there.
    pub(super) fn at(&self, place: usize) -> Option<Column> {
        Column::ALL.into_iter().find(|&column| self.place(column) == place)
    }
}

fn not_ours(name: &[u8], kind: FileKind) -> ColumnFault {
    let text = String::from_utf8_lossy(name);
    let folded: String =
        text.trim().chars().map(|c| if matches!(c, ' ' | '-') { '_' } else { c.to_ascii_lowercase() }).collect();
    let meant = Column::ALL.into_iter().find(|column| column.name() == folded);
    if (meant, kind) == (Some(Column::Change), FileKind::Full) {
        return ColumnFault::ChangeWithoutBase;
    }
    ColumnFault::Unknown { name: text.chars().take(QUOTED).collect(), meant }
}

fn separator_hint(name: &str) -> &'static str {
    if name.contains([';', '\t', '|']) { "; commas must stand between columns" } else { "" }
}

fn required() -> String {
    Column::ALL
        .into_iter()
        .filter(|&column| FileKind::Full.requires(column))
        .map(Column::name)
        .collect::<Vec<_>>()
        .join(", ")
}
