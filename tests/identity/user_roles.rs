//! DUIS User Roles: a planner who has one that may not send Service Request 12.1 is known, and refused in words.

use std::{fs, process::Command};

use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;
use wan_matrix::{
    grpc::proto::{
        BatchRequestWanMatrixRequest, ListActiveCoverageRequest, ListWanVariantsRequest, Location,
        RequestWanMatrixDuisRequest, RequestWanMatrixRequest, location::Kind,
        wan_matrix_service_client::WanMatrixServiceClient,
    },
    server::ConfigError,
};

use crate::server::{NOT_ELIGIBLE, SUPPLIER, Server, config};

/// A document that a User in another role would have answered.
const DOCUMENT: &str = r#"<sr:Request xmlns:sr="http://www.dccinterface.co.uk/ServiceUserGateway" schemaVersion="5.4"><sr:Header>
<sr:RequestID>90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:1000</sr:RequestID><sr:CommandVariant>8</sr:CommandVariant>
<sr:ServiceReference>12.1</sr:ServiceReference><sr:ServiceReferenceVariant>12.1</sr:ServiceReferenceVariant></sr:Header>
<sr:Body><sr:RequestWANMatrix><sr:UPRN>999900000001</sr:UPRN></sr:RequestWANMatrix></sr:Body></sr:Request>"#;

fn location() -> Location {
    Location { kind: Some(Kind::Postcode("AA1 1AA".to_owned())) }
}

fn lookup() -> RequestWanMatrixRequest {
    RequestWanMatrixRequest { location: Some(location()), as_of_date: String::new() }
}

/// What each way of sending SR12.1 is answered.
async fn asked(server: &Server, uri: &str) -> Vec<Status> {
    let mut client = WanMatrixServiceClient::new(server.channel(uri).await);
    let batch = BatchRequestWanMatrixRequest { locations: vec![location()], as_of_date: String::new() };
    let alone = client.request_wan_matrix(lookup()).await.map(drop);
    let batch = client.batch_request_wan_matrix(batch).await.map(drop);
    let document = RequestWanMatrixDuisRequest { document: DOCUMENT.as_bytes().to_vec() };
    let document = client.request_wan_matrix_duis(document).await.map(drop);
    [alone, batch, document].into_iter().map(|answer| answer.err().unwrap_or_else(|| Status::ok("answered"))).collect()
}

#[tokio::test]
async fn every_way_to_ask_is_refused_with_the_role_and_those_that_would_do() {
    let server = Server::start().await;
    let refused = asked(&server, NOT_ELIGIBLE).await;
    for (status, method) in refused.iter().zip(["RequestWanMatrix", "BatchRequestWanMatrix", "RequestWanMatrixDuis"]) {
        assert_eq!(status.code(), Code::PermissionDenied, "{method}: {status:?}");
        let info = status.get_details_error_info().unwrap();
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("USER_ROLE_NOT_ELIGIBLE", "wanmatrix"), "{method}");
        assert_eq!(info.metadata["eligible_user_roles"], "IS,ES,GS,RSA,ED,GT,OU");
        assert_eq!(
            status.message(),
            format!(
                "{NOT_ELIGIBLE} is planner:XY here, and may not {method}: Service Request 12.1 is for the User Roles \
                 IS, ES, GS, RSA, ED, GT, OU, and not for XY"
            )
        );
    }
    // Nothing is loaded: that is what one hears who may ask, and of a batch each result.
    let heard: Vec<_> = asked(&server, SUPPLIER).await.iter().map(Status::code).collect();
    assert_eq!(heard, [Code::FailedPrecondition, Code::Ok, Code::FailedPrecondition]);
    // What is of no location is a planner's business in any role.
    let mut client = WanMatrixServiceClient::new(server.channel(NOT_ELIGIBLE).await);
    client.list_wan_variants(ListWanVariantsRequest::default()).await.unwrap();
    client.list_active_coverage(ListActiveCoverageRequest::default()).await.unwrap();

    assert_eq!(server.running.loads().denials(), (0, 3), "counted as every other denial");
    let audited = server.audited("denied", 3).await;
    assert!(
        audited
            .iter()
            .all(|line| line["by"] == NOT_ELIGIBLE && line["note"].as_str().unwrap().contains("is planner:XY here")),
        "{audited:?}"
    );
}

#[tokio::test]
async fn a_role_that_changes_counts_for_the_next_call_of_an_open_connection() {
    let server = Server::start().await;
    let mut client = WanMatrixServiceClient::new(server.channel(NOT_ELIGIBLE).await);
    let mut ask = async || client.request_wan_matrix(Request::new(lookup())).await.unwrap_err().code();
    assert_eq!(ask().await, Code::PermissionDenied);
    let path = server.directory.path().join("wan-matrix.toml");
    let with = |roles: &str| {
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("user_roles = [\"XY\"]", roles)).unwrap();
        config(&server.directory)
    };

    // What cannot be read changes nothing, and says where it is and what is expected.
    let text = fs::read_to_string(&path).unwrap();
    let error = with("user_roles = [\"Other User\"]").unwrap_err();
    assert!(matches!(error, ConfigError::Identity { number: 3, .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!(
            "{}: identities: table 3 ({NOT_ELIGIBLE}): user_roles is [\"Other User\"]; expected one or more User Roles of DUIS, each two \
             to four capital letters such as IS, of a planner and of nobody else",
            path.display()
        )
    );
    fs::write(&path, &text).unwrap();

    // Nothing is loaded, and that is what one hears who may ask.
    for (roles, code) in [
        ("user_roles = [\"XY\", \"OU\"]", Code::FailedPrecondition),
        ("user_roles = [\"YZ\"]", Code::PermissionDenied),
        ("", Code::FailedPrecondition),
    ] {
        fs::write(&path, &text).unwrap();
        assert!(server.running.reload(with(roles).unwrap()).await);
        assert_eq!(ask().await, code, "{roles}");
    }
}

#[tokio::test]
async fn the_commands_say_so_before_the_start_and_afterwards() {
    let server = Server::start().await;
    let directory = server.directory.path();
    let run = async |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wan-matrix"));
        command.current_dir(directory).args(arguments);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    };
    let checked = run(&["config", "check", "--config", "wan-matrix.toml"]).await;
    let said = String::from_utf8(checked.stdout).unwrap();
    assert_eq!(checked.status.code(), Some(0), "{said}");
    let note = format!("\nnote: {NOT_ELIGIBLE} is planner:XY: Service Request 12.1 is for the User Roles IS, ES,");
    assert!(said.contains(&note), "{said}");
    assert_eq!(said.matches("note: ").count(), 1, "{said}");
    let shown = run(&["config", "show", "--config", "wan-matrix.toml"]).await;
    assert!(String::from_utf8(shown.stdout).unwrap().contains("user_roles = [\"IS\", \"GS\"]"));

    server.ca.caller(NOT_ELIGIBLE).unwrap().write(directory, "caller").unwrap();
    let port = format!("localhost:{}", server.running.addr().port());
    let credentials = ["--ca", "ca.pem", "--cert", "caller.pem", "--key", "caller.key", "--server", &port];
    let refused = run(&[&["lookup", "AA1 1AA"], &credentials[..]].concat()).await;
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(77), "{said}");
    assert!(said.contains("PERMISSION_DENIED (USER_ROLE_NOT_ELIGIBLE)"), "{said}");
    assert!(said.contains("next: ask the server's operator under which User Roles"), "{said}");
}
