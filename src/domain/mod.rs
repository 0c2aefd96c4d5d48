//! What the service knows of postcodes, regions, dates, variants and the Unknown rule.
//!
//! Pure: no I/O, no async, no clock, no storage, no wire types. A wrong state cannot be built here, so the rooms above
//! need not look for one: a [`Postcode`] is canonical by construction, a [`WanVariant`] that is Unknown exists for South
//! and Central only, and a variant or a likelihood never stands without an [`AvailabilityDate`].

mod address_identifier;
mod coverage;
mod date;
mod facts;
mod location;
mod postcode;
mod postcode_error;
mod region;
mod rule;
mod short_text;
mod table3;
mod table3_csv;
mod text;
mod uprn;
mod variant;

pub use address_identifier::{ADDRESS_IDENTIFIER_MAX, AddressIdentifier, AddressIdentifierError};
pub use coverage::{ConnectivityLikelihood, Coverage, CoverageState, From as CoveredFrom, LikelihoodMalformed};
pub use date::{AvailabilityDate, Day, DayError};
pub use facts::{Facts, FactsError, Said};
pub use location::Location;
pub use postcode::{Postcode, Sector, Unit};
pub use postcode_error::PostcodeError;
pub use region::{CspRegion, RegionMap, UnknownRegion};
pub use rule::{RuleBreach, Verdict, judge};
pub use short_text::ShortText;
pub use table3::{RegionVariants, Table3, Table3Row, VariantName, VariantNotListed};
pub use table3_csv::Table3Error;
pub use text::{ADDITIONAL_INFORMATION_MAX, AUXILIARY_EQUIPMENT_MAX, TextError, check_text};
pub use uprn::{Uprn, UprnError};
pub use variant::{UNKNOWN, WanVariant};
