//! Who calls, and what that allows. The server puts one into every request; a handler never asks the connection.

use std::{fmt, net::SocketAddr, sync::Arc};

use tonic::Request;

use crate::{
    domain::{CspRegion, RegionMap},
    duis::{RoleNotEligible, UserRoles},
};

/// A caller as the connection proved it: an identity's name, an address, and roles. Shared by every call of a connection
/// for as long as the roles stay as they are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caller {
    name: String,
    address: Option<SocketAddr>,
    certified: bool,
    roles: Roles,
    /// As lines and spans say them: put into words once, and not with every call.
    user_roles: String,
}

impl Caller {
    /// A caller whose certificate names it.
    #[must_use]
    pub fn certified(name: String, address: Option<SocketAddr>, roles: Roles) -> Self {
        let user_roles = roles.user_roles.to_string();
        Self { name, address, certified: true, roles, user_roles }
    }

    /// A caller of whom only the address is known.
    #[must_use]
    pub fn of_address(address: Option<SocketAddr>, roles: Roles) -> Self {
        let name = address.map_or_else(|| "unknown".to_owned(), |address| address.ip().to_string());
        Self { certified: false, ..Self::certified(name, address, roles) }
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

    /// Its User Roles (`GS+IS`), where somebody has named them.
    #[must_use]
    pub fn user_roles(&self) -> Option<&str> {
        Some(self.user_roles.as_str()).filter(|named| !named.is_empty())
    }
}

/// What a caller may do. Roles add up.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Roles {
    /// Ask for coverage.
    pub planner: bool,
    /// The User Roles of DUIS in which a planner asks; unnamed for whoever is none.
    pub user_roles: UserRoles,
    /// Submit and inspect loads of these regions.
    pub csp: RegionMap<bool>,
    /// Everything.
    pub operator: bool,
}

impl Roles {
    /// Nothing.
    pub const NONE: Self = Self::only(false, false);
    /// Everything.
    pub const OPERATOR: Self = Self::only(false, true);
    /// Asking for coverage.
    pub const PLANNER: Self = Self::only(true, false);

    const fn only(planner: bool, operator: bool) -> Self {
        Self { planner, user_roles: UserRoles::UNNAMED, csp: RegionMap::same(false), operator }
    }

    /// Asking for coverage, as a User in these roles.
    #[must_use]
    pub fn planner_as(user_roles: UserRoles) -> Self {
        Self { user_roles, ..Self::PLANNER }
    }

    /// Loads of these regions.
    #[must_use]
    pub fn csp(regions: &[CspRegion]) -> Self {
        Self { csp: RegionMap::from_fn(|region| regions.contains(&region)), ..Self::NONE }
    }

    /// These and those. A planner whose User Roles nobody has named may ask, whatever roles another name of the same
    /// caller has.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        let unnamed = |roles: &Self| roles.planner && roles.user_roles.are_unnamed();
        let user_roles =
            if unnamed(&self) || unnamed(other) { UserRoles::UNNAMED } else { self.user_roles.and(&other.user_roles) };
        Self {
            planner: self.planner || other.planner,
            user_roles,
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

    /// Whether its User Roles let it send Service Request 12.1, if it may ask at all. An operator is no User, and may do
    /// everything.
    ///
    /// # Errors
    /// [`RoleNotEligible`].
    pub fn may_request(&self) -> Result<(), RoleNotEligible> {
        if self.operator { Ok(()) } else { self.user_roles.may_request() }
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

/// `planner:GS+IS, csp:central+south`, as logs and audit lines have it.
impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let regions: Vec<_> = self.csp.iter().filter(|(_, may)| **may).map(|(region, _)| region.slug()).collect();
        let csp = (!regions.is_empty()).then(|| format!("csp:{}", regions.join("+")));
        let planner = match &self.user_roles {
            unnamed if unnamed.are_unnamed() => "planner".to_owned(),
            named => format!("planner:{named}"),
        };
        let roles = [self.operator.then(|| "operator".to_owned()), self.planner.then_some(planner), csp];
        let roles: Vec<_> = roles.into_iter().flatten().collect();
        f.write_str(&if roles.is_empty() { "no role".to_owned() } else { roles.join(", ") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::duis::UserRole;

    fn planner_as(codes: &[&str]) -> Roles {
        Roles::planner_as(codes.iter().map(|code| code.parse::<UserRole>().unwrap()).collect())
    }

    #[test]
    fn user_roles_add_up_and_never_take_away() {
        let (plain, csp) = (Roles::PLANNER, Roles::csp(&[CspRegion::North]));
        for (one, other, may, worded) in [
            (planner_as(&["IS"]), planner_as(&["GS"]), true, "planner:GS+IS"),
            (planner_as(&["XY"]), planner_as(&["GS"]), true, "planner:GS+XY"),
            (planner_as(&["XY"]), planner_as(&["YZ"]), false, "planner:XY+YZ"),
            (planner_as(&["XY"]), csp, false, "planner:XY, csp:north"),
            (planner_as(&["XY"]), Roles::NONE, false, "planner:XY"),
            (planner_as(&["XY"]), plain.clone(), true, "planner"),
            (planner_as(&["XY"]), Roles::OPERATOR, true, "operator, planner:XY"),
            (plain, Roles::NONE, true, "planner"),
        ] {
            for both in [one.clone().and(&other), other.and(&one)] {
                assert_eq!(both.may_request().is_ok(), may, "{worded}");
                assert_eq!(both.to_string(), worded);
                assert_eq!(
                    Caller::certified(String::new(), None, both.clone()).user_roles().is_some(),
                    worded.contains("planner:")
                );
            }
        }
    }

    #[test]
    fn a_role_allows_its_own_and_no_more() {
        let csp = Roles::csp(&[CspRegion::Central, CspRegion::South]);
        for (roles, ask, central, north, worded) in [
            (Roles::NONE, false, false, false, "no role"),
            (Roles::PLANNER, true, false, false, "planner"),
            (csp.clone(), false, true, false, "csp:central+south"),
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
