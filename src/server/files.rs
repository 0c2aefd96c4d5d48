//! Open files, of which every connection is one. When they run out nobody new is heard, and no load finds its disk: a limit that
//! is too small is better told at the start than met on a busy day.

use std::fmt;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::Config;

/// Files besides connections: the databases of loads, a load in progress, listeners, what the runtime has for itself – some 20 at
/// rest and 25 while a load comes – and 32 connections for health and metrics over HTTP. The rest is to spare, for what is
/// compared and sorted meanwhile.
const OTHERS: u64 = 200;

/// The system lets this process have fewer open files than its configuration may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ShortOfFiles {
    connections: u64,
    needed: u64,
    allowed: u64,
}

impl fmt::Display for ShortOfFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { connections, needed, allowed } = self;
        write!(
            f,
            "{connections} connections may be open (connections.max) and need some {needed} open files, and this process \
             may have {allowed}: raise LimitNOFILE, or the hard limit of ulimit -n, or lower connections.max"
        )
    }
}

impl Config {
    /// What the system's limit on open files falls short of, if it does. The soft limit is the server's own to raise.
    #[must_use]
    pub fn short_of_files(&self) -> Option<ShortOfFiles> {
        self.short_of(getrlimit(Resource::Nofile).maximum)
    }

    /// `None` is no limit.
    fn short_of(&self, allowed: Option<u64>) -> Option<ShortOfFiles> {
        let (connections, needed) = self.files();
        let allowed = allowed.filter(|&allowed| allowed < needed)?;
        Some(ShortOfFiles { connections, needed, allowed })
    }

    /// Connections that may be open, and the files that they and the rest need.
    fn files(&self) -> (u64, u64) {
        // Health's own port has as many places as the other.
        let listeners = if self.health_listen.is_some() { 2 } else { 1 };
        let connections = (self.connections.max as u64).saturating_mul(listeners);
        (connections, connections.saturating_add(OTHERS))
    }

    /// Takes as many files as the configuration may need, as far as the system lets it, and says where it does not.
    pub(super) fn take_files(&self) {
        let (_, needed) = self.files();
        let limit = getrlimit(Resource::Nofile);
        let wanted = limit.maximum.map_or(needed, |hard| hard.min(needed));
        if limit.current.is_some_and(|soft| soft < wanted) {
            let raised = Rlimit { current: Some(wanted), maximum: limit.maximum };
            if let Err(error) = setrlimit(Resource::Nofile, raised) {
                tracing::warn!(%error, wanted, "the limit on open files cannot be raised; see ulimit -n");
            }
        }
        if let Some(short) = self.short_of_files() {
            tracing::warn!("{short}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Flags;

    #[test]
    fn every_connection_is_a_file_and_there_are_others() {
        for (variables, connections) in [
            (&[][..], 1000),
            (&[("CONNECTIONS_MAX", "50")], 50),
            (&[("CONNECTIONS_MAX", "50"), ("HEALTH_LISTEN", "127.0.0.1:1")], 100),
        ] {
            let variables = variables.iter().map(|(key, value)| (format!("WAN_MATRIX_{key}"), (*value).to_owned()));
            let config = Config::read(Flags::default(), variables).unwrap();
            let needed = connections + OTHERS;
            assert_eq!(config.short_of(None), None);
            assert_eq!(config.short_of(Some(needed)), None);
            let short = config.short_of(Some(needed - 1)).unwrap();
            assert_eq!(short, ShortOfFiles { connections, needed, allowed: needed - 1 });
        }
    }
}
