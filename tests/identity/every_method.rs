//! Every method, every caller: the exact code. The methods are read from the descriptors, so that a new one without a line
//! here fails.

use std::collections::BTreeMap;

use prost_reflect::{DescriptorPool, MethodDescriptor};
use tonic::{Code, Request, Status, client::Grpc, transport::Channel};
use tonic_prost::ProstCodec;
use wan_matrix::grpc::DESCRIPTORS;

use crate::{
    pki::{Ca, Pair},
    server::{CSP, NOT_ELIGIBLE, OPERATOR, PLANNER, STRANGER, SUPPLIER, Server},
};

/// What an empty request is answered when it is allowed, and by what rule.
const METHODS: [(&str, Code, Rule); 15] = {
    use Code::{InvalidArgument, NotFound, Ok};
    use Rule::{Ask, Health, Load, Reflect, Request};
    [
        ("wanmatrix.v1.WanMatrixService/RequestWanMatrix", InvalidArgument, Request),
        ("wanmatrix.v1.WanMatrixService/BatchRequestWanMatrix", InvalidArgument, Request),
        ("wanmatrix.v1.WanMatrixService/RequestWanMatrixDuis", InvalidArgument, Request),
        ("wanmatrix.v1.WanMatrixService/ListWanVariants", Ok, Ask),
        ("wanmatrix.v1.WanMatrixService/ListActiveCoverage", Ok, Ask),
        ("wanmatrix.v1.CoverageLoadService/SubmitCoverageLoad", InvalidArgument, Load),
        ("wanmatrix.v1.CoverageLoadService/GetCoverageLoad", NotFound, Load),
        ("wanmatrix.v1.CoverageLoadService/ListCoverageLoads", Ok, Load),
        ("wanmatrix.v1.CoverageLoadService/ActivateCoverageLoad", NotFound, Load),
        ("wanmatrix.v1.CoverageLoadService/StreamCoverageRejects", NotFound, Load),
        ("wanmatrix.v1.CoverageLoadService/StreamCoverageChanges", NotFound, Load),
        // Nothing is loaded, but the server as a whole is there to be asked.
        ("grpc.health.v1.Health/Check", Ok, Health),
        ("grpc.health.v1.Health/Watch", Ok, Health),
        ("grpc.reflection.v1.ServerReflection/ServerReflectionInfo", InvalidArgument, Reflect),
        ("grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", InvalidArgument, Reflect),
    ]
};

#[derive(Clone, Copy, PartialEq, Debug)]
enum Rule {
    /// Service Request 12.1.
    Request,
    Ask,
    Load,
    Health,
    Reflect,
}

/// What a caller hears.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Heard {
    /// The server's own status.
    Code(Code),
    /// There was no connection to be answered on.
    NoConnection,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Who {
    NoCertificate,
    UnknownCa,
    Expired,
    NoRole,
    Planner,
    /// A planner in User Roles that may send SR12.1.
    Supplier,
    /// A planner in one that may not.
    NotEligible,
    Csp,
    Operator,
}

fn expected(who: Who, rule: Rule, allowed: Code) -> Heard {
    use Rule::{Ask, Health, Load, Reflect, Request};
    use Who::{Csp, Expired, NoCertificate, NoRole, NotEligible, Operator, Planner, Supplier, UnknownCa};
    Heard::Code(match (who, rule) {
        (UnknownCa | Expired, _) => return Heard::NoConnection,
        (_, Health)
        | (Operator, _)
        | (Planner | Supplier, Request)
        | (Planner | Supplier | NotEligible, Ask | Reflect)
        | (Csp, Load | Reflect) => allowed,
        (NoCertificate, _) => Code::Unauthenticated,
        (NotEligible, Request) | (NoRole, _) | (Planner | Supplier | NotEligible, Load) | (Csp, Request | Ask) => {
            Code::PermissionDenied
        }
    })
}

/// Every method that the server lists in its reflection.
fn methods() -> BTreeMap<String, MethodDescriptor> {
    let sets = [
        DESCRIPTORS,
        tonic_health::pb::FILE_DESCRIPTOR_SET,
        tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
        tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
    ];
    let services = sets.into_iter().flat_map(|set| DescriptorPool::decode(set).unwrap().services().collect::<Vec<_>>());
    let methods = services.flat_map(|service| service.methods().collect::<Vec<_>>());
    methods.map(|method| (format!("{}/{}", method.parent_service().full_name(), method.name()), method)).collect()
}

/// One empty request, whatever the method's type: an empty message is well formed for each.
async fn call(channel: &Channel, method: &MethodDescriptor, path: &str) -> Result<(), Status> {
    let mut client = Grpc::new(channel.clone());
    client.ready().await.map_err(|error| Status::from_error(error.into()))?;
    let path = format!("/{path}").parse().unwrap();
    let codec = ProstCodec::<(), ()>::default();
    let once = || Request::new(tokio_stream::iter([()]));
    match (method.is_client_streaming(), method.is_server_streaming()) {
        (false, false) => client.unary(Request::new(()), path, codec).await.map(drop),
        (true, false) => client.client_streaming(once(), path, codec).await.map(drop),
        (false, true) => {
            client.server_streaming(Request::new(()), path, codec).await?.into_inner().message().await.map(drop)
        }
        (true, true) => client.streaming(once(), path, codec).await?.into_inner().message().await.map(drop),
    }
}

async fn heard(server: &Server, pair: Option<&Pair>, method: &MethodDescriptor, path: &str) -> Heard {
    // With TLS 1.3 a client has its connection before the server has looked at its certificate.
    let Ok(channel) = server.connect(pair).await else { return Heard::NoConnection };
    match call(&channel, method, path).await {
        Ok(()) => Heard::Code(Code::Ok),
        // A status with a source was made on this side.
        Err(status) if std::error::Error::source(&status).is_some() => Heard::NoConnection,
        Err(status) => Heard::Code(status.code()),
    }
}

#[tokio::test]
async fn every_method_answers_every_caller_with_its_code() {
    let server = Server::start().await;
    let ca = &server.ca;
    let other = Ca::new("the CA of a test").unwrap();
    let callers = [
        (Who::NoCertificate, None),
        // The same names from another CA of the same name.
        (Who::UnknownCa, Some(other.caller(OPERATOR).unwrap())),
        (Who::Expired, Some(ca.expired(OPERATOR).unwrap())),
        (Who::NoRole, Some(ca.caller(STRANGER).unwrap())),
        (Who::Planner, Some(ca.caller(PLANNER).unwrap())),
        (Who::Supplier, Some(ca.caller(SUPPLIER).unwrap())),
        (Who::NotEligible, Some(ca.caller(NOT_ELIGIBLE).unwrap())),
        (Who::Csp, Some(ca.caller(CSP).unwrap())),
        (Who::Operator, Some(ca.caller(OPERATOR).unwrap())),
    ];
    let served = methods();
    assert_eq!(
        served.keys().map(String::as_str).collect::<Vec<_>>(),
        METHODS
            .iter()
            .map(|(path, ..)| *path)
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>(),
        "served on the left, tested here on the right"
    );
    let mut wrong = Vec::new();
    for (path, allowed, rule) in METHODS {
        for (who, pair) in &callers {
            let expected = expected(*who, rule, allowed);
            let heard = heard(&server, pair.as_ref(), &served[path], path).await;
            if heard != expected {
                wrong.push(format!("{path} as {who:?}: {heard:?}, expected {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let (unauthenticated, not_allowed) = server.running.loads().denials();
    // 11 methods of ours and 2 of reflection without a certificate, and without a role; 6 none of the three planners may, 3 one
    // of them may not, 5 a CSP may not.
    assert_eq!((unauthenticated, not_allowed), (13, 13 + 3 * 6 + 3 + 5));
    let denied = server.audited("denied", 10).await;
    assert!(denied.iter().any(|line| line["by"] == STRANGER), "{denied:?}");
    assert_eq!(server.running.door().failed_handshakes(), 2 * METHODS.len());
}

#[tokio::test]
async fn what_is_not_served_is_unimplemented_for_everybody() {
    let server = Server::start().await;
    let some = methods().remove("wanmatrix.v1.WanMatrixService/ListWanVariants").unwrap();
    for pair in [None, Some(server.ca.caller(OPERATOR).unwrap())] {
        let channel = server.connect(pair.as_ref()).await.unwrap();
        for path in ["wanmatrix.v1.WanMatrixService/Nothing", "wanmatrix.v2.WanMatrixService/ListWanVariants", "x/y"] {
            assert_eq!(call(&channel, &some, path).await.unwrap_err().code(), Code::Unimplemented, "{path}");
        }
    }
}

#[tokio::test]
async fn health_and_reflection_can_be_closed() {
    let server = Server::with("access.health = \"known\"\naccess.reflection = \"operator\"").await;
    let served = methods();
    let health = "grpc.health.v1.Health/Check";
    let reflection = "grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    let [planner, operator] = [PLANNER, OPERATOR].map(|uri| server.ca.caller(uri).unwrap());
    for (pair, path, code) in [
        (None, health, Code::Unauthenticated),
        (Some(&planner), health, Code::Ok),
        (Some(&planner), reflection, Code::PermissionDenied),
        (Some(&operator), reflection, Code::InvalidArgument),
    ] {
        assert_eq!(heard(&server, pair, &served[path], path).await, Heard::Code(code), "{path}");
    }
}

#[tokio::test]
async fn the_roles_of_all_names_of_a_certificate_add_up() {
    let server = Server::start().await;
    let both = server.ca.caller_by_dns(&["nobody.example", "PLANNER-and-csp.example", "also-csp.example"]).unwrap();
    let one = server.ca.caller_by_dns(&["planner-and-csp.example"]).unwrap();
    let served = methods();
    let (ask, load) =
        ("wanmatrix.v1.WanMatrixService/ListWanVariants", "wanmatrix.v1.CoverageLoadService/ListCoverageLoads");
    for (pair, path, code) in
        [(&both, ask, Code::Ok), (&both, load, Code::Ok), (&one, ask, Code::Ok), (&one, load, Code::PermissionDenied)]
    {
        assert_eq!(heard(&server, Some(pair), &served[path], path).await, Heard::Code(code), "{path}");
    }
}
