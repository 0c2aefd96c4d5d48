//! How a command proves who it is, and whom it believes: `--ca`, `--cert` and `--key`.

use std::{error::Error, fs, io, path::PathBuf};

use clap::Args;
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use super::exit::Failure;

/// The files of TLS. Read when a connection is made, so that every connection has those of its time.
#[derive(Args, Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Credentials {
    /// The CA that signed the server's certificate, PEM; the server is then https
    #[arg(long, value_name = "FILE", env = "WAN_MATRIX_CA", help_heading = "TLS")]
    pub ca: Option<PathBuf>,
    /// This caller's certificate, PEM
    #[arg(long, value_name = "FILE", env = "WAN_MATRIX_CERT", requires = "key", help_heading = "TLS")]
    pub cert: Option<PathBuf>,
    /// Its private key, PEM
    #[arg(long, value_name = "FILE", env = "WAN_MATRIX_KEY", requires = "cert", help_heading = "TLS")]
    pub key: Option<PathBuf>,
}

impl Credentials {
    /// What a TLS connection is made with.
    ///
    /// # Errors
    /// [`Failure::Usage`] without a CA, [`Failure::File`].
    pub(super) fn tls(&self) -> Result<ClientTlsConfig, Failure> {
        let Some(ca) = &self.ca else {
            let what = "https wants --ca: the PEM file of the CA that signed the server's certificate";
            return Err(Failure::Usage(what.to_owned()));
        };
        let pem = read(ca)?;
        // tonic takes what holds none for a CA that signed nothing.
        if !matches!(CertificateDer::pem_slice_iter(&pem).next(), Some(Ok(_))) {
            return Err(Failure::Usage(format!("--ca: there is no certificate in {}; expected PEM", ca.display())));
        }
        let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem));
        Ok(match (&self.cert, &self.key) {
            (Some(cert), Some(key)) => tls.identity(Identity::from_pem(read(cert)?, read(key)?)),
            _ => tls,
        })
    }

    /// Whether any was given: plain text would throw them away.
    pub(super) const fn any(&self) -> bool {
        self.ca.is_some() || self.cert.is_some()
    }
}

fn read(path: &PathBuf) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|source| Failure::File { path: path.clone(), source })
}

/// How rustls words what the other side complains of.
const ALERT: &str = "received fatal alert: ";
const NOT_TAKEN: &str = "the server does not take this caller's certificate: is it expired, or from another CA than the \
                         server's tls.client_ca?";

/// The TLS fault behind an error, in words; `None` when TLS is not to blame.
pub(super) fn tls_fault(error: &(dyn Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        // An io::Error hides what it holds from its own sources.
        let held = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let held = held.map(|held| held as &(dyn Error + 'static));
        if let Some(fault) = held.unwrap_or(error).downcast_ref::<rustls::Error>() {
            return Some(worded(fault));
        }
        // On a connection that was made already, HTTP/2 keeps only the words of what broke it.
        let words = error.to_string();
        if words.starts_with(ALERT) {
            return Some(format!("{words}\n  next: {NOT_TAKEN}"));
        }
        cause = held.and_then(Error::source).or_else(|| error.source());
    }
    None
}

fn worded(fault: &rustls::Error) -> String {
    use rustls::{CertificateError as Wrong, Error as Fault};
    let next = match fault {
        Fault::AlertReceived(_) => NOT_TAKEN,
        Fault::InvalidCertificate(Wrong::UnknownIssuer) => "--ca must name the CA that signed the server's certificate",
        Fault::InvalidCertificate(Wrong::NotValidForName | Wrong::NotValidForNameContext { .. }) => {
            "--server must be a name that the server's certificate has"
        }
        Fault::InvalidCertificate(Wrong::Expired | Wrong::ExpiredContext { .. }) => {
            "the server's certificate has expired; tell its operator"
        }
        Fault::InvalidMessage(_) => "the server speaks no TLS there; is it http?",
        _ => return fault.to_string(),
    };
    format!("{fault}\n  next: {next}")
}
