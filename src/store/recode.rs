//! What a base load says, in the words of another Table 3.

use crate::domain::{Coverage, CoveredFrom, Facts, RegionVariants, Said, WanVariant};

use super::{DeltaError, StoreError};

/// From the Table 3 a load was judged against to the one now served: variants are the same by their names.
pub(super) struct Recode<'m> {
    base: &'m RegionVariants,
    /// By the place in the base's table; `None` where every place means what it did.
    now: Option<Vec<Option<WanVariant>>>,
}

impl<'m> Recode<'m> {
    pub(super) fn new(base: &'m RegionVariants, now: &RegionVariants) -> Self {
        let by_name = || base.confirmed().iter().map(|name| now.confirm(name.as_str()).ok()).collect();
        Self { base, now: (base.confirmed() != now.confirmed()).then(by_name) }
    }

    /// The same, said now; `None` for a variant that is no longer listed.
    pub(super) fn now(&self, facts: Facts) -> Option<Facts> {
        let Some(now) = &self.now else { return Some(facts) };
        let Ok(Said::Coverage(Coverage::From(from))) = facts.unpack(self.base) else { return Some(facts) };
        let Some(place) = from.variant.place() else { return Some(facts) };
        let variant = now.get(usize::from(place)).copied().flatten()?;
        Some(Facts::pack(Said::Coverage(Coverage::From(CoveredFrom { variant, ..from }))))
    }

    /// Why something cannot be said now.
    #[cold]
    pub(super) fn gone(&self, facts: Facts) -> DeltaError {
        let region = self.base.region();
        let name = match facts.unpack(self.base) {
            Ok(Said::Coverage(Coverage::From(from))) => {
                from.variant.place().and_then(|place| self.base.confirmed().get(usize::from(place)))
            }
            _ => None,
        };
        match name {
            Some(variant) => DeltaError::TableChanged { region, variant: variant.clone() },
            // An open load's rows were all held against its table.
            None => StoreError::Damaged {
                path: region.slug().into(),
                what: "a row says what its Table 3 does not allow".to_owned(),
            }
            .into(),
        }
    }
}
