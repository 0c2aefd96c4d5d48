//! What is not answered, and how it is told: the contract's table.

use tonic::Code;
use wan_matrix::grpc::proto::{
    BatchRequestWanMatrixRequest, CspRegion, ListWanVariantsRequest, Location, PartialAddress, RequestWanMatrixRequest,
    location::Kind,
};

use crate::running::{Server, Told, by_postcode, told};

#[tokio::test]
async fn a_request_that_cannot_be_understood_says_where() {
    let server = Server::with_sample().await;
    let malformed = |reason, field: &str| Told::new(Code::InvalidArgument, reason, &[field]);
    let postcode = |text| Some(by_postcode(text));
    let uprn = |text: &str| Some(Location { kind: Some(Kind::Uprn(text.to_owned())) });
    let address = |postcode: &str, identifier: &str| {
        let [postcode, address_identifier] = [postcode, identifier].map(str::to_owned);
        Some(Location { kind: Some(Kind::PartialAddress(PartialAddress { postcode, address_identifier })) })
    };
    let identifier = || malformed("ADDRESS_IDENTIFIER_MALFORMED", "location.partial_address.address_identifier");
    for (location, as_of, error) in [
        (None, "", malformed("LOCATION_MISSING", "location")),
        (Some(Location { kind: None }), "", malformed("LOCATION_MISSING", "location")),
        (postcode(""), "", malformed("POSTCODE_MALFORMED", "location.postcode")),
        (postcode("SW1A"), "", malformed("POSTCODE_MALFORMED", "location.postcode")),
        (postcode("ZZ99 3WZ"), "", malformed("POSTCODE_MALFORMED", "location.postcode")),
        (postcode("SW1A-1AA"), "", malformed("POSTCODE_MALFORMED", "location.postcode")),
        (postcode("AA1 1AA"), "today", malformed("DATE_MALFORMED", "as_of_date")),
        (postcode("AA1 1AA"), "2026-6-1", malformed("DATE_MALFORMED", "as_of_date")),
        (postcode("AA1 1AA"), "2026-02-29", malformed("DATE_MALFORMED", "as_of_date")),
        (postcode("AA1 1AA"), "2011-12-31", malformed("DATE_IMPLAUSIBLE", "as_of_date")),
        (postcode("AA1 1AA"), "2100-01-01", malformed("DATE_IMPLAUSIBLE", "as_of_date")),
        (uprn(""), "", malformed("UPRN_MALFORMED", "location.uprn")),
        (uprn("0"), "", malformed("UPRN_MALFORMED", "location.uprn")),
        (uprn("1234567890123"), "", malformed("UPRN_MALFORMED", "location.uprn")),
        (uprn("AA1 1AA"), "", malformed("UPRN_MALFORMED", "location.uprn")),
        (address("", "1"), "", malformed("POSTCODE_MALFORMED", "location.partial_address.postcode")),
        (address("AA1 1AA", ""), "", identifier()),
        (address("AA1 1AA", " -,"), "", identifier()),
        (address("AA1 1AA", &"1".repeat(31)), "", identifier()),
    ] {
        let request = RequestWanMatrixRequest { location: location.clone(), as_of_date: as_of.to_owned() };
        let status = server.lookups.clone().request_wan_matrix(request).await.unwrap_err();
        assert_eq!(told(&status), error, "{location:?} {as_of}: {status}");
    }
}

#[tokio::test]
async fn a_batch_at_fault_as_a_whole_fails_as_a_whole() {
    let server = Server::with_sample().await;
    for (locations, as_of, reason, field) in [
        (0, "", "LOCATION_MISSING", "locations"),
        (1001, "", "BATCH_TOO_LARGE", "locations"),
        (1, "1 May", "DATE_MALFORMED", "as_of_date"),
        (1, "1999-01-01", "DATE_IMPLAUSIBLE", "as_of_date"),
    ] {
        let locations = vec![by_postcode("AA1 1AA"); locations];
        let request = BatchRequestWanMatrixRequest { locations, as_of_date: as_of.to_owned() };
        let status = server.lookups.clone().batch_request_wan_matrix(request).await.unwrap_err();
        assert_eq!(told(&status), Told::new(Code::InvalidArgument, reason, &[field]), "{status}");
    }
}

#[tokio::test]
async fn a_miss_names_the_loads_that_were_asked() {
    let server = Server::with_sample().await;
    let loads: Vec<_> = server.ask("AA1 1AA").await.unwrap().sources.into_iter().map(|source| source.load_id).collect();
    let status = server.ask("aa99zz").await.unwrap_err();
    let miss = Told::new(Code::NotFound, "LOCATION_NOT_IN_COVERAGE", &[]).with("loads", loads.join(","));
    assert_eq!(told(&status), miss);
    assert!(status.message().starts_with("AA9 9ZZ "), "{status}");
}

#[tokio::test]
async fn nobody_is_told_of_a_miss_while_a_region_is_not_heard() {
    let server = Server::empty().await;
    let incomplete = |missing, loads: &str| {
        let told = Told::new(Code::FailedPrecondition, "COVERAGE_INCOMPLETE", &[]);
        told.with("missing_regions", missing).with("loads", loads)
    };
    let status = server.ask("AA1 1AA").await.unwrap_err();
    assert_eq!(told(&status), incomplete("north,central,south", ""));
    let south = server.load(CspRegion::South, 1, &["AA1 1AB,,,"]).await.load_id;
    let status = server.ask("AA1 1AA").await.unwrap_err();
    assert_eq!(told(&status), incomplete("north,central", &south));
    let north = server.load(CspRegion::North, 1, &["AA1 1AB,,,"]).await.load_id;
    let status = server.ask("AA1 1AA").await.unwrap_err();
    assert_eq!(told(&status), incomplete("central", &format!("{north},{south}")));
    assert!(status.message().starts_with("no active load answers for AA1 1AA, and Central should be"), "{status}");
    let central = server.load(CspRegion::Central, 1, &["AA1 1AB,,,"]).await.load_id;
    let status = server.ask("AA1 1AA").await.unwrap_err();
    let miss = Told::new(Code::NotFound, "LOCATION_NOT_IN_COVERAGE", &[]);
    assert_eq!(told(&status), miss.with("loads", format!("{north},{central},{south}")));
}

#[tokio::test]
async fn a_location_whose_only_rows_were_set_aside_is_no_ordinary_miss() {
    let server = Server::with(&[("EXPECTED_REGIONS", "north,4g-north"), ("GUARDS_REJECTS_PERCENT", "100")]).await;
    let rows = ["AA1 1AB,,,", "AA1 1AA,2020-01-01, ,High"];
    let north = server.load(CspRegion::North, 1, &rows).await.load_id;
    // Another region's silence comes first.
    let status = server.ask("AA1 1AA").await.unwrap_err();
    assert_eq!(told(&status).reason, "COVERAGE_INCOMPLETE");
    // The row is there, and answers nothing.
    assert!(status.message().starts_with("no active load answers for AA1 1AA, and 4G North should be"), "{status}");
    let four_g = server.load(CspRegion::North4g, 1, &rows).await.load_id;
    let status = server.ask("AA1 1AA").await.unwrap_err();
    let loads = format!("{north},{four_g}");
    let aside = Told::new(Code::NotFound, "LOCATION_SET_ASIDE", &[])
        .with("set_aside_regions", "north,4g-north")
        .with("set_aside_loads", &loads)
        .with("loads", &loads);
    assert_eq!(told(&status), aside);
    for named in ["AA1 1AA", "North", &north, "4G North", &four_g] {
        assert!(status.message().contains(named), "{named}: {status}");
    }
}

#[tokio::test]
async fn a_region_nobody_knows_is_no_filter() {
    let mut server = Server::empty().await;
    let request = ListWanVariantsRequest { csp_region: 99 };
    let status = server.lookups.list_wan_variants(request).await.unwrap_err();
    assert_eq!(told(&status), Told::new(Code::InvalidArgument, "REQUEST_MALFORMED", &["csp_region"]));
}
