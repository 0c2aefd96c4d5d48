//! One `[[identities]]` table: a name that certificates prove, and what whoever shows it may do.

use std::fmt;

use toml::{Table, Value};

use crate::{
    domain::CspRegion,
    duis::{UserRole, UserRoles},
    grpc::Roles,
};

use super::identities::San;

/// Every key of such a table, and what it expects.
const KEYS: [(&str, &str); 5] = [
    ("uri", "a URI, or a dns instead of it"),
    ("dns", "a DNS name, or a uri instead of it"),
    ("roles", "one or more of planner, csp and operator"),
    ("regions", "one or more of north, central, south, 4g-north, 4g-central and 4g-south, of a csp and of nobody else"),
    (
        "user_roles",
        "one or more User Roles of DUIS, each two to four capital letters such as IS, of a planner and of nobody else",
    ),
];

/// What is wrong with a table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum IdentityFault {
    /// A key that is not there.
    NoSuchKey(String),
    /// What a key holds, if it is there, and what is expected.
    #[expect(missing_docs, reason = "said above")]
    Value { key: &'static str, found: Option<String>, expected: &'static str },
    /// Its name is another table's.
    Repeated,
}

impl fmt::Display for IdentityFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchKey(key) => {
                write!(f, "there is no key {key}; the keys are {}", KEYS.map(|(known, _)| known).join(", "))
            }
            Self::Value { key, found: Some(found), expected } => write!(f, "{key} is {found}; expected {expected}"),
            Self::Value { key, found: None, expected } => write!(f, "{key} is not set; expected {expected}"),
            Self::Repeated => f.write_str("the name has a table already; expected each name once"),
        }
    }
}

/// Reads a table.
///
/// # Errors
/// [`IdentityFault`]. A mistake is never guessed at: what would be guessed here is who may do what.
pub(super) fn read(table: &Table) -> Result<(San, Roles), IdentityFault> {
    if let Some(key) = table.keys().find(|key| KEYS.iter().all(|(known, _)| known != key)) {
        return Err(IdentityFault::NoSuchKey(key.clone()));
    }
    let text = |key| table.get(key).and_then(Value::as_str);
    let name = match (table.contains_key("uri"), table.contains_key("dns")) {
        (true, false) => {
            text("uri").filter(|uri| uri.contains(':')).map(San::uri).ok_or_else(|| fault(table, "uri"))?
        }
        (false, true) => {
            text("dns").filter(|name| !name.is_empty()).map(San::dns).ok_or_else(|| fault(table, "dns"))?
        }
        (false, false) => return Err(fault(table, "uri")),
        (true, true) => return Err(fault(table, "dns")),
    };
    let roles = list(table, "roles", |name| ["planner", "csp", "operator"].into_iter().find(|role| *role == name))?;
    let regions = list(table, "regions", |region| region.parse::<CspRegion>().ok())?;
    let user_roles = list(table, "user_roles", |role| role.parse::<UserRole>().ok())?;
    let is = |role| roles.contains(&role);
    if roles.is_empty() {
        return Err(fault(table, "roles"));
    }
    // A csp without regions, or regions without a csp, is a mistake and not a role without power.
    if is("csp") == regions.is_empty() {
        return Err(fault(table, "regions"));
    }
    // A planner's may stay unnamed.
    if !user_roles.is_empty() && !is("planner") {
        return Err(fault(table, "user_roles"));
    }
    Ok((
        name,
        Roles {
            planner: is("planner"),
            user_roles: UserRoles::from_iter(user_roles),
            operator: is("operator"),
            ..Roles::csp(&regions)
        },
    ))
}

/// What an array holds; nothing for a key that is not there, and at least one thing for one that is.
fn list<'a, T>(
    table: &'a Table,
    key: &'static str,
    read: impl Fn(&'a str) -> Option<T>,
) -> Result<Vec<T>, IdentityFault> {
    let Some(value) = table.get(key) else { return Ok(Vec::new()) };
    let items = value.as_array().into_iter().flatten();
    let read: Option<Vec<_>> = items.map(|item| read(item.as_str()?)).collect();
    read.filter(|read| !read.is_empty()).ok_or_else(|| fault(table, key))
}

fn fault(table: &Table, key: &'static str) -> IdentityFault {
    let found = table.get(key).map(Value::to_string);
    let expected = KEYS.into_iter().find(|(known, _)| *known == key).map_or("nothing", |(_, expected)| expected);
    IdentityFault::Value { key, found, expected }
}
