use std::borrow::Cow;

use insta::assert_snapshot;
use proptest::prelude::*;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::*;
use crate::{
    domain::{
        AddressIdentifier, AvailabilityDate, ConnectivityLikelihood, CoveredFrom, Location, Postcode, PostcodeError,
        Said, Table3, UNKNOWN, WanVariant,
    },
    duis::SchemaVersion,
    store::StoreError,
};

const NOW: &str = "2026-06-15T12:00:00.123456Z";
const TODAY: &str = "2026-06-15";

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

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// A row's answer, as the store gives it.
fn answer(region: CspRegion, coverage: Coverage, name: Option<&'static str>, texts: [&str; 2]) -> Row {
    let [auxiliary_equipment, additional_information] = texts.map(|text| Cow::Owned(text.to_owned()));
    let said = Said::Coverage(coverage);
    let answer = Answer {
        region,
        said,
        variant_name: name,
        auxiliary_equipment,
        additional_information,
        premises: None,
        premises_rows: 0,
    };
    (coverage, answer)
}

type Row = (Coverage, Answer<'static>);

fn covered(region: CspRegion, date: &str, name: &'static str) -> Row {
    with_texts(region, date, name, ["", ""])
}

fn with_texts(region: CspRegion, date: &str, name: &'static str, texts: [&str; 2]) -> Row {
    let table = Table3::shipped().unwrap();
    let variant = match name {
        UNKNOWN => WanVariant::unknown(region).unwrap(),
        _ => table.region(region).confirm(name).unwrap(),
    };
    let date = AvailabilityDate(day(date));
    let from = CoveredFrom { date, variant, likelihood: ConnectivityLikelihood::Medium };
    answer(region, Coverage::From(from), Some(name), texts)
}

/// The texts are of a block that is not there.
fn none_planned(region: CspRegion) -> Row {
    answer(region, Coverage::NonePlanned, None, ["", "Mast refused in 2024"])
}

fn matrix(coverage: Vec<Row>, set_aside: &[CspRegion]) -> Result<Matrix<'static>, Miss> {
    Ok(Matrix { postcode: Some(postcode()), as_of: day(TODAY), coverage, set_aside: set_aside.to_vec() })
}

fn respond_to(answered: Result<Matrix<'_>, Miss>) -> Result<(Response, Option<WanMatrixError>), Failure> {
    let codes = ResponseCodes::shipped().unwrap();
    respond(&request(SchemaVersion::V5_4), answered, &codes, NOW.parse().unwrap())
}

/// The document of an answer, which must be read back as the same response.
fn document(answered: Result<Matrix<'_>, Miss>) -> String {
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

fn location() -> Location {
    Location::Postcode(postcode())
}

fn uprn() -> Location {
    Location::Uprn("7".parse().unwrap())
}

fn malformed() -> Miss {
    let not_a_postcode: PostcodeError = "ZZ99 3WZ".parse::<Postcode>().unwrap_err();
    Miss::Postcode { field: "partial_address.postcode", error: not_a_postcode }
}

#[test]
fn every_outcome_has_its_document() {
    use CspRegion::{Central, Central4G, North, South};
    assert_snapshot!("confirmed", document(matrix(vec![covered(South, "2016-04-01", "Cellular")], &[])));
    assert_snapshot!("unknown", document(matrix(vec![covered(Central, "2016-04-01", "Unknown")], &[])));
    assert_snapshot!("planned", document(matrix(vec![covered(North, "2090-01-01", "Standard 420")], &[])));
    assert_snapshot!("none_planned", document(matrix(vec![none_planned(North)], &[])));
    let texts = ["Outdoor aerial <T3>", "First line\r\nsecond & \"last\"\tline ]]> end"];
    let full = with_texts(Central, "2018-09-15", "Cellular and Mesh", texts);
    let beside_4g = vec![full, covered(Central4G, "2026-06-16", "4G Cellular")];
    assert_snapshot!("two_regions_with_texts", document(matrix(beside_4g, &[])));
    // In the order of the regions, whoever answers; and today counts as there.
    let beside_set_aside = vec![none_planned(Central), covered(South, TODAY, "Cellular")];
    assert_snapshot!("a_region_set_aside", document(matrix(beside_set_aside, &[North])));
    let not_in_coverage = Miss::NotInCoverage { location: location(), premises_rows: 0, loads: loads() };
    assert_snapshot!("not_in_coverage", document(Err(not_in_coverage)));
    assert_snapshot!("malformed", document(Err(malformed())));
    let by = vec![(South, loads())];
    assert_snapshot!("set_aside", document(Err(Miss::SetAside { location: location(), by, loads: loads() })));
}

fn any_row() -> impl Strategy<Value = Row> {
    let carried = |text: &String| BoundedText::<250>::new(text.as_str()).is_ok();
    let text = |shape| prop_oneof![1 => Just(String::new()), 2 => proptest::string::string_regex(shape).unwrap()];
    let texts =
        (text("(?s).{0,50}").prop_filter("not XML", carried), text("(?s).{0,250}").prop_filter("not XML", carried));
    let likelihood = prop::sample::select(ConnectivityLikelihood::ALL.to_vec());
    (0..6usize, prop::option::of((0..=32_141u16, 0..4u8, likelihood)), texts).prop_map(
        |(region, from, (auxiliary, additional))| {
            let (region, texts) = (CspRegion::ALL[region], [auxiliary.as_str(), additional.as_str()]);
            let Some((number, place, likelihood)) = from else {
                return answer(region, Coverage::NonePlanned, None, texts);
            };
            let table = Table3::shipped().unwrap();
            let variants = table.region(region);
            let unknown = || WanVariant::unknown(region).or(variants.at(0)).unwrap();
            let variant = variants.at(place).unwrap_or_else(unknown);
            let name: &'static str = variants.name(variant).unwrap().to_owned().leak();
            let date = AvailabilityDate(Day::from_number(number).unwrap());
            answer(region, Coverage::From(CoveredFrom { date, variant, likelihood }), Some(name), texts)
        },
    )
}

proptest! {
    #[test]
    fn any_coverage_is_read_back_from_its_document_as_the_same_facts(
        mut coverage in prop::collection::vec(any_row(), 1..8),
        as_of in 0..=32_141u16,
        set_aside in prop::sample::subsequence(CspRegion::ALL.to_vec(), 0..=3),
    ) {
        coverage.sort_by_key(|(_, answer)| answer.region);
        let as_of = Day::from_number(as_of).unwrap();
        let (coverage_said, aside) = (coverage.clone(), set_aside.clone());
        let matrix = Matrix { postcode: Some(postcode()), as_of, coverage: coverage_said, set_aside: aside };
        let document = document(Ok(matrix));
        let response = Response::read(document.as_bytes()).unwrap();
        prop_assert_eq!(response.code().as_str(), "I0");
        let said = response.matrix().unwrap().regions();
        prop_assert!(said.is_sorted_by_key(RegionResponse::region));
        let aside: Vec<_> = said.iter().filter(|said| said.code().as_str() == "E120103").collect();
        prop_assert!(aside.iter().map(|said| said.region()).eq(set_aside));
        prop_assert!(aside.iter().all(|said| said.block().is_none()));
        let answered: Vec<_> = said.iter().filter(|said| said.code().as_str() == "I0").collect();
        prop_assert_eq!(answered.len(), coverage.len());
        for (said, (coverage, answer)) in answered.into_iter().zip(coverage) {
            prop_assert_eq!(said.region(), answer.region);
            match (coverage, said.block()) {
                (Coverage::NonePlanned, block) => prop_assert_eq!(block, None),
                (Coverage::From(from), block) => {
                    let block = block.unwrap();
                    prop_assert_eq!(block.date, from.date);
                    prop_assert_eq!(block.available, from.date.0 <= as_of);
                    prop_assert_eq!(Some(block.technology.as_str()), answer.variant_name);
                    prop_assert_eq!(block.likelihood, from.likelihood);
                    prop_assert_eq!(block.auxiliary_equipment.as_str(), &*answer.auxiliary_equipment);
                    prop_assert_eq!(block.additional_information.as_str(), &*answer.additional_information);
                }
            }
        }
    }
}

#[test]
fn a_miss_with_a_document_has_the_words_of_every_other_call() {
    let cases: [(fn() -> Miss, ErrorReason); 5] = [
        (
            || Miss::NotInCoverage { location: location(), premises_rows: 3, loads: loads() },
            ErrorReason::LocationNotInCoverage,
        ),
        (|| Miss::NotInCoverage { location: uprn(), premises_rows: 0, loads: loads() }, ErrorReason::UprnNotInCoverage),
        (malformed, ErrorReason::PostcodeMalformed),
        (
            || Miss::AddressIdentifier(AddressIdentifier::parse("-").unwrap_err()),
            ErrorReason::AddressIdentifierMalformed,
        ),
        (
            || Miss::SetAside { location: location(), by: vec![(CspRegion::South, loads())], loads: loads() },
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
            Miss::Incomplete { location: location(), missing, loads: loads() },
            Code::FailedPrecondition,
            "COVERAGE_INCOMPLETE",
        ),
        (Miss::Damaged { regions: vec![CspRegion::South], loads: loads() }, Code::Unavailable, "COVERAGE_DAMAGED"),
        (Miss::Store { error: unreadable(), loads: loads() }, Code::Unavailable, "COVERAGE_DAMAGED"),
        (Miss::TooMany { location: location(), loads: loads() }, Code::ResourceExhausted, "REPLY_TOO_LARGE"),
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
    let sound = || covered(CspRegion::South, "2016-04-01", "Cellular");
    let named = |region, variant_name| {
        let (coverage, answer) = sound();
        (coverage, Answer { region, variant_name, ..answer })
    };
    let worded = |texts| with_texts(CspRegion::South, "2016-04-01", "Cellular", texts);
    for broken in [
        named(CspRegion::South, Some(" ")),
        named(CspRegion::South, None),
        named(CspRegion::South4G, Some(UNKNOWN)),
        worded([&"x".repeat(51), ""]),
        worded(["", "\u{FFFE}"]),
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
