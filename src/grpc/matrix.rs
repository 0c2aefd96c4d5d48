//! A location's answer: the rows it rests on, and how they are written for a caller.

use crate::{
    domain::{Coverage, CspRegion, Day, Postcode},
    store::{Answer, OfPremises},
};

use super::{convert, proto::CoverageResolution, wire::Wire};

/// What is known of a location, seen from the day of the visit; nothing is copied from the loads it comes from.
#[derive(Clone, Debug)]
pub(super) struct Matrix<'a> {
    /// That of the first premises to answer, where a UPRN was asked for.
    pub(super) postcode: Option<Postcode>,
    /// The day of the visit.
    pub(super) as_of: Day,
    /// In region order, and by UPRN within a region; never empty.
    pub(super) coverage: Vec<(Coverage, Answer<'a>)>,
    /// Regions whose row for it had to be set aside.
    pub(super) set_aside: Vec<CspRegion>,
}

impl Matrix<'_> {
    /// Writes the fields of `WanMatrix`.
    pub(super) fn write(&self, wire: &mut Wire) {
        postcode(1, self.postcode, wire);
        for (coverage, answer) in &self.coverage {
            wire.message(2, |wire| regional(*coverage, answer, self.as_of, wire));
        }
        wire.numbers(3, self.set_aside.iter().map(|&region| convert::region(region).into()));
    }
}

/// Writes the fields of `RegionalCoverage`.
fn regional(coverage: Coverage, answer: &Answer<'_>, as_of: Day, wire: &mut Wire) {
    wire.number(1, convert::region(answer.region).into());
    wire.number(2, convert::coverage_state(coverage.state(as_of)).into());
    if let Coverage::From(from) = coverage {
        wire.text_if_any(3, Some(&from.date.0.iso()));
        if let Some(name) = answer.variant_name {
            wire.message(4, |wire| {
                wire.text(1, name);
                wire.number(2, convert::wan_variant_status(name).into());
            });
        }
        wire.number(5, convert::likelihood(from.likelihood).into());
    }
    wire.text(6, &answer.auxiliary_equipment);
    wire.text(7, &answer.additional_information);
    match answer.premises {
        None => wire.number(8, CoverageResolution::Postcode.into()),
        Some(OfPremises { uprn, postcode: place }) => {
            wire.number(8, CoverageResolution::Premises.into());
            if let Some(uprn) = uprn {
                wire.text(9, &uprn.to_string());
            }
            postcode(10, place, wire);
        }
    }
    wire.number(11, i32::try_from(answer.premises_rows).unwrap_or(i32::MAX));
}

fn postcode(field: u32, postcode: Option<Postcode>, wire: &mut Wire) {
    if let Some(postcode) = postcode {
        wire.text(field, &postcode.canonical());
    }
}

#[cfg(test)]
#[path = "matrix_tests.rs"]
mod tests;
