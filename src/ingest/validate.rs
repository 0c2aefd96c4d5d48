//! What a row says, or why it must be set aside.

use std::cell::RefCell;

use memchr::memchr;

use super::{Column, TextTable, header::Columns, premises::Named, refusal::Refusal, scan::Record};
use crate::domain::{
    ADDITIONAL_INFORMATION_MAX, AUXILIARY_EQUIPMENT_MAX, AddressIdentifier, AvailabilityDate, ConnectivityLikelihood,
    Coverage, CoveredFrom, Day, Facts, Postcode, RegionVariants, Said, TextError, UNKNOWN, Uprn, VariantName, Verdict,
    WanVariant, check_text, judge,
};

/// The free texts and how many characters each may have (DUIS 5.4).
const TEXTS: [(Column, usize); 2] = [
    (Column::AuxiliaryEquipmentRequired, AUXILIARY_EQUIPMENT_MAX),
    (Column::AdditionalInformation, ADDITIONAL_INFORMATION_MAX),
];

/// Judges rows by one header row and one region's variants.
pub(super) struct Validator<'v> {
    columns: Columns,
    /// Each row says what is to become of it.
    delta: bool,
    /// Rows may be about premises.
    premises: bool,
    variants: &'v RegionVariants,
    usual: UsualCells,
    neighbour: RefCell<Neighbour>,
}

/// A row that answers, or the delete of one.
pub(super) struct Valid<'a> {
    pub(super) about: About,
    pub(super) facts: Facts,
    /// Unknown, because the variant's cell was empty.
    pub(super) from_empty: bool,
    pub(super) texts: Texts<'a>,
}

/// What a row is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum About {
    Postcode(Postcode),
    Premises(Named),
}

/// A row's two free texts.
pub(super) enum Texts<'a> {
    /// A pair that an earlier row had: the id it was given.
    Known(u32),
    /// The auxiliary equipment and the additional information.
    New(&'a str, &'a str),
}

/// A row that must be set aside.
pub(super) struct SetAside<'a> {
    pub(super) refusal: Refusal<'a>,
    /// The location, where it can be read: it stays marked in the load.
    pub(super) about: Option<About>,
    /// The record runs over lines in a way that only a missing quote explains: all but its first line must be read
    /// again, lest good rows are lost in it.
    pub(super) runs_over: bool,
}

impl<'v> Validator<'v> {
    pub(super) fn new(columns: Columns, variants: &'v RegionVariants) -> Self {
        let premises = columns.has(Column::Uprn) || columns.has(Column::AddressIdentifier);
        let (delta, usual) = (columns.has(Column::Change), UsualCells::of(variants));
        Self { delta, premises, columns, variants, usual, neighbour: RefCell::default() }
    }

    /// The column of a field.
    pub(super) fn column_at(&self, place: usize) -> Option<Column> {
        self.columns.at(place)
    }

    /// What the row is about, if that can be read whatever else is wrong with the row. A row that names a premises which
    /// cannot be read is about nothing that is known: it says nothing of its postcode.
    pub(super) fn readable(&self, record: &Record<'_>) -> Option<About> {
        let field = |column| match record.field(self.columns.place(column)) {
            // A column that the file does not have is empty; one that the row does not reach cannot be read.
            None if !self.columns.has(column) => Some(""),
            field => str::from_utf8(field?).ok(),
        };
        let postcode = field(Column::Postcode).and_then(|text| Postcode::parse(text).ok());
        if !self.premises {
            return postcode.map(About::Postcode);
        }
        let (uprn, identifier) = (field(Column::Uprn), field(Column::AddressIdentifier));
        if (uprn, identifier) == (Some(""), Some("")) {
            return postcode.map(About::Postcode);
        }
        let uprn = uprn.and_then(|text| Uprn::parse(text).ok());
        let identifier = identifier.and_then(|text| AddressIdentifier::parse(text).ok());
        let known = uprn.is_some() || postcode.is_some() && identifier.is_some();
        known.then_some(About::Premises(Named { uprn, postcode, identifier }))
    }

    /// Judges a row. The first thing that is wrong with it is what is told.
    pub(super) fn judge<'a>(&self, record: &Record<'a>, known: &TextTable) -> Result<Valid<'a>, SetAside<'a>> {
        let (found, wanted) = (record.len(), self.columns.count());
        if found != wanted {
            return Err(self.broken(record, Refusal::FieldCount { found, wanted }));
        }
        if record.lines > 1 {
            self.line_breaks_lie_in_texts(record).map_err(|refusal| self.broken(record, refusal))?;
        }
        let about = self.about(record).map_err(|refusal| self.broken(record, refusal))?;
        let bad = |refusal, about| SetAside { refusal, about: Some(about), runs_over: false };
        if self.delta {
            match self.deletes(record) {
                Ok(false) => {}
                Ok(true) => {
                    return Ok(Valid { about, facts: Facts::DELETE, from_empty: false, texts: Texts::Known(0) });
                }
                Err(refusal) => return Err(bad(refusal, about)),
            }
        }
        let cells = TOLD.map(|column| self.cell(record, column));
        if let Some((facts, from_empty, texts)) = self.neighbour.borrow().said(cells) {
            return Ok(Valid { about, facts, from_empty, texts: Texts::Known(texts) });
        }
        let said = self.coverage(record).and_then(|said| Ok((said, self.texts(record, known)?)));
        match said {
            Ok(((coverage, from_empty), texts)) => {
                let facts = Facts::pack(Said::Coverage(coverage));
                if let (true, Texts::Known(id)) = (self.premises, &texts) {
                    self.neighbour.borrow_mut().says(cells, (facts, from_empty, *id));
                }
                Ok(Valid { about, facts, from_empty, texts })
            }
            Err(refusal) => Err(bad(refusal, about)),
        }
    }

    /// What the row is about.
    fn about<'a>(&self, record: &Record<'a>) -> Result<About, Refusal<'a>> {
        if !self.premises {
            return self.postcode(record).map(About::Postcode);
        }
        let uprn = match self.utf8(record, Column::Uprn)? {
            "" => None,
            text => Some(Uprn::parse(text).map_err(Refusal::Uprn)?),
        };
        let identifier = match self.utf8(record, Column::AddressIdentifier)? {
            "" => None,
            value => {
                let malformed = |error| Refusal::AddressIdentifier { value, error };
                Some(AddressIdentifier::parse(value).map_err(malformed)?)
            }
        };
        // A UPRN is all of a row's key, and a delete names its key alone.
        let bare = self.delta && uprn.is_some() && self.cell(record, Column::Postcode).is_empty();
        if bare && self.cell(record, Column::Change) == b"delete" {
            return Ok(About::Premises(Named { uprn, postcode: None, identifier }));
        }
        let postcode = self.postcode(record)?;
        if uprn.is_none() && identifier.is_none() {
            return Ok(About::Postcode(postcode));
        }
        Ok(About::Premises(Named { uprn, postcode: Some(postcode), identifier }))
    }

    #[cold]
    fn broken<'a>(&self, record: &Record<'_>, refusal: Refusal<'a>) -> SetAside<'a> {
        SetAside { refusal, about: self.readable(record), runs_over: record.lines > 1 }
    }

    fn postcode<'a>(&self, record: &Record<'a>) -> Result<Postcode, Refusal<'a>> {
        if let Some(postcode) = Postcode::parse_canonical(self.cell(record, Column::Postcode)) {
            return Ok(postcode);
        }
        Postcode::parse(self.utf8(record, Column::Postcode)?).map_err(Refusal::Postcode)
    }

    /// Whether the row of a delta file is a delete, and nothing else.
    fn deletes<'a>(&self, record: &Record<'a>) -> Result<bool, Refusal<'a>> {
        let said = |column: &Column| {
            let names = matches!(column, Column::Postcode | Column::Change) || column.is_premises();
            !names && !self.cell(record, *column).is_empty()
        };
        match self.cell(record, Column::Change) {
            b"upsert" => Ok(false),
            b"delete" => {
                Column::ALL.into_iter().find(said).map_or(Ok(true), |column| Err(Refusal::DeleteNotBare(column)))
            }
            _ => Err(Refusal::ChangeMalformed(self.utf8(record, Column::Change)?)),
        }
    }

    fn coverage<'a>(&self, record: &Record<'a>) -> Result<(Coverage, bool), Refusal<'a>> {
        let date = match self.cell(record, Column::AvailabilityDate) {
            b"" => None,
            value => match Day::parse(value) {
                Ok(day) => Some(AvailabilityDate(day)),
                Err(error) => return Err(Refusal::Date { value: self.utf8(record, Column::AvailabilityDate)?, error }),
            },
        };
        let verdict = match (date, self.usual.verdict(self.cell(record, Column::WanVariant))) {
            (Some(date), Some((variant, from_empty))) => Verdict::Covered { date, variant, from_empty },
            _ => judge(self.variants, date, self.utf8(record, Column::WanVariant)?).map_err(Refusal::Rule)?,
        };
        let likelihood = self.cell(record, Column::ConnectivityLikelihood);
        match verdict {
            Verdict::NonePlanned if likelihood.is_empty() => Ok((Coverage::NonePlanned, false)),
            Verdict::NonePlanned => Err(Refusal::LikelihoodWithoutDate),
            Verdict::Covered { .. } if likelihood.is_empty() => Err(Refusal::LikelihoodMissing),
            Verdict::Covered { date, variant, from_empty } => match ConnectivityLikelihood::parse(likelihood) {
                Ok(likelihood) => Ok((Coverage::From(CoveredFrom { date, variant, likelihood }), from_empty)),
                Err(_) => Err(Refusal::LikelihoodMalformed(self.utf8(record, Column::ConnectivityLikelihood)?)),
            },
        }
    }

    fn texts<'a>(&self, record: &Record<'a>, known: &TextTable) -> Result<Texts<'a>, Refusal<'a>> {
        let [auxiliary, additional] = TEXTS.map(|(column, _)| self.cell(record, column));
        if let Some(id) = known.find(auxiliary, additional) {
            return Ok(Texts::Known(id));
        }
        let [auxiliary, additional] = TEXTS.map(|(column, max)| self.text(record, column, max));
        Ok(Texts::New(auxiliary?, additional?))
    }

    fn text<'a>(&self, record: &Record<'a>, column: Column, max: usize) -> Result<&'a str, Refusal<'a>> {
        let text = self.utf8(record, column)?;
        check_text(text, max).map_err(|error| Refusal::Text { column, error })?;
        Ok(text)
    }

    /// A column that the file does not have is empty.
    fn cell<'a>(&self, record: &Record<'a>, column: Column) -> &'a [u8] {
        record.field(self.columns.place(column)).unwrap_or_default()
    }

    fn utf8<'a>(&self, record: &Record<'a>, column: Column) -> Result<&'a str, Refusal<'a>> {
        match self.cell(record, column) {
            b"" => Ok(""),
            cell => str::from_utf8(cell).map_err(|_| Refusal::NotUtf8(column)),
        }
    }

    fn line_breaks_lie_in_texts<'a>(&self, record: &Record<'a>) -> Result<(), Refusal<'a>> {
        let breaks = |column: &Column| !column.is_text() && memchr(b'\n', self.cell(record, *column)).is_some();
        if let Some(column) = Column::ALL.into_iter().find(breaks) {
            return Err(Refusal::LineBreak(column));
        }
        for (column, max) in TEXTS {
            match self.text(record, column, max) {
                // A control character is wrong, and no sign of a missing quote.
                Err(Refusal::Text { error: TextError::ControlCharacter(_), .. }) | Ok(_) => {}
                Err(refusal) => return Err(refusal),
            }
        }
        Ok(())
    }
}

/// The cells that tell what is said of a place.
const TOLD: [Column; 5] = [
    Column::AvailabilityDate,
    Column::WanVariant,
    Column::ConnectivityLikelihood,
    Column::AuxiliaryEquipmentRequired,
    Column::AdditionalInformation,
];

/// The last good row of a file of premises, where neighbours mostly say the same: its cells, and what they came to – the
/// facts, whether they are Unknown from an empty cell, and the id of its texts.
#[derive(Default)]
struct Neighbour {
    cells: Vec<u8>,
    lengths: [usize; TOLD.len()],
    said: Option<(Facts, bool, u32)>,
}

impl Neighbour {
    fn says(&mut self, cells: [&[u8]; TOLD.len()], said: (Facts, bool, u32)) {
        self.cells.clear();
        cells.iter().for_each(|cell| self.cells.extend_from_slice(cell));
        (self.lengths, self.said) = (cells.map(<[u8]>::len), Some(said));
    }

    /// What these cells come to, if they are the neighbour's.
    fn said(&self, cells: [&[u8]; TOLD.len()]) -> Option<(Facts, bool, u32)> {
        let said = self.said?;
        let mut rest = self.cells.as_slice();
        let same = cells.into_iter().zip(self.lengths).all(|(cell, length)| {
            let (own, after) = rest.split_at_checked(length).unwrap_or_default();
            rest = after;
            own == cell
        });
        same.then_some(said)
    }
}

/// The rule's verdict on the cells that files are full of, asked once: what stands beside a date for each.
struct UsualCells(Vec<(Vec<u8>, (WanVariant, bool))>);

impl UsualCells {
    fn of(variants: &RegionVariants) -> Self {
        let cells = variants.confirmed().iter().map(VariantName::as_str).chain([" ", UNKNOWN, ""]);
        let any_date = Day::from_number(0).map(AvailabilityDate);
        Self(
            cells
                .filter_map(|cell| match judge(variants, any_date, cell) {
                    Ok(Verdict::Covered { variant, from_empty, .. }) => Some((cell.into(), (variant, from_empty))),
                    _ => None,
                })
                .collect(),
        )
    }

    fn verdict(&self, cell: &[u8]) -> Option<(WanVariant, bool)> {
        self.0.iter().find(|(usual, _)| usual == cell).map(|&(_, verdict)| verdict)
    }
}
