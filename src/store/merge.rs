//! Two sorted sequences of rows met location by location.

use std::{cmp::Ordering, iter::Peekable, ops::Deref};

use crate::{
    domain::{Facts, Postcode, Unit},
    ingest::Row,
};

use super::sealed::SealedLoad;

/// What a load says of one location, in the load's own numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    /// The postcode, packed.
    pub(super) key: u64,
    pub(super) facts: Facts,
    pub(super) texts: u32,
}

impl From<&Row> for Place {
    fn from(row: &Row) -> Self {
        Self { key: row.key(), facts: row.facts(), texts: row.texts }
    }
}

/// A location that is in one load, or in both.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Met<P = Place> {
    Before(P),
    After(P),
    Both(P, P),
}

impl<P> Met<P> {
    /// What the later load has; else what the earlier one has.
    pub(super) const fn latest(&self) -> &P {
        match self {
            Self::Before(place) | Self::After(place) | Self::Both(_, place) => place,
        }
    }

    /// The same of something else.
    pub(super) fn map<Q>(&self, of: impl Fn(&P) -> Q) -> Met<Q> {
        match self {
            Self::Before(before) => Met::Before(of(before)),
            Self::After(after) => Met::After(of(after)),
            Self::Both(before, after) => Met::Both(of(before), of(after)),
        }
    }
}

/// Meets two sequences, each sorted by key with one row a key.
pub(super) struct Merge<B: Iterator, A: Iterator> {
    before: Peekable<B>,
    after: Peekable<A>,
}

impl<B: Iterator<Item = Place>, A: Iterator<Item = Place>> Merge<B, A> {
    pub(super) fn new(before: B, after: A) -> Self {
        Self { before: before.peekable(), after: after.peekable() }
    }
}

impl<B: Iterator<Item = Place>, A: Iterator<Item = Place>> Iterator for Merge<B, A> {
    type Item = Met;

    fn next(&mut self) -> Option<Met> {
        let order = match (self.before.peek(), self.after.peek()) {
            (Some(before), Some(after)) => before.key.cmp(&after.key),
            (Some(_), None) => Ordering::Less,
            (None, _) => Ordering::Greater,
        };
        match order {
            Ordering::Less => self.before.next().map(Met::Before),
            Ordering::Greater => self.after.next().map(Met::After),
            Ordering::Equal => Some(Met::Both(self.before.next()?, self.after.next()?)),
        }
    }
}

/// The rows of a sealed load in postcode order. It holds the load by a reference or an `Arc`, so that a stream may
/// outlive whoever began it.
///
/// Every row was read once when the load was opened, so none fails here.
pub(super) struct Rows<L> {
    load: L,
    run: usize,
    next: u32,
}

impl<L: Deref<Target = SealedLoad>> Rows<L> {
    /// The rows that lie after a postcode; all of them without one.
    pub(super) fn after(load: L, postcode: Option<Postcode>) -> Self {
        let mut rows = Self { load, run: 0, next: 0 };
        let (Some(postcode), Some(image)) = (postcode, rows.load.image()) else { return rows };
        let run = image.runs().partition_point(|run| run.sector < postcode.sector());
        if let Some(found) = image.runs().get(run) {
            let unit = |number| image.row(number).map(|row| row.unit);
            let past = |&number: &u32| found.sector > postcode.sector() || unit(number) > Some(postcode.unit());
            let end = found.start + u32::from(found.rows);
            rows.next = (found.start..end).find(past).unwrap_or(end);
        }
        rows.run = run;
        rows
    }
}

impl<L: Deref<Target = SealedLoad>> Iterator for Rows<L> {
    type Item = Place;

    fn next(&mut self) -> Option<Place> {
        let image = self.load.image()?;
        let mut run = image.runs().get(self.run)?;
        if self.next >= run.start + u32::from(run.rows) {
            self.run += 1;
            run = image.runs().get(self.run)?;
        }
        let row = image.row(self.next)?;
        self.next += 1;
        let key = u64::from(run.sector.packed()) << Unit::BITS | u64::from(row.unit.packed());
        Some(Place { key, facts: row.facts, texts: row.texts })
    }
}
