//! What is asked in one call.

use wan_matrix::grpc::proto::{BatchRequestWanMatrixRequest, Location, location::Kind};

use super::source::Place;

/// The most a batch may ask.
pub(super) const SIZE: usize = 1000;

/// Days of visits: before, among and after the dates of the files.
const DAYS: [&str; 4] = ["2026-11-23", "2013-01-01", "2019-06-30", "2031-12-31"];

/// The n-th batch.
pub(super) struct Batch<'a> {
    pub(super) places: &'a [Place],
    pub(super) as_of: &'static str,
}

impl<'a> Batch<'a> {
    pub(super) fn nth(n: usize, places: &'a [Place]) -> Self {
        Self { places, as_of: DAYS[n % DAYS.len()] }
    }

    pub(super) fn request(&self) -> BatchRequestWanMatrixRequest {
        let location = |(n, place): (usize, &Place)| Location { kind: Some(Kind::Postcode(spelt(n, place.text()))) };
        let locations = self.places.iter().enumerate().map(location).collect();
        BatchRequestWanMatrixRequest { locations, as_of_date: self.as_of.to_owned() }
    }
}

/// In any case and spacing.
fn spelt(n: usize, postcode: &str) -> String {
    match n % 5 {
        0 => postcode.to_lowercase(),
        1 => postcode.replace(' ', ""),
        2 => format!("  {} ", postcode.replace(' ', "   ")),
        _ => postcode.to_owned(),
    }
}
