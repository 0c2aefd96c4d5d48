//! Who is known here, and as what: the identities that the configuration names, and what a caller may do who shows none.

use std::{collections::BTreeMap, fmt, net::IpAddr};

use crate::grpc::Roles;

use super::{
    config_keys::{ConfigError, Given, Keys},
    identity_table::{self, IdentityFault},
    tls::TlsFiles,
};

/// A name that a certificate proves: a URI or a DNS name among its subject alternative names.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum San {
    Uri(String),
    Dns(String),
}

impl San {
    pub(super) fn uri(uri: &str) -> Self {
        Self::Uri(uri.to_owned())
    }

    /// DNS names are the same in any case.
    pub(super) fn dns(name: &str) -> Self {
        Self::Dns(name.to_ascii_lowercase())
    }
}

impl fmt::Display for San {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Uri(name) | Self::Dns(name)) = self;
        name.fmt(f)
    }
}

/// Who may use what is not a method of ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Open {
    /// Anybody, with a certificate or without.
    Anyone,
    /// Every caller with a role.
    Known,
    /// Operators.
    Operator,
}

/// Everything that decides who a caller is and what it may do. Replaced as a whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identities {
    known: BTreeMap<San, Roles>,
    /// Of a caller on this machine, and of one elsewhere, who shows no certificate.
    local: Roles,
    remote: Roles,
    asks_for_certificates: bool,
    pub(super) health: Open,
    pub(super) reflection: Open,
}

impl Identities {
    /// What the configuration says, for a server with or without TLS.
    pub(super) fn from_keys(keys: &Keys, tls: Option<&TlsFiles>) -> Result<Self, ConfigError> {
        let known = identities(keys)?;
        let without = keys.get("access.without_certificate", roles)?;
        let asks_for_certificates = tls.is_some_and(|tls| tls.client_ca.is_some());
        if known.is_some() && !asks_for_certificates {
            return Err(
                keys.clash("identities", "nobody can show a certificate: set tls.cert, tls.key and tls.client_ca")
            );
        }
        if tls.is_some() && !asks_for_certificates && without.is_none() {
            let what = "nobody could call: set tls.client_ca and identities, or access.without_certificate";
            return Err(keys.clash("tls.cert", what));
        }
        let (local, remote) = match (tls, without) {
            (Some(_), without) => {
                let roles = without.unwrap_or(Roles::NONE);
                (roles.clone(), roles)
            }
            // Said, it holds here too: behind a proxy on this machine, everybody seems to call from it.
            (None, Some(without)) => (without.clone(), without),
            // The machine's own users may read the data directory as well.
            (None, None) => (Roles::OPERATOR, Roles::PLANNER),
        };
        Ok(Self {
            known: known.unwrap_or_default(),
            local,
            remote,
            asks_for_certificates,
            health: keys.get("access.health", open)?.unwrap_or(Open::Anyone),
            reflection: keys.get("access.reflection", open)?.unwrap_or(Open::Known),
        })
    }

    /// What a name may do; `None` when it is not known here.
    pub(super) fn of(&self, name: &San) -> Option<&Roles> {
        self.known.get(name)
    }

    /// What a caller may do who shows no certificate.
    pub(super) const fn without_certificate(&self, address: IpAddr) -> &Roles {
        // A socket for both protocols shows 127.0.0.1 as ::ffff:127.0.0.1.
        if address.to_canonical().is_loopback() { &self.local } else { &self.remote }
    }

    /// Whether callers may show a certificate at all.
    pub(super) const fn asks_for_certificates(&self) -> bool {
        self.asks_for_certificates
    }

    /// Planners whose User Roles do not let them send Service Request 12.1, each in words. They are known and refused: what
    /// an operator may have meant, or may have misspelt.
    pub fn not_eligible(&self) -> impl Iterator<Item = String> {
        let planners = self.known.iter().filter(|(_, roles)| roles.planner);
        planners.filter_map(|(name, roles)| Some(format!("{name} is {roles}: {}", roles.may_request().err()?)))
    }

    /// Says so to whoever reads the log of a start or a reload.
    pub(super) fn warn(&self) {
        for planner in self.not_eligible() {
            tracing::warn!(planner, "a planner is refused Service Request 12.1");
        }
    }

    /// What start-up says: how many are known, and what those may do who are not.
    pub(super) fn said(&self) -> String {
        let known = self.known.len();
        format!("{known} identities; without a certificate: {} on this machine, {} elsewhere", self.local, self.remote)
    }
}

/// `[{ uri = "…", roles = ["csp"], regions = ["central"] }, { dns = "…", roles = ["planner"], user_roles = ["IS"] }]`
fn identities(keys: &Keys) -> Result<Option<BTreeMap<San, Roles>>, ConfigError> {
    let Some(tables) = keys.get("identities", Given::tables)? else { return Ok(None) };
    let mut known = BTreeMap::new();
    for (number, table) in (1..).zip(tables) {
        let said = table.get("uri").or(table.get("dns")).and_then(toml::Value::as_str);
        let fault = |fault| keys.identity(number, said, fault);
        let (name, roles) = identity_table::read(&table).map_err(fault)?;
        if known.insert(name, roles).is_some() {
            return Err(fault(IdentityFault::Repeated));
        }
    }
    Ok(Some(known))
}

/// `planner`, `operator` or `csp:central`, any number of them; `none` for none.
fn roles(given: &Given) -> Option<Roles> {
    // One alone needs no brackets.
    let named = given.list().or_else(|| Some(vec![given.text()?]))?;
    if named.contains(&"none") && named.len() > 1 {
        return None;
    }
    let roles = named.into_iter().filter(|&name| name != "none").map(|name| match name {
        "planner" => Some(Roles::PLANNER),
        "operator" => Some(Roles::OPERATOR),
        _ => Some(Roles::csp(&[name.strip_prefix("csp:")?.parse().ok()?])),
    });
    Some(roles.collect::<Option<Vec<_>>>()?.iter().fold(Roles::NONE, Roles::and))
}

fn open(given: &Given) -> Option<Open> {
    match given.text()? {
        "anyone" => Some(Open::Anyone),
        "known" => Some(Open::Known),
        "operator" => Some(Open::Operator),
        _ => None,
    }
}

#[cfg(test)]
#[path = "identities_tests.rs"]
mod tests;
