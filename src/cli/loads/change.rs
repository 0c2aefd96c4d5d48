//! What differs at one location, in the columns of a table and of CSV.

use csv::ByteRecord;

use super::rows::Row;
use crate::{
    cli::words,
    grpc::proto::{CoverageChange, CoverageFacts, StreamCoverageChangesResponse},
};

/// What is said of a location, before and after.
const FACTS: usize = 7;

impl Row<5> for CoverageChange {
    type Reply = StreamCoverageChangesResponse;

    const COLUMNS: &'static [&'static str] = &[
        "postcode",
        "change",
        "movements",
        "before_state",
        "before_availability_date",
        "before_wan_variant",
        "before_wan_variant_status",
        "before_connectivity_likelihood",
        "before_auxiliary_equipment_required",
        "before_additional_information",
        "after_state",
        "after_availability_date",
        "after_wan_variant",
        "after_wan_variant_status",
        "after_connectivity_likelihood",
        "after_auxiliary_equipment_required",
        "after_additional_information",
        // Where whoever reads columns by their places does not miss them.
        "uprn",
        "address_identifier",
        "before_postcode",
    ];
    const HEADER: [&'static str; 5] = ["LOCATION", "CHANGE", "BEFORE", "AFTER", "MOVEMENTS"];

    fn of(reply: Self::Reply) -> Result<Self, &'static str> {
        reply.change.ok_or("it sent a change of no location")
    }

    fn record(&self) -> ByteRecord {
        let place = [self.postcode.clone(), words::change_kind(self.kind), movements(self).join(" ")];
        let facts = facts(self.before.as_ref()).into_iter().chain(facts(self.after.as_ref()));
        let premises = [&self.uprn, &self.address_identifier, &self.postcode_before].map(String::clone);
        place.into_iter().chain(facts).chain(premises).collect()
    }

    fn cells(&self) -> [String; 5] {
        let moved: Vec<_> = movements(self).iter().map(|word| words::spaced(word)).collect();
        let mut before = told(self.before.as_ref());
        if !self.postcode_before.is_empty() {
            before = format!("{before}, in {}", self.postcode_before);
        }
        [location(self), words::change_kind(self.kind), before, told(self.after.as_ref()), moved.join(", ")]
    }
}

/// `covered`, `none_planned` or `set_aside`; empty where a load does not have the location.
fn state(facts: Option<&CoverageFacts>) -> &'static str {
    match facts {
        None => "",
        Some(facts) if facts.set_aside => "set_aside",
        Some(facts) if facts.availability_date.is_some() => "covered",
        Some(_) => "none_planned",
    }
}

/// The columns of CSV; all are empty where a load does not have the location.
fn facts(facts: Option<&CoverageFacts>) -> [String; FACTS] {
    let state = state(facts).to_owned();
    let of = facts.cloned().unwrap_or_default();
    let (variant, status) =
        of.wan_variant.map(|variant| (variant.name, words::variant_status(variant.status))).unwrap_or_default();
    let likelihood = words::likelihood(of.connectivity_likelihood);
    let date = of.availability_date.unwrap_or_default();
    [state, date, variant, status, likelihood, of.auxiliary_equipment_required, of.additional_information]
}

/// The facts in one cell: of coverage, what matters of it.
fn told(facts: Option<&CoverageFacts>) -> String {
    match facts {
        Some(of) if of.availability_date.is_some() => {
            let variant = of.wan_variant.as_ref().map(|variant| variant.name.as_str()).unwrap_or_default();
            let date = of.availability_date.as_deref().unwrap_or_default();
            [date, variant, &words::likelihood(of.connectivity_likelihood)].join(" ")
        }
        facts => words::spaced(state(facts)),
    }
}

fn movements(change: &CoverageChange) -> Vec<String> {
    change.movements.iter().map(|&number| words::movement(number)).collect()
}

/// The location in words: `AA1 1AA`, `AA1 1AA, UPRN 7`, `AA1 1AA, flat 1`.
fn location(change: &CoverageChange) -> String {
    let uprn = if change.uprn.is_empty() { String::new() } else { format!("UPRN {}", change.uprn) };
    let parts = [&change.postcode, &uprn, &change.address_identifier];
    parts.into_iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(", ")
}
