//! What is wrong with a document, and where.

use std::fmt;

use super::envelope::NAMESPACE;

/// A place in a document; both count from 1, columns in characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct Place {
    pub line: u32,
    pub column: u32,
}

impl Place {
    pub(super) const START: Self = Self { line: 1, column: 1 };
}

/// A document that cannot be read: the line, the column, the element and what to change.
///
/// It may quote what was sent: show it to the caller, and log it only at debug level.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DuisError {
    /// Where.
    pub place: Place,
    /// The element and those around it (`Request/Header/RequestID`); empty outside of the first element.
    pub element: String,
    /// What.
    pub fault: Fault,
}

impl DuisError {
    pub(super) fn new(place: Place, element: impl Into<String>, fault: Fault) -> Self {
        Self { place, element: element.into(), fault }
    }

    /// Whether the document is of a version that is not spoken, or does not say of which it is.
    #[must_use]
    pub const fn is_version(&self) -> bool {
        matches!(self.fault, Fault::Version { .. })
    }
}

impl fmt::Display for DuisError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.place.line, self.place.column)?;
        if !self.element.is_empty() {
            write!(f, ", {}", Shown(&self.element))?;
        }
        write!(f, ": {}", self.fault)
    }
}

impl std::error::Error for DuisError {}

/// What is wrong.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages are the documentation")]
#[non_exhaustive]
pub enum Fault {
    #[error("the document has {bytes} bytes, and at most {max} are read")]
    TooLarge { bytes: usize, max: usize },
    #[error("the document is not UTF-8; send it in UTF-8")]
    NotUtf8,
    #[error("the XML declaration names {what} \"{}\"; only {wanted} is read", Shown(.found))]
    Declaration { what: &'static str, found: String, wanted: &'static str },
    #[error("the character U+{:04X} cannot stand in an XML document", *.0 as u32)]
    Character(char),
    #[error("this is not well-formed XML: {}", Shown(.0))]
    NotXml(String),
    #[error("a document type declaration (DTD) is not read; remove it")]
    Dtd,
    #[error(
        "the entity \"&{};\" is not known: without a DTD there are only &lt; &gt; &amp; &apos; &quot; and numbered \
         characters", Shown(.0)
    )]
    Entity(String),
    #[error("elements lie deeper than {max} levels here, deeper than any DUIS 12.1 document has them")]
    TooDeep { max: usize },
    #[error("the document has more than {max} elements, more than any DUIS 12.1 document")]
    TooManyElements { max: usize },
    #[error("the element has more than {max} attributes, more than any of a DUIS 12.1 document")]
    TooManyAttributes { max: usize },
    #[error("the text is longer than {max} bytes, longer than any of a DUIS 12.1 document")]
    TextTooLong { max: usize },
    #[error("the prefix \"{}\" is not declared; declare it with xmlns:{}", Shown(.0), Shown(.0))]
    Prefix(String),
    #[error(
        "the document is no {wanted}: its first element must be {wanted} of the namespace {}",
        super::envelope::NAMESPACE
    )]
    Root { wanted: &'static str },
    #[error("the element is of the namespace \"{}\", and only those of {NAMESPACE} can stand here", Shown(.found))]
    Namespace { found: String },
    #[error("the attribute \"{}\" cannot stand here", Shown(.0))]
    Attribute(String),
    #[error("{}; the versions spoken here are 5.3, 5.3a and 5.4", Version(.found.as_deref()))]
    Version { found: Option<String> },
    #[error("the element {0} is missing")]
    Missing(&'static str),
    #[error("the element cannot stand here{}", Wanted(*.wanted))]
    Unexpected { wanted: Option<&'static str> },
    #[error("the element stands here a second time, and must stand once")]
    Repeated,
    #[error("the element is a second choice: only one of {} can stand here", .choices.join(" and "))]
    SecondChoice { choices: &'static [&'static str] },
    #[error("the element stands out of order: the order is {}", .order.join(", "))]
    OutOfOrder { order: &'static [&'static str] },
    #[error("text stands where only elements can")]
    TextBetweenElements,
    #[error("elements stand where only text can")]
    ElementsInText,
    #[error("the text has not the right length: {wanted} are expected")]
    Length { wanted: &'static str },
    #[error("\"{}\" cannot stand here: {wanted}", Shown(.found))]
    Value { found: String, wanted: &'static str },
}

/// A text of the document in a message: escaped, and cut short.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 120;
        let mut chars = self.0.chars();
        for c in chars.by_ref().take(LONGEST) {
            // Quotation marks are text; what could steer a reader's terminal is not.
            if c.is_control() { write!(f, "{}", c.escape_default())? } else { write!(f, "{c}")? }
        }
        if chars.next().is_some() { f.write_str("…") } else { Ok(()) }
    }
}

struct Wanted(Option<&'static str>);

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("; nothing more is expected"),
            Some(name) => write!(f, "; {name} is expected"),
        }
    }
}

struct Version<'a>(Option<&'a str>);

impl fmt::Display for Version<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("the attribute schemaVersion is missing"),
            Some(found) => write!(f, "the schemaVersion \"{}\" is not spoken here", Shown(found)),
        }
    }
}
