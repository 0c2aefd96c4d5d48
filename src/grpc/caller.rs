//! Who calls, and what that allows. The server puts one into every request; a handler never asks the connection.

use std::{fmt, net::SocketAddr, sync::Arc};

use tonic::Request;

use crate::domain::{CspRegion, RegionMap};

/// A caller as the connection proved it: an identity's name, an address, and roles. Shared by every call of a connection
/// for as long as the roles stay as they are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caller {
    name: String,
    address: Option<SocketAddr>,
    certified: bool,
    roles: Roles,
}

impl Caller {
    /// A caller whose certificate names it.
    #[must_use]
    pub const fn certified(name: String, address: Option<SocketAddr>, roles: Roles) -> Self {
        Self { name, address, certified: true, roles }
    }

    /// A caller of whom only the address is known.
    #[must_use]
    pub fn of_address(address: Option<SocketAddr>, roles: Roles) -> Self {
        let name = address.map_or_else(|| "unknown".to_owned(), |address| address.ip().to_string());
        Self { name, address, certified: false, roles }
    }

    /// The caller of a request. One that the server said nothing of may do nothing.
    #[must_use]
    pub fn of<T>(request: &Request<T>) -> Arc<Self> {
        let caller = request.extensions().get::<Arc<Self>>().cloned();
        caller.unwrap_or_else(|| Arc::new(Self::of_address(None, Roles::NONE)))
    }

    /// The identity's name, or the address of a caller without one: `submitter` and `by`, and what a log line says.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it calls from.
    #[must_use]
    pub const fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Whether a certificate says who it is.
    #[must_use]
    pub const fn is_certified(&self) -> bool {
        self.certified
    }

    /// What it may do.
    #[must_use]
    pub const fn roles(&self) -> &Roles {
        &self.roles
    }
}

/// What a caller may do. Roles add up.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Roles {
    /// Ask for coverage.
    pub planner: bool,
    /// Submit and inspect loads of these regions.
    pub csp: RegionMap<bool>,
    /// Everything.
    pub operator: bool,
}

impl Roles {
    /// Nothing.
    pub const NONE: Self = Self { planner: false, csp: RegionMap::same(false), operator: false };
    /// Everything.
    pub const OPERATOR: Self = Self { operator: true, ..Self::NONE };
    /// Asking for coverage.
    pub const PLANNER: Self = Self { planner: true, ..Self::NONE };

    /// Loads of these regions.
    #[must_use]
    pub fn csp(regions: &[CspRegion]) -> Self {
        Self { csp: RegionMap::from_fn(|region| regions.contains(&region)), ..Self::NONE }
    }

    /// These and those.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        Self {
            planner: self.planner || other.planner,
            csp: RegionMap::from_fn(|region| self.csp[region] || other.csp[region]),
            operator: self.operator || other.operator,
        }
    }

    /// Whether there is any.
    #[must_use]
    pub fn any(&self) -> bool {
        *self != Self::NONE
    }

    /// Whether it may ask for coverage.
    #[must_use]
    pub const fn may_ask(&self) -> bool {
        self.planner || self.operator
    }

    /// Whether the loads of some region are its business.
    #[must_use]
    pub fn may_load(&self) -> bool {
        CspRegion::ALL.into_iter().any(|region| self.may_load_for(region))
    }

    /// Whether a region's loads are its business.
    #[must_use]
    pub fn may_load_for(&self, region: CspRegion) -> bool {
        self.operator || self.csp[region]
    }
}

/// `planner, csp:central+south`, as logs and audit lines have it.
impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let regions: Vec<_> = self.csp.iter().filter(|(_, may)| **may).map(|(region, _)| region.slug()).collect();
        let csp = (!regions.is_empty()).then(|| format!("csp:{}", regions.join("+")));
        let roles = [self.operator.then(|| "operator".to_owned()), self.planner.then(|| "planner".to_owned()), csp];
        let roles: Vec<_> = roles.into_iter().flatten().collect();
        f.write_str(&if roles.is_empty() { "no role".to_owned() } else { roles.join(", ") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_allows_its_own_and_no_more() {
        let csp = Roles::csp(&[CspRegion::Central, CspRegion::South]);
        for (roles, ask, central, north, worded) in [
            (Roles::NONE, false, false, false, "no role"),
            (Roles::PLANNER, true, false, false, "planner"),
            (csp, false, true, false, "csp:central+south"),
            (csp.and(&Roles::PLANNER), true, true, false, "planner, csp:central+south"),
            (Roles::OPERATOR, true, true, true, "operator"),
        ] {
            let may = [roles.may_ask(), roles.may_load_for(CspRegion::Central), roles.may_load_for(CspRegion::North)];
            assert_eq!(may, [ask, central, north], "{worded}");
            assert_eq!(roles.may_load(), central || north, "{worded}");
            assert_eq!(roles.to_string(), worded);
        }
    }

    #[test]
    fn a_request_that_nobody_vouched_for_may_do_nothing() {
        let mut request = Request::new(());
        assert_eq!(*Caller::of(&request).roles(), Roles::NONE);
        let operator = Arc::new(Caller::of_address("127.0.0.1:7".parse().ok(), Roles::OPERATOR));
        request.extensions_mut().insert(Arc::clone(&operator));
        assert_eq!(Caller::of(&request), operator);
        assert_eq!(operator.name(), "127.0.0.1");
    }
}
