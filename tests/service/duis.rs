//! DUIS documents, over the wire.

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

use tonic::Code;
use wan_matrix::{
    duis::{Ask, Covered, RegionResponse, Request, Response},
    grpc::proto::{
        CspRegion, Location, PartialAddress, RequestWanMatrixDuisRequest, RequestWanMatrixRequest, location::Kind,
    },
};

use crate::{
    running::{Server, Told, told},
    uploads::header,
};

const ID: &str = "90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:1000";

fn document(choice: &str) -> String {
    format!(
        "<sr:Request xmlns:sr=\"http://www.dccinterface.co.uk/ServiceUserGateway\" schemaVersion=\"5.4\"><sr:Header>\
         <sr:RequestID>{ID}</sr:RequestID><sr:CommandVariant>8</sr:CommandVariant>\
         <sr:ServiceReference>12.1</sr:ServiceReference><sr:ServiceReferenceVariant>12.1</sr:ServiceReferenceVariant>\
         </sr:Header><sr:Body><sr:RequestWANMatrix>{choice}</sr:RequestWANMatrix></sr:Body></sr:Request>"
    )
}

fn partial_address(postcode: &str, identifier: &str) -> String {
    format!(
        "<sr:PartialAddress><sr:PostCode>{postcode}</sr:PostCode>\
         <sr:AddressIdentifier>{identifier}</sr:AddressIdentifier></sr:PartialAddress>"
    )
}

/// The same place, as any other call asks for it.
fn location(ask: &Ask) -> Location {
    let kind = match ask {
        Ask::Uprn(uprn) => Kind::Uprn(uprn.to_string()),
        Ask::PartialAddress(address) => Kind::PartialAddress(PartialAddress {
            postcode: address.post_code().to_owned(),
            address_identifier: address.address_identifier().to_owned(),
        }),
    };
    Location { kind: Some(kind) }
}

/// Asks both ways, and holds the document to what `RequestWanMatrix` says of the same place at the same moment.
async fn same_as_the_plain_call(server: &Server, choice: &str) {
    let document = document(choice);
    let asked = Request::read(document.as_bytes()).unwrap();
    let plain = RequestWanMatrixRequest { location: Some(location(&asked.ask)), as_of_date: String::new() };
    let plain = server.lookups.clone().request_wan_matrix(plain).await.map(tonic::Response::into_inner);
    let request = RequestWanMatrixDuisRequest { document: document.into_bytes() };
    let reply = server.lookups.clone().request_wan_matrix_duis(request).await.map(tonic::Response::into_inner);
    let reply = match (&plain, reply) {
        (Err(plain), Err(duis)) => {
            // No document: exactly what cannot be told of a place.
            let told_of_the_place = ["NOT_IN_COVERAGE", "MALFORMED", "SET_ASIDE"];
            assert!(
                !told_of_the_place.iter().any(|told_of| told(plain).reason.ends_with(told_of)),
                "{choice}: {plain}"
            );
            assert_eq!((duis.code(), duis.message()), (plain.code(), plain.message()), "{choice}");
            return;
        }
        (_, reply) => reply.unwrap(),
    };
    let response = Response::read(&reply.document).unwrap();
    assert_eq!(response.request_id().as_str(), ID);
    match plain {
        Ok(plain) => {
            assert_eq!((&reply.sources, &reply.as_of_date), (&plain.sources, &plain.as_of_date));
            assert_eq!(reply.missing_regions, plain.missing_regions);
            assert_eq!(reply.error, None);
            let (said, matrix) = (response.matrix().unwrap(), plain.wan_matrix.unwrap());
            assert_eq!(said.ask(), &asked.ask);
            assert_eq!(said.regions().len(), matrix.coverage.len() + matrix.set_aside_regions.len());
            let variants =
                said.regions().iter().filter_map(|region| region.block()).map(|block| block.technology.as_str());
            let expected = matrix.coverage.iter().filter_map(|said| Some(said.wan_variant.as_ref()?.name.as_str()));
            assert!(variants.eq(expected), "{choice}");
        }
        Err(status) => {
            assert!(response.matrix().is_none());
            let error = reply.error.unwrap();
            assert_eq!((error.code, error.message.as_str()), (i32::from(status.code()), status.message()));
        }
    }
}

/// What a document says: the header's code and the words beside it, or each region's line.
async fn answered(server: &Server, choice: &str) -> Vec<String> {
    let request = RequestWanMatrixDuisRequest { document: document(choice).into_bytes() };
    let reply = server.lookups.clone().request_wan_matrix_duis(request).await.unwrap().into_inner();
    let response = Response::read(&reply.document).unwrap();
    let Some(matrix) = response.matrix() else {
        return vec![format!("{} {}", response.code(), reply.error.unwrap().reason().as_str_name())];
    };
    assert_eq!((response.code().as_str(), reply.error), ("I0", None));
    let line = |said: &RegionResponse| {
        let block = said.block().map(|block| {
            let Covered { available, date, technology, likelihood, .. } = block;
            let texts = [block.auxiliary_equipment.as_str().len(), block.additional_information.as_str().len()];
            format!(" {available} {date} {:?} {} {texts:?}", technology.as_str(), likelihood.name())
        });
        format!("{} {}{}", said.region(), said.code(), block.unwrap_or_default())
    };
    matrix.regions().iter().map(line).collect()
}

/// What the README shows of the answer to it.
#[tokio::test]
async fn the_request_beside_the_sample_is_answered_as_the_readme_has_it() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let server = Server::with_sample().await;
    let document = std::fs::read(folder.join("data/sample/duis-request.xml")).unwrap();
    let reply = server.lookups.clone().request_wan_matrix_duis(RequestWanMatrixDuisRequest { document }).await.unwrap();
    let answered = String::from_utf8(reply.into_inner().document).unwrap();
    let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
    let shown = readme.split_once("\n…\n").and_then(|(_, rest)| rest.split_once("\n…\n")).unwrap().0;
    assert!(
        shown.contains("<sr:WANTechnology>Unknown</sr:WANTechnology>") && answered.contains(shown),
        "{shown}\n{answered}"
    );
}

#[tokio::test]
async fn a_document_is_answered_by_uprn_and_by_partial_address() {
    let server = Server::with_sample().await;
    let uprn = |uprn: &str| format!("<sr:UPRN>{uprn}</sr:UPRN>");
    for (choice, said) in [
        (uprn("999900000001"), vec!["South I0 true 2016-04-01 \"Cellular and Mesh\" Medium [0, 0]"]),
        // Leading zeros, and the sign that the schema's type allows, mean nothing.
        (uprn(" +000999900000002 "), vec!["South I0"]),
        (
            uprn("999900000007"),
            vec![
                "Central I0 true 2016-04-01 \"Unknown\" Low [0, 0]",
                "South I0 true 2016-04-01 \"Cellular\" High [0, 0]",
            ],
        ),
        // Known and none planned has no block, and yet is an answer.
        (partial_address("AA8 1AA", "2"), vec!["South I0"]),
        (partial_address("AA8 1AA", "FLAT 1/12"), vec!["South I0 true 2016-04-01 \"Unknown\" High [0, 0]"]),
        // Two premises of the name: an answer each.
        (
            partial_address("aa81aa", "the old-mill"),
            vec![
                "South I0 true 2016-04-01 \"Cellular\" High [0, 0]",
                "South I0 false 2090-01-01 \"Cellular\" Low [0, 0]",
            ],
        ),
        // No row of its own: the postcode's.
        (partial_address("AA8 1AA", "Flat 11 2"), vec!["South I0 true 2016-04-01 \"Cellular\" High [0, 0]"]),
        (partial_address("AA3 1AA", "1"), vec!["South I0 false 2090-01-01 \"Cellular\" High [0, 0]"]),
        (
            partial_address("AA5 1AD", "1"),
            vec![
                "Central I0 true 2016-04-01 \"Cellular\" Medium [0, 0]",
                "4G Central I0 true 2016-04-01 \"4G Cellular\" High [0, 0]",
            ],
        ),
        (uprn("999900000099"), vec!["E120101 ERROR_REASON_UPRN_NOT_IN_COVERAGE"]),
        (partial_address("AA8 1AB", "9"), vec!["E120101 ERROR_REASON_LOCATION_NOT_IN_COVERAGE"]),
        (partial_address("ZZ99 3WZ", "1"), vec!["E120102 ERROR_REASON_POSTCODE_MALFORMED"]),
        (partial_address("AA8 1AA", "-"), vec!["E120102 ERROR_REASON_ADDRESS_IDENTIFIER_MALFORMED"]),
    ] {
        assert_eq!(answered(&server, &choice).await, said, "{choice}");
    }
}

#[tokio::test]
async fn a_premises_that_was_set_aside_is_told_so_in_its_document() {
    let server = Server::with(&[("EXPECTED_REGIONS", "south"), ("GUARDS_REJECTS_PERCENT", "100")]).await;
    let load = async |region, rows: &str| {
        let columns = "postcode,availability_date,wan_variant,connectivity_likelihood,uprn";
        let file = format!("{columns}\n{rows}\n");
        server.submit(header(region, 1, file.as_bytes()), file.as_bytes()).await.unwrap();
    };
    load(CspRegion::South, "AA1 1AA,2020-01-01,Cellular,High,\nAA1 1AA,2020-01-01,Nonsense,High,7").await;
    let uprn = "<sr:UPRN>7</sr:UPRN>";
    assert_eq!(answered(&server, uprn).await, ["E120103 ERROR_REASON_LOCATION_SET_ASIDE"]);
    // Another region's answer stands, and says whose row is missing.
    load(CspRegion::South4g, "AA1 1AA,2020-01-01,4G Cellular,High,7").await;
    let said = ["South E120103", "4G South I0 true 2020-01-01 \"4G Cellular\" High [0, 0]"];
    assert_eq!(answered(&server, uprn).await, said);
}

#[tokio::test]
async fn a_document_is_answered_as_the_plain_call_answers() {
    let server = Server::with_sample().await;
    for postcode in ["AA1 1AA", "AA2 1AA", "AA3 1AA", "AA4 1AA", "AA5 1AD", "AA5 1AF", "AA6 1AE", "AA9 9ZZ", "ZZ99 3WZ"]
    {
        same_as_the_plain_call(&server, &partial_address(postcode, "1")).await;
    }
    for identifier in ["", "-", "1", "2", "Flat 1, 12", "The Old Mill", "nowhere"] {
        same_as_the_plain_call(&server, &partial_address("AA8 1AA", identifier)).await;
    }
    for uprn in ["999900000001", "999900000002", "999900000007", "100023336956"] {
        same_as_the_plain_call(&server, &format!("<sr:UPRN>{uprn}</sr:UPRN>")).await;
    }
    let incomplete = Server::empty().await;
    incomplete.load(CspRegion::South, 1, &["AA1 1AB,,,"]).await;
    for postcode in ["AA1 1AB", "AA1 1AA"] {
        same_as_the_plain_call(&incomplete, &partial_address(postcode, "1")).await;
    }
}

#[tokio::test]
async fn a_document_that_cannot_be_read_is_the_callers_fault_and_says_where() {
    let server = Server::with_sample().await;
    let good = document("<sr:UPRN>1</sr:UPRN>");
    for (document, reason, said) in [
        (String::new(), "DUIS_DOCUMENT_MALFORMED", "line 1, column 1: this is not well-formed XML"),
        (good.replace("<sr:UPRN>1", "<sr:UPRN>0"), "DUIS_DOCUMENT_MALFORMED", "Request/Body/RequestWANMatrix/UPRN"),
        (good.replace("12.1", "4.1"), "DUIS_DOCUMENT_MALFORMED", "only Service Request 12.1"),
        (good.replace("5.4", "5.1"), "DUIS_VERSION_UNSUPPORTED", "the versions spoken here are 5.3, 5.3a and 5.4"),
        (format!("{good}{}", " ".repeat(65_536)), "DUIS_DOCUMENT_MALFORMED", "at most 65536 are read"),
    ] {
        let request = RequestWanMatrixDuisRequest { document: document.clone().into_bytes() };
        let status = server.lookups.clone().request_wan_matrix_duis(request).await.unwrap_err();
        assert_eq!(told(&status), Told::new(Code::InvalidArgument, reason, &["document"]), "{document}: {status}");
        assert!(status.message().contains(said), "{status}");
    }
}

/// The binary with a document on its standard input: exit code, standard output, standard error.
async fn command(server: &Server, document: String) -> (Option<i32>, String, String) {
    let url = format!("http://{}", server.running.addr());
    let ran = tokio::task::spawn_blocking(move || {
        let mut child = Command::new(env!("CARGO_BIN_EXE_wan-matrix"))
            .args(["duis", "--server", &url])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(document.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    });
    let Output { status, stdout, stderr } = ran.await.unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[tokio::test]
async fn the_command_asks_with_what_stands_on_its_standard_input() {
    let server = Server::with_sample().await;
    let good = document("<sr:UPRN>999900000001</sr:UPRN>");
    let (code, out, said) = command(&server, good.replace("12.1", "6.11")).await;
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(said.contains("DUIS_DOCUMENT_MALFORMED") && said.contains("Request/Header/ServiceReference"), "{said}");
    let unknown = document("<sr:UPRN>999900000099</sr:UPRN>");
    for (asked, exit, noted) in [(good, 0, ""), (unknown, 1, "UPRN_NOT_IN_COVERAGE: ")] {
        let request = RequestWanMatrixDuisRequest { document: asked.clone().into_bytes() };
        let reply = server.lookups.clone().request_wan_matrix_duis(request).await.unwrap().into_inner();
        let (code, out, said) = command(&server, asked).await;
        // The clock of the server stands still.
        assert_eq!((code, out.into_bytes()), (Some(exit), reply.document), "{said}");
        assert_eq!((said.is_empty(), said.starts_with(noted)), (noted.is_empty(), true), "{said}");
    }
}
