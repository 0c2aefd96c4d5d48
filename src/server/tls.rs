//! The server's certificate, its key and the CA of its clients: read, checked as a whole, and made into what a handshake
//! needs. TLS 1.2 and 1.3 only, and HTTP/2 is the only protocol offered.

use std::{fs, io, path::PathBuf, sync::Arc};

use jiff::Timestamp;
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::{NoServerSessionStorage, WebPkiClientVerifier},
    version::{TLS12, TLS13},
};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::config_keys::Origin;

/// A file that the configuration names, and where it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFile {
    pub(super) origin: Origin,
    pub(super) key: &'static str,
    pub(super) path: PathBuf,
}

/// The files a server identifies itself and its callers with. All PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate, then those between it and its CA.
    pub(super) cert: NamedFile,
    /// Its private key.
    pub(super) key: NamedFile,
    /// Who signs the certificates of callers; without it none is asked for.
    pub(super) client_ca: Option<NamedFile>,
}

/// Why the files cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages are the documentation")]
pub enum TlsError {
    #[error("{}: {}: cannot read {}: {source}", .file.origin, .file.key, .file.path.display())]
    Read { file: Box<NamedFile>, source: io::Error },
    #[error("{}: {}: {}: {what}", .file.origin, .file.key, .file.path.display())]
    Unusable { file: Box<NamedFile>, what: String },
}

/// The files' bytes. Never printed: the key is among them.
#[derive(PartialEq, Eq)]
pub(super) struct TlsBytes {
    cert: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

/// Files that were checked: ready for handshakes.
#[derive(Clone, Debug)]
pub(super) struct Material {
    pub(super) config: Arc<ServerConfig>,
    /// When the first certificate of the server's chain runs out.
    pub(super) expires: Timestamp,
    /// Whether callers are asked for a certificate.
    pub(super) asks: bool,
}

impl NamedFile {
    fn read(&self) -> Result<Vec<u8>, TlsError> {
        fs::read(&self.path).map_err(|source| TlsError::Read { file: Box::new(self.clone()), source })
    }

    fn unusable(&self, what: impl Into<String>) -> TlsError {
        TlsError::Unusable { file: Box::new(self.clone()), what: what.into() }
    }

    fn certificates(&self, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let certificates = read.map_err(|error| self.unusable(format!("it is not PEM: {error}")))?;
        if certificates.is_empty() {
            return Err(self.unusable("there is no certificate in it; expected PEM"));
        }
        Ok(certificates)
    }

    /// Whether callers' certificates can be signed with this one. A server's or a caller's own in its place is an easy mistake that
    /// TLS takes without a word, and then nobody gets in.
    fn signs_callers(&self, number: usize, der: &CertificateDer<'_>) -> Result<(), TlsError> {
        let (_, certificate) = X509Certificate::from_der(der)
            .map_err(|error| self.unusable(format!("its certificate {number} cannot be read: {error}")))?;
        // One that signs itself may stand for itself, or be a CA's from before they were marked.
        if certificate.is_ca() || certificate.subject() == certificate.issuer() {
            return Ok(());
        }
        let subject = certificate.subject();
        Err(self.unusable(format!("its certificate {number} ({subject}) is not a CA's; expected who signs callers'")))
    }
}

impl TlsFiles {
    /// Reads the files. Blocks.
    pub(super) fn read(&self) -> Result<TlsBytes, TlsError> {
        Ok(TlsBytes {
            cert: self.cert.read()?,
            key: self.key.read()?,
            client_ca: self.client_ca.as_ref().map(NamedFile::read).transpose()?,
        })
    }

    /// Reads and checks the files. Blocks.
    ///
    /// # Errors
    /// [`TlsError`] names the file and the key of the configuration that names it.
    pub fn check(&self, now: Timestamp) -> Result<(), TlsError> {
        self.material(&self.read()?, now).map(drop)
    }

    /// Checks what was read: the chain parses, runs and hangs together, the key is the certificate's, the CA is one.
    pub(super) fn material(&self, bytes: &TlsBytes, now: Timestamp) -> Result<Material, TlsError> {
        let chain = self.cert.certificates(&bytes.cert)?;
        let expires = self.expiry(&chain, now)?;
        let key = PrivateKeyDer::from_pem_slice(&bytes.key);
        let key = key.map_err(|error| self.key.unusable(format!("there is no private key in it: {error}")))?;
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_protocol_versions(&[&TLS13, &TLS12]);
        let builder = builder.map_err(|error| self.cert.unusable(error.to_string()))?;
        let builder = match (&self.client_ca, &bytes.client_ca) {
            (Some(file), Some(pem)) => {
                let mut roots = RootCertStore::empty();
                for (number, root) in (1..).zip(file.certificates(pem)?) {
                    file.signs_callers(number, &root)?;
                    roots.add(root).map_err(|error| file.unusable(format!("not a CA's certificate: {error}")))?;
                }
                // A caller who shows none is let in, so that probes can ask for health and everybody else is told in
                // words what is missing. One who shows a wrong certificate is not.
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                let verifier = verifier.allow_unauthenticated().build();
                builder.with_client_cert_verifier(verifier.map_err(|error| file.unusable(error.to_string()))?)
            }
            _ => builder.with_no_client_auth(),
        };
        let config = builder.with_single_cert(chain, key);
        let mut config = config.map_err(|error| {
            self.key.unusable(match error {
                rustls::Error::InconsistentKeys(_) => {
                    format!("it is not the key of the certificate in {}", self.cert.path.display())
                }
                other => other.to_string(),
            })
        })?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        // A resumed session is not asked for its certificate again: one that ran out or was withdrawn would live on.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Material { config: Arc::new(config), expires, asks: self.client_ca.is_some() })
    }

    /// When the chain runs out.
    fn expiry(&self, chain: &[CertificateDer<'_>], now: Timestamp) -> Result<Timestamp, TlsError> {
        let file = &self.cert;
        let mut signed_by: Option<String> = None;
        let mut expires = Timestamp::MAX;
        for (place, der) in chain.iter().enumerate() {
            let number = place + 1;
            let (_, certificate) = X509Certificate::from_der(der)
                .map_err(|error| file.unusable(format!("its certificate {number} cannot be read: {error}")))?;
            let time = |at: i64| Timestamp::from_second(at.clamp(-377_705_023_201, 253_402_207_200)).unwrap_or(now);
            let (from, to) = (certificate.validity().not_before, certificate.validity().not_after);
            let (from, to) = (time(from.timestamp()), time(to.timestamp()));
            if now < from {
                return Err(file.unusable(format!("its certificate {number} is not valid before {from}")));
            }
            if to <= now {
                return Err(file.unusable(format!("its certificate {number} expired at {to}")));
            }
            let subject = certificate.subject().to_string();
            if signed_by.is_some_and(|issuer| issuer != subject) {
                let what = format!("its certificate {number} did not sign the one before; put the server's own first");
                return Err(file.unusable(what));
            }
            signed_by = Some(certificate.issuer().to_string());
            expires = expires.min(to);
        }
        Ok(expires)
    }
}
