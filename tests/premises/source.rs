//! What the source files say, read row by row with nothing of the server's own code, and the answer each row demands.

use std::fs::File;

use wan_matrix::grpc::proto::{
    ConnectivityLikelihood, CoverageResolution, CoverageState, Location, PartialAddress, RegionalCoverage, WanVariant,
    WanVariantStatus, location::Kind,
};

use crate::rig::{CoverageFile, proto_region};

/// The day every row is asked for.
pub(crate) const DAY: &str = "2026-01-15";

/// A row of a file, as it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) region: i32,
    pub(crate) postcode: String,
    date: String,
    variant: String,
    likelihood: String,
    auxiliary: String,
    information: String,
    pub(crate) uprn: String,
    pub(crate) identifier: String,
    /// Of a postcode's row: how many premises follow it.
    pub(crate) premises: i32,
}

/// Every row of a file, a postcode's with the number of its premises, which `synth` writes after it.
pub(crate) fn rows(file: &CoverageFile) -> impl Iterator<Item = Row> + use<> {
    let region = proto_region(file.region);
    let mut records =
        csv::Reader::from_reader(File::open(&file.path).unwrap()).into_records().map(Result::unwrap).peekable();
    let mut pending = std::collections::VecDeque::new();
    std::iter::from_fn(move || {
        if pending.is_empty() {
            let mut postcode = Row::read(region, &records.next()?);
            assert!(!postcode.is_premises(), "{postcode:?}");
            while let Some(record) = records.next_if(|record| record.get(0) == Some(&postcode.postcode)) {
                let premises = Row::read(region, &record);
                assert!(premises.is_premises(), "{premises:?}");
                postcode.premises += 1;
                pending.push_back(premises);
            }
            pending.push_front(postcode);
        }
        pending.pop_front()
    })
}

impl Row {
    fn read(region: i32, record: &csv::StringRecord) -> Self {
        let cell = |place| record.get(place).unwrap_or_default().to_owned();
        Self {
            region,
            postcode: cell(0),
            date: cell(1),
            variant: cell(2),
            likelihood: cell(3),
            auxiliary: cell(4),
            information: cell(5),
            uprn: cell(6),
            identifier: cell(7),
            premises: 0,
        }
    }

    pub(crate) fn is_premises(&self) -> bool {
        !self.uprn.is_empty() || !self.identifier.is_empty()
    }

    /// Asks by the row's own key.
    pub(crate) fn by_key(&self) -> Location {
        let kind = match (self.uprn.as_str(), self.identifier.as_str()) {
            ("", "") => Kind::Postcode(self.postcode.clone()),
            ("", _) => return self.by_address(),
            (uprn, _) => Kind::Uprn(uprn.to_owned()),
        };
        Location { kind: Some(kind) }
    }

    /// Asks by the address, spelled as a caller might.
    pub(crate) fn by_address(&self) -> Location {
        let address = PartialAddress {
            postcode: self.postcode.to_lowercase(),
            address_identifier: self.identifier.to_uppercase().replace(", ", "/"),
        };
        Location { kind: Some(Kind::PartialAddress(address)) }
    }

    /// The answer the row demands, every field of it.
    pub(crate) fn demands(&self) -> RegionalCoverage {
        let covered = !self.date.is_empty();
        let unknown = covered && (self.variant.trim().is_empty() || self.variant == "Unknown");
        let name = if unknown { "Unknown" } else { self.variant.as_str() };
        let status = if unknown { WanVariantStatus::Unconfirmed } else { WanVariantStatus::Confirmed };
        let state = match (covered, self.date.as_str() <= DAY) {
            (false, _) => CoverageState::NonePlanned,
            (true, true) => CoverageState::Available,
            (true, false) => CoverageState::Planned,
        };
        let likelihood = match self.likelihood.as_str() {
            "High" => ConnectivityLikelihood::High,
            "Medium" => ConnectivityLikelihood::Medium,
            "Low" => ConnectivityLikelihood::Low,
            _ => ConnectivityLikelihood::Unspecified,
        };
        let premises = self.is_premises();
        let resolution = if premises { CoverageResolution::Premises } else { CoverageResolution::Postcode };
        RegionalCoverage {
            csp_region: self.region,
            state: state.into(),
            availability_date: covered.then(|| self.date.clone()),
            wan_variant: covered.then(|| WanVariant { name: name.to_owned(), status: status.into() }),
            connectivity_likelihood: likelihood.into(),
            auxiliary_equipment_required: self.auxiliary.clone(),
            additional_information: self.information.clone(),
            resolution: resolution.into(),
            uprn: self.uprn.clone(),
            postcode: if premises { self.postcode.clone() } else { String::new() },
            premises_rows: self.premises,
        }
    }
}
