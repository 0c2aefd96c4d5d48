//! One location's answer: the one function behind the unary call and the batch, so that they never differ.

use std::fmt;

use crate::{
    domain::{
        AddressIdentifier, AddressIdentifierError, CspRegion, Day, Location, Postcode, PostcodeError, Said, Uprn,
        UprnError,
    },
    store::{ActiveSet, Answer, StoreError},
};

use super::{
    asked::Asked,
    matrix::Matrix,
    proto::{self, location::Kind},
};

/// Why a location has no answer.
#[derive(Debug)]
pub(super) enum Miss {
    /// The location says nothing.
    LocationMissing,
    /// Not a postcode; the field of the location it stands in.
    Postcode { field: &'static str, error: PostcodeError },
    /// Not a UPRN.
    Uprn(UprnError),
    /// Nothing that could tell a home apart.
    AddressIdentifier(AddressIdentifierError),
    /// A load that might have known it is damaged.
    Damaged { regions: Vec<CspRegion>, loads: String },
    /// A region that might have known it has no active load.
    Incomplete { location: Location, missing: Vec<CspRegion>, loads: String },
    /// The only rows for it had to be set aside.
    SetAside { location: Location, by: Vec<(CspRegion, String)>, loads: String },
    /// No active load has it; so many premises of its postcode have an answer of their own.
    NotInCoverage { location: Location, premises_rows: u64, loads: String },
    /// More premises than can be told share the address.
    TooMany { location: Location, loads: String },
    /// A row could not be read.
    Store { error: StoreError, loads: String },
}

/// The WAN Matrix of a location, from one active set.
///
/// Where [`ActiveSet::in_memory`] says so, well under a microsecond for each region, and to be called from where the request
/// is handled. Else the disk is read, and it is for a thread that may wait.
pub(super) fn answer<'a>(
    set: &'a ActiveSet,
    asked: &Asked,
    location: &Location,
    as_of: Day,
) -> Result<Matrix<'a>, Miss> {
    let mut matrix = Matrix { postcode: None, as_of, coverage: Vec::new(), set_aside: Vec::new() };
    let unreadable = |error| Miss::Store { error, loads: asked.load_ids.clone() };
    match location {
        Location::Postcode(postcode) => {
            let mut said = set.lookup(*postcode);
            matrix.coverage.reserve(said.size_hint().1.unwrap_or_default());
            said.try_for_each(|said| said.map(|said| tell(&mut matrix, said))).map_err(unreadable)?;
        }
        Location::Uprn(uprn) => {
            let mut said = set.lookup_uprn(*uprn);
            said.try_for_each(|said| said.map(|said| tell(&mut matrix, said))).map_err(unreadable)?;
        }
        Location::Address(postcode, identifier) => {
            let matches = set.lookup_address(*postcode, identifier).map_err(unreadable)?;
            if matches.too_many {
                return Err(Miss::TooMany { location: location.clone(), loads: asked.load_ids.clone() });
            }
            matches.answers.into_iter().for_each(|said| tell(&mut matrix, said));
        }
    }
    if matrix.coverage.is_empty() {
        return Err(miss(set, asked, location.clone(), &matrix.set_aside));
    }
    matrix.postcode = match location {
        Location::Postcode(postcode) | Location::Address(postcode, _) => Some(*postcode),
        // Where regions place a UPRN at two postcodes, the first one's: each answer carries its own.
        Location::Uprn(_) => {
            matrix.coverage.iter().find_map(|(_, said)| said.premises.and_then(|premises| premises.postcode))
        }
    };
    // A region may have several premises of an address, and have set more than one aside.
    matrix.set_aside.dedup();
    Ok(matrix)
}

/// What the caller asks for.
pub(super) fn parse(location: Option<&proto::Location>) -> Result<Location, Miss> {
    let kind = location.and_then(|location| location.kind.as_ref()).ok_or(Miss::LocationMissing)?;
    let postcode = |text: &str, field| Postcode::parse(text).map_err(|error| Miss::Postcode { field, error });
    match kind {
        Kind::Postcode(text) => postcode(text, "postcode").map(Location::Postcode),
        Kind::Uprn(text) => Uprn::parse(text).map(Location::Uprn).map_err(Miss::Uprn),
        Kind::PartialAddress(address) => Ok(Location::Address(
            postcode(&address.postcode, "partial_address.postcode")?,
            AddressIdentifier::parse(&address.address_identifier).map_err(Miss::AddressIdentifier)?,
        )),
    }
}

/// Takes in what one region says.
fn tell<'a>(matrix: &mut Matrix<'a>, said: Answer<'a>) {
    match said.said {
        Said::Coverage(covered) => matrix.coverage.push((covered, said)),
        Said::SetAside => matrix.set_aside.push(said.region),
    }
}

/// The order matters: as long as somebody who might know the place is not heard, nobody may be told that it is unknown.
fn miss(set: &ActiveSet, asked: &Asked, location: Location, set_aside: &[CspRegion]) -> Miss {
    let loads = asked.load_ids.clone();
    if !set.damaged().is_empty() {
        return Miss::Damaged { regions: set.damaged().to_vec(), loads };
    }
    if !asked.missing.is_empty() {
        return Miss::Incomplete { location, missing: asked.missing.clone(), loads };
    }
    if set_aside.is_empty() {
        let premises_rows = match location {
            Location::Postcode(postcode) | Location::Address(postcode, _) => set.premises_rows(postcode),
            Location::Uprn(_) => 0,
        };
        return Miss::NotInCoverage { location, premises_rows, loads };
    }
    let load_of = |&region: &CspRegion| Some((region, set.load(region)?.manifest().load_id.clone()));
    let mut by: Vec<_> = set_aside.iter().filter_map(load_of).collect();
    by.dedup();
    Miss::SetAside { location, by, loads }
}

/// Each region by its DUIS name: `South and 4G Central`.
struct Named<'a>(&'a [CspRegion]);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, region) in self.0.iter().enumerate() {
            let before = match place {
                0 => "",
                _ if place + 1 == self.0.len() => " and ",
                _ => ", ",
            };
            write!(f, "{before}{region}")?;
        }
        Ok(())
    }
}

/// What the caller is told.
impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LocationMissing => write!(f, "no location was given; set its postcode, such as SW1A 1AA"),
            Self::Postcode { error, .. } => error.fmt(f),
            Self::Uprn(error) => error.fmt(f),
            Self::AddressIdentifier(error) => error.fmt(f),
            Self::Damaged { regions, .. } => write!(
                f,
                "the coverage data of {} is damaged here, and no other region answers for the location; ask again later",
                Named(regions)
            ),
            Self::Incomplete { location, missing, .. } => write!(
                f,
                "no active load answers for {location}, and {} should be asked too and cannot be yet; ask again when \
                 ListActiveCoverage shows a load for each region it expects",
                Named(missing)
            ),
            Self::SetAside { location, by, .. } => {
                write!(f, "{location} has no answer: ")?;
                for (place, (region, load_id)) in by.iter().enumerate() {
                    write!(f, "{}{region} sent a row for it in {load_id}", if place == 0 { "" } else { ", " })?;
                }
                write!(f, " that had to be set aside; the CSP must correct it")
            }
            Self::NotInCoverage { location: location @ Location::Uprn(_), .. } => {
                write!(f, "{location} is well formed and in no active load; ask by postcode")
            }
            Self::NotInCoverage { location, premises_rows: 0, .. } => write!(
                f,
                "{location} is well formed and in no active load; it may be newer than the loads, or not exist"
            ),
            Self::NotInCoverage { location, premises_rows, .. } => write!(
                f,
                "{location} is in no active load as such, and {premises_rows} premises of the postcode {} an answer of \
                 {} own; ask by UPRN or by partial address",
                if *premises_rows == 1 { "has" } else { "have" },
                if *premises_rows == 1 { "its" } else { "their" }
            ),
            Self::TooMany { location, .. } => {
                write!(f, "{location} is the address of more premises than one answer can hold; ask by UPRN")
            }
            Self::Store { .. } => write!(f, "the coverage data for this location cannot be read; ask again later"),
        }
    }
}
