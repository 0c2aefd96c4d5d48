//! Reflection, as grpcurl uses it.

use tokio_stream::StreamExt;
use tonic_reflection::pb::{
    v1::{
        ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
        server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
    },
    v1alpha,
};

use crate::running::Server;

const SERVICES: [&str; 5] = [
    "wanmatrix.v1.WanMatrixService",
    "wanmatrix.v1.CoverageLoadService",
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
];

async fn reflect(server: &Server, requests: Vec<MessageRequest>) -> Vec<MessageResponse> {
    let requests = requests
        .into_iter()
        .map(|request| ServerReflectionRequest { host: String::new(), message_request: Some(request) });
    let requests: Vec<_> = requests.collect();
    let mut client = ServerReflectionClient::new(server.channel.clone());
    let answers = client.server_reflection_info(tokio_stream::iter(requests)).await.unwrap().into_inner();
    answers.map(|answer| answer.unwrap().message_response.unwrap()).collect().await
}

#[tokio::test]
async fn every_service_is_listed_in_both_versions() {
    let server = Server::empty().await;
    let answers = reflect(&server, vec![MessageRequest::ListServices(String::new())]).await;
    let [MessageResponse::ListServicesResponse(list)] = &answers[..] else { panic!("{answers:?}") };
    assert_eq!(list.service.iter().map(|service| service.name.as_str()).collect::<Vec<_>>(), SERVICES);

    let request = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(v1alpha::server_reflection_request::MessageRequest::ListServices(String::new())),
    };
    let mut older = v1alpha::server_reflection_client::ServerReflectionClient::new(server.channel.clone());
    let mut answers = older.server_reflection_info(tokio_stream::iter([request])).await.unwrap().into_inner();
    match answers.message().await.unwrap().unwrap().message_response.unwrap() {
        v1alpha::server_reflection_response::MessageResponse::ListServicesResponse(list) => {
            assert_eq!(list.service.iter().map(|service| service.name.as_str()).collect::<Vec<_>>(), SERVICES);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn services_reasons_and_error_details_are_described() {
    let server = Server::empty().await;
    let details = ["google.rpc.ErrorInfo", "google.rpc.BadRequest", "google.rpc.RetryInfo", "wanmatrix.v1.ErrorReason"];
    for symbol in SERVICES.into_iter().chain(details) {
        let answers = reflect(&server, vec![MessageRequest::FileContainingSymbol(symbol.to_owned())]).await;
        let [MessageResponse::FileDescriptorResponse(files)] = &answers[..] else { panic!("{symbol}: {answers:?}") };
        assert_eq!(files.file_descriptor_proto.len(), 1, "{symbol}");
    }
}
