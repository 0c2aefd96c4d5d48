//! One location's answer: the one function behind the unary call and the batch, so that they never differ.

use std::fmt;

use crate::{
    domain::{CspRegion, Day, Postcode, PostcodeError, Said},
    store::{ActiveSet, StoreError},
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
    /// Not a postcode.
    Postcode(PostcodeError),
    /// A way to name a place that is not served.
    NotServed(&'static str),
    /// A load that might have known it is damaged.
    Damaged { regions: Vec<CspRegion>, loads: String },
    /// A region that might have known it has no active load.
    Incomplete { postcode: Postcode, missing: Vec<CspRegion>, loads: String },
    /// The only rows for it had to be set aside.
    SetAside { postcode: Postcode, by: Vec<(CspRegion, String)>, loads: String },
    /// No active load has it.
    NotInCoverage { postcode: Postcode, loads: String },
    /// A row could not be read.
    Store { error: StoreError, loads: String },
}

/// The WAN Matrix of a location, from one active set.
///
/// In memory and well under a microsecond for each region: called from where the request is handled.
pub(super) fn answer<'a>(
    set: &'a ActiveSet,
    asked: &Asked,
    location: Option<&proto::Location>,
    as_of: Day,
) -> Result<Matrix<'a>, Miss> {
    let postcode = match location.and_then(|location| location.kind.as_ref()) {
        None => return Err(Miss::LocationMissing),
        Some(Kind::Postcode(text)) => Postcode::parse(text).map_err(Miss::Postcode)?,
        Some(Kind::Uprn(_)) => return Err(Miss::NotServed("UPRN")),
        Some(Kind::PartialAddress(_)) => return Err(Miss::NotServed("partial address")),
    };
    let said = set.lookup(postcode);
    let mut coverage = Vec::with_capacity(said.size_hint().1.unwrap_or_default());
    let mut set_aside = Vec::new();
    for said in said {
        let said = said.map_err(|error| Miss::Store { error, loads: asked.load_ids.clone() })?;
        match said.said {
            Said::Coverage(covered) => coverage.push((covered, said)),
            Said::SetAside => set_aside.push(said.region),
        }
    }
    if coverage.is_empty() {
        return Err(miss(set, asked, postcode, &set_aside));
    }
    Ok(Matrix { postcode, as_of, coverage, set_aside })
}

/// The order matters: as long as somebody who might know the place is not heard, nobody may be told that it is unknown.
fn miss(set: &ActiveSet, asked: &Asked, postcode: Postcode, set_aside: &[CspRegion]) -> Miss {
    let loads = asked.load_ids.clone();
    if !set.damaged().is_empty() {
        return Miss::Damaged { regions: set.damaged().to_vec(), loads };
    }
    if !asked.missing.is_empty() {
        return Miss::Incomplete { postcode, missing: asked.missing.clone(), loads };
    }
    if set_aside.is_empty() {
        return Miss::NotInCoverage { postcode, loads };
    }
    let load_of = |&region: &CspRegion| Some((region, set.load(region)?.manifest().load_id.clone()));
    Miss::SetAside { postcode, by: set_aside.iter().filter_map(load_of).collect(), loads }
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
            Self::Postcode(error) => error.fmt(f),
            Self::NotServed(kind) => write!(f, "a location cannot be asked for by {kind} yet; ask by postcode"),
            Self::Damaged { regions, .. } => write!(
                f,
                "the coverage data of {} is damaged here, and no other region knows the location; ask again later",
                Named(regions)
            ),
            Self::Incomplete { postcode, missing, .. } => write!(
                f,
                "{postcode} is in no active load, but {} should answer too and cannot yet; ask again when \
                 ListActiveCoverage shows a load for each region it expects",
                Named(missing)
            ),
            Self::SetAside { postcode, by, .. } => {
                write!(f, "{postcode} has no answer: ")?;
                for (place, (region, load_id)) in by.iter().enumerate() {
                    write!(f, "{}{region} sent a row for it in {load_id}", if place == 0 { "" } else { ", " })?;
                }
                write!(f, " that had to be set aside; the CSP must correct it")
            }
            Self::NotInCoverage { postcode, .. } => write!(
                f,
                "{postcode} is well formed and in no active load; it may be newer than the loads, or not exist"
            ),
            Self::Store { .. } => write!(f, "the coverage data for this location cannot be read; ask again later"),
        }
    }
}
