//! Limits of connections, and the files of TLS, as the configuration gives them.

use std::time::Duration;

use super::{
    config_keys::{ConfigError, Given, Keys},
    tls::{NamedFile, TlsFiles},
};

/// Limits of connections. Those of calls are in [`super::Limits`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connections {
    /// Connections at a time; the next is closed at once.
    pub max: usize,
    /// Of them, those of peers that show no certificate where one is asked for.
    pub max_without_certificate: usize,
    /// Handshakes at a time; the host that has the most of them gives way to the next, by its oldest.
    pub max_handshakes: usize,
    /// How long a handshake may take, to the first bytes of HTTP/2.
    pub handshake: Duration,
    /// How long a connection may have no call in flight.
    pub idle: Duration,
    /// The same, of a peer that shows no certificate where one is asked for: a place that anybody may take is not kept for
    /// long. No key sets it.
    pub idle_without_certificate: Duration,
    /// How long a connection may live; a tenth less or more, so that not all end at once.
    pub max_age: Duration,
    /// What calls in flight on a connection of that age get on top.
    pub grace: Duration,
    /// The headers of one call, as HTTP/2 counts them.
    pub max_header_bytes: u32,
    /// A silent peer is asked whether it is there.
    pub keepalive: Duration,
    /// How long it may take to say so.
    pub keepalive_timeout: Duration,
}

pub(super) fn connections(keys: &Keys) -> Result<Connections, ConfigError> {
    let count = |key, default| Ok(keys.get(key, at_least_one)?.unwrap_or(default));
    let seconds = |key, default| Ok(Duration::from_secs(keys.get(key, positive)?.unwrap_or(default)));
    Ok(Connections {
        max: count("connections.max", 1000)?,
        max_without_certificate: count("connections.max_without_certificate", 100)?,
        max_handshakes: count("connections.max_handshakes", 100)?,
        handshake: seconds("connections.handshake_seconds", 10)?,
        idle: seconds("connections.idle_seconds", 600)?,
        idle_without_certificate: Duration::from_secs(30),
        max_age: seconds("connections.max_age_seconds", 3600)?,
        grace: seconds("connections.grace_seconds", 300)?,
        max_header_bytes: keys.get("connections.max_header_bytes", header_bytes)?.unwrap_or(16 << 10),
        keepalive: seconds("connections.keepalive_seconds", 60)?,
        keepalive_timeout: seconds("connections.keepalive_timeout_seconds", 20)?,
    })
}

/// The files of TLS; none: plain text.
pub(super) fn tls(keys: &Keys) -> Result<Option<TlsFiles>, ConfigError> {
    let file = |key| {
        let path = keys.get(key, super::config::path)?;
        let named = path.zip(keys.origin(key).cloned());
        Ok(named.map(|(path, origin)| NamedFile { origin, key, path }))
    };
    match (file("tls.cert")?, file("tls.key")?, file("tls.client_ca")?) {
        (Some(cert), Some(key), client_ca) => Ok(Some(TlsFiles { cert, key, client_ca })),
        (None, None, None) => Ok(None),
        (Some(_), None, _) => Err(keys.clash("tls.cert", "tls.key is missing: the two go together")),
        (None, Some(_), _) => Err(keys.clash("tls.key", "tls.cert is missing: the two go together")),
        (None, None, Some(_)) => Err(keys.clash("tls.client_ca", "tls.cert and tls.key are missing: there is no TLS")),
    }
}

/// Seconds, up to a year: more is a mistake, and near the end of what a number holds no two of them could be added.
pub(super) fn seconds(given: &Given) -> Option<u64> {
    given.whole().filter(|&seconds| seconds <= 31_536_000)
}

pub(super) fn positive(given: &Given) -> Option<u64> {
    seconds(given).filter(|&seconds| seconds > 0)
}

fn at_least_one(given: &Given) -> Option<usize> {
    usize::try_from(given.whole()?).ok().filter(|count| (1..=100_000).contains(count))
}

fn header_bytes(given: &Given) -> Option<u32> {
    u32::try_from(given.whole()?).ok().filter(|bytes| (4096..=1 << 20).contains(bytes))
}
