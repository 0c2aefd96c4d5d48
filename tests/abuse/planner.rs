//! Somebody who behaves: asks, over and over, and is answered.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::task::JoinHandle;
use tonic::transport::Endpoint;
use wan_matrix::grpc::proto::{
    Location, RequestWanMatrixRequest, location::Kind, wan_matrix_service_client::WanMatrixServiceClient,
};

/// Longer than any answer may take, on a machine that is busy with much else.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) struct Planner {
    answered: Arc<AtomicU64>,
    trouble: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    asking: JoinHandle<()>,
}

impl Planner {
    pub(crate) async fn start(addr: SocketAddr) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://{addr}")).unwrap();
        let endpoint = endpoint.local_address(Some(IpAddr::from([127, 0, 0, 2])));
        // Once over a connection that lasts, once over a new one: both must work.
        let lasting = endpoint.connect().await.unwrap();
        let answered = Arc::new(AtomicU64::new(0));
        let trouble = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (count, fails, stopped) = (Arc::clone(&answered), Arc::clone(&trouble), Arc::clone(&stop));
        let asking = tokio::spawn(async move {
            while !stopped.load(Ordering::Relaxed) {
                for anew in [false, true] {
                    let began = Instant::now();
                    let asked = async {
                        let channel = if anew { endpoint.connect().await? } else { lasting.clone() };
                        let location = Some(Location { kind: Some(Kind::Postcode("AA1 1AA".to_owned())) });
                        let request = RequestWanMatrixRequest { location, as_of_date: String::new() };
                        let answer = WanMatrixServiceClient::new(channel).request_wan_matrix(request).await?;
                        assert_eq!(answer.into_inner().wan_matrix.unwrap().postcode, "AA1 1AA");
                        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
                    };
                    match tokio::time::timeout(PATIENCE, asked).await {
                        Ok(Ok(())) => drop(count.fetch_add(1, Ordering::Relaxed)),
                        Ok(Err(error)) => {
                            fails.lock().unwrap().push(format!("anew: {anew}, after {:?}: {error:?}", began.elapsed()));
                        }
                        Err(_) => fails.lock().unwrap().push(format!("anew: {anew}: no answer in {PATIENCE:?}")),
                    }
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        Self { answered, trouble, stop, asking }
    }

    pub(crate) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Waits until it was answered some more.
    pub(crate) async fn settled(&self) {
        let (until, from) = (Instant::now() + 3 * PATIENCE, self.answered());
        while self.answered() < from + 4 && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn all_is_well(&self, during: &str) {
        let trouble = self.trouble.lock().unwrap();
        assert!(trouble.is_empty(), "{during}: {:#?}", trouble.iter().take(3).collect::<Vec<_>>());
    }

    pub(crate) async fn stop(self) {
        assert!(self.answered() > 50, "answered {} times", self.answered());
        self.stop.store(true, Ordering::Relaxed);
        self.asking.await.unwrap();
    }
}
