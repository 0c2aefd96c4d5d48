//! `grpc.health.v1`: loads are taken once the store is open, lookups are served once every expected region answers, and
//! from the moment of shutdown nothing is.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::{
    sync::watch,
    task::{self, JoinHandle},
};
use tokio_stream::{Stream, wrappers};
use tonic::{Request, Response, Status, server::NamedService as _};
use tonic_health::{
    ServingStatus,
    pb::{
        HealthCheckRequest, HealthCheckResponse,
        health_server::{self, HealthServer},
    },
    server::{HealthReporter, HealthService, WatchStream},
};

use crate::{
    grpc::{CoverageLoadApi, CoverageLoadServiceServer, Expected, WanMatrixApi, WanMatrixServiceServer},
    loads::Loads,
};

const LOADS: &str = CoverageLoadServiceServer::<CoverageLoadApi>::NAME;
/// The lookups, and the server as a whole: it is there for lookups.
const LOOKUPS: [&str; 2] = [WanMatrixServiceServer::<WanMatrixApi>::NAME, ""];

/// The server's health, kept up to date by a task of its own.
#[derive(Debug)]
pub(super) struct Health {
    reporter: HealthReporter,
    follower: JoinHandle<()>,
}

impl Health {
    /// Health that follows the active set, and the service that tells it. Every status is set when this returns, before
    /// anybody can ask: tonic-health begins with "" as SERVING.
    pub(super) async fn follow(
        loads: Arc<Loads>,
        expected: Expected,
        drain: watch::Receiver<bool>,
    ) -> (Self, HealthServer<HealthApi>) {
        let reporter = HealthReporter::new();
        let api = HealthApi { service: HealthService::from_health_reporter(reporter.clone()), drain };
        let mut flips = loads.subscribe();
        reporter.set_service_status(LOADS, ServingStatus::Serving).await;
        let mut told = lookups(&loads, &expected);
        tell(&reporter, told).await;
        let telling = reporter.clone();
        let follower = task::spawn(async move {
            while flips.changed().await.is_ok() {
                let now = lookups(&loads, &expected);
                // A watcher is told of changes, not of every load.
                if now != told {
                    tell(&telling, now).await;
                    told = now;
                }
            }
        });
        (Self { reporter, follower }, HealthServer::new(api))
    }

    /// The same statuses, for whoever asks otherwise than over gRPC.
    pub(super) fn asked(&self) -> HealthService {
        HealthService::from_health_reporter(self.reporter.clone())
    }

    /// Nothing is served any more, whatever the active set does.
    pub(super) async fn shut(self) {
        self.follower.abort();
        // Waited for, so that no status of its own comes after ours.
        let _aborted = self.follower.await;
        self.reporter.set_service_status(LOADS, ServingStatus::NotServing).await;
        tell(&self.reporter, ServingStatus::NotServing).await;
    }
}

fn lookups(loads: &Loads, expected: &Expected) -> ServingStatus {
    let set = loads.active();
    let unheard = expected.missing(&set);
    // A damaged load of a region that is not expected takes nothing from the others.
    if unheard.into_iter().any(|region| expected.expects(region)) {
        ServingStatus::NotServing
    } else {
        ServingStatus::Serving
    }
}

async fn tell(reporter: &HealthReporter, status: ServingStatus) {
    for name in LOOKUPS {
        reporter.set_service_status(name, status).await;
    }
}

/// tonic-health's service, whose watches end when the server drains: they would keep it waiting to the last.
#[derive(Debug)]
pub(super) struct HealthApi {
    service: HealthService,
    drain: watch::Receiver<bool>,
}

#[tonic::async_trait]
impl health_server::Health for HealthApi {
    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        self.service.check(request).await
    }

    type WatchStream = WatchUntilDrained;

    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<WatchUntilDrained>, Status> {
        let statuses = self.service.watch(request).await?.into_inner();
        let drain = wrappers::WatchStream::new(self.drain.clone());
        Ok(Response::new(WatchUntilDrained { statuses, drain }))
    }
}

/// Statuses as they change, NOT_SERVING the last of them.
#[derive(Debug)]
pub(super) struct WatchUntilDrained {
    statuses: WatchStream,
    drain: wrappers::WatchStream<bool>,
}

impl Stream for WatchUntilDrained {
    type Item = Result<HealthCheckResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // Statuses first: the server stops serving before it drains, and watchers must hear of it.
        if let Poll::Ready(status) = Pin::new(&mut self.statuses).poll_next(cx) {
            return Poll::Ready(status);
        }
        while let Some(false) = ready!(Pin::new(&mut self.drain).poll_next(cx)) {}
        Poll::Ready(None)
    }
}
