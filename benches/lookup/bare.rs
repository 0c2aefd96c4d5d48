//! The services beside the server: this benchmark itself, started again, with the server's own transport settings and
//! runtime. The bare one has the same generated types, and nothing behind them but a constant; the other has the server's
//! handlers, and no gate, no access rules and no telemetry before them.

use std::{
    convert::Infallible,
    env, fs,
    io::{BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    path::Path,
    process::{self, Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use prost::Message as _;
use tokio::net::TcpListener;
use tonic::{
    Request, Response, Status,
    body::Body,
    server::NamedService,
    transport::{Server, server::TcpIncoming},
};
use tower::Service;
use wan_matrix::{
    grpc::{
        Expected, LookupService, WanMatrixApi,
        proto::{
            BatchRequestWanMatrixRequest, BatchRequestWanMatrixResponse, ListActiveCoverageRequest,
            ListActiveCoverageResponse, ListWanVariantsRequest, ListWanVariantsResponse, RequestWanMatrixDuisRequest,
            RequestWanMatrixDuisResponse, RequestWanMatrixRequest, RequestWanMatrixResponse,
            wan_matrix_service_server::{WanMatrixService, WanMatrixServiceServer},
        },
    },
    loads::{Loads, Settings},
    server::{Config, Flags},
};

/// Set for such a process: `bare` and the file that holds the answer, or `handlers` and a data directory.
pub(crate) const CHILD: &str = "WAN_MATRIX_BENCH_BARE";

/// A service in a process of its own; killed when dropped.
pub(crate) struct Bare {
    child: Child,
    addr: SocketAddr,
}

impl Bare {
    /// One that answers from a constant.
    pub(crate) fn start(answer: &Path) -> Self {
        Self::child(format!("bare {}", answer.display()))
    }

    /// One that answers in earnest, from a data directory that is its own.
    pub(crate) fn handlers(data_dir: &Path) -> Self {
        Self::child(format!("handlers {}", data_dir.display()))
    }

    fn child(what: String) -> Self {
        let mut child =
            Command::new(env::current_exe().unwrap()).env(CHILD, what).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, addr: line.trim_end().parse().unwrap() }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) const fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// Serves until killed.
pub(crate) fn child(what: &str) -> ! {
    let (what, path) = what.split_once(' ').unwrap();
    let config = Config::read(Flags::default(), std::iter::empty()).unwrap();
    let runtime = match config.worker_threads {
        1 => tokio::runtime::Builder::new_current_thread().enable_all().build(),
        several => tokio::runtime::Builder::new_multi_thread().worker_threads(several).enable_all().build(),
    };
    let runtime = runtime.unwrap();
    if what == "bare" {
        let answer = RequestWanMatrixResponse::decode(&*fs::read(path).unwrap()).unwrap();
        runtime.block_on(serve(WanMatrixServiceServer::new(Constant(answer))));
    } else {
        let settings = Settings { data_dir: path.into(), ..config.loads() };
        let loads = Loads::open(settings, Arc::clone(&config.table3), Arc::new(Timestamp::now)).unwrap();
        let expected = Expected::new(&config.expected_regions);
        let codes = config.duis_response_codes;
        runtime.block_on(serve(LookupService::new(WanMatrixApi::new(
            loads,
            expected,
            codes,
            Arc::new(Timestamp::now),
        ))));
    }
    process::exit(1)
}

async fn serve<S>(service: S)
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible, Future: Send>
        + NamedService
        + Clone
        + Send
        + Sync
        + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    std::io::stdout().flush().unwrap();
    // As in `server::start`.
    let router = Server::builder()
        .max_concurrent_streams(256)
        .initial_stream_window_size(1u32 << 20)
        .initial_connection_window_size(2u32 << 20)
        .max_frame_size(64u32 << 10)
        .http2_keepalive_interval(Some(Duration::from_secs(60)))
        .http2_keepalive_timeout(Some(Duration::from_secs(20)))
        .add_service(service);
    router.serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true))).await.unwrap();
}

struct Constant(RequestWanMatrixResponse);

#[tonic::async_trait]
impl WanMatrixService for Constant {
    async fn request_wan_matrix(
        &self,
        request: Request<RequestWanMatrixRequest>,
    ) -> Result<Response<RequestWanMatrixResponse>, Status> {
        // Decoded, as in earnest, and then of no use.
        std::hint::black_box(request.into_inner());
        Ok(Response::new(self.0.clone()))
    }

    async fn batch_request_wan_matrix(
        &self,
        _: Request<BatchRequestWanMatrixRequest>,
    ) -> Result<Response<BatchRequestWanMatrixResponse>, Status> {
        Err(Status::unimplemented("bare"))
    }

    async fn request_wan_matrix_duis(
        &self,
        _: Request<RequestWanMatrixDuisRequest>,
    ) -> Result<Response<RequestWanMatrixDuisResponse>, Status> {
        Err(Status::unimplemented("bare"))
    }

    async fn list_wan_variants(
        &self,
        _: Request<ListWanVariantsRequest>,
    ) -> Result<Response<ListWanVariantsResponse>, Status> {
        Err(Status::unimplemented("bare"))
    }

    async fn list_active_coverage(
        &self,
        _: Request<ListActiveCoverageRequest>,
    ) -> Result<Response<ListActiveCoverageResponse>, Status> {
        Err(Status::unimplemented("bare"))
    }
}
