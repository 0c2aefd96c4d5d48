//! A validator of response documents: the schema's order, cardinality, lengths and enumerations as one table of regular
//! expressions. It shares no code with the reader or the writer under test.

use std::sync::LazyLock;

use quick_xml::{Reader, events::Event};
use regex::Regex;

/// Each element by its path, and what its children's names or its text must be.
const MODEL: [(&str, &str); 22] = [
    ("Response", r"Header Body (Signature )?"),
    ("Response/Header", r"(RequestID )?(ResponseID )?ResponseCode ResponseDateTime "),
    ("Response/Header/RequestID", r"([0-9A-Fa-f]{2}-){7}[0-9A-Fa-f]{2}:([0-9A-Fa-f]{2}-){7}[0-9A-Fa-f]{2}:[0-9]+"),
    ("Response/Header/ResponseCode", r"[A-Z][0-9]{1,6}"),
    ("Response/Header/ResponseDateTime", r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z"),
    ("Response/Body", r"ResponseMessage "),
    ("Response/Body/ResponseMessage", r"ServiceReference ServiceReferenceVariant (DSPWANMatrix )?"),
    ("Response/Body/ResponseMessage/ServiceReference", r"12\.1"),
    ("Response/Body/ResponseMessage/ServiceReferenceVariant", r"12\.1"),
    ("DSPWANMatrix", r"Request (DSPWANMatrixResponse )+"),
    ("DSPWANMatrix/Request", r"(UPRN|PartialAddress) "),
    ("DSPWANMatrix/Request/UPRN", r"0*[1-9][0-9]{0,11}"),
    ("DSPWANMatrix/Request/PartialAddress", r"PostCode AddressIdentifier "),
    ("DSPWANMatrix/Request/PartialAddress/PostCode", r".{6,8}"),
    ("DSPWANMatrix/Request/PartialAddress/AddressIdentifier", r".{0,30}"),
    (
        "DSPWANMatrix/DSPWANMatrixResponse",
        concat!(
            "CSPRegion CSPRegionResponseCode (CoverageAvailability (AnticipatedCoverageDate )?WANTechnology ",
            "ConnectivityLikelihood (AuxiliaryEquipmentRequired )?(AdditionalInformation )?)?"
        ),
    ),
    ("DSPWANMatrix/DSPWANMatrixResponse/CSPRegion", r"(4G )?(North|Central|South)|Unknown|SMETS1"),
    ("DSPWANMatrix/DSPWANMatrixResponse/CSPRegionResponseCode", r"[A-Z][0-9]{1,6}"),
    ("DSPWANMatrix/DSPWANMatrixResponse/CoverageAvailability", r"true|false|0|1"),
    ("DSPWANMatrix/DSPWANMatrixResponse/AnticipatedCoverageDate", r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"),
    // A space alone must never leave: the name begins and ends with something to read.
    ("DSPWANMatrix/DSPWANMatrixResponse/WANTechnology", r"\S|\S.{0,28}\S"),
    ("DSPWANMatrix/DSPWANMatrixResponse/ConnectivityLikelihood", r"High|Medium|Low"),
];

const TEXTS: [(&str, &str); 2] = [
    ("DSPWANMatrix/DSPWANMatrixResponse/AuxiliaryEquipmentRequired", r".{1,50}"),
    ("DSPWANMatrix/DSPWANMatrixResponse/AdditionalInformation", r".{1,250}"),
];

static COMPILED: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| {
    let whole = |&(path, content): &(&'static str, &str)| (path, Regex::new(&format!("(?s)^({content})$")).unwrap());
    MODEL.iter().chain(&TEXTS).map(whole).collect()
});

#[derive(Default)]
struct Open {
    path: String,
    children: String,
    text: String,
}

/// Says what is wrong with a response document.
pub(crate) fn judge(document: &str) -> Result<(), String> {
    let mut reader = Reader::from_str(document);
    let mut open: Vec<Open> = Vec::new();
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => {
                let name = start.name();
                let name = element_name(name.as_ref())?;
                if open.is_empty() {
                    root(&start)?;
                }
                let parent = open.last_mut();
                // Paths begin anew at the matrix: its contents are the same wherever it stands.
                let path = match (&parent, name) {
                    (None, _) | (_, "DSPWANMatrix") => name.to_owned(),
                    (Some(parent), _) => format!("{}/{name}", parent.path),
                };
                if let Some(parent) = parent {
                    parent.children += name;
                    parent.children.push(' ');
                }
                open.push(Open { path, ..Open::default() });
            }
            Event::End(_) => {
                let element = open.pop().ok_or("an end without a start")?;
                content(&element)?;
                if open.is_empty() {
                    return Ok(());
                }
            }
            Event::Empty(empty) => {
                return Err(format!("the writer leaves no element empty: {:?}", empty.name()));
            }
            Event::Text(text) => {
                if let Some(element) = open.last_mut() {
                    element.text += &text.xml10_content();
                }
            }
            Event::GeneralRef(reference) => {
                let c = match &*reference {
                    "amp" => '&',
                    "lt" => '<',
                    "gt" => '>',
                    "#13" => '\r',
                    other => return Err(format!("the writer needs no &{other};")),
                };
                open.last_mut().ok_or("a reference outside")?.text.push(c);
            }
            Event::Decl(declaration) => {
                let encoding = declaration.encoding().transpose().map_err(|error| error.to_string())?;
                if encoding.as_deref() != Some("UTF-8") {
                    return Err(format!("the encoding {encoding:?}"));
                }
            }
            other => return Err(format!("the writer writes nothing like {other:?}")),
        }
    }
}

fn element_name(qualified: &str) -> Result<&str, String> {
    qualified.strip_prefix("sr:").ok_or_else(|| format!("{qualified} is not in the namespace"))
}

fn root(start: &quick_xml::events::BytesStart<'_>) -> Result<(), String> {
    let attribute = |name: &str| {
        let found = start.try_get_attribute(name).map_err(|error| error.to_string())?;
        found.map(|found| found.value.into_owned()).ok_or(format!("the attribute {name} is missing"))
    };
    if attribute("xmlns:sr")? != "http://www.dccinterface.co.uk/ServiceUserGateway" {
        return Err("another namespace".to_owned());
    }
    let version = attribute("schemaVersion")?;
    if ["5.3", "5.3a", "5.4"].contains(&&*version) { Ok(()) } else { Err(format!("the version {version}")) }
}

fn content(element: &Open) -> Result<(), String> {
    let known = COMPILED.iter().find(|(path, _)| *path == element.path);
    let (_, content) = known.ok_or_else(|| format!("{} is no element of a response", element.path))?;
    let mixed = !element.children.is_empty() && !element.text.trim().is_empty();
    let found = if element.children.is_empty() { &element.text } else { &element.children };
    if mixed || !content.is_match(found) {
        return Err(format!("{} holds {found:?} and must match {content}", element.path));
    }
    if element.path.ends_with("/AnticipatedCoverageDate") && found.parse::<jiff::civil::Date>().is_err() {
        return Err(format!("{found} is no day"));
    }
    Ok(())
}
