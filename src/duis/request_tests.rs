use super::*;
use crate::duis::{Fault, Place};

const ID: &str = "90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:1000";
const NS: &str = "http://www.dccinterface.co.uk/ServiceUserGateway";

/// A request as an adapter sends it, with the signature's skeleton; each line is one that a case may change.
fn document() -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<sr:Request xmlns:sr="{NS}" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" schemaVersion="5.4">
  <sr:Header>
    <sr:RequestID>{ID}</sr:RequestID>
    <sr:CommandVariant>8</sr:CommandVariant>
    <sr:ServiceReference>12.1</sr:ServiceReference>
    <sr:ServiceReferenceVariant>12.1</sr:ServiceReferenceVariant>
  </sr:Header>
  <sr:Body>
    <sr:RequestWANMatrix>
      <sr:PartialAddress>
        <sr:PostCode>AA1 1AA</sr:PostCode>
        <sr:AddressIdentifier>12</sr:AddressIdentifier>
      </sr:PartialAddress>
    </sr:RequestWANMatrix>
  </sr:Body>
  <ds:Signature>
    <ds:SignedInfo><ds:Reference URI=""/></ds:SignedInfo>
    <ds:SignatureValue>bm90IGNoZWNrZWQ=</ds:SignatureValue>
  </ds:Signature>
</sr:Request>
"#
    )
}

/// The document with one thing changed, which must be in it.
fn with(from: &str, to: &str) -> String {
    let document = document();
    assert!(document.contains(from), "{from}");
    document.replacen(from, to, 1)
}

fn read(document: &str) -> Result<Request, DuisError> {
    Request::read(document.as_bytes())
}

fn expected() -> Request {
    Request {
        version: SchemaVersion::V5_4,
        request_id: RequestId::parse(ID).unwrap(),
        ask: Ask::PartialAddress(PartialAddress::new("AA1 1AA", "12").unwrap()),
        signed: true,
    }
}

#[test]
fn a_request_is_read_whatever_its_spelling_in_xml() {
    assert_eq!(read(&document()), Ok(expected()));
    let default_namespace = document().replace("sr:", "").replacen("xmlns:sr=", "xmlns=", 1);
    let own_prefix = document().replace("sr:", "any-prefix.1:").replacen("xmlns:sr", "xmlns:any-prefix.1", 1);
    for same in [
        default_namespace,
        own_prefix,
        document().replace('\n', "\r\n"),
        document().replace('\n', "\r"),
        format!("\u{feff}{}", document()),
        with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", ""),
        with("encoding=\"UTF-8\"", "encoding='utf-8' standalone='yes'"),
        with("<sr:Header>", "<!-- a comment --><?adapter hint?><sr:Header>"),
        with(ID, &format!("\n      {ID}\t")),
        with(">8<", "> 8 <"),
        with(">12.1<", "><![CDATA[12.1]]><"),
        with(">12.1<", ">&#49;&#x32;.1<"),
        with(
            "schemaVersion",
            "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:schemaLocation='a b' schemaVersion",
        ),
        with("</sr:RequestID>", "</sr:RequestID><sr:FirstInSequence>true</sr:FirstInSequence>"),
        with(
            "</sr:RequestID>",
            &format!("</sr:RequestID><sr:PrecedingServiceRequestID>{ID}</sr:PrecedingServiceRequestID>"),
        ),
    ] {
        assert_eq!(read(&same), Ok(expected()), "{same}");
    }
}

#[test]
fn a_signature_is_not_looked_into_and_may_be_missing() {
    let (before, after) = document().split_once("<ds:Signature>").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let (_, after) = after.split_once("</ds:Signature>").unwrap();
    let unsigned = format!("{before}{after}");
    assert_eq!(read(&unsigned), Ok(Request { signed: false, ..expected() }));
    let nonsense = with("<ds:SignedInfo>", "<x xmlns='y' a='b'>text &amp; more</x><ds:SignedInfo Id='1'>");
    assert_eq!(read(&nonsense), Ok(expected()));
}

#[test]
fn every_version_that_is_spoken_is_read_and_any_other_names_them() {
    for version in SchemaVersion::ALL {
        let request = read(&with("\"5.4\"", &format!("\" {version}\""))).unwrap();
        assert_eq!(request.version, version);
    }
    for other in ["5.1", "5.0", "3.1", "5.40", "5.3b", "6", ""] {
        let error = read(&with("\"5.4\"", &format!("\"{other}\""))).unwrap_err();
        assert!(error.is_version());
        let said =
            format!("the schemaVersion \"{other}\" is not spoken here; the versions spoken here are 5.3, 5.3a and 5.4");
        assert_eq!(error.to_string(), format!("line 2, column 1, Request: {said}"));
    }
    let error = read(&with(" schemaVersion=\"5.4\"", "")).unwrap_err();
    assert!(error.is_version() && error.to_string().contains("schemaVersion is missing"), "{error}");
}

#[test]
fn a_uprn_is_a_positive_integer_of_up_to_twelve_digits() {
    let (before, rest) =
        document().split_once("<sr:PartialAddress>").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let (_, after) = rest.split_once("</sr:PartialAddress>").unwrap();
    let uprn = |text: &str| read(&format!("{before}<sr:UPRN>{text}</sr:UPRN>{after}"));
    for (text, canonical) in [
        ("1", "1"),
        ("100023336956", "100023336956"),
        ("000100023336956", "100023336956"),
        ("+7", "7"),
        ("\n 999999999999 ", "999999999999"),
    ] {
        let Ask::Uprn(read) = uprn(text).unwrap().ask else { panic!("{text}") };
        assert_eq!(read.to_string(), canonical);
    }
    for text in ["", "0", "000", "-1", "1000000000000", "99999999999999999999999", "1 2", "1.0", "1e3", "++1", "١"] {
        let error = uprn(text).unwrap_err();
        assert_eq!(error.element, "Request/Body/RequestWANMatrix/UPRN");
        assert!(error.to_string().contains("1 to 12 digits that is not 0"), "{text}: {error}");
    }
}

/// What is changed, where the fault is told (line, column, element), and in which words.
const FAULTS: &[(&str, &str, &str, &str)] = &[
    // The envelope.
    ("sr:Request xmlns", "sr:Reqest xmlns", "21:1 Reqest", "this is not well-formed XML: "),
    (
        " xmlns:sr=\"http://www.dccinterface.co.uk/ServiceUserGateway\"",
        " xmlns:sr=\"urn:other\"",
        "2:1 Request",
        "the document is no Request: its first element must be Request of the",
    ),
    (
        " xmlns:sr=\"http://www.dccinterface.co.uk/ServiceUserGateway\"",
        "",
        "2:1 ",
        "the prefix \"sr\" is not declared; declare it with xmlns:sr",
    ),
    ("schemaVersion=", "version='1' schemaVersion=", "2:1 Request", "the attribute \"version\" cannot stand here"),
    ("schemaVersion=", "xml:lang='en' schemaVersion=", "2:1 Request", "the attribute \"xml:lang\" cannot stand here"),
    (
        "<sr:Header>",
        "<sr:Header schemaVersion='5.4'>",
        "3:3 Request/Header",
        "the attribute \"schemaVersion\" cannot stand here",
    ),
    ("<sr:Header>", "and <sr:Header>", "2:1 Request", "text stands where only elements can"),
    ("<sr:Body>", "<sr:Body/><sr:Body>", "9:3 Request/Body", "the element RequestWANMatrix is missing"),
    (
        "</sr:Body>",
        "</sr:Body><sr:Body/>",
        "16:13 Request/Body",
        "the element stands here a second time, and must stand once",
    ),
    (
        "</ds:Signature>",
        "</ds:Signature><ds:Signature/>",
        "20:18 Request/Signature",
        "the element stands here a second time",
    ),
    // The header: missing, repeated, out of order, unexpected, of another namespace.
    ("<sr:CommandVariant>8</sr:CommandVariant>", "", "6:5 Request/Header", "the element CommandVariant is missing"),
    (
        "<sr:ServiceReferenceVariant>12.1</sr:ServiceReferenceVariant>",
        "",
        "3:3 Request/Header",
        "the element ServiceReferenceVariant is missing",
    ),
    (
        "<sr:CommandVariant>8<",
        "<sr:RequestID/><sr:CommandVariant>8<",
        "5:5 Request/Header/RequestID",
        "the element stands here a second time",
    ),
    (
        "<sr:CommandVariant>8</sr:CommandVariant>\n    <sr:ServiceReference>12.1</sr:ServiceReference>",
        "<sr:ServiceReference>12.1</sr:ServiceReference>\n    <sr:CommandVariant>8</sr:CommandVariant>",
        "5:5 Request/Header/ServiceReference",
        "the element stands out of order: the order is RequestID, FirstInSequence,",
    ),
    (
        "<sr:ServiceReference>",
        "<sr:FirstInSequence>1</sr:FirstInSequence><sr:ServiceReference>",
        "6:5 Request/Header/FirstInSequence",
        "the element stands out of order",
    ),
    (
        "<sr:CommandVariant>",
        "<sr:Extra/><sr:CommandVariant>",
        "5:5 Request/Header/Extra",
        "the element cannot stand here; CommandVariant is expected",
    ),
    (
        "</sr:Header>",
        "<sr:Extra/></sr:Header>",
        "8:3 Request/Header/Extra",
        "the element cannot stand here; nothing more is expected",
    ),
    (
        "<sr:CommandVariant>8</sr:CommandVariant>",
        "<CommandVariant>8</CommandVariant>",
        "5:5 Request/Header/CommandVariant",
        "the element is of the namespace \"\", and only those of http://",
    ),
    (
        "<sr:CommandVariant>8</sr:CommandVariant>",
        "<CommandVariant xmlns='urn:x'>8</CommandVariant>",
        "5:5 Request/Header/CommandVariant",
        "the element is of the namespace \"urn:x\", and only those of http://",
    ),
    // The header's values.
    (
        ":1000<",
        ":0<",
        "4:5 Request/Header/RequestID",
        "\"90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:0\" cannot stand here: two",
    ),
    (":1000<", ":18446744073709551616<", "4:5 Request/Header/RequestID", ""),
    (":1000<", ":+1<", "4:5 Request/Header/RequestID", ""),
    (":1000<", ":1:1<", "4:5 Request/Header/RequestID", ""),
    ("90-B3-D5-1F-30-01-00-00:", "90-B3-D5-1F-30-01-00:", "4:5 Request/Header/RequestID", ""),
    ("90-B3-D5-1F-30-01-00-00:", "90-B3-D5-1F-30-01-00-0G:", "4:5 Request/Header/RequestID", ""),
    (
        "<sr:CommandVariant>8<",
        "<sr:CommandVariant>1<",
        "5:5 Request/Header/CommandVariant",
        "\"1\" cannot stand here: a Request WAN Matrix asks no device: its Command",
    ),
    (
        "<sr:ServiceReference>12.1<",
        "<sr:ServiceReference>4.1<",
        "6:5 Request/Header/ServiceReference",
        "\"4.1\" cannot stand here: only Service Request 12.1, Request WAN Matrix, is",
    ),
    (
        "<sr:CommandVariant>8<",
        "<sr:CommandVariant>8<sr:b/><",
        "5:25 Request/Header/CommandVariant/b",
        "elements stand where only text can",
    ),
    (
        "<sr:CommandVariant>8",
        "<sr:FirstInSequence>yes</sr:FirstInSequence><sr:CommandVariant>8",
        "5:5 Request/Header/FirstInSequence",
        "\"yes\" cannot stand here: true or false is expected",
    ),
    // The body.
    (
        "<sr:RequestWANMatrix>",
        "<sr:ReadConfiguration/><sr:RequestWANMatrix>",
        "10:5 Request/Body/ReadConfiguration",
        "the element cannot stand here; RequestWANMatrix is expected",
    ),
    (
        "<sr:PartialAddress>",
        "<sr:Postcode/><sr:PartialAddress>",
        "11:7 Request/Body/RequestWANMatrix/Postcode",
        "the element cannot stand here; UPRN or PartialAddress is expected",
    ),
    (
        "</sr:PartialAddress>",
        "</sr:PartialAddress><sr:UPRN>1</sr:UPRN>",
        "14:27 Request/Body/RequestWANMatrix/UPRN",
        "the element is a second choice: only one of UPRN and PartialAddress can stand",
    ),
    (
        "<sr:PostCode>AA1 1AA</sr:PostCode>",
        "",
        "13:9 Request/Body/RequestWANMatrix/PartialAddress",
        "the element PostCode is missing",
    ),
    (
        "<sr:AddressIdentifier>12</sr:AddressIdentifier>",
        "",
        "11:7 Request/Body/RequestWANMatrix/PartialAddress",
        "the element AddressIdentifier is missing",
    ),
    (
        "AA1 1AA",
        "M11AE",
        "12:9 Request/Body/RequestWANMatrix/PartialAddress/PostCode",
        "the text has not the right length: 6 to 8 characters",
    ),
    (
        "AA1 1AA",
        " AA11 1AA ",
        "12:9 Request/Body/RequestWANMatrix/PartialAddress/PostCode",
        "the text has not the right length",
    ),
    (
        ">12</sr:Add",
        ">1234567890123456789012345678901</sr:Add",
        "13:9 Request/Body/RequestWANMatrix/PartialAddress/AddressIdentifier",
        "the text has not the right length: at most 30 characters are expected",
    ),
];

#[test]
fn every_fault_is_told_by_line_column_and_element() {
    let mut wrong = String::new();
    for (from, to, place, said) in FAULTS {
        let error = read(&with(from, to)).unwrap_err();
        let (told, Place { line, column }) = (error.to_string(), error.place);
        if format!("{line}:{column} {}", error.element) != *place || !error.fault.to_string().starts_with(said) {
            wrong += &format!("{from} -> {to}\n  told {told}\n  want {place}: {said}\n");
        }
        // The message itself begins with the place.
        let of = if error.element.is_empty() { String::new() } else { format!(", {}", error.element) };
        assert_eq!(told, format!("line {line}, column {column}{of}: {}", error.fault));
        assert!(!error.is_version());
        // An address is somebody's.
        assert!(!told.contains("1AA") && !told.contains("M11AE"), "{told}");
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_choice_is_not_empty() {
    let (before, rest) =
        document().split_once("<sr:PartialAddress>").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let (_, after) = rest.split_once("</sr:PartialAddress>").unwrap();
    let error = read(&format!("{before}{after}")).unwrap_err();
    assert_eq!(error.fault, Fault::Missing("UPRN or PartialAddress"));
    assert_eq!(error.element, "Request/Body/RequestWANMatrix");
}

#[test]
fn strings_of_an_address_keep_every_character() {
    for (sent, kept) in [
        (" 12 ", " 12 "),
        ("a&#10;b", "a\nb"),
        ("a\r\nb", "a\nb"),
        ("a&#13;b", "a\rb"),
        ("", ""),
        ("1\u{a0}", "1\u{a0}"),
    ] {
        let request = read(&with(">12<", &format!(">{sent}<"))).unwrap();
        let Ask::PartialAddress(address) = request.ask else { panic!() };
        assert_eq!(address.address_identifier(), kept, "{sent:?}");
    }
}
