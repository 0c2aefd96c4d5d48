//! What one region says of a place, in the words its caller hears.

use std::borrow::Cow;

use crate::domain::{Coverage, CspRegion, Facts, Postcode, Said, Uprn};

use super::{StoreError, image::Image, premises::Found};

/// What one region says of a place.
#[derive(Clone, Debug)]
pub struct Answer<'a> {
    /// The region.
    pub region: CspRegion,
    /// What it says.
    pub said: Said,
    /// The variant's name in the Table 3 of the load; `None` when nothing is covered.
    pub variant_name: Option<&'a str>,
    /// Auxiliary equipment required; may be empty.
    pub auxiliary_equipment: Cow<'a, str>,
    /// Additional information; may be empty.
    pub additional_information: Cow<'a, str>,
    /// The premises it is about; `None` when it is about the whole postcode.
    pub premises: Option<OfPremises>,
    /// How many premises of the postcode have an answer of their own in the region's load; 0 in the answer of one.
    pub premises_rows: u32,
}

/// The premises an answer is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OfPremises {
    /// Its UPRN, if it has one.
    pub uprn: Option<Uprn>,
    /// Its postcode; `None` only for the mark of one whose row told none.
    pub postcode: Option<Postcode>,
}

/// What all regions say of a partial address.
#[derive(Clone, Debug, Default)]
pub struct Matches<'a> {
    /// In region order, and by UPRN within a region.
    pub answers: Vec<Answer<'a>>,
    /// A region has more premises with the identifier than are told.
    pub too_many: bool,
}

/// The answer in which these facts and texts of a region's load are told.
pub(super) fn of(
    region: CspRegion,
    image: &Image,
    facts: Facts,
    texts: u32,
    premises: Option<Found>,
) -> Result<Answer<'_>, StoreError> {
    let Some(said) = image.unpack(facts) else {
        let path = format!("the memory of {}", region.slug()).into();
        return Err(StoreError::Damaged { path, what: "a row says what Table 3 does not allow".to_owned() });
    };
    let (auxiliary_equipment, additional_information) = image.texts().get(texts)?;
    Ok(Answer {
        region,
        said,
        variant_name: match said {
            Said::Coverage(Coverage::From(from)) => image.variants().name(from.variant),
            _ => None,
        },
        auxiliary_equipment,
        additional_information,
        premises: premises.map(|found| OfPremises { uprn: found.uprn, postcode: found.postcode }),
        premises_rows: 0,
    })
}
