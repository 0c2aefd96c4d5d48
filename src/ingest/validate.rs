//! What a row says, or why it must be set aside.

use memchr::memchr;

use super::{Column, header::Columns, refusal::Refusal, scan::Record};
use crate::domain::{
    ADDITIONAL_INFORMATION_MAX, AUXILIARY_EQUIPMENT_MAX, AvailabilityDate, ConnectivityLikelihood, Coverage,
    CoveredFrom, Day, Facts, Postcode, RegionVariants, Said, Verdict, check_text, judge,
};

/// Judges rows by one header row and one region's variants.
pub(super) struct Validator<'v> {
    columns: Columns,
    variants: &'v RegionVariants,
}

/// A row that answers.
pub(super) struct Valid<'a> {
    pub(super) postcode: Postcode,
    pub(super) facts: Facts,
    /// Unknown, because the variant's cell was empty.
    pub(super) from_empty: bool,
    pub(super) auxiliary: &'a str,
    pub(super) additional: &'a str,
}

/// A row that must be set aside.
pub(super) struct SetAside<'a> {
    pub(super) refusal: Refusal<'a>,
    /// The location, where it can be read: it stays marked in the load.
    pub(super) postcode: Option<Postcode>,
    /// The record runs over lines in a way that only a missing quote explains: all but its first line must be read
    /// again, lest good rows are lost in it.
    pub(super) runs_over: bool,
}

impl<'v> Validator<'v> {
    pub(super) const fn new(columns: Columns, variants: &'v RegionVariants) -> Self {
        Self { columns, variants }
    }

    /// The column of a field.
    pub(super) fn column_at(&self, place: usize) -> Option<Column> {
        self.columns.at(place)
    }

    /// The row's postcode, if its field can be read whatever else is wrong with the row.
    pub(super) fn readable_postcode(&self, record: &Record<'_>) -> Option<Postcode> {
        let field = record.field(self.columns.place(Column::Postcode))?;
        Postcode::parse(str::from_utf8(field).ok()?).ok()
    }

    /// Judges a row. The first thing that is wrong with it is what is told.
    pub(super) fn judge<'a>(&self, record: &Record<'a>) -> Result<Valid<'a>, SetAside<'a>> {
        let broken =
            |refusal| SetAside { refusal, postcode: self.readable_postcode(record), runs_over: record.lines > 1 };
        let (found, wanted) = (record.len(), self.columns.count());
        if found != wanted {
            return Err(broken(Refusal::FieldCount { found, wanted }));
        }
        let cells = Cells::new(record).ok_or_else(|| broken(self.not_utf8(record)))?;
        if record.lines > 1 {
            self.line_breaks_lie_in_texts(record, &cells).map_err(broken)?;
        }
        let postcode = Postcode::parse(self.cell(&cells, Column::Postcode)).map_err(|error| SetAside {
            refusal: Refusal::Postcode(error),
            postcode: None,
            runs_over: false,
        })?;
        let bad = |refusal| SetAside { refusal, postcode: Some(postcode), runs_over: false };
        let (coverage, from_empty) = self.coverage(&cells).map_err(bad)?;
        let text = |column, max| self.text(&cells, column, max).map_err(bad);
        Ok(Valid {
            postcode,
            facts: Facts::pack(Said::Coverage(coverage)),
            from_empty,
            auxiliary: text(Column::AuxiliaryEquipmentRequired, AUXILIARY_EQUIPMENT_MAX)?,
            additional: text(Column::AdditionalInformation, ADDITIONAL_INFORMATION_MAX)?,
        })
    }

    fn coverage<'a>(&self, cells: &Cells<'a>) -> Result<(Coverage, bool), Refusal<'a>> {
        let date = match self.cell(cells, Column::AvailabilityDate) {
            "" => None,
            value => {
                let day = Day::parse(value.as_bytes()).map_err(|error| Refusal::Date { value, error })?;
                Some(AvailabilityDate(day))
            }
        };
        let verdict = judge(self.variants, date, self.cell(cells, Column::WanVariant)).map_err(Refusal::Rule)?;
        let likelihood = self.cell(cells, Column::ConnectivityLikelihood);
        match verdict {
            Verdict::NonePlanned if likelihood.is_empty() => Ok((Coverage::NonePlanned, false)),
            Verdict::NonePlanned => Err(Refusal::LikelihoodWithoutDate),
            Verdict::Covered { .. } if likelihood.is_empty() => Err(Refusal::LikelihoodMissing),
            Verdict::Covered { date, variant, from_empty } => {
                let likelihood = ConnectivityLikelihood::parse(likelihood.as_bytes())
                    .map_err(|_| Refusal::LikelihoodMalformed(likelihood))?;
                Ok((Coverage::From(CoveredFrom { date, variant, likelihood }), from_empty))
            }
        }
    }

    fn text<'a>(&self, cells: &Cells<'a>, column: Column, max: usize) -> Result<&'a str, Refusal<'a>> {
        let text = self.cell(cells, column);
        check_text(text, max).map_err(|error| Refusal::Text { column, error })?;
        Ok(text)
    }

    /// A column that the file does not have is empty.
    fn cell<'a>(&self, cells: &Cells<'a>, column: Column) -> &'a str {
        cells.get(self.columns.place(column))
    }

    fn line_breaks_lie_in_texts<'a>(&self, record: &Record<'a>, cells: &Cells<'a>) -> Result<(), Refusal<'a>> {
        for (place, sent) in record.sent().enumerate() {
            if let Some(column) = self.columns.at(place).filter(|column| !column.is_text())
                && memchr(b'\n', sent).is_some()
            {
                return Err(Refusal::LineBreak(column));
            }
        }
        for (column, max) in [
            (Column::AuxiliaryEquipmentRequired, AUXILIARY_EQUIPMENT_MAX),
            (Column::AdditionalInformation, ADDITIONAL_INFORMATION_MAX),
        ] {
            match self.text(cells, column, max) {
                // A control character is wrong, and no sign of a missing quote.
                Err(Refusal::Text { error: crate::domain::TextError::ControlCharacter(_), .. }) | Ok(_) => {}
                Err(too_long) => return Err(too_long),
            }
        }
        Ok(())
    }

    fn not_utf8<'a>(&self, record: &Record<'_>) -> Refusal<'a> {
        let place = record.sent().position(|sent| str::from_utf8(sent).is_err());
        Refusal::NotUtf8(place.and_then(|place| self.columns.at(place)))
    }
}

/// A record whose bytes are UTF-8: checked once, for the whole of it.
struct Cells<'a> {
    record: Record<'a>,
    raw: &'a str,
    scratch: &'a str,
}

impl<'a> Cells<'a> {
    fn new(record: &Record<'a>) -> Option<Self> {
        let raw = str::from_utf8(record.raw).ok()?;
        Some(Self { record: *record, raw, scratch: str::from_utf8(record.scratch()).ok()? })
    }

    fn get(&self, place: usize) -> &'a str {
        let text = match self.record.place(place) {
            Some(Ok(sent)) => self.raw.get(sent),
            Some(Err(halved)) => self.scratch.get(halved),
            None => None,
        };
        text.unwrap_or_default()
    }
}
