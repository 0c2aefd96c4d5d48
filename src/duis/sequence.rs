//! An element's children, held against the order and the cardinality of the schema.

use super::{
    error::{DuisError, Fault},
    text::is_blank,
    tree::{Element, Space},
};

/// The children of an element that must stand in an order.
pub(super) struct Sequence<'e> {
    parent: &'e Element,
    order: &'static [&'static str],
    next: usize,
}

impl Element {
    /// Whether this is the element of that name. The signature alone is of another namespace.
    pub(super) fn is(&self, name: &str) -> bool {
        let space = if name == "Signature" { Space::Signature } else { Space::Duis };
        self.space == space && self.name == name
    }

    /// The text of an element that has nothing else.
    pub(super) fn leaf(&self) -> Result<&str, DuisError> {
        self.no_attributes()?;
        match self.children.first() {
            Some(child) => Err(child.fault(Fault::ElementsInText)),
            None => Ok(&self.text),
        }
    }

    fn no_attributes(&self) -> Result<(), DuisError> {
        self.attributes.first().map_or(Ok(()), |(name, _)| Err(self.fault(Fault::Attribute(name.clone()))))
    }
}

impl<'e> Sequence<'e> {
    /// The children of an element without attributes.
    pub(super) fn of(parent: &'e Element, order: &'static [&'static str]) -> Result<Self, DuisError> {
        parent.no_attributes()?;
        Self::of_root(parent, order)
    }

    /// The children of the first element, which has attributes.
    pub(super) fn of_root(parent: &'e Element, order: &'static [&'static str]) -> Result<Self, DuisError> {
        if is_blank(&parent.text) {
            Ok(Self { parent, order, next: 0 })
        } else {
            Err(parent.fault(Fault::TextBetweenElements))
        }
    }

    /// The next child, if it is the one of this name.
    pub(super) fn optional(&mut self, name: &'static str) -> Option<&'e Element> {
        let child = self.parent.children.get(self.next).filter(|child| child.is(name))?;
        self.next += 1;
        Some(child)
    }

    /// The next child, which must be the one of this name.
    pub(super) fn required(&mut self, name: &'static str) -> Result<&'e Element, DuisError> {
        self.optional(name).ok_or_else(|| self.not(Some(name)))
    }

    /// Why the next child, which is none of a choice, is wrong.
    pub(super) fn not_a_choice(&self, wanted: &'static str) -> DuisError {
        self.not(Some(wanted))
    }

    /// Nothing more may stand here.
    pub(super) fn finish(self) -> Result<(), DuisError> {
        if self.next == self.parent.children.len() { Ok(()) } else { Err(self.not(None)) }
    }

    /// Why the next child is not the one that is wanted.
    fn not(&self, wanted: Option<&'static str>) -> DuisError {
        let (seen, rest) = self.parent.children.split_at(self.next);
        let missing = wanted.map(Fault::Missing);
        let Some(child) = rest.first() else {
            return self.parent.fault(missing.unwrap_or(Fault::Unexpected { wanted }));
        };
        if let Space::Other(found) = &child.space {
            return child.fault(Fault::Namespace { found: found.clone() });
        }
        if !self.order.iter().any(|name| child.is(name)) {
            return child.fault(Fault::Unexpected { wanted });
        }
        if seen.iter().any(|before| before.is(&child.name)) {
            return child.fault(Fault::Repeated);
        }
        let place = |wanted: &str| self.order.iter().position(|name| *name == wanted);
        let comes_later = wanted.is_some_and(|wanted| rest.iter().any(|child| child.is(wanted)));
        match missing {
            // The child would be in order if only the wanted one stood before it.
            Some(missing) if !comes_later && place(wanted.unwrap_or_default()) < place(&child.name) => {
                DuisError::new(child.place, &*self.parent.path, missing)
            }
            _ => child.fault(Fault::OutOfOrder { order: self.order }),
        }
    }
}
