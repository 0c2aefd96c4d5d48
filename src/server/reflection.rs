//! Reflection, v1 and v1alpha: what grpcurl reads before it can ask anything.
//!
//! The descriptors of `google.rpc` error details are among the files, or grpcurl prints an error's details as base64.

use tonic::server::NamedService as _;
use tonic_health::pb::health_server::HealthServer;
use tonic_reflection::server::{
    Builder, Error,
    v1::{ServerReflection, ServerReflectionServer},
    v1alpha,
};

use crate::grpc::{CoverageLoadApi, CoverageLoadServiceServer, DESCRIPTORS, WanMatrixApi, WanMatrixServiceServer};

use super::health::HealthApi;

/// Listed by name: services of ours and those every gRPC tool knows, not whatever a descriptor set happens to hold.
const SERVICES: [&str; 5] = [
    WanMatrixServiceServer::<WanMatrixApi>::NAME,
    CoverageLoadServiceServer::<CoverageLoadApi>::NAME,
    HealthServer::<HealthApi>::NAME,
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
];

fn builder() -> Builder<'static> {
    let builder = Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET);
    SERVICES.into_iter().fold(builder, Builder::with_service_name)
}

pub(super) fn v1() -> Result<ServerReflectionServer<impl ServerReflection>, Error> {
    builder().build_v1()
}

/// Older tools know no other.
pub(super) fn v1alpha() -> Result<v1alpha::ServerReflectionServer<impl v1alpha::ServerReflection>, Error> {
    builder().build_v1alpha()
}
