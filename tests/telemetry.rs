//! What a server process tells of its calls: JSON where nobody watches, a line a call for whoever asks for it, and no
//! postcode above debug.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[path = "common/listening.rs"]
mod listening;
#[path = "../examples/certificates/pki.rs"]
#[expect(dead_code, reason = "nobody here shows a certificate but the server")]
mod pki;

use std::{
    fs::{self, File},
    io::BufReader,
    process::{Child, ChildStdout, Command, Stdio},
};

use listening::listening;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tonic::{
    Code, Request, Status,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint},
};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use wan_matrix::grpc::proto::{
    ActivateCoverageLoadRequest, BatchRequestWanMatrixRequest, CoverageLoadHeader, CspRegion, Location,
    RequestWanMatrixRequest, SubmitCoverageLoadRequest, coverage_load_service_client::CoverageLoadServiceClient,
    location::Kind, submit_coverage_load_request::Part, wan_matrix_service_client::WanMatrixServiceClient,
};

/// What was meant for a postcode.
const CELL: &str = "AA7 7ZZX";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

struct Process {
    child: Child,
    url: String,
    directory: TempDir,
    _stdout: BufReader<ChildStdout>,
}

impl Process {
    fn start(variables: &[(&str, &str)]) -> Self {
        let directory = TempDir::new().unwrap();
        let log = File::create(directory.path().join("log")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_wan-matrix"))
            .args(["serve", "--sample", "--listen", "127.0.0.1:0", "--admin-listen", "off", "--data-dir"])
            .arg(directory.path().join("data"))
            .envs(variables.iter().map(|(name, value)| (format!("WAN_MATRIX_{name}"), value)))
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let (addr, stdout) = listening(&mut child);
        Self { url: format!("http://{addr}"), child, directory, _stdout: stdout }
    }

    /// Asks once for each outcome that is told differently.
    async fn asked(&self) {
        let channel = tonic::transport::Endpoint::from_shared(self.url.clone()).unwrap().connect().await.unwrap();
        let mut client = WanMatrixServiceClient::new(channel);
        let location = |postcode: &str| Location { kind: Some(Kind::Postcode(postcode.to_owned())) };
        let lookup =
            |postcode: &str| RequestWanMatrixRequest { location: Some(location(postcode)), as_of_date: String::new() };
        let mut traced = Request::new(lookup("AA1 1AA"));
        traced.metadata_mut().insert("traceparent", format!("00-{TRACE}-b7ad6b7169203331-00").parse().unwrap());
        client.request_wan_matrix(traced).await.unwrap();
        client.request_wan_matrix(lookup("AA9 9ZZ")).await.unwrap_err();
        let batch =
            BatchRequestWanMatrixRequest { locations: vec![location("AA1 1AA"); 20], as_of_date: String::new() };
        client.batch_request_wan_matrix(batch).await.unwrap();
        let mut late = Request::new(lookup("AA1 1AA"));
        late.metadata_mut().insert("grpc-timeout", "1n".parse().unwrap());
        // Whether it is late is a matter of nanoseconds.
        let _late = client.request_wan_matrix(late).await;
    }

    /// Sends a file of which no row can be accepted.
    async fn sent_nonsense(&self) {
        let channel = tonic::transport::Endpoint::from_shared(self.url.clone()).unwrap().connect().await.unwrap();
        let file = format!("postcode,availability_date,wan_variant,connectivity_likelihood\n{CELL},,,\n").into_bytes();
        let header = CoverageLoadHeader {
            csp_region: CspRegion::South.into(),
            issue_time: Some(prost_types::Timestamp { seconds: 1_767_225_600, nanos: 0 }),
            sha256: Sha256::digest(&file).to_vec(),
            ..CoverageLoadHeader::default()
        };
        let parts = [Part::Header(header), Part::Chunk(file.into())];
        let messages = parts.map(|part| SubmitCoverageLoadRequest { part: Some(part) });
        let refused = CoverageLoadServiceClient::new(channel).submit_coverage_load(tokio_stream::iter(messages)).await;
        assert!(refused.unwrap_err().message().contains(CELL));
    }

    /// What it has logged when it has ended.
    fn logged(mut self) -> Vec<Value> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success());
        let log = fs::read_to_string(self.directory.path().join("log")).unwrap();
        log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

async fn activate(channel: &Channel) -> Status {
    let request = ActivateCoverageLoadRequest { load_id: "south-1".to_owned() };
    CoverageLoadServiceClient::new(channel.clone()).activate_coverage_load(request).await.unwrap_err()
}

/// A watch until its deadline.
async fn watch(channel: &Channel) -> Code {
    let mut request = Request::new(HealthCheckRequest::default());
    // By hand: the client would keep a deadline of its own, and hang up.
    request.metadata_mut().insert("grpc-timeout", "50m".parse().unwrap());
    let watch = HealthClient::new(channel.clone()).watch(request).await;
    let Ok(watch) = watch else { return watch.unwrap_err().code() };
    let mut watch = watch.into_inner();
    loop {
        match watch.message().await {
            Ok(Some(_)) => {}
            Ok(None) => return Code::Ok,
            Err(status) => return status.code(),
        }
    }
}

fn calls(log: &[Value]) -> Vec<&Value> {
    log.iter().filter(|line| line["target"] == "wan_matrix::calls").collect()
}

// The client must go on hearing while the process is waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn each_call_has_its_line_for_whoever_asks_for_it() {
    let process = Process::start(&[("LOG_LEVEL", "warn,wan_matrix::calls=debug")]);
    process.asked().await;
    let log = process.logged();
    let calls = calls(&log);
    let told = |place: usize| {
        let fields = &calls[place]["fields"];
        (fields["method"].as_str().unwrap(), fields["code"].as_str().unwrap())
    };
    assert_eq!(told(0), ("RequestWanMatrix", "Ok"));
    assert_eq!(told(1), ("RequestWanMatrix", "NotFound"));
    assert_eq!(told(2), ("BatchRequestWanMatrix", "Ok"));
    let first = &calls[0]["fields"];
    assert_eq!((first["caller"].as_str(), first["trace_id"].as_str()), (Some("127.0.0.1"), Some(TRACE)));
    for place in [0, 2] {
        let fields = &calls[place]["fields"];
        let load_ids: Vec<_> = fields["load_ids"].as_str().unwrap().split(',').collect();
        assert!(load_ids.len() == 4 && load_ids[0].starts_with("north-"), "{fields}");
        assert!(fields["millis"].as_f64().unwrap() > 0.0, "{fields}");
    }
    assert_eq!(calls[2]["fields"].get("trace_id"), None);
}

// The client must go on hearing while the process is waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn above_debug_there_are_slow_calls_and_no_postcode() {
    let process = Process::start(&[("LOG_SLOW_CALL_MILLISECONDS", "1000000")]);
    process.asked().await;
    let log = process.logged();
    assert!(calls(&log).iter().all(|line| line["fields"]["code"] == "DeadlineExceeded"), "{log:#?}");
    assert!(log.len() >= 5, "{log:#?}");

    let process = Process::start(&[("LOG_SLOW_CALL_MILLISECONDS", "1")]);
    for _ in 0..50 {
        process.asked().await;
    }
    let log = process.logged();
    for line in &log {
        let text = line.to_string();
        assert!(!text.contains("AA1") && !text.contains("AA9"), "{text}");
    }
}

/// A warning that is not true teaches to overlook it where it is.
#[test]
fn an_operator_without_a_certificate_is_warned_of_where_there_is_one() {
    for (variables, warned) in [(&[][..], true), (&[("ACCESS_WITHOUT_CERTIFICATE", "planner")], false)] {
        let log = Process::start(variables).logged();
        let of_operators = |line: &Value| line["fields"]["message"].as_str().unwrap().contains("is an operator");
        assert_eq!(log.iter().any(|line| line["level"] == "WARN" && of_operators(line)), warned, "{log:#?}");
    }
}

/// Otherwise the log could be filled by whoever reaches the port.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn strangers_and_calls_without_a_place_have_no_line_above_debug() {
    let files = TempDir::new().unwrap();
    let ca = pki::Ca::new("the CA of a test").unwrap();
    ca.server().unwrap().write(files.path(), "server").unwrap();
    let file = |name: &str| files.path().join(name).display().to_string();
    let (cert, key) = (file("server.pem"), file("server.key"));
    let variables =
        |roles| [("TLS_CERT", cert.as_str()), ("TLS_KEY", key.as_str()), ("ACCESS_WITHOUT_CERTIFICATE", roles)];
    for (roles, code) in [("none", Code::Unauthenticated), ("planner", Code::PermissionDenied)] {
        let process = Process::start(&variables(roles));
        let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&ca.pem)).domain_name("localhost");
        let url = process.url.replace("http://", "https://");
        let channel = Endpoint::from_shared(url).unwrap().tls_config(tls).unwrap().connect().await.unwrap();
        for _ in 0..20 {
            assert_eq!(activate(&channel).await.code(), code);
        }
        let log = process.logged();
        assert!(calls(&log).is_empty(), "{roles}: {log:#?}");
    }

    let process = Process::start(&[("LIMITS_CALLS_PER_SECOND", "1"), ("LIMITS_CALLS_BURST", "2")]);
    let channel = Endpoint::from_shared(process.url.clone()).unwrap().connect().await.unwrap();
    assert_eq!(watch(&channel).await, Code::DeadlineExceeded);
    let mut refused = 0;
    for _ in 0..20 {
        refused += u32::from(activate(&channel).await.code() == Code::ResourceExhausted);
    }
    assert!(refused >= 10, "{refused}");
    let log = process.logged();
    let codes: Vec<_> = calls(&log).iter().map(|line| line["fields"]["code"].as_str().unwrap()).collect();
    // What was taken in has its line, for it could have changed what answers.
    assert!(!codes.is_empty() && codes.iter().all(|code| *code == "NotFound"), "{codes:?}");
}

// The client must go on hearing while the process is waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_refused_load_is_told_of_without_what_its_file_says() {
    let process = Process::start(&[("LOG_LEVEL", "debug")]);
    process.sent_nonsense().await;
    let log = process.logged();
    let warned =
        log.iter().find(|line| line["level"] == "WARN" && line["fields"]["message"] == "load refused").unwrap();
    assert_eq!(warned["fields"]["by_what"], "no-accepted-row");
    let quoting: Vec<_> = log.iter().filter(|line| line.to_string().contains("AA7")).collect();
    assert!(!quoting.is_empty() && quoting.iter().all(|line| line["level"] == "DEBUG"), "{quoting:#?}");
}
