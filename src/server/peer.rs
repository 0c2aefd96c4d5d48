//! The other end of a connection: its address, and the names that its certificate proves.

use std::{net::SocketAddr, sync::Arc};

use arc_swap::ArcSwapOption;
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use crate::grpc::{Caller, Roles};

use super::identities::{Identities, San};

/// Names of a certificate that are looked at, and their longest: nobody needs more, and they are said in headers and logs.
const NAMES_MAX: usize = 32;
const NAME_LENGTH_MAX: usize = 512;

/// The other end of one connection.
#[derive(Debug)]
pub(super) struct Peer {
    address: SocketAddr,
    /// `None`: it showed no certificate.
    names: Option<Vec<San>>,
    /// It was asked for a certificate, and showed none.
    is_stranger: bool,
    /// Who that is, and under which identities: asked for with every call, and only worked out again when they change.
    known: ArcSwapOption<(Arc<Identities>, Arc<Caller>)>,
}

impl Peer {
    /// A peer of whom only the address is known.
    pub(super) fn uncertified(address: SocketAddr) -> Self {
        Self { address, names: None, is_stranger: false, known: ArcSwapOption::empty() }
    }

    /// A peer that was asked for a certificate, and showed none.
    pub(super) fn stranger(address: SocketAddr) -> Self {
        Self { is_stranger: true, ..Self::uncertified(address) }
    }

    /// A peer whose certificate was verified.
    pub(super) fn certified(address: SocketAddr, certificate: &CertificateDer<'_>) -> Self {
        Self { address, names: Some(names(certificate)), is_stranger: false, known: ArcSwapOption::empty() }
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) const fn is_stranger(&self) -> bool {
        self.is_stranger
    }

    /// Who that is under these identities.
    pub(super) fn caller(&self, identities: &Arc<Identities>) -> Arc<Caller> {
        if let Some(known) = &*self.known.load()
            && Arc::ptr_eq(&known.0, identities)
        {
            return Arc::clone(&known.1);
        }
        let caller = Arc::new(self.worked_out(identities));
        self.known.store(Some(Arc::new((Arc::clone(identities), Arc::clone(&caller)))));
        caller
    }

    fn worked_out(&self, identities: &Identities) -> Caller {
        let Some(names) = &self.names else {
            return Caller::of_address(Some(self.address), identities.without_certificate(self.address.ip()).clone());
        };
        let known: Vec<_> = names.iter().filter_map(|name| Some((name, identities.of(name)?))).collect();
        let roles = known.iter().fold(Roles::NONE, |roles, (_, more)| roles.and(more));
        let name = known.first().map(|(name, _)| *name).or(names.first());
        let name = name.map_or_else(|| "a certificate without a name".to_owned(), ToString::to_string);
        Caller::certified(name, Some(self.address), roles)
    }
}

/// The URIs and DNS names of a certificate: what identities are known by. Its common name proves nothing.
fn names(certificate: &CertificateDer<'_>) -> Vec<San> {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return Vec::new() };
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let names = extension.value.general_names.iter().filter_map(|name| match name {
        GeneralName::URI(uri) if uri.len() <= NAME_LENGTH_MAX => Some(San::uri(uri)),
        GeneralName::DNSName(name) if name.len() <= NAME_LENGTH_MAX => Some(San::dns(name)),
        _ => None,
    });
    names.take(NAMES_MAX).collect()
}
