//! What is counted, and that every alert and every panel asks for something that is.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use regex::Regex;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tonic::codegen::http::uri::PathAndQuery;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use wan_matrix::{grpc::proto::CspRegion, server};

use crate::{
    admin::{get, metric},
    running::Server,
    wire::batch,
};

#[tokio::test]
async fn calls_loads_and_what_answers_are_counted() {
    // The load below loses nearly all of the sample.
    let guards = [("GUARDS_COVERAGE_LOST_PERCENT", "100"), ("GUARDS_SHRINK_PERCENT", "100")];
    let server = Server::with(&[&guards[..], &[("MAX_AGE_HOURS_SOUTH", "1")]].concat()).await;
    assert!(server::load_sample(server.running.loads()).await.unwrap());
    assert!(server.ask("AA1 1AA").await.is_ok());
    assert!(server.ask("nonsense").await.is_err());
    assert!(server.lookups.clone().batch_request_wan_matrix(batch(10)).await.is_ok());
    server.load(CspRegion::South, 1, &["AA1 1AA,,,"]).await;
    assert!(server.submit(crate::uploads::header(CspRegion::South, 2, b"no"), b"no").await.is_err());
    // A path that nobody serves, and one more: they are one.
    for path in ["/x.Y/Z", "/x.Y/Other"] {
        let mut client = tonic::client::Grpc::new(server.channel.clone());
        client.ready().await.unwrap();
        let codec = tonic_prost::ProstCodec::<(), ()>::default();
        assert!(client.unary(tonic::Request::new(()), PathAndQuery::from_static(path), codec).await.is_err());
    }
    for (name, value) in [
        ("wan_matrix_calls_total{method=\"RequestWanMatrix\",code=\"OK\"}", 1.0),
        ("wan_matrix_calls_total{method=\"RequestWanMatrix\",code=\"INVALID_ARGUMENT\"}", 1.0),
        ("wan_matrix_calls_total{method=\"BatchRequestWanMatrix\",code=\"OK\"}", 1.0),
        ("wan_matrix_calls_total{method=\"StreamCoverageRejects\",code=\"OK\"}", 0.0),
        ("wan_matrix_calls_total{method=\"unknown\",code=\"UNIMPLEMENTED\"}", 2.0),
        ("wan_matrix_call_duration_seconds_count{method=\"RequestWanMatrix\"}", 2.0),
        ("wan_matrix_call_duration_seconds_bucket{method=\"RequestWanMatrix\",le=\"+Inf\"}", 2.0),
        ("wan_matrix_calls_in_flight{class=\"interactive\"}", 0.0),
        ("wan_matrix_calls_shed_total{class=\"bulk\"}", 0.0),
        ("wan_matrix_calls_rate_limited_total", 0.0),
        ("wan_matrix_log_lines_lost_total", 0.0),
        ("wan_matrix_denied_total{reason=\"not_allowed\"}", 0.0),
        ("wan_matrix_connections{listener=\"grpc\"}", 1.0),
        ("wan_matrix_loads_total{region=\"south\",outcome=\"accepted\"}", 2.0),
        ("wan_matrix_loads_total{region=\"south\",outcome=\"refused\"}", 1.0),
        ("wan_matrix_loads_total{region=\"4g-north\",outcome=\"accepted\"}", 0.0),
        ("wan_matrix_active_load_rows{region=\"south\"}", 1.0),
        ("wan_matrix_active_load_stale{region=\"south\"}", 1.0),
        ("wan_matrix_active_load_stale{region=\"north\"}", 0.0),
        ("wan_matrix_region_expected{region=\"4g-south\"}", 0.0),
        ("wan_matrix_region_heard{region=\"south\"}", 1.0),
        // From midday on 1 May to midday on 15 June.
        ("wan_matrix_active_load_age_seconds{region=\"south\"}", 45.0 * 86_400.0),
    ] {
        assert_eq!(metric(&server, name).await, value, "{name}");
    }
    let digest = server.running.loads().active().digest().to_owned();
    assert_eq!(metric(&server, &format!("wan_matrix_active_set{{digest=\"{digest}\"}}")).await, 1.0);
    for name in [
        "wan_matrix_store_memory_bytes",
        "wan_matrix_store_disk_bytes",
        "wan_matrix_load_last_duration_seconds{region=\"south\"}",
        "process_resident_memory_bytes",
        "process_cpu_seconds_total",
    ] {
        assert!(metric(&server, name).await > 0.0, "{name}");
    }
    let (_, metrics) = get(&server, "GET", "/metrics").await;
    assert!(!metrics.contains("AA1") && !metrics.contains("x.Y"), "{metrics}");
}

#[tokio::test]
async fn connections_of_probes_are_counted_beside_the_others() {
    let server = Server::with(&[("HEALTH_LISTEN", "127.0.0.1:0"), ("CONNECTIONS_MAX", "2")]).await;
    let probes = server.running.health_addr().unwrap();
    let mut held = Vec::new();
    for _ in 0..2 {
        let uri = format!("http://{probes}");
        let channel = tonic::transport::Endpoint::from_shared(uri).unwrap().connect().await.unwrap();
        let mut client = HealthClient::new(channel);
        client.check(HealthCheckRequest::default()).await.unwrap();
        held.push(client);
    }
    // One too many.
    let mut refused = TcpStream::connect(probes).await.unwrap();
    let mut nothing = Vec::new();
    let _closed = refused.read_to_end(&mut nothing).await;
    drop(held.pop());
    while metric(&server, "wan_matrix_connections{listener=\"health\"}").await > 1.0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // One that speaks otherwise.
    let mut other = TcpStream::connect(probes).await.unwrap();
    other.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let _closed = other.read_to_end(&mut nothing).await;
    for (name, grpc, health) in [
        ("wan_matrix_connections", 1.0, 1.0),
        ("wan_matrix_connections_turned_away_total", 0.0, 1.0),
        ("wan_matrix_handshakes_failed_total", 0.0, 1.0),
    ] {
        for (listener, count) in [("grpc", grpc), ("health", health)] {
            let name = format!("{name}{{listener=\"{listener}\"}}");
            assert_eq!(metric(&server, &name).await, count, "{name}");
        }
    }
}

/// Each name that an expression asks for.
fn named(expression: &str) -> BTreeSet<String> {
    let name = Regex::new(r"\b(wan_matrix|process)_[a-z0-9_]+\b").unwrap();
    name.find_iter(expression).map(|found| found.as_str().to_owned()).collect()
}

#[tokio::test]
async fn alerts_and_panels_ask_for_what_there_is() {
    // Certificates are only told of where there are some.
    const WITH_TLS: [&str; 2] = ["wan_matrix_certificate_expiry_timestamp_seconds", "wan_matrix_certificate_refused"];
    let server = Server::with_sample().await;
    let (_, metrics) = get(&server, "GET", "/metrics").await;
    let told: BTreeSet<&str> = metrics
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(['{', ' ']).next())
        .collect();
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy");
    for file in ["alerts.yml", "dashboard.json"] {
        let text = fs::read_to_string(deploy.join(file)).unwrap();
        let asked = named(&text);
        assert!(asked.len() >= 10, "{file} asks for {asked:?}");
        for name in asked {
            assert!(told.contains(name.as_str()) || WITH_TLS.contains(&name.as_str()), "{file}: there is no {name}");
        }
    }
    // And a dashboard is JSON, with every panel asking for something.
    let dashboard: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(deploy.join("dashboard.json")).unwrap()).unwrap();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            assert!(!named(target["expr"].as_str().unwrap()).is_empty(), "{panel}");
        }
    }
}
