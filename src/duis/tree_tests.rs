use proptest::prelude::*;

use super::*;
use crate::duis::{Request, Response};

const LIMITS: Limits = Limits { bytes: 8192, elements: 40, text: 100 };

fn fault(document: &[u8]) -> String {
    parse(document, LIMITS).unwrap_err().to_string()
}

#[test]
fn what_xml_may_bring_and_no_document_needs_is_refused() {
    let entities = r#"<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol1 "&lol;&lol;">]><lolz>&lol1;</lolz>"#;
    let deep = "<a>".repeat(20);
    let many = format!("<a>{}</a>", "<b/>".repeat(40));
    let attributes: String = (0..20).map(|n| format!(" a{n}='1'")).collect();
    let namespaces: String = (0..300).map(|n| format!(" xmlns:n{n}='urn:{n}'")).collect();
    for (document, said) in [
        (entities.to_owned(), "line 1, column 1: a document type declaration (DTD) is not read"),
        (
            format!("<a>{}</a>", "<!DOCTYPE a SYSTEM 'file:///etc/passwd'>"),
            "line 1, column 4, a: a document type declaration",
        ),
        ("<a>\n&nbsp;</a>".to_owned(), "line 2, column 1, a: the entity \"&nbsp;\" is not known"),
        ("<a b='&nbsp;'/>".to_owned(), "line 1, column 1: this is not well-formed XML"),
        ("<a>&#1;</a>".to_owned(), "line 1, column 4, a: the character U+0001 cannot stand"),
        ("<a>&#xFFFE;</a>".to_owned(), "line 1, column 4, a: the character U+FFFE cannot stand"),
        ("<a>&#xD800;</a>".to_owned(), "line 1, column 4, a: this is not well-formed XML"),
        ("<a>&#x110000;</a>".to_owned(), "line 1, column 4, a: this is not well-formed XML"),
        ("<a>\u{7}</a>".to_owned(), "line 1, column 4: the character U+0007 cannot stand"),
        ("<a>\u{FFFF}</a>".to_owned(), "line 1, column 4: the character U+FFFF cannot stand"),
        (deep, "line 1, column 49, a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a: elements lie deeper than 16 levels"),
        (many, "line 1, column 160, a: the document has more than 40 elements"),
        (format!("<a{attributes}/>"), "line 1, column 1: the element has more than 16 attributes"),
        (format!("<a{namespaces}/>"), "line 1, column 1: the element has more than 16 attributes"),
        (format!("<a>{}</a>", "x".repeat(101)), "line 1, column 4, a: the text is longer than 100 bytes"),
        (format!("<a>{}</a>", "&#65;".repeat(101)), "line 1, column 504, a: the text is longer than 100 bytes"),
        (" ".repeat(8193), "line 1, column 1: the document has 8193 bytes, and at most 8192 are read"),
    ] {
        let told = fault(document.as_bytes());
        assert!(told.starts_with(said), "{document}\n  told {told}\n  want {said}");
    }
}

#[test]
fn what_is_not_well_formed_is_refused() {
    for (document, place) in [
        ("", "line 1, column 1: "),
        ("   \n", "line 2, column 1: "),
        ("text", "line 1, column 1: "),
        ("<a/>text", "line 1, column 5: "),
        ("<a/><b/>", "line 1, column 5: "),
        ("<a>", "line 1, column 4, a: "),
        ("<a><b></a>", "line 1, column 7, a/b: "),
        ("<a></b>", "line 1, column 4, a: "),
        ("</a>", "line 1, column 1: "),
        ("<a", "line 1, column 1: "),
        ("<a>&amp</a>", "line 1, column 4, a: "),
        ("<a>&</a>", "line 1, column 4, a: "),
        ("<a b></a>", "line 1, column 1: "),
        ("<a b=c/>", "line 1, column 1: "),
        ("<a b='1' b='2'/>", "line 1, column 1: "),
        ("<a b='<'/>", "line 1, column 1: "),
        ("<a>]]></a>", "line 1, column 4, a: "),
        ("<a><!-- a -- b --></a>", "line 1, column 11, a: "),
        ("<a><![CDATA[</a>", "line 1, column 4, a: "),
        ("<a><?xml version='1.0'?></a>", "line 1, column 4, a: "),
        ("\n<?xml version='1.0'?><a/>", "line 2, column 1: "),
        ("<p:a/>", "line 1, column 1: "),
        ("<a p:b='1'/>", "line 1, column 1: "),
        (
            "<?xml version='1.1'?><a/>",
            "line 1, column 1: the XML declaration names the version \"1.1\"; only 1.0 is read",
        ),
        (
            "<?xml version='1.0' encoding='UTF-16'?><a/>",
            "line 1, column 1: the XML declaration names the encoding \"UTF-16\"",
        ),
        ("<?xml encoding='UTF-8'?><a/>", "line 1, column 1: "),
    ] {
        let told = fault(document.as_bytes());
        assert!(told.starts_with(place), "{document:?}\n  told {told}\n  want {place}");
    }
    assert_eq!(fault(b"<a>\n \xff</a>"), "line 2, column 2: the document is not UTF-8; send it in UTF-8");
    let utf16: Vec<u8> = "\u{feff}<a/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(fault(&utf16).contains("not UTF-8"));
}

#[test]
fn a_signature_counts_towards_the_limits_and_is_dropped() {
    let signature =
        |inside: &str| format!("<a><s:Signature xmlns:s='{SIGNATURE_NAMESPACE}'>{inside}</s:Signature></a>");
    let read = parse(signature(&"long text ".repeat(100)).as_bytes(), LIMITS).unwrap();
    assert_eq!((read.children.len(), read.children[0].children.len(), read.children[0].text.len()), (1, 0, 0));
    assert!(fault(signature(&"<b/>".repeat(40)).as_bytes()).contains("more than 40 elements"));
    assert!(fault(signature(&"<b>".repeat(20)).as_bytes()).contains("deeper than 16"));
    assert!(fault(signature("<b></c>").as_bytes()).contains("not well-formed"));
    assert!(fault(signature("&unknown;").as_bytes()).contains("entity"));
}

/// Pieces of XML, of which some heap makes a document that is nearly one.
fn pieces() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "<sr:Request xmlns:sr=\"http://www.dccinterface.co.uk/ServiceUserGateway\" schemaVersion=\"5.4\">",
        "</sr:Request>",
        "<sr:Header>",
        "</sr:Header>",
        "<sr:RequestID>",
        "</sr:RequestID>",
        "<sr:Body>",
        "</sr:Body>",
        "<sr:UPRN>",
        "</sr:UPRN>",
        "<a/>",
        "<",
        ">",
        "&",
        ";",
        "&#",
        "&amp;",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?",
        "?>",
        "<!DOCTYPE",
        "12.1",
        "8",
        "\r\n",
        "é",
        "\u{7}",
        "'",
        "\"",
        "=",
        "xmlns",
        ":",
    ]);
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = (Request::read(&bytes), Response::read(&bytes));
    }

    #[test]
    fn any_heap_of_pieces_is_read_or_refused_at_a_place_in_it(document in pieces()) {
        let document = document.as_bytes();
        for error in [Request::read(document).err(), Response::read(document).err()].into_iter().flatten() {
            let lines = 1 + document.iter().filter(|byte| b"\r\n".contains(byte)).count() as u32;
            prop_assert!(error.place.line <= lines, "{error}");
            prop_assert!(error.to_string().len() < 2000);
        }
    }
}
