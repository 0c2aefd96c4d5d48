//! Which loads are a caller's business. A CSP has its own regions and no others; an operator has all.
//!
//! A load of another region answers NOT_FOUND, word for word as one that never was: an id holds a region, a time and a
//! digest of the file, and who may not see a load need not learn that it is there. A request that names another's region
//! itself is PERMISSION_DENIED, which tells its sender nothing new.

use std::sync::Arc;

use crate::{
    domain::{CspRegion, RegionMap},
    loads::{Activating, Denied, LoadError, LoadRecord, LoadState, Loads},
};

use super::{caller::Caller, error, failure::Failure};

/// The loads, as one caller of one method sees them.
#[derive(Debug)]
pub(super) struct OwnLoads<'a> {
    pub(super) loads: &'a Arc<Loads>,
    pub(super) caller: &'a Caller,
    /// The method's own name.
    pub(super) method: &'static str,
}

impl OwnLoads<'_> {
    /// One load.
    ///
    /// # Errors
    /// LOAD_NOT_FOUND, also for a load of another's region.
    pub(super) fn get(&self, load_id: &str) -> Result<LoadRecord, Failure> {
        let record = self.loads.get(load_id).map_err(error::load)?;
        if self.caller.roles().may_load_for(record.manifest.region) {
            return Ok(record);
        }
        self.note(&format!("{load_id} is of a region that is not its own"));
        Err(error::load(LoadError::NotFound { load_id: load_id.to_owned() }))
    }

    /// A region that the request names.
    ///
    /// # Errors
    /// PERMISSION_DENIED when it is another's.
    pub(super) fn region(&self, region: CspRegion) -> Result<(), Failure> {
        if self.caller.roles().may_load_for(region) {
            return Ok(());
        }
        Err(self.denied(&format!("loads of {region} are not its business")))
    }

    /// Regions whose loads this caller does not see.
    pub(super) fn hidden(&self) -> RegionMap<bool> {
        RegionMap::from_fn(|region| !self.caller.roles().may_load_for(region))
    }

    /// Overriding a guard.
    ///
    /// # Errors
    /// PERMISSION_DENIED but for an operator.
    pub(super) fn overriding(&self) -> Result<(), Failure> {
        if self.caller.roles().operator {
            return Ok(());
        }
        Err(self.denied("only an operator overrides a guard"))
    }

    /// Activating a load: a CSP may make the load that it staged itself the one that answers, as long as the guards alone
    /// let it pass. What an operator staged is the operator's to activate, and so is the way back.
    ///
    /// # Errors
    /// LOAD_NOT_FOUND as for [`OwnLoads::get`]; PERMISSION_DENIED for a load that is not its own to activate.
    pub(super) fn activating(&self, load_id: &str) -> Result<Activating, Failure> {
        let LoadRecord { manifest, state, .. } = self.get(load_id)?;
        if self.caller.roles().operator {
            return Ok(Activating::AnyRetained);
        }
        let why = match state {
            LoadState::Staged if manifest.submitter != self.caller.name() => {
                "only who staged a load, or an operator, activates it"
            }
            LoadState::Staged if manifest.guards.iter().any(|guard| guard.overridden) => {
                "only an operator activates a load that a guard stood against"
            }
            // Nothing becomes of the others: one is active already, and a refused one is told of so. Of a dry run nothing
            // is kept.
            LoadState::Staged | LoadState::Active | LoadState::Refused | LoadState::DryRun => {
                return Ok(Activating::OnlyStaged);
            }
            LoadState::Superseded | LoadState::Damaged => "only an operator goes back to an earlier load",
        };
        Err(self.denied(why))
    }

    fn denied(&self, why: &str) -> Failure {
        self.note(why);
        error::denied(format!("{} is {} here, and {why}", self.caller.name(), self.caller.roles()))
    }

    fn note(&self, why: &str) {
        let why = format!("{}: {why}", self.method);
        let (by, method) = (self.caller.name(), self.method);
        self.loads.denied(Denied { by, method, unauthenticated: false, why: &why });
    }
}
