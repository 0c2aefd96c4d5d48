//! What differs between two retained loads of a region, location by location.

use crate::{
    domain::Location,
    store::{self, ChangedLocation},
};

use super::{LoadError, LoadRecord, LoadState, Loads};

impl Loads {
    /// Every location of which two retained loads of a region do not say the same; `resume` is the last one that was seen.
    /// Blocks, as does each step of the iterator.
    ///
    /// Both loads are held until the iterator is dropped: retention may delete them meanwhile, and the iterator goes on.
    ///
    /// # Errors
    /// [`LoadError::NotFound`] for a load that is not known, [`LoadError::RefusedLoad`] for one of which no rows are kept,
    /// [`LoadError::RegionsDiffer`], and [`LoadError::Store`] for one that is damaged beyond rebuilding.
    pub fn changes(
        &self,
        before: &str,
        after: &str,
        resume: Option<&Location>,
    ) -> Result<impl Iterator<Item = Result<ChangedLocation, LoadError>> + Send + use<>, LoadError> {
        let (before, after) = (self.with_rows(before)?.manifest, self.with_rows(after)?.manifest);
        if before.region != after.region {
            return Err(LoadError::RegionsDiffer { before: before.region, after: after.region });
        }
        let (before, after) = (self.open_retained(&before)?, self.open_retained(&after)?);
        Ok(store::changes(before, after, resume).map(|change| change.map_err(LoadError::from)))
    }

    /// A load whose rows are kept.
    fn with_rows(&self, load_id: &str) -> Result<LoadRecord, LoadError> {
        let record = self.get(load_id)?;
        match record.state {
            LoadState::Refused => Err(LoadError::RefusedLoad { load_id: load_id.to_owned() }),
            LoadState::Staged | LoadState::Active | LoadState::Superseded | LoadState::Damaged | LoadState::DryRun => {
                Ok(record)
            }
        }
    }
}
