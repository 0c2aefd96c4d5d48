//! grpc.health.v1, as a load balancer reads it.

use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
use wan_matrix::{
    grpc::proto::CspRegion,
    server::{Config, Flags, load_sample},
};

use crate::running::Server;

const LOOKUPS: &str = "wanmatrix.v1.WanMatrixService";
const LOADS: &str = "wanmatrix.v1.CoverageLoadService";

fn of(service: &str) -> HealthCheckRequest {
    HealthCheckRequest { service: service.to_owned() }
}

async fn healthy(server: &Server) -> [bool; 3] {
    let mut health = HealthClient::new(server.channel.clone());
    let mut serving = [false; 3];
    for (serving, service) in serving.iter_mut().zip([LOADS, LOOKUPS, ""]) {
        *serving = health.check(of(service)).await.unwrap().into_inner().status() == ServingStatus::Serving;
    }
    serving
}

#[tokio::test]
async fn lookups_are_served_once_every_expected_region_answers() {
    let server = Server::empty().await;
    let mut health = HealthClient::new(server.channel.clone());
    let mut watch = health.watch(of("")).await.unwrap().into_inner();
    assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);
    for region in [CspRegion::North, CspRegion::South, CspRegion::Central4g] {
        assert_eq!(healthy(&server).await, [true, false, false]);
        server.load(region, 1, &["AA1 1AA,,,"]).await;
    }
    server.load(CspRegion::Central, 1, &["AA1 1AA,,,"]).await;
    assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::Serving);
    let mut lookups = health.watch(of(LOOKUPS)).await.unwrap().into_inner();
    while lookups.message().await.unwrap().unwrap().status() != ServingStatus::Serving {}
    assert_eq!(healthy(&server).await, [true, true, true]);
}

#[tokio::test]
async fn a_restart_is_healthy_at_once() {
    let server = Server::empty().await;
    load_sample(server.running.loads()).await.unwrap();
    let directory = server.directory.clone();
    drop((server.lookups, server.loads, server.channel));
    server.running.shutdown().await.unwrap();
    let flags = Flags {
        data_dir: Some(directory.path().to_owned()),
        listen: Some("127.0.0.1:0".parse().unwrap()),
        admin_listen: Some("off".to_owned()),
        ..Flags::default()
    };
    let server = Server::start(directory, &Config::read(flags, std::iter::empty()).unwrap()).await;
    assert_eq!(healthy(&server).await, [true, true, true]);
    // And the sample is not loaded over what is there.
    assert!(!load_sample(server.running.loads()).await.unwrap());
    assert!(server.ask("AA1 1AA").await.is_ok());
}

#[tokio::test]
async fn probes_find_health_on_a_port_of_its_own_and_nothing_else() {
    let server = Server::with(&[("HEALTH_LISTEN", "127.0.0.1:0")]).await;
    let addr = server.running.health_addr().unwrap();
    let channel = tonic::transport::Channel::from_shared(format!("http://{addr}")).unwrap().connect().await.unwrap();
    let mut health = HealthClient::new(channel.clone());
    for (service, status) in [(LOADS, ServingStatus::Serving), (LOOKUPS, ServingStatus::NotServing)] {
        assert_eq!(health.check(of(service)).await.unwrap().into_inner().status(), status, "{service}");
    }
    let ask = wan_matrix::grpc::proto::ListWanVariantsRequest::default();
    let mut lookups = wan_matrix::grpc::proto::wan_matrix_service_client::WanMatrixServiceClient::new(channel);
    assert_eq!(lookups.list_wan_variants(ask).await.unwrap_err().code(), tonic::Code::Unimplemented);
    let mut watch = health.watch(of(LOADS)).await.unwrap().into_inner();
    assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::Serving);
    let down = tokio::spawn(server.running.shutdown());
    assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);
    down.await.unwrap().unwrap();
}

#[tokio::test]
async fn watchers_hear_of_the_shutdown_and_do_not_delay_it() {
    let server = Server::with_sample().await;
    let mut health = HealthClient::new(server.channel.clone());
    let mut watches = Vec::new();
    for service in [LOADS, LOOKUPS, ""] {
        let mut watch = health.watch(of(service)).await.unwrap().into_inner();
        while watch.message().await.unwrap().unwrap().status() != ServingStatus::Serving {}
        watches.push(watch);
    }
    // Only the watchers are connected now, and they stay for as long as they are served.
    drop((server.lookups, server.loads, server.channel, health));
    let down = tokio::spawn(server.running.shutdown());
    for mut watch in watches {
        assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);
        assert!(watch.message().await.unwrap().is_none());
    }
    down.await.unwrap().unwrap();
}
