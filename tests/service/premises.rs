//! Premises, by UPRN and by partial address: who answers, and what is told when nobody does.

use std::{fs, path::Path, sync::Arc};

use tonic::{Code, Status};
use wan_matrix::grpc::proto::{
    BatchRequestWanMatrixRequest, CoverageResolution, CspRegion, ListActiveCoverageRequest, Location, PartialAddress,
    RequestWanMatrixRequest, WanMatrix, location::Kind, wan_matrix_result::Outcome,
};

use crate::{
    running::{Server, Told, config, told},
    uploads::header,
};

pub(crate) fn by_uprn(uprn: &str) -> Location {
    Location { kind: Some(Kind::Uprn(uprn.to_owned())) }
}

pub(crate) fn by_address(postcode: &str, identifier: &str) -> Location {
    let [postcode, address_identifier] = [postcode, identifier].map(str::to_owned);
    Location { kind: Some(Kind::PartialAddress(PartialAddress { postcode, address_identifier })) }
}

pub(crate) async fn ask(server: &Server, location: Location) -> Result<WanMatrix, Status> {
    let request = RequestWanMatrixRequest { location: Some(location), as_of_date: "2026-01-15".to_owned() };
    Ok(server.lookups.clone().request_wan_matrix(request).await?.into_inner().wan_matrix.unwrap())
}

/// Each answer in a line: region, grain, UPRN, postcode, variant, and how many premises it says there are.
pub(crate) fn lines(matrix: &WanMatrix) -> Vec<String> {
    let line = |said: &wan_matrix::grpc::proto::RegionalCoverage| {
        let region = said.csp_region().as_str_name().trim_start_matches("CSP_REGION_").to_owned();
        let variant = said.wan_variant.as_ref().map_or("-", |variant| &variant.name);
        match said.resolution() {
            CoverageResolution::Premises => {
                assert_eq!(said.premises_rows, 0);
                format!("{region} premises {:?} {} {variant}", said.uprn, said.postcode)
            }
            CoverageResolution::Postcode => {
                assert!(said.uprn.is_empty() && said.postcode.is_empty());
                format!("{region} postcode of {} {variant}", said.premises_rows)
            }
            CoverageResolution::Unspecified => panic!("{said:?}"),
        }
    };
    matrix.coverage.iter().map(line).collect()
}

/// Loads rows about postcodes and premises.
async fn load(server: &Server, region: CspRegion, rows: &[&str]) -> String {
    load_of_day(server, region, 1, rows).await
}

async fn load_of_day(server: &Server, region: CspRegion, day: i64, rows: &[&str]) -> String {
    let file = format!(
        "postcode,availability_date,wan_variant,connectivity_likelihood,uprn,address_identifier\n{}\n",
        rows.join("\n")
    );
    let submitted = server.submit(header(region, day, file.as_bytes()), file.as_bytes()).await.unwrap();
    submitted.load.unwrap().load_id
}

#[tokio::test]
async fn the_samples_premises_are_answered() {
    let server = Server::with_sample().await;
    for (location, postcode, said) in [
        (by_uprn("999900000001"), "AA8 1AA", vec![r#"SOUTH premises "999900000001" AA8 1AA Cellular and Mesh"#]),
        (by_uprn(" 9999 0000 0002 "), "AA8 1AA", vec![r#"SOUTH premises "999900000002" AA8 1AA -"#]),
        (
            by_uprn("999900000007"),
            "AA8 1AD",
            vec![
                r#"CENTRAL premises "999900000007" AA8 1AD Unknown"#,
                r#"SOUTH premises "999900000007" AA8 1AD Cellular"#,
            ],
        ),
        (by_address("aa81aa", "FLAT 1/12"), "AA8 1AA", vec![r#"SOUTH premises "" AA8 1AA Unknown"#]),
        (
            by_address("AA8 1AA", "the old-mill"),
            "AA8 1AA",
            vec![
                r#"SOUTH premises "999900000003" AA8 1AA Cellular"#,
                r#"SOUTH premises "999900000004" AA8 1AA Cellular"#,
            ],
        ),
        // No row of its own: the postcode's, which says how many have one.
        (by_address("AA8 1AA", "Flat 11 2"), "AA8 1AA", vec!["SOUTH postcode of 5 Cellular"]),
        (by_address("AA1 1AA", "1"), "AA1 1AA", vec!["SOUTH postcode of 0 Cellular"]),
        (
            Location { kind: Some(Kind::Postcode("AA8 1AA".to_owned())) },
            "AA8 1AA",
            vec!["SOUTH postcode of 5 Cellular"],
        ),
        // By postcode only a region that has a row for it answers.
        (
            Location { kind: Some(Kind::Postcode("AA8 1AD".to_owned())) },
            "AA8 1AD",
            vec!["CENTRAL postcode of 1 Cellular and Mesh"],
        ),
    ] {
        let matrix = ask(&server, location.clone()).await.unwrap();
        assert_eq!(
            (matrix.postcode.as_str(), lines(&matrix)),
            (postcode, said.into_iter().map(str::to_owned).collect()),
            "{location:?}"
        );
    }
}

#[tokio::test]
async fn each_region_answers_with_its_premises_or_else_its_postcode() {
    let server = Server::with(&[("EXPECTED_REGIONS", "central")]).await;
    load(&server, CspRegion::Central, &["AA1 1AA,2020-01-01,Cellular,High,,", "AA1 1AA,2020-01-01, ,High,,1"]).await;
    load(&server, CspRegion::Central4g, &["AA1 1AA,2020-01-01,4G Cellular,High,,"]).await;
    load(&server, CspRegion::South, &["AA1 1AB,,,,,", "AA1 1AA,2020-01-01,Cellular,High,7,1"]).await;
    let matrix = ask(&server, by_address("AA1 1AA", "1")).await.unwrap();
    let said = [
        r#"CENTRAL premises "" AA1 1AA Unknown"#,
        r#"SOUTH premises "7" AA1 1AA Cellular"#,
        "CENTRAL_4G postcode of 0 4G Cellular",
    ];
    assert_eq!(lines(&matrix), said);
    let matrix = ask(&server, by_address("AA1 1AA", "2")).await.unwrap();
    assert_eq!(lines(&matrix), ["CENTRAL postcode of 1 Cellular", "CENTRAL_4G postcode of 0 4G Cellular"]);
}

#[tokio::test]
async fn who_is_not_found_is_told_how_to_ask() {
    let server = Server::with(&[("EXPECTED_REGIONS", "north")]).await;
    let incomplete = told(&ask(&server, by_uprn("7")).await.unwrap_err());
    assert_eq!((incomplete.code, incomplete.reason.as_str()), (Code::FailedPrecondition, "COVERAGE_INCOMPLETE"));
    let loads = load(&server, CspRegion::North, &["AA1 1AA,,,,7,Flat 1", "AA1 1AA,,,,,2"]).await;
    let miss = |reason| Told::new(Code::NotFound, reason, &[]).with("loads", &loads);
    let status = ask(&server, by_uprn("8")).await.unwrap_err();
    assert_eq!(told(&status), miss("UPRN_NOT_IN_COVERAGE"));
    assert!(status.message().contains("UPRN 8") && status.message().contains("ask by postcode"), "{status}");
    let only_premises = || miss("LOCATION_NOT_IN_COVERAGE").with("premises_rows", "2");
    let postcode = Location { kind: Some(Kind::Postcode("aa11aa".to_owned())) };
    for (location, named) in [(postcode, "AA1 1AA is in no"), (by_address("AA1 1AA", "9"), "\"9\" in AA1 1AA is in no")]
    {
        let status = ask(&server, location).await.unwrap_err();
        assert_eq!(told(&status), only_premises());
        assert!(status.message().starts_with(named) && status.message().contains("2 premises"), "{status}");
    }
    let status = ask(&server, by_address("AA1 1AB", "9")).await.unwrap_err();
    assert_eq!(told(&status), miss("LOCATION_NOT_IN_COVERAGE"));
}

#[tokio::test]
async fn a_premises_that_was_set_aside_says_so_whoever_answers_for_its_postcode() {
    let server = Server::with(&[("EXPECTED_REGIONS", "north"), ("GUARDS_REJECTS_PERCENT", "100")]).await;
    let rows = ["AA1 1AA,2020-01-01,Variant 450,High,,", "AA1 1AA,2020-01-01, ,High,7,Flat 1"];
    let north = load(&server, CspRegion::North, &rows).await;
    for (location, named) in
        [(by_uprn("7"), "UPRN 7 has"), (by_address("AA1 1AA", "flat 1"), "\"flat 1\" in AA1 1AA has")]
    {
        let status = ask(&server, location).await.unwrap_err();
        let aside = Told::new(Code::NotFound, "LOCATION_SET_ASIDE", &[])
            .with("set_aside_regions", "north")
            .with("set_aside_loads", &north)
            .with("loads", &north);
        assert_eq!(told(&status), aside);
        assert!(status.message().starts_with(named), "{status}");
    }
    // Another region's answer stands, and says whose row is missing.
    load(&server, CspRegion::South, &["AA1 1AA,2020-01-01,Cellular,High,7,1"]).await;
    let matrix = ask(&server, by_uprn("7")).await.unwrap();
    assert_eq!(lines(&matrix), [r#"SOUTH premises "7" AA1 1AA Cellular"#]);
    assert_eq!(matrix.set_aside_regions().collect::<Vec<_>>(), [CspRegion::North]);
    let matrix = ask(&server, Location { kind: Some(Kind::Postcode("AA1 1AA".to_owned())) }).await.unwrap();
    assert_eq!(lines(&matrix), ["NORTH postcode of 0 Variant 450"], "a mark is no answer of its own");
}

#[tokio::test]
async fn a_batch_takes_every_kind_and_answers_as_each_call_would() {
    let server = Server::with_sample().await;
    let mut locations = vec![
        by_uprn("999900000001"),
        by_address("AA8 1AA", "The Old Mill"),
        by_uprn("1"),
        by_address("AA8 1AA", "-"),
        by_uprn("x"),
        by_address("AA8 1AB", "9"),
    ];
    locations.extend(vec![by_address("AA8 1AA", "1"); 400]);
    let request = BatchRequestWanMatrixRequest { locations: locations.clone(), as_of_date: "2026-01-15".to_owned() };
    let batch = server.lookups.clone().batch_request_wan_matrix(request).await.unwrap().into_inner();
    for (location, result) in locations.into_iter().zip(batch.results) {
        match (ask(&server, location).await, result.outcome.unwrap()) {
            (Ok(alone), Outcome::WanMatrix(matrix)) => assert_eq!(alone, matrix),
            (Err(alone), Outcome::Error(error)) => {
                assert_eq!((error.code, error.message.as_str()), (i32::from(alone.code()), alone.message()));
            }
            (alone, batched) => panic!("{alone:?} alone, {batched:?} in a batch"),
        }
    }
}

/// Once a file of premises is spoilt in each way a disk has, at a start the load is made anew from the file it keeps.
#[tokio::test]
async fn premises_that_a_disk_spoilt_are_rebuilt_and_answer_as_before() {
    const ROWS: [&str; 3] = ["AA1 1AA,,,,7,Flat 1", "AA1 1AA,,,,,Flat 2", "AA1 1AB,,,,,"];
    let mut server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    let id = load(&server, CspRegion::South, &ROWS).await;
    let premises = server.directory.path().join("loads").join(id).join("premises");
    let sound = ["by-uprn", "by-address"].map(|order| fs::read(premises.join(order)).unwrap());
    let spoils: [fn(&Path); 4] = [
        |path| fs::write(path.join("by-uprn"), b"").unwrap(),
        |path| fs::remove_file(path.join("by-address")).unwrap(),
        |path| fs::remove_dir_all(path).unwrap(),
        |path| fs::rename(path.join("by-uprn"), path.join("by-address")).unwrap(),
    ];
    for (number, spoil) in spoils.iter().enumerate() {
        let directory = Arc::clone(&server.directory);
        server.running.shutdown().await.unwrap();
        spoil(&premises);
        let config = config(&directory, &[("EXPECTED_REGIONS", "south")]);
        server = Server::start(directory, &config).await;
        for (location, wanted) in [
            (by_uprn("7"), r#"SOUTH premises "7" AA1 1AA -"#),
            (by_address("AA1 1AA", "flat 1"), r#"SOUTH premises "7" AA1 1AA -"#),
            (by_address("AA1 1AA", "flat 2"), r#"SOUTH premises "" AA1 1AA -"#),
        ] {
            assert_eq!(lines(&ask(&server, location).await.unwrap()), [wanted], "spoil {number}");
        }
        assert_eq!(["by-uprn", "by-address"].map(|order| fs::read(premises.join(order)).unwrap()), sound);
    }
}

#[tokio::test]
async fn an_address_that_too_many_share_is_refused_in_words() {
    let server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    let rows: Vec<_> = (1..=300).map(|uprn| format!("AA1 1AA,,,,{uprn},The Tower")).collect();
    load(&server, CspRegion::South, &rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let status = ask(&server, by_address("AA1 1AA", "the tower")).await.unwrap_err();
    let told = told(&status);
    assert_eq!((told.code, told.reason.as_str()), (Code::ResourceExhausted, "REPLY_TOO_LARGE"));
    assert!(status.message().contains("ask by UPRN"), "{status}");
    assert_eq!(lines(&ask(&server, by_uprn("300")).await.unwrap()), [r#"SOUTH premises "300" AA1 1AA -"#]);
}

#[tokio::test]
async fn a_batch_of_addresses_is_given_up_as_soon_as_its_reply_is_too_large() {
    let server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    let rows: Vec<_> = (1..=256).map(|uprn| format!("AA1 1AA,,,,{uprn},The Tower")).collect();
    load(&server, CspRegion::South, &rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let locations = vec![by_address("AA1 1AA", "the tower"); 1000];
    let request = BatchRequestWanMatrixRequest { locations, as_of_date: String::new() };
    let status = server.lookups.clone().batch_request_wan_matrix(request).await.unwrap_err();
    assert_eq!(told(&status).reason, "REPLY_TOO_LARGE");
    // One location more than fits, and not all thousand.
    let bytes: usize = status.message().split(' ').find_map(|word| word.parse().ok()).unwrap();
    assert!((4 << 20..5 << 20).contains(&bytes), "{status}");
}

#[tokio::test]
async fn premises_are_counted_apart() {
    let mut server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    load(&server, CspRegion::South, &["AA1 1AA,,,,,", "AA1 1AA,,,,7,", "AA1 1AB,,,,8,"]).await;
    let active = server.lookups.list_active_coverage(ListActiveCoverageRequest::default()).await.unwrap().into_inner();
    assert_eq!((active.regions[0].postcode_rows, active.regions[0].premises_rows), (1, 2));
}

#[tokio::test]
async fn a_file_that_lost_its_premises_is_refused_by_the_guards_of_their_own() {
    let server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    let postcodes: Vec<_> = "ABDEFGHJLNPQRSTUWXYZ".chars().map(|unit| format!("AA1 1A{unit},,,,,")).collect();
    let premises: Vec<_> = (1..=10).map(|uprn| format!("AA1 1AA,,,,{uprn},")).collect();
    let rows = |premises: &[String]| [&postcodes, premises].concat();
    let send = async |day, rows: Vec<String>| {
        let columns = "postcode,availability_date,wan_variant,connectivity_likelihood,uprn,address_identifier";
        let file = format!("{columns}\n{}\n", rows.join("\n"));
        server.submit(header(CspRegion::South, day, file.as_bytes()), file.as_bytes()).await
    };
    send(1, rows(&premises)).await.unwrap();
    // Of all locations it is less than 10 %, and of the premises more.
    let refused = send(2, rows(&premises[..8])).await.unwrap_err();
    assert_eq!(told(&refused).reason, "LOAD_GUARD_SHRINK");
    assert!(refused.message().contains("2 of 10 premises"), "{refused}");
    let more: Vec<_> = (1..=13).map(|uprn| format!("AA1 1AA,,,,{uprn},")).collect();
    let refused = send(3, rows(&more)).await.unwrap_err();
    assert_eq!(told(&refused).reason, "LOAD_GUARD_GROWTH");
    assert!(refused.message().contains("3 new beside 10 premises"), "{refused}");
    let load = send(4, rows(&premises[1..])).await.unwrap().load.unwrap();
    let compared = load.comparison.unwrap();
    assert_eq!((compared.premises_before, compared.premises_after, compared.premises_in_both), (10, 9, 9));
}
