//! The bare service: this benchmark itself, started again. The server's own transport settings and runtime, the same
//! generated types, and nothing behind them but a constant.

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    path::Path,
    process::{self, Child, Command, Stdio},
    time::Duration,
};

use prost::Message as _;
use tokio::net::TcpListener;
use tonic::{
    Request, Response, Status,
    transport::{Server, server::TcpIncoming},
};
use wan_matrix::{
    grpc::proto::{
        BatchRequestWanMatrixRequest, BatchRequestWanMatrixResponse, ListActiveCoverageRequest,
        ListActiveCoverageResponse, ListWanVariantsRequest, ListWanVariantsResponse, RequestWanMatrixDuisRequest,
        RequestWanMatrixDuisResponse, RequestWanMatrixRequest, RequestWanMatrixResponse,
        wan_matrix_service_server::{WanMatrixService, WanMatrixServiceServer},
    },
    server::{Config, Flags},
};

/// Set for the bare process: the file that holds the answer.
pub(crate) const CHILD: &str = "WAN_MATRIX_BENCH_BARE";

/// A bare service in a process of its own; killed when dropped.
pub(crate) struct Bare {
    child: Child,
    addr: SocketAddr,
}

impl Bare {
    pub(crate) fn start(answer: &Path) -> Self {
        let mut child =
            Command::new(env::current_exe().unwrap()).env(CHILD, answer).stdout(Stdio::piped()).spawn().unwrap();
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

/// Serves the answer until killed.
pub(crate) fn child(answer: &Path) -> ! {
    let answer = RequestWanMatrixResponse::decode(&*fs::read(answer).unwrap()).unwrap();
    let config = Config::read(Flags::default(), std::iter::empty()).unwrap();
    let runtime = match config.worker_threads {
        1 => tokio::runtime::Builder::new_current_thread().enable_all().build(),
        several => tokio::runtime::Builder::new_multi_thread().worker_threads(several).enable_all().build(),
    };
    runtime.unwrap().block_on(serve(answer));
    process::exit(1)
}

async fn serve(answer: RequestWanMatrixResponse) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    std::io::stdout().flush().unwrap();
    // As in `server::start`.
    let router = Server::builder()
        .max_concurrent_streams(256)
        .initial_stream_window_size(1u32 << 20)
        .initial_connection_window_size(2u32 << 20)
        .max_frame_size(256u32 << 10)
        .http2_keepalive_interval(Some(Duration::from_secs(60)))
        .http2_keepalive_timeout(Some(Duration::from_secs(20)))
        .add_service(WanMatrixServiceServer::new(Constant(answer)));
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
