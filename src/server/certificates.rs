//! The certificates in use, and how new ones take their place without a restart: the files are looked at every few
//! seconds and at a SIGHUP, what changed is checked as a whole, and what is found wanting leaves the last good in use.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::{task, time};

use crate::loads::Clock;

use super::tls::{Material, TlsBytes, TlsError, TlsFiles};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(3);

/// The certificates of a server. Cheap to ask; for metrics too.
pub struct Certificates {
    clock: Clock,
    current: ArcSwap<Material>,
    looked_at: Mutex<LookedAt>,
}

struct LookedAt {
    files: TlsFiles,
    /// The bytes last judged; `None` when they could not be read.
    bytes: Option<TlsBytes>,
    /// Why what lies there now is not in use.
    refused: Option<String>,
    taken: u64,
}

/// What there is to tell of the certificates in use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CertificateStatus {
    /// When the server's certificate, or one between it and its CA, runs out.
    pub expires: Timestamp,
    /// Why the files as they lie there are not in use, if they are not.
    pub refused: Option<String>,
    /// How often new files were taken into use since the start.
    pub taken: u64,
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificates").field("status", &self.status()).finish_non_exhaustive()
    }
}

impl Certificates {
    /// Reads the files. Blocks.
    ///
    /// # Errors
    /// [`TlsError`]: there is nothing good to go on with.
    pub(super) fn open(files: TlsFiles, clock: Clock) -> Result<Self, TlsError> {
        let bytes = files.read()?;
        let material = files.material(&bytes, clock())?;
        let looked_at = Mutex::new(LookedAt { files, bytes: Some(bytes), refused: None, taken: 0 });
        Ok(Self { clock, current: ArcSwap::from_pointee(material), looked_at })
    }

    /// What the next handshake is made with.
    pub(super) fn current(&self) -> Arc<rustls::ServerConfig> {
        Arc::clone(&self.current.load().config)
    }

    /// Whether callers are asked for a certificate.
    pub(super) fn ask_for_one(&self) -> bool {
        self.current.load().asks
    }

    /// What there is to tell.
    #[must_use]
    pub fn status(&self) -> CertificateStatus {
        let looked_at = self.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
        let expires = self.current.load().expires;
        CertificateStatus { expires, refused: looked_at.refused.clone(), taken: looked_at.taken }
    }

    /// Looks at the files, and takes what is new and good into use. Blocks.
    pub(super) fn look(&self) {
        self.judge(&mut self.looked_at.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The same, from now on at these files. Blocks.
    pub(super) fn look_at(&self, files: TlsFiles) {
        let mut looked_at = self.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
        looked_at.files = files;
        self.judge(&mut looked_at);
    }

    fn judge(&self, looked_at: &mut LookedAt) {
        let judged = match looked_at.files.read() {
            // What was refused is judged again, for time may have healed it: a certificate comes of age.
            Ok(bytes) if looked_at.refused.is_none() && looked_at.bytes.as_ref() == Some(&bytes) => return,
            Ok(bytes) => {
                let material = looked_at.files.material(&bytes, (self.clock)());
                looked_at.bytes = Some(bytes);
                material
            }
            Err(error) => {
                looked_at.bytes = None;
                Err(error)
            }
        };
        match judged {
            Ok(material) => {
                tracing::info!(expires = %material.expires, "new certificates are in use");
                self.current.store(Arc::new(material));
                looked_at.refused = None;
                looked_at.taken += 1;
            }
            Err(error) => {
                let refused = error.to_string();
                // Said once, not at every look.
                if looked_at.refused.as_ref() != Some(&refused) {
                    tracing::error!(error = refused, "new certificates are refused; those before stay in use");
                }
                looked_at.refused = Some(refused);
            }
        }
    }

    /// Looks at the files for as long as the server runs.
    pub(super) async fn follow(self: Arc<Self>) {
        let mut ticks = time::interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let certificates = Arc::clone(&self);
            if let Err(error) = task::spawn_blocking(move || certificates.look()).await {
                tracing::error!(%error, "the certificates could not be looked at");
            }
        }
    }
}

#[cfg(test)]
#[path = "certificates_tests.rs"]
mod tests;
