//! Request documents, and whether the schema takes them.

const SOUND: &str = concat!(
    r#"<sr:Request xmlns:sr="http://www.dccinterface.co.uk/ServiceUserGateway" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" schemaVersion="5.4">"#,
    r#"<sr:Header><sr:RequestID>90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:1000</sr:RequestID>"#,
    r#"<sr:FirstInSequence>true</sr:FirstInSequence>"#,
    r#"<sr:PrecedingServiceRequestID>90-b3-d5-1f-30-01-00-00:90-B3-D5-1F-30-00-00-02:999</sr:PrecedingServiceRequestID>"#,
    r#"<sr:CommandVariant>8</sr:CommandVariant><sr:ServiceReference>12.1</sr:ServiceReference>"#,
    r#"<sr:ServiceReferenceVariant>12.1</sr:ServiceReferenceVariant></sr:Header><sr:Body>"#,
    r#"<sr:RequestWANMatrix><sr:PartialAddress><sr:PostCode>AA1 1AA</sr:PostCode>"#,
    r#"<sr:AddressIdentifier>12</sr:AddressIdentifier></sr:PartialAddress></sr:RequestWANMatrix></sr:Body>"#,
    r#"<ds:Signature><ds:SignedInfo Id="x">any</ds:SignedInfo></ds:Signature></sr:Request>"#,
);

const ADDRESS: &str = concat!(
    r#"<sr:PartialAddress><sr:PostCode>AA1 1AA</sr:PostCode><sr:AddressIdentifier>12</sr:AddressIdentifier>"#,
    r#"</sr:PartialAddress>"#,
);

/// The sound document, and it with one thing changed.
pub(crate) fn documents() -> Vec<(String, bool)> {
    let mut documents = vec![(SOUND.to_owned(), true)];
    for (from, to, valid) in [
        ("<sr:FirstInSequence>true</sr:FirstInSequence>", "", true),
        (">true<", "> 0 <", true),
        (">true<", ">TRUE<", false),
        (">8<", ">\n8\t<", true),
        (">8<", ">8.0<", false),
        ("schemaVersion=\"5.4\"", "schemaVersion=\" 5.3a \"", true),
        ("schemaVersion=\"5.4\"", "schemaVersion=\"5.2\"", false),
        ("schemaVersion=\"5.4\"", "schemaVersion=\"5.4\" Id=\"1\"", false),
        (":1000<", ":0001000<", true),
        (":1000<", ":000<", false),
        (":1000<", "<", false),
        ("90-B3", "9O-B3", false),
        (">AA1 1AA<", ">M1 1AE<", true),
        (">AA1 1AA<", ">SW1A 1AA<", true),
        (">AA1 1AA<", ">M11AE<", false),
        (">AA1 1AA<", "> SW1A 1AA<", false),
        (">AA1 1AA<", ">not it<", true),
        (">12<", "><", true),
        (">12<", ">123456789012345678901234567890<", true),
        (">12<", ">1234567890123456789012345678901<", false),
        (">12<", ">ééééééééééééééééééééééééééééééé<", false),
        (">12<", ">éééééééééééééééééééééééééééééé<", true),
        (ADDRESS, "<sr:UPRN>100023336956</sr:UPRN>", true),
        (ADDRESS, "<sr:UPRN> +000100023336956\n</sr:UPRN>", true),
        (ADDRESS, "<sr:UPRN>0</sr:UPRN>", false),
        (ADDRESS, "<sr:UPRN>1000233369560</sr:UPRN>", false),
        (ADDRESS, "<sr:UPRN>1</sr:UPRN><sr:UPRN>1</sr:UPRN>", false),
        (ADDRESS, "", false),
        ("<sr:PostCode>AA1 1AA</sr:PostCode>", "", false),
        ("<sr:Body>", "<sr:Body>text", false),
        ("<sr:Body>", "<sr:Body><!-- text --> \n", true),
        ("</sr:Body>", "</sr:Body><sr:Body/>", false),
        ("<sr:CommandVariant>8</sr:CommandVariant>", "", false),
        ("<ds:Signature>", "<ds:Signature Id=\"s\">", true),
        ("</ds:Signature>", "</ds:Signature><ds:Signature/>", false),
    ] {
        assert!(SOUND.contains(from), "{from}");
        documents.push((SOUND.replacen(from, to, 1), valid));
    }
    documents
}
