//! DUIS documents, over the wire.

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

use tonic::Code;
use wan_matrix::{
    duis::{Ask, Request, Response},
    grpc::proto::{
        CspRegion, Location, PartialAddress, RequestWanMatrixDuisRequest, RequestWanMatrixRequest, location::Kind,
    },
};

use crate::running::{Server, Told, told};

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

/// Today, every choice is answered with UNIMPLEMENTED; whatever the plain call will say of one, the document says too.
#[tokio::test]
async fn a_document_is_answered_as_the_plain_call_answers() {
    let server = Server::with_sample().await;
    for postcode in ["AA1 1AA", "AA2 1AA", "AA3 1AA", "AA4 1AA", "AA5 1AD", "AA5 1AF", "AA6 1AE", "AA9 9ZZ", "ZZ99 3WZ"]
    {
        same_as_the_plain_call(&server, &partial_address(postcode, "1")).await;
    }
    same_as_the_plain_call(&server, &partial_address("AA1 1AA", "")).await;
    same_as_the_plain_call(&server, "<sr:UPRN>100023336956</sr:UPRN>").await;
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
    let good = document("<sr:UPRN>100023336956</sr:UPRN>");
    let (code, out, said) = command(&server, good.replace("12.1", "6.11")).await;
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(said.contains("DUIS_DOCUMENT_MALFORMED") && said.contains("Request/Header/ServiceReference"), "{said}");
    let request = RequestWanMatrixDuisRequest { document: good.clone().into_bytes() };
    let reply = server.lookups.clone().request_wan_matrix_duis(request).await;
    let (code, out, said) = command(&server, good).await;
    match reply {
        Ok(reply) => {
            let reply = reply.into_inner();
            // The clock of the server stands still.
            assert_eq!(out.into_bytes(), reply.document);
            assert_eq!(code, Some(i32::from(reply.error.is_some())), "{said}");
        }
        Err(status) => {
            assert_eq!((code, out.as_str()), (Some(70), ""));
            assert!(said.contains(status.message()), "{said}");
        }
    }
}
