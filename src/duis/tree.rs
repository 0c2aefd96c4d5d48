//! The elements of a document: XML, and nothing of DUIS. Every growth has a bound.

use quick_xml::{
    XmlVersion,
    events::{BytesDecl, BytesRef, BytesStart, Event},
    name::{Namespace, NamespaceError, NamespaceResolver, QName, ResolveResult},
    reader::NsReader,
};

use super::{
    envelope::{NAMESPACE, SIGNATURE_NAMESPACE},
    error::{DuisError, Fault, Place},
    places::Places,
    text::{is_blank, is_xml_char},
};

/// Where a document's `xsi:schemaLocation` comes from. It is a hint for validators and is never followed.
const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// How much of a document is read before it is refused.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) bytes: usize,
    pub(super) elements: usize,
    /// Of one element's text, in bytes.
    pub(super) text: usize,
}

/// Deeper than a signature with its certificates.
const DEPTH: usize = 16;
const ATTRIBUTES: usize = 16;

/// The namespace of an element.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Space {
    Duis,
    Signature,
    /// Some other, or none, which is empty.
    Other(String),
}

/// An element, and what is in it.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) space: Space,
    pub(super) name: String,
    pub(super) place: Place,
    /// The names from the first element to this one.
    pub(super) path: String,
    /// Namespaces and `xsi:schemaLocation` apart.
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Element>,
    pub(super) text: String,
}

impl Element {
    pub(super) fn fault(&self, fault: Fault) -> DuisError {
        DuisError::new(self.place, &*self.path, fault)
    }
}

/// Reads a document to its end.
pub(super) fn parse(document: &[u8], limits: Limits) -> Result<Element, DuisError> {
    if document.len() > limits.bytes {
        let fault = Fault::TooLarge { bytes: document.len(), max: limits.bytes };
        return Err(DuisError::new(Place::START, "", fault));
    }
    let document = utf8(document)?;
    let document = document.strip_prefix('\u{feff}').unwrap_or(document);
    let mut places = Places::new(document);
    if let Some((at, c)) = document.char_indices().find(|&(_, c)| !is_xml_char(c)) {
        return Err(DuisError::new(places.at(at), "", Fault::Character(c)));
    }
    let mut reader = NsReader::from_str(document);
    reader.config_mut().check_comments = true;
    let mut builder = Builder { limits, open: Vec::new(), skipped: 0, elements: 0, root: None };
    loop {
        let begins = offset(reader.buffer_position());
        let place = places.at(begins);
        let event = reader.read_event().map_err(|error| {
            let place = places.at(offset(reader.error_position()));
            builder.error(place, unreadable(error))
        })?;
        let done = match event {
            Event::Start(start) => builder.start(&start, reader.resolver(), place),
            Event::End(_) => builder.end(),
            Event::Empty(alone) => builder.start(&alone, reader.resolver(), place).and_then(|()| builder.end()),
            Event::Text(text) if text.contains("]]>") => Err(not_xml("\"]]>\" stands in a text")),
            Event::Text(text) => builder.text(&text.xml10_content()),
            Event::CData(text) => builder.text(&text.xml10_content()),
            Event::GeneralRef(reference) => resolve(&reference).and_then(|c| builder.text(c.encode_utf8(&mut [0; 4]))),
            Event::Decl(declaration) if begins == 0 => check(&declaration),
            Event::Decl(_) => Err(not_xml("an XML declaration stands only at the start of a document")),
            Event::DocType(_) => Err(Fault::Dtd),
            // Neither is of any meaning to DUIS.
            Event::Comment(_) | Event::PI(_) => Ok(()),
            Event::Eof => return builder.finish(place),
        };
        done.map_err(|fault| builder.error(place, fault))?;
    }
}

struct Builder {
    limits: Limits,
    /// From the first element to the innermost.
    open: Vec<Element>,
    /// How many elements are open within a signature, itself included: none of them is kept.
    skipped: usize,
    elements: usize,
    root: Option<Element>,
}

impl Builder {
    fn error(&self, place: Place, fault: Fault) -> DuisError {
        DuisError::new(place, self.path(), fault)
    }

    fn path(&self) -> &str {
        self.open.last().map_or("", |element| &element.path)
    }

    fn start(&mut self, start: &BytesStart<'_>, resolver: &NamespaceResolver, place: Place) -> Result<(), Fault> {
        self.elements += 1;
        if self.elements > self.limits.elements {
            return Err(Fault::TooManyElements { max: self.limits.elements });
        }
        if self.open.len() + self.skipped >= DEPTH {
            return Err(Fault::TooDeep { max: DEPTH });
        }
        let element = self.element(start, resolver, place)?;
        if self.skipped > 0 {
            self.skipped += 1;
            return Ok(());
        }
        if self.root.is_some() {
            return Err(not_xml("a second element stands after the first"));
        }
        if let [root] = &mut self.open[..]
            && element.space == Space::Signature
        {
            root.children.push(element);
            self.skipped = 1;
        } else {
            self.open.push(element);
        }
        Ok(())
    }

    fn element(&self, start: &BytesStart<'_>, resolver: &NamespaceResolver, place: Place) -> Result<Element, Fault> {
        let (namespace, local) = resolver.resolve_element(start.name());
        let space = match namespace {
            ResolveResult::Bound(Namespace(NAMESPACE)) => Space::Duis,
            ResolveResult::Bound(Namespace(SIGNATURE_NAMESPACE)) => Space::Signature,
            ResolveResult::Bound(Namespace(other)) => Space::Other(other.to_owned()),
            ResolveResult::Unbound => Space::Other(String::new()),
            ResolveResult::Unknown(prefix) => return Err(Fault::Prefix(prefix)),
        };
        let name = local.as_ref().to_owned();
        let path = if self.open.is_empty() { name.clone() } else { format!("{}/{name}", self.path()) };
        let attributes = attributes(start, resolver)?;
        Ok(Element { space, name, place, path, attributes, children: Vec::new(), text: String::new() })
    }

    fn end(&mut self) -> Result<(), Fault> {
        if self.skipped > 0 {
            self.skipped -= 1;
            return Ok(());
        }
        // The reader has matched the names: one is open.
        let Some(element) = self.open.pop() else { return Err(not_xml("an element ends that never began")) };
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, more: &str) -> Result<(), Fault> {
        if self.skipped > 0 {
            return Ok(());
        }
        match self.open.last_mut() {
            Some(element) if element.text.len() + more.len() <= self.limits.text => element.text.push_str(more),
            Some(_) => return Err(Fault::TextTooLong { max: self.limits.text }),
            None if is_blank(more) => {}
            None => return Err(not_xml("text stands outside of the first element")),
        }
        Ok(())
    }

    fn finish(self, place: Place) -> Result<Element, DuisError> {
        let left_open = self.open.last().map(|element| not_xml(format!("it ends before {} does", element.name)));
        match (left_open, self.root) {
            (None, Some(root)) => Ok(root),
            (left_open, _) => {
                let path = self.open.last().map_or("", |element| &element.path);
                let fault = left_open.unwrap_or_else(|| not_xml("there is no element in it"));
                Err(DuisError::new(place, path, fault))
            }
        }
    }
}

fn attributes(start: &BytesStart<'_>, resolver: &NamespaceResolver) -> Result<Vec<(String, String)>, Fault> {
    let mut kept = Vec::new();
    for (place, attribute) in start.attributes().enumerate() {
        if place == ATTRIBUTES {
            return Err(Fault::TooManyAttributes { max: ATTRIBUTES });
        }
        let attribute = attribute.map_err(not_xml)?;
        if attribute.value.contains('<') {
            return Err(not_xml("\"<\" stands in an attribute"));
        }
        let value = attribute.normalized_value(XmlVersion::Explicit1_0).map_err(not_xml)?;
        if attribute.key.as_namespace_binding().is_none() && !is_schema_location(attribute.key, resolver)? {
            kept.push((attribute.key.as_ref().to_owned(), value.into_owned()));
        }
    }
    Ok(kept)
}

fn is_schema_location(key: QName<'_>, resolver: &NamespaceResolver) -> Result<bool, Fault> {
    let (namespace, local) = resolver.resolve_attribute(key);
    let local: &str = local.as_ref();
    match namespace {
        ResolveResult::Unknown(prefix) => Err(Fault::Prefix(prefix)),
        ResolveResult::Bound(Namespace(SCHEMA_INSTANCE)) => {
            Ok(matches!(local, "schemaLocation" | "noNamespaceSchemaLocation"))
        }
        _ => Ok(false),
    }
}

fn resolve(reference: &BytesRef<'_>) -> Result<char, Fault> {
    if let Some(c) = reference.resolve_char_ref().map_err(not_xml)? {
        return if is_xml_char(c) { Ok(c) } else { Err(Fault::Character(c)) };
    }
    match &**reference {
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "apos" => Ok('\''),
        "quot" => Ok('"'),
        other => Err(Fault::Entity(other.to_owned())),
    }
}

fn check(declaration: &BytesDecl<'_>) -> Result<(), Fault> {
    let version = declaration.version().map_err(not_xml)?;
    if version != "1.0" {
        return Err(Fault::Declaration { what: "the version", found: version.into_owned(), wanted: "1.0" });
    }
    match declaration.encoding().transpose().map_err(not_xml)? {
        Some(encoding) if !encoding.eq_ignore_ascii_case("UTF-8") => {
            Err(Fault::Declaration { what: "the encoding", found: encoding.into_owned(), wanted: "UTF-8" })
        }
        _ => Ok(()),
    }
}

/// The reader's errors, without the words that only a programmer needs.
fn unreadable(error: quick_xml::Error) -> Fault {
    match error {
        quick_xml::Error::Namespace(NamespaceError::TooManyBindings(_)) => Fault::TooManyAttributes { max: ATTRIBUTES },
        quick_xml::Error::Syntax(error) => not_xml(error),
        quick_xml::Error::IllFormed(error) => not_xml(error),
        error => not_xml(error),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn not_xml(error: impl ToString) -> Fault {
    Fault::NotXml(error.to_string())
}

fn utf8(document: &[u8]) -> Result<&str, DuisError> {
    str::from_utf8(document).map_err(|error| {
        let good = document.get(..error.valid_up_to()).and_then(|good| str::from_utf8(good).ok()).unwrap_or_default();
        DuisError::new(Places::new(good).at(good.len()), "", Fault::NotUtf8)
    })
}

fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
