//! What is answered, and how it is told.

use std::fmt::Write;

use wan_matrix::grpc::proto::{
    BatchRequestWanMatrixRequest, CspRegion, ListActiveCoverageRequest, ListWanVariantsRequest, RegionalCoverage,
    RequestWanMatrixRequest, RequestWanMatrixResponse, WanVariantStatus, wan_matrix_result::Outcome,
};

use crate::running::{Server, by_postcode};

/// One region's answer in a line: region, state, date, variant, its status, likelihood.
fn line(said: &RegionalCoverage) -> String {
    let short = |name: &str, prefix: &str| name.trim_start_matches(prefix).to_owned();
    let mut line = short(said.csp_region().as_str_name(), "CSP_REGION_");
    write!(line, " {}", short(said.state().as_str_name(), "COVERAGE_STATE_")).unwrap();
    write!(line, " {}", said.availability_date.as_deref().unwrap_or("-")).unwrap();
    if let Some(variant) = &said.wan_variant {
        let status = short(variant.status().as_str_name(), "WAN_VARIANT_STATUS_");
        write!(line, " {:?} {status}", variant.name).unwrap();
    }
    write!(line, " {}", short(said.connectivity_likelihood().as_str_name(), "CONNECTIVITY_LIKELIHOOD_")).unwrap();
    line
}

fn lines(answer: &RequestWanMatrixResponse) -> Vec<String> {
    answer.wan_matrix.as_ref().unwrap().coverage.iter().map(line).collect()
}

#[tokio::test]
async fn every_outcome_is_told_apart() {
    let server = Server::with_sample().await;
    for (postcode, as_of, said) in [
        ("AA1 1AA", "", vec![r#"SOUTH AVAILABLE 2016-04-01 "Cellular" CONFIRMED HIGH"#]),
        ("AA1 1AG", "", vec![r#"NORTH AVAILABLE 2016-04-01 "Standard 420" CONFIRMED HIGH"#]),
        // The CSP sent a space, several, the word, and nothing: Unknown, and never a space.
        ("AA2 1AA", "", vec![r#"SOUTH AVAILABLE 2016-04-01 "Unknown" UNCONFIRMED HIGH"#]),
        ("AA2 1AB", "", vec![r#"SOUTH AVAILABLE 2016-04-01 "Unknown" UNCONFIRMED MEDIUM"#]),
        ("AA2 1AG", "", vec![r#"CENTRAL AVAILABLE 2016-04-01 "Unknown" UNCONFIRMED MEDIUM"#]),
        ("AA2 1AH", "", vec![r#"CENTRAL AVAILABLE 2016-04-01 "Unknown" UNCONFIRMED HIGH"#]),
        // Planned, until the day itself.
        ("AA3 1AA", "", vec![r#"SOUTH PLANNED 2090-01-01 "Cellular" CONFIRMED HIGH"#]),
        ("AA3 1AA", "2089-12-31", vec![r#"SOUTH PLANNED 2090-01-01 "Cellular" CONFIRMED HIGH"#]),
        ("AA3 1AA", "2090-01-01", vec![r#"SOUTH AVAILABLE 2090-01-01 "Cellular" CONFIRMED HIGH"#]),
        ("AA2 1AJ", "", vec![r#"SOUTH PLANNED 2090-01-01 "Unknown" UNCONFIRMED HIGH"#]),
        // Known, and no coverage planned: no date, no variant, no likelihood.
        ("AA4 1AA", "", vec!["SOUTH NONE_PLANNED - UNSPECIFIED"]),
        ("AA4 1AE", "", vec!["NORTH NONE_PLANNED - UNSPECIFIED"]),
        // Several regions, in their order; the choice is the caller's.
        (
            "AA5 1AA",
            "",
            vec![
                r#"NORTH AVAILABLE 2016-04-01 "Standard 420" CONFIRMED HIGH"#,
                r#"CENTRAL AVAILABLE 2018-09-15 "Cellular" CONFIRMED MEDIUM"#,
            ],
        ),
        (
            "AA5 1AE",
            "",
            vec![
                r#"CENTRAL AVAILABLE 2016-04-01 "Unknown" UNCONFIRMED LOW"#,
                r#"CENTRAL_4G AVAILABLE 2016-04-01 "4G Cellular" CONFIRMED HIGH"#,
            ],
        ),
    ] {
        let answer = server.ask_as_of(postcode, as_of).await.unwrap();
        assert_eq!(lines(&answer), said, "{postcode} {as_of}");
        assert_eq!(answer.wan_matrix.unwrap().postcode, postcode);
        // All that were asked are named, whoever answered.
        let regions: Vec<_> = answer.sources.iter().map(|source| source.csp_region()).collect();
        assert_eq!(regions, [CspRegion::North, CspRegion::Central, CspRegion::South, CspRegion::Central4g]);
        assert!(answer.missing_regions.is_empty());
    }
}

#[tokio::test]
async fn texts_and_sources_are_carried_as_they_were_sent() {
    let server = Server::with_sample().await;
    let answer = server.ask("AA6 1AF").await.unwrap();
    let said = &answer.wan_matrix.as_ref().unwrap().coverage[0];
    assert_eq!(said.auxiliary_equipment_required.chars().count(), 50);
    assert_eq!(said.additional_information.chars().count(), 250);
    let south = answer.sources.iter().find(|source| source.csp_region() == CspRegion::South).unwrap();
    assert_eq!(south.reference, "sample-south");
    assert!(south.load_id.starts_with("south-20251201T022000Z-"), "{}", south.load_id);
    assert_eq!(south.issue_time.unwrap().seconds, 1_764_555_600);
    // Of the server's clock, in the middle of a summer's day.
    assert_eq!(south.activation_time.unwrap().seconds, 1_781_524_800);
    assert!(!south.stale);
}

#[tokio::test]
async fn a_postcode_is_read_in_any_case_and_spacing() {
    let server = Server::with_sample().await;
    for text in ["aa11aa", " AA1 1AA ", "Aa 1 1a\tA", "AA11AA"] {
        assert_eq!(server.ask(text).await.unwrap().wan_matrix.unwrap().postcode, "AA1 1AA", "{text:?}");
    }
}

#[tokio::test]
async fn today_is_londons_and_is_echoed() {
    let server = Server::with_sample().await;
    for (now, today) in [
        ("2026-06-15T12:00:00Z", "2026-06-15"),
        ("2026-06-15T22:59:59Z", "2026-06-15"),
        ("2026-06-15T23:00:00Z", "2026-06-16"),
        ("2026-12-15T23:59:59Z", "2026-12-15"),
    ] {
        server.set_clock(now);
        assert_eq!(server.ask("AA1 1AA").await.unwrap().as_of_date, today, "{now}");
    }
    assert_eq!(server.ask_as_of("AA1 1AA", "2031-02-28").await.unwrap().as_of_date, "2031-02-28");
}

#[tokio::test]
async fn a_batch_answers_in_order_as_each_call_would() {
    let server = Server::with_sample().await;
    let mut locations: Vec<_> =
        ["AA5 1AA", "AA9 9ZZ", "nonsense", "AA2 1AA", "AA4 1AA", "AA5 1AA"].map(by_postcode).to_vec();
    locations.push(wan_matrix::grpc::proto::Location { kind: None });
    locations.push(wan_matrix::grpc::proto::Location {
        kind: Some(wan_matrix::grpc::proto::location::Kind::Uprn("100023336956".to_owned())),
    });
    let request = BatchRequestWanMatrixRequest { locations: locations.clone(), as_of_date: "2027-01-01".to_owned() };
    let batch = server.lookups.clone().batch_request_wan_matrix(request).await.unwrap().into_inner();
    assert_eq!(batch.results.len(), locations.len());
    for (location, result) in locations.into_iter().zip(batch.results) {
        let request = RequestWanMatrixRequest { location: Some(location.clone()), as_of_date: "2027-01-01".to_owned() };
        match (server.lookups.clone().request_wan_matrix(request).await, result.outcome.unwrap()) {
            (Ok(alone), Outcome::WanMatrix(wan_matrix)) => {
                let alone = alone.into_inner();
                assert_eq!(alone.wan_matrix.unwrap(), wan_matrix);
                assert_eq!(alone.sources, batch.sources);
                assert_eq!(alone.as_of_date, batch.as_of_date);
            }
            (Err(alone), Outcome::Error(error)) => {
                assert_eq!(error.code, i32::from(alone.code()), "{location:?}");
                assert_eq!(error.message, alone.message());
                let reason = error.reason().as_str_name().trim_start_matches("ERROR_REASON_").to_owned();
                let reason = if reason == "UNSPECIFIED" { String::new() } else { reason };
                assert_eq!(reason, crate::running::told(&alone).reason);
            }
            (alone, batched) => panic!("{location:?}: {alone:?} alone, {batched:?} in a batch"),
        }
    }
}

#[tokio::test]
async fn a_thousand_locations_are_a_batch() {
    let server = Server::with_sample().await;
    let locations = vec![by_postcode("AA6 1AF"); 1000];
    let request = BatchRequestWanMatrixRequest { locations, as_of_date: String::new() };
    let batch = server.lookups.clone().batch_request_wan_matrix(request).await.unwrap().into_inner();
    assert_eq!(batch.results.len(), 1000);
    assert!(batch.results.iter().all(|result| matches!(result.outcome, Some(Outcome::WanMatrix(_)))));
}

#[tokio::test]
async fn a_hit_says_which_regions_are_not_heard() {
    let server = Server::empty().await;
    server.load(CspRegion::Central, 1, &["AA1 1AA,2020-01-01, ,High"]).await;
    let answer = server.ask("AA1 1AA").await.unwrap();
    assert_eq!(lines(&answer), [r#"CENTRAL AVAILABLE 2020-01-01 "Unknown" UNCONFIRMED HIGH"#]);
    assert_eq!(answer.missing_regions().collect::<Vec<_>>(), [CspRegion::North, CspRegion::South]);
}

#[tokio::test]
async fn a_hit_says_whose_row_was_set_aside() {
    let server = Server::with(&[("GUARDS_REJECTS_PERCENT", "100")]).await;
    server.load(CspRegion::North, 1, &["AA1 1AB,2020-01-01,Variant 450,High", "AA1 1AA,2020-01-01, ,High"]).await;
    server.load(CspRegion::Central, 1, &["AA1 1AA,2020-01-01, ,High"]).await;
    server.load(CspRegion::South, 1, &["AA1 1AD,,,"]).await;
    let matrix = server.ask("AA1 1AA").await.unwrap().wan_matrix.unwrap();
    assert_eq!(matrix.coverage.len(), 1);
    assert_eq!(matrix.set_aside_regions().collect::<Vec<_>>(), [CspRegion::North]);
}

#[tokio::test]
async fn a_new_load_answers_at_once_and_an_old_one_is_stale() {
    let server = Server::with(&[("EXPECTED_REGIONS", "south"), ("MAX_AGE_HOURS_SOUTH", "24")]).await;
    server.load(CspRegion::South, 1, &["AA1 1AA,,,"]).await;
    let before = server.ask("AA1 1AA").await.unwrap();
    assert_eq!(lines(&before), ["SOUTH NONE_PLANNED - UNSPECIFIED"]);
    server.load(CspRegion::South, 2, &["AA1 1AA,2020-01-01,Cellular,Low"]).await;
    let after = server.ask("AA1 1AA").await.unwrap();
    assert_eq!(lines(&after), [r#"SOUTH AVAILABLE 2020-01-01 "Cellular" CONFIRMED LOW"#]);
    assert_ne!(before.sources[0].load_id, after.sources[0].load_id);
    for (now, stale) in [("2026-05-03T12:00:00Z", false), ("2026-05-03T12:00:01Z", true)] {
        server.set_clock(now);
        assert_eq!(server.ask("AA1 1AA").await.unwrap().sources[0].stale, stale, "{now}");
    }
}

#[tokio::test]
async fn each_regions_load_is_stale_at_an_age_of_its_own() {
    let ages = [("EXPECTED_REGIONS", "south"), ("MAX_AGE_HOURS_SOUTH", "24"), ("MAX_AGE_HOURS_NORTH", "48")];
    let mut server = Server::with(&ages).await;
    for region in [CspRegion::North, CspRegion::Central, CspRegion::South] {
        server.load(region, 1, &["AA1 1AA,,,"]).await;
    }
    for (now, north_central_south) in [
        ("2026-05-02T12:00:00Z", [false, false, false]),
        ("2026-05-02T12:00:01Z", [false, false, true]),
        ("2026-05-03T12:00:00Z", [false, false, true]),
        ("2026-05-03T12:00:01Z", [true, false, true]),
    ] {
        server.set_clock(now);
        let stale: Vec<_> =
            server.ask("AA1 1AA").await.unwrap().sources.into_iter().map(|source| source.stale).collect();
        assert_eq!(stale, north_central_south, "{now}");
        let active = server.lookups.list_active_coverage(ListActiveCoverageRequest {}).await.unwrap().into_inner();
        let listed: Vec<_> =
            active.regions.into_iter().map(|region| region.source.is_some_and(|source| source.stale)).collect();
        assert_eq!(listed, north_central_south, "{now}");
    }
}

#[tokio::test]
async fn table_3_is_listed_as_it_is_served() {
    let mut server = Server::empty().await;
    let every = server.lookups.list_wan_variants(ListWanVariantsRequest::default()).await.unwrap().into_inner();
    assert_eq!(every.sha256.len(), 64);
    let unknown: Vec<_> = every
        .wan_variants
        .iter()
        .filter(|row| row.wan_variant.as_ref().unwrap().status() == WanVariantStatus::Unconfirmed)
        .collect();
    assert!(unknown.iter().all(|row| row.wan_variant.as_ref().unwrap().name == "Unknown"));
    assert!(unknown.iter().all(|row| row.provenance == "DP106"));
    let regions: Vec<_> = unknown.iter().map(|row| row.csp_region()).collect();
    assert_eq!(regions, [CspRegion::Central, CspRegion::South]);
    let request = ListWanVariantsRequest { csp_region: CspRegion::North.into() };
    let north = server.lookups.list_wan_variants(request).await.unwrap().into_inner();
    let names: Vec<_> = north.wan_variants.into_iter().map(|row| row.wan_variant.unwrap().name).collect();
    assert!(names.contains(&"Variant 450".to_owned()) && !names.contains(&"Unknown".to_owned()), "{names:?}");
}

#[tokio::test]
async fn active_coverage_lists_what_is_expected_and_what_is_there() {
    let mut server = Server::with(&[("EXPECTED_REGIONS", "south,north"), ("GUARDS_REJECTS_PERCENT", "100")]).await;
    server.load(CspRegion::South, 1, &["AA1 1AA,,,", "AA1 1AB,,Cellular,"]).await;
    server.load(CspRegion::North4g, 1, &["AA1 1AA,,,"]).await;
    let request = ListActiveCoverageRequest::default();
    let active = server.lookups.list_active_coverage(request).await.unwrap().into_inner();
    assert_eq!(active.active_set_digest.len(), 64);
    let told: Vec<_> = active
        .regions
        .iter()
        .map(|region| {
            let loaded = region.source.is_some();
            assert_eq!(region.received_time.is_some(), loaded);
            (region.csp_region(), region.expected, loaded, region.postcode_rows, region.set_aside_locations)
        })
        .collect();
    assert_eq!(
        told,
        [
            (CspRegion::North, true, false, 0, 0),
            (CspRegion::South, true, true, 1, 1),
            (CspRegion::North4g, false, true, 1, 0),
        ]
    );
}
