//! A SIGHUP: what of a new configuration takes effect at once, and what it cannot.

use std::sync::Arc;

use tokio::task;

use super::{Config, Running, config_keys::Setting};

/// Keys, or beginnings of keys, that take effect without a restart.
const RELOADED: [&str; 8] = [
    "log.level",
    "log.slow_call_milliseconds",
    "identities",
    "access.",
    "connections.",
    "limits.",
    "guards.",
    "shutdown.",
];
/// Those of them that do not.
const NOT_RELOADED: [&str; 2] = ["connections.max_handshakes", "limits.max_message_bytes"];
/// The files may be others; whether there is TLS may not.
const TLS: &str = "tls.";

impl Running {
    /// Takes a new configuration into force as far as that can be, looks at the certificates, and logs what needs a
    /// restart. False when nothing of it could be taken.
    pub async fn reload(&self, config: Config) -> bool {
        if config.tls.is_some() != self.certificates.is_some()
            || config.identities.asks_for_certificates() != self.started.identities.asks_for_certificates()
        {
            // Roles that were meant for the other way of serving must not come into force.
            tracing::error!("TLS and client certificates are turned on or off by a restart only; nothing is reloaded");
            return false;
        }
        for key in changed(&self.started, &config).filter(|key| !is_reloaded(key)) {
            tracing::warn!(key, "it has changed, and takes effect at the next start only");
        }
        let (certificates, files) = (self.certificates.clone(), config.tls.clone());
        let looked = task::spawn_blocking(move || {
            if let (Some(certificates), Some(files)) = (certificates, files) {
                certificates.look_at(files);
            }
        });
        if let Err(error) = looked.await {
            tracing::error!(%error, "the certificates could not be looked at");
        }
        let now: Vec<_> = changed(&self.live.load(), &config).filter(|key| is_reloaded(key)).collect();
        let access = config.identities.said();
        config.identities.warn();
        config.take_files();
        self.gate.apply(&config);
        self.loads.set(config.loads());
        self.live.store(Arc::new(config));
        tracing::info!(changed = now.join(", "), access, "the configuration is reloaded");
        true
    }
}

fn is_reloaded(key: &str) -> bool {
    !NOT_RELOADED.contains(&key) && (key.starts_with(TLS) || RELOADED.iter().any(|reloaded| key.starts_with(reloaded)))
}

/// Keys whose values differ, or the tables in the files that they name. Where a value is given does not matter.
fn changed(before: &Config, after: &Config) -> impl Iterator<Item = &'static str> + use<> {
    let only_in = |these: &[Setting], those: &[Setting]| {
        let missing =
            |setting: &&Setting| !those.iter().any(|other| (other.key, &other.given) == (setting.key, &setting.given));
        these.iter().filter(missing).map(|setting| setting.key).collect::<Vec<_>>()
    };
    let mut keys = only_in(&before.given, &after.given);
    keys.extend(only_in(&after.given, &before.given));
    let tables = [
        ("wan_variants", before.table3.sha256() == after.table3.sha256()),
        ("duis_response_codes", before.duis_response_codes == after.duis_response_codes),
    ];
    keys.extend(tables.into_iter().filter(|(_, same)| !same).map(|(key, _)| key));
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter()
}

#[cfg(test)]
mod tests {
    use super::{super::Flags, *};

    fn config(variables: &[(&str, &str)]) -> Config {
        let variables = variables.iter().map(|(key, value)| (format!("WAN_MATRIX_{key}"), (*value).to_owned()));
        Config::read(Flags::default(), variables).unwrap()
    }

    #[test]
    fn what_has_changed_is_told_by_its_key() {
        let before = config(&[("LISTEN", "127.0.0.1:1"), ("LOG_LEVEL", "info"), ("SHUTDOWN_DRAIN_SECONDS", "3")]);
        let after = config(&[("LISTEN", "127.0.0.1:2"), ("LOG_LEVEL", "info"), ("ACCESS_HEALTH", "known")]);
        let keys: Vec<_> = changed(&before, &after).collect();
        assert_eq!(keys, ["access.health", "listen", "shutdown.drain_seconds"]);
        assert_eq!(keys.into_iter().filter(|key| !is_reloaded(key)).collect::<Vec<_>>(), ["listen"]);
        assert_eq!(changed(&before, &before).count(), 0);
        assert!(is_reloaded("connections.max") && !is_reloaded("connections.max_handshakes"));
    }

    /// Whoever edits a table in its place and reloads must not believe that it counts.
    #[test]
    fn a_table_that_has_changed_in_its_file_is_told_too() {
        let directory = tempfile::tempdir().unwrap();
        for (key, shipped, from, to) in [
            ("wan_variants", include_str!("../../data/chism-annex-e.csv"), "Variant 450", "Variant 460"),
            ("duis_response_codes", include_str!("../../data/duis-response-codes.csv"), "E120101", "E120199"),
        ] {
            let path = directory.path().join(key);
            let read = |text: &str| {
                std::fs::write(&path, text).unwrap();
                config(&[(&key.to_uppercase(), path.to_str().unwrap())])
            };
            let (before, edited) = (read(shipped), read(&shipped.replace(from, to)));
            assert_eq!(changed(&before, &read(shipped)).count(), 0);
            assert_eq!(changed(&before, &edited).collect::<Vec<_>>(), [key]);
            assert!(!is_reloaded(key));
        }
    }
}
