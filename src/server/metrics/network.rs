//! Connections, what they are refused for, and the certificate they are met with.

use std::{fmt, sync::Arc};

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};

use crate::{
    loads::Loads,
    server::{Certificates, Door},
};

use super::exposition::{NONE, Told};

/// What stands between the network and the service.
#[derive(Debug)]
pub(in crate::server) struct Network {
    /// By the name of what listens: `grpc`, and `health` where health has a port of its own.
    pub(in crate::server) doors: Vec<(&'static str, Arc<Door>)>,
    pub(in crate::server) certificates: Option<Arc<Certificates>>,
    pub(in crate::server) loads: Arc<Loads>,
}

impl Collector for Network {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let encoder = &mut encoder;
        let Self { doors, certificates, loads } = self;
        let doors = || doors.iter().map(|(listener, door)| ([("listener", *listener)], door));
        let mut open = Told::gauge(encoder, "connections", "Connections that are open")?;
        for (listener, door) in doors() {
            open.is(&listener, door.open() as f64)?;
        }
        let help = "Connections closed at once because there were too many";
        let mut turned_away = Told::counter(encoder, "connections_turned_away", help)?;
        for (listener, door) in doors() {
            turned_away.count(&listener, door.turned_away() as u64)?;
        }
        let help = "Connections that never began: not trusted, not HTTP/2, or nothing in time";
        let mut failed = Told::counter(encoder, "handshakes_failed", help)?;
        for (listener, door) in doors() {
            failed.count(&listener, door.failed_handshakes() as u64)?;
        }
        let (unauthenticated, not_allowed) = loads.denials();
        let mut denied = Told::counter(encoder, "denied", "Calls denied: by callers unknown, or not allowed")?;
        denied.count(&[("reason", "unauthenticated")], unauthenticated)?;
        denied.count(&[("reason", "not_allowed")], not_allowed)?;
        let Some(status) = certificates.as_ref().map(|certificates| certificates.status()) else { return Ok(()) };
        let help = "When the certificate in use ends, in seconds since 1970";
        let mut expiry = Told::gauge(encoder, "certificate_expiry_timestamp_seconds", help)?;
        expiry.is(&NONE, status.expires.as_second() as f64)?;
        let help = "1 while the certificate on disk is refused and the one before is in use";
        Told::gauge(encoder, "certificate_refused", help)?.is(&NONE, f64::from(status.refused.is_some()))
    }
}
