//! A server with canned answers, on a port of its own, for the tests of the commands.
//!
//! What it answers to which question is in a file for each service; here is what all of them share: the server, what it
//! has seen, and running a command line against it.

mod coverage_load;
mod loads;
mod lookups;
mod wan_matrix;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use clap::Parser;
use prost_types::Timestamp;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Code, Status, transport::Server};
use tonic_types::{ErrorDetails, StatusExt};

use super::{Cli, Command, ask, exit::Exit, screen::Screen};
use crate::grpc::proto::{
    CoverageLoadHeader, coverage_load_service_server::CoverageLoadServiceServer,
    wan_matrix_service_server::WanMatrixServiceServer,
};

pub(super) use loads::{CENTRAL_LOAD, REFUSED_LOAD};

/// What an upload brought.
#[derive(Clone, Debug, Default)]
pub(super) struct Upload {
    pub header: Option<CoverageLoadHeader>,
    pub chunks: Vec<usize>,
    pub bytes: Vec<u8>,
}

/// What the server was asked, and how it must fail.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub uploads: Vec<Upload>,
    pub batches: Vec<(usize, String)>,
    pub documents: Vec<Vec<u8>>,
    pub fail: Option<Status>,
    pub fail_batch: Option<usize>,
    pub largest_batch: Option<usize>,
}

#[derive(Clone, Default)]
pub(super) struct FakeServer(Arc<Mutex<Seen>>);

/// What a command printed, and how it ended.
pub(super) struct Ran {
    pub exit: Exit,
    pub out: String,
    pub notes: String,
}

impl FakeServer {
    /// Starts it; the address is the second.
    pub(super) async fn start() -> (Self, String) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Self::default();
        let router = Server::builder()
            .add_service(WanMatrixServiceServer::new(server.clone()))
            .add_service(CoverageLoadServiceServer::new(server.clone()));
        tokio::spawn(router.serve_with_incoming(TcpListenerStream::new(listener)));
        (server, url)
    }

    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self) -> Result<(), Status> {
        self.seen().fail.clone().map_or(Ok(()), Err)
    }
}

/// Runs a command line as `main` does; the address is taken out of what it printed.
pub(super) async fn run(url: &str, line: &[&str]) -> Ran {
    let mut args = vec!["wan-matrix"];
    args.extend(line);
    args.extend(["--server", url]);
    run_args(&args, url).await
}

/// The same, with every argument given.
pub(super) async fn run_args(args: &[&str], url: &str) -> Ran {
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let mut screen = Screen { out: &mut out, notes: &mut notes, width: None, live: false };
    let Command::Ask(command) = Cli::try_parse_from(args).unwrap().command else { panic!("{args:?} asks no server") };
    let done = ask(command, &mut screen).await;
    let failed = done.as_ref().err().map(|failure| format!("error: {failure}\n")).unwrap_or_default();
    let text = |bytes| String::from_utf8(bytes).unwrap().replace(url, "http://SERVER");
    Ran {
        exit: done.unwrap_or_else(|failure| failure.exit()),
        out: text(out),
        notes: text(notes) + &failed.replace(url, "http://SERVER"),
    }
}

/// A status as the service makes them.
pub(super) fn status(code: Code, reason: &str, message: &str, metadata: &[(&str, &str)]) -> Status {
    let metadata: HashMap<_, _> =
        metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Status::with_error_details(code, message, ErrorDetails::with_error_info(reason, "wanmatrix", metadata))
}

fn at(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos: 123_000_000 })
}
