//! Where in a document an offset lies.

use super::error::Place;

/// Turns offsets into lines and columns, cheaply when they come in order.
pub(super) struct Places<'d> {
    document: &'d str,
    seen: usize,
    place: Place,
}

impl<'d> Places<'d> {
    pub(super) const fn new(document: &'d str) -> Self {
        Self { document, seen: 0, place: Place::START }
    }

    pub(super) fn at(&mut self, offset: usize) -> Place {
        if offset < self.seen {
            *self = Self::new(self.document);
        }
        let offset = self.document.floor_char_boundary(offset);
        let mut chars = self.document.get(self.seen..offset).unwrap_or_default().chars().peekable();
        while let Some(c) = chars.next() {
            // A line ends with LF, CR or both.
            if c == '\n' || c == '\r' && chars.peek() != Some(&'\n') {
                self.place = Place { line: self.place.line + 1, column: 1 };
            } else {
                self.place.column += 1;
            }
        }
        self.seen = offset;
        self.place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_counted_in_lines_of_any_end_and_in_characters() {
        for (document, place) in
            [("äö", (1, 3)), ("a\n", (2, 1)), ("a\r\nb", (2, 2)), ("a\rb", (2, 2)), ("a\n\r\nb", (3, 2))]
        {
            let Place { line, column } = Places::new(document).at(document.len());
            assert_eq!((line, column), place, "{document:?}");
        }
        // Backwards too.
        let mut places = Places::new("ab\ncd");
        assert_eq!(places.at(5), Place { line: 2, column: 3 });
        assert_eq!(places.at(1), Place { line: 1, column: 2 });
    }
}
