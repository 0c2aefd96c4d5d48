use insta::assert_snapshot;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::*;
use crate::{
    domain::{CoverageState, Postcode, PostcodeError},
    duis::SchemaVersion,
    grpc::proto::RegionalCoverage,
    store::StoreError,
};

const NOW: &str = "2026-06-15T12:00:00.123456Z";

fn request(version: SchemaVersion) -> Request {
    let document = format!(
        "<Request xmlns=\"http://www.dccinterface.co.uk/ServiceUserGateway\" schemaVersion=\"{version}\"><Header>\
         <RequestID>90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:1000</RequestID><CommandVariant>8</CommandVariant>\
         <ServiceReference>12.1</ServiceReference><ServiceReferenceVariant>12.1</ServiceReferenceVariant></Header><Body>\
         <RequestWANMatrix><PartialAddress><PostCode>AA1 1AA</PostCode><AddressIdentifier>The &lt;Old&gt; Mill &amp; \
         Barn</AddressIdentifier></PartialAddress></RequestWANMatrix></Body></Request>"
    );
    Request::read(document.as_bytes()).unwrap()
}

fn covered(region: CspRegion, state: CoverageState, date: &str, variant: &str) -> RegionalCoverage {
    RegionalCoverage {
        csp_region: convert::region(region).into(),
        state: convert::coverage_state(state).into(),
        availability_date: Some(date.to_owned()),
        wan_variant: Some(convert::wan_variant(variant)),
        connectivity_likelihood: convert::likelihood(ConnectivityLikelihood::Medium).into(),
        ..RegionalCoverage::default()
    }
}

fn none_planned(region: CspRegion) -> RegionalCoverage {
    RegionalCoverage {
        csp_region: convert::region(region).into(),
        state: convert::coverage_state(CoverageState::NonePlanned).into(),
        // Of a block that is not there.
        additional_information: "Mast refused in 2024".to_owned(),
        ..RegionalCoverage::default()
    }
}

fn matrix(coverage: Vec<RegionalCoverage>, set_aside: &[CspRegion]) -> Result<proto::WanMatrix, Miss> {
    let set_aside_regions = set_aside.iter().map(|&region| convert::region(region).into()).collect();
    Ok(proto::WanMatrix { postcode: "AA1 1AA".to_owned(), coverage, set_aside_regions })
}

fn respond_to(answered: Result<proto::WanMatrix, Miss>) -> Result<(Response, Option<WanMatrixError>), Failure> {
    let codes = ResponseCodes::shipped().unwrap();
    respond(&request(SchemaVersion::V5_4), answered, &codes, NOW.parse().unwrap())
}

/// The document of an answer, which must be read back as the same response.
fn document(answered: Result<proto::WanMatrix, Miss>) -> String {
    let (response, _) = respond_to(answered).unwrap();
    let document = response.write();
    assert_eq!(Response::read(document.as_bytes()), Ok(response));
    document
}

fn loads() -> String {
    "south-20251201T022000Z-a1ff1736d76a".to_owned()
}

fn postcode() -> Postcode {
    "AA1 1AA".parse().unwrap()
}

fn not_a_postcode() -> PostcodeError {
    "ZZ99 3WZ".parse::<Postcode>().unwrap_err()
}

#[test]
fn every_outcome_has_its_document() {
    use CoverageState::{Available, Planned};
    use CspRegion::{Central, Central4G, North, South};
    assert_snapshot!("confirmed", document(matrix(vec![covered(South, Available, "2016-04-01", "Cellular")], &[])));
    assert_snapshot!("unknown", document(matrix(vec![covered(Central, Available, "2016-04-01", "Unknown")], &[])));
    assert_snapshot!("planned", document(matrix(vec![covered(North, Planned, "2090-01-01", "Standard 420")], &[])));
    assert_snapshot!("none_planned", document(matrix(vec![none_planned(North)], &[])));
    let full = RegionalCoverage {
        auxiliary_equipment_required: "Outdoor aerial <T3>".to_owned(),
        additional_information: "First line\r\nsecond & \"last\"\tline ]]> end".to_owned(),
        ..covered(Central, Available, "2018-09-15", "Cellular and Mesh")
    };
    let beside_4g = vec![full, covered(Central4G, Planned, "2026-06-16", "4G Cellular")];
    assert_snapshot!("two_regions_with_texts", document(matrix(beside_4g, &[])));
    // In the order of the regions, whoever answers.
    let beside_set_aside = vec![none_planned(Central), covered(South, Available, "2026-06-15", "Cellular")];
    assert_snapshot!("a_region_set_aside", document(matrix(beside_set_aside, &[North])));
    let not_in_coverage = Miss::NotInCoverage { postcode: postcode(), loads: loads() };
    assert_snapshot!("not_in_coverage", document(Err(not_in_coverage)));
    assert_snapshot!("malformed", document(Err(Miss::Postcode(not_a_postcode()))));
    let by = vec![(South, loads())];
    assert_snapshot!("set_aside", document(Err(Miss::SetAside { postcode: postcode(), by, loads: loads() })));
}

#[test]
fn a_miss_with_a_document_has_the_words_of_every_other_call() {
    let cases: [(fn() -> Miss, ErrorReason); 3] = [
        (|| Miss::NotInCoverage { postcode: postcode(), loads: loads() }, ErrorReason::LocationNotInCoverage),
        (|| Miss::Postcode(not_a_postcode()), ErrorReason::PostcodeMalformed),
        (
            || Miss::SetAside { postcode: postcode(), by: vec![(CspRegion::South, loads())], loads: loads() },
            ErrorReason::LocationSetAside,
        ),
    ];
    for (miss, reason) in cases {
        let (response, error) = respond_to(Err(miss())).unwrap();
        assert!(response.matrix().is_none());
        assert_ne!(response.code().as_str(), "I0");
        let error = error.unwrap();
        assert_eq!(error, error::miss(miss(), "location").in_batch());
        assert_eq!(error.reason(), reason);
    }
}

#[test]
fn what_is_not_known_for_now_never_looks_like_an_answer() {
    let missing = vec![CspRegion::North];
    let unreadable = || StoreError::Damaged { path: "/x".into(), what: "x".to_owned() };
    for (miss, code, reason) in [
        (
            Miss::Incomplete { postcode: postcode(), missing, loads: loads() },
            Code::FailedPrecondition,
            "COVERAGE_INCOMPLETE",
        ),
        (Miss::Damaged { regions: vec![CspRegion::South], loads: loads() }, Code::Unavailable, "COVERAGE_DAMAGED"),
        (Miss::Store { error: unreadable(), loads: loads() }, Code::Unavailable, "COVERAGE_DAMAGED"),
        (Miss::NotServed("UPRN"), Code::Unimplemented, ""),
        (Miss::LocationMissing, Code::InvalidArgument, "LOCATION_MISSING"),
    ] {
        let status = Status::from(respond_to(Err(miss)).unwrap_err());
        assert_eq!(status.code(), code);
        let told = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
        assert_eq!(told, reason);
    }
}

#[test]
fn only_reasons_that_speak_of_the_location_have_a_document() {
    let with_document: Vec<_> = (0..200)
        .filter_map(|number| ErrorReason::try_from(number).ok())
        .filter_map(|reason| Some((reason.as_str_name().trim_start_matches("ERROR_REASON_"), outcome_of(reason)?)))
        .collect();
    assert_eq!(
        with_document,
        [
            ("POSTCODE_MALFORMED", Outcome::Malformed),
            ("UPRN_MALFORMED", Outcome::Malformed),
            ("ADDRESS_IDENTIFIER_MALFORMED", Outcome::Malformed),
            ("LOCATION_NOT_IN_COVERAGE", Outcome::NotInCoverage),
            ("UPRN_NOT_IN_COVERAGE", Outcome::NotInCoverage),
            ("LOCATION_SET_ASIDE", Outcome::SetAside),
        ]
    );
}

#[test]
fn an_answer_that_no_document_may_hold_is_this_servers_fault() {
    let sound = || covered(CspRegion::South, CoverageState::Available, "2016-04-01", "Cellular");
    let blank = RegionalCoverage { wan_variant: Some(convert::wan_variant(" ")), ..sound() };
    let elsewhere = RegionalCoverage {
        csp_region: convert::region(CspRegion::South4G).into(),
        wan_variant: Some(convert::wan_variant("Unknown")),
        ..sound()
    };
    for broken in [
        blank,
        elsewhere,
        RegionalCoverage { wan_variant: None, ..sound() },
        RegionalCoverage { availability_date: None, ..sound() },
        RegionalCoverage { connectivity_likelihood: 0, ..sound() },
        RegionalCoverage { state: 0, ..sound() },
        RegionalCoverage { csp_region: 0, ..sound() },
        RegionalCoverage { auxiliary_equipment_required: "x".repeat(51), ..sound() },
        RegionalCoverage { additional_information: "\u{FFFE}".to_owned(), ..sound() },
    ] {
        let status = Status::from(respond_to(matrix(vec![broken.clone()], &[])).unwrap_err());
        assert_eq!(status.code(), Code::Internal, "{broken:?}");
        assert!(!status.message().contains("Cellular"), "what happened inside is not sent: {status}");
    }
    assert_eq!(Status::from(respond_to(matrix(Vec::new(), &[])).unwrap_err()).code(), Code::Internal);
}

#[test]
fn the_response_speaks_the_version_and_has_the_id_of_its_request() {
    let codes = ResponseCodes::shipped().unwrap();
    for version in SchemaVersion::ALL {
        let answered = matrix(vec![none_planned(CspRegion::South)], &[]);
        let (response, _) = respond(&request(version), answered, &codes, NOW.parse().unwrap()).unwrap();
        assert_eq!(response.version(), version);
        assert_eq!(response.request_id(), &request(version).request_id);
        assert_eq!(response.at().to_string(), "2026-06-15T12:00:00.123Z");
        assert_eq!(response.matrix().unwrap().ask(), &request(version).ask);
    }
}
