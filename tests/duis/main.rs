//! DUIS documents against the schema, from outside: any response is written as a valid document and read back as the
//! same facts.
//!
//! Validity is judged twice: by a validator of this test, which always runs, and by `xmllint` against `sr12-1.xsd`
//! where that program is installed (Debian: libxml2-utils). Both are shown to refuse what is wrong.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test says so by failing")]

mod judged;
mod requests;
mod responses;
mod xmllint;

use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};
use wan_matrix::duis::{Request, Response};

proptest! {
    #[test]
    fn any_response_is_a_valid_document_and_is_read_back_the_same(response in responses::any_response()) {
        let document = response.write();
        if let Err(wrong) = judged::judge(&document) {
            return Err(TestCaseError::fail(format!("{wrong} in\n{document}")));
        }
        prop_assert_eq!(Response::read(document.as_bytes()), Ok(response));
    }
}

#[test]
fn xmllint_finds_any_response_valid() {
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let any = responses::any_response();
    let documents: Vec<_> = (0..400).map(|_| any.new_tree(&mut runner).unwrap().current().write()).collect();
    for (document, valid) in documents.iter().zip(xmllint::judge(&documents).into_iter().flatten()) {
        assert!(valid, "{document}");
    }
}

/// One response with everything a document can hold, to be broken.
const SOUND: &str = concat!(
    r#"<sr:Response xmlns:sr="http://www.dccinterface.co.uk/ServiceUserGateway" schemaVersion="5.4">"#,
    r#"<sr:Header><sr:RequestID>90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:1000</sr:RequestID>"#,
    r#"<sr:ResponseCode>I0</sr:ResponseCode>"#,
    r#"<sr:ResponseDateTime>2026-06-15T12:00:00.123Z</sr:ResponseDateTime></sr:Header><sr:Body>"#,
    r#"<sr:ResponseMessage><sr:ServiceReference>12.1</sr:ServiceReference>"#,
    r#"<sr:ServiceReferenceVariant>12.1</sr:ServiceReferenceVariant><sr:DSPWANMatrix><sr:Request>"#,
    r#"<sr:UPRN>1</sr:UPRN></sr:Request><sr:DSPWANMatrixResponse><sr:CSPRegion>South</sr:CSPRegion>"#,
    r#"<sr:CSPRegionResponseCode>I0</sr:CSPRegionResponseCode>"#,
    r#"<sr:CoverageAvailability>true</sr:CoverageAvailability>"#,
    r#"<sr:AnticipatedCoverageDate>2016-04-01</sr:AnticipatedCoverageDate>"#,
    r#"<sr:WANTechnology>Unknown</sr:WANTechnology>"#,
    r#"<sr:ConnectivityLikelihood>High</sr:ConnectivityLikelihood>"#,
    r#"<sr:AuxiliaryEquipmentRequired>Aerial</sr:AuxiliaryEquipmentRequired>"#,
    r#"<sr:AdditionalInformation>Text</sr:AdditionalInformation>"#,
    r#"</sr:DSPWANMatrixResponse></sr:DSPWANMatrix></sr:ResponseMessage></sr:Body></sr:Response>"#,
);

/// What the schema forbids, both validators must find, or they prove nothing; and so must the reader.
#[test]
fn what_the_schema_forbids_in_a_response_is_found() {
    let cases = [
        ("<sr:ResponseCode>I0</sr:ResponseCode>", ""),
        ("<sr:ResponseCode>I0</sr:ResponseCode>", "<sr:ResponseCode/>"),
        ("<sr:ResponseCode>I0<", "<sr:ResponseCode>Success<"),
        ("12:00:00.123Z", "noon"),
        ("<sr:ServiceReference>12.1</sr:ServiceReference>", ""),
        ("<sr:ServiceReference>12.1<", "<sr:ServiceReference>4.1<"),
        ("<sr:Request><sr:UPRN>1</sr:UPRN></sr:Request>", ""),
        ("<sr:UPRN>1</sr:UPRN>", ""),
        ("<sr:UPRN>1<", "<sr:UPRN>0<"),
        ("<sr:UPRN>1<", "<sr:UPRN>1234567890123<"),
        ("<sr:CSPRegion>South<", "<sr:CSPRegion>West<"),
        (
            "<sr:CSPRegion>South</sr:CSPRegion><sr:CSPRegionResponseCode>I0</sr:CSPRegionResponseCode>",
            "<sr:CSPRegionResponseCode>I0</sr:CSPRegionResponseCode><sr:CSPRegion>South</sr:CSPRegion>",
        ),
        ("<sr:CSPRegionResponseCode>I0</sr:CSPRegionResponseCode>", ""),
        ("<sr:CoverageAvailability>true</sr:CoverageAvailability>", ""),
        (">true<", ">yes<"),
        ("2016-04-01", "01/04/2016"),
        (">Unknown<", "><"),
        (">Unknown<", ">A name of a variant that is long<"),
        ("<sr:WANTechnology>Unknown</sr:WANTechnology>", ""),
        (">High<", ">Certain<"),
        ("<sr:ConnectivityLikelihood>High</sr:ConnectivityLikelihood>", ""),
        (">Aerial<", ">123456789012345678901234567890123456789012345678901<"),
        ("</sr:AdditionalInformation>", "</sr:AdditionalInformation><sr:Note/>"),
        ("</sr:DSPWANMatrix>", "</sr:DSPWANMatrix><sr:DSPWANMatrix/>"),
        ("schemaVersion=\"5.4\"", "schemaVersion=\"5.1\""),
        (" schemaVersion=\"5.4\"", ""),
        ("ServiceUserGateway", "Elsewhere"),
    ];
    let broken: Vec<String> = cases.iter().map(|(from, to)| SOUND.replacen(from, to, 1)).collect();
    let every: Vec<String> = [vec![SOUND.to_owned()], broken].concat();
    let by_xmllint = xmllint::judge(&every);
    for (place, document) in every.iter().enumerate() {
        let valid = place == 0;
        assert_eq!(judged::judge(document).is_ok(), valid, "the validator of this test on\n{document}");
        assert_eq!(Response::read(document.as_bytes()).is_ok(), valid, "the reader on\n{document}");
        if let Some(by_xmllint) = &by_xmllint {
            assert_eq!(by_xmllint[place], valid, "xmllint on\n{document}");
        }
    }
}

/// The reader takes the requests that the schema takes, and no other.
#[test]
fn the_reader_and_the_schema_agree_on_requests() {
    let documents = requests::documents();
    let by_xmllint = xmllint::judge(&documents.iter().map(|(document, _)| document.clone()).collect::<Vec<_>>());
    for (place, (document, valid)) in documents.iter().enumerate() {
        let read = Request::read(document.as_bytes());
        assert_eq!(read.is_ok(), *valid, "the reader says {read:?} of\n{document}");
        if let Some(by_xmllint) = &by_xmllint {
            assert_eq!(by_xmllint[place], *valid, "xmllint on\n{document}");
        }
    }
}
