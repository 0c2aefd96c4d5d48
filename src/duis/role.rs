//! User Roles, and which of them may send a Request WAN Matrix.

use std::{collections::BTreeSet, fmt, str::FromStr};

/// The User Roles that are eligible for SR12.1, in DUIS's order: Import, Export and Gas Supplier, Registered Supplier
/// Agent, Electricity Distributor, Gas Transporter, Other User (DUIS 5.4, Service Request 12.1, "Eligible Users").
///
/// Whatever is not in this table may not ask. Which other roles there are is for DUIS to say, and for an operator to
/// know: a role is no mistake because it is not eligible.
const ELIGIBLE: [&str; 7] = ["IS", "ES", "GS", "RSA", "ED", "GT", "OU"];

/// A User Role by its abbreviation (`IS`): two to four capital letters, eligible or not.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct UserRole(String);

impl UserRole {
    /// Every eligible role, in DUIS's order.
    pub fn eligible() -> impl Iterator<Item = Self> {
        ELIGIBLE.into_iter().map(|code| Self(code.to_owned()))
    }

    /// Whether it may send SR12.1.
    #[must_use]
    pub fn is_eligible(&self) -> bool {
        ELIGIBLE.contains(&self.as_str())
    }

    /// As DUIS abbreviates it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A text that is no abbreviation of a User Role.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a User Role is written as DUIS abbreviates it, in two to four capital letters such as IS")]
pub struct NoUserRole;

/// Reads the abbreviation, in upper case.
impl FromStr for UserRole {
    type Err = NoUserRole;

    fn from_str(text: &str) -> Result<Self, NoUserRole> {
        let good = (2..=4).contains(&text.len()) && text.bytes().all(|letter| letter.is_ascii_uppercase());
        if good { Ok(Self(text.to_owned())) } else { Err(NoUserRole) }
    }
}

/// The User Roles of one User; none where nobody has named any.
///
/// A supplier of both fuels is an Import Supplier and a Gas Supplier, and asks in the one or the other as it likes.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct UserRoles(BTreeSet<UserRole>);

impl UserRoles {
    /// None named.
    pub const UNNAMED: Self = Self(BTreeSet::new());

    /// Whether nobody has named any.
    #[must_use]
    pub fn are_unnamed(&self) -> bool {
        self.0.is_empty()
    }

    /// These and those.
    #[must_use]
    pub fn and(&self, others: &Self) -> Self {
        Self(&self.0 | &others.0)
    }

    /// Whether a User with these roles may send SR12.1: in one of them at least, or while none is named.
    ///
    /// # Errors
    /// [`RoleNotEligible`] says which roles it has, and which would do.
    pub fn may_request(&self) -> Result<(), RoleNotEligible> {
        if self.are_unnamed() || self.0.iter().any(UserRole::is_eligible) {
            return Ok(());
        }
        Err(RoleNotEligible { roles: self.clone() })
    }
}

impl FromIterator<UserRole> for UserRoles {
    fn from_iter<I: IntoIterator<Item = UserRole>>(roles: I) -> Self {
        Self(roles.into_iter().collect())
    }
}

/// `GS+IS`.
impl fmt::Display for UserRoles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codes: Vec<_> = self.0.iter().map(UserRole::as_str).collect();
        f.pad(&codes.join("+"))
    }
}

/// User Roles of which none may send SR12.1.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("Service Request 12.1 is for the User Roles {eligible}, and not for {roles}", eligible = ELIGIBLE.join(", "))]
pub struct RoleNotEligible {
    /// Those that the User has.
    pub roles: UserRoles,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(codes: &[&str]) -> UserRoles {
        codes.iter().map(|code| code.parse::<UserRole>().unwrap()).collect()
    }

    #[test]
    fn an_abbreviation_is_read_and_nothing_that_only_resembles_one() {
        for good in ["IS", "RSA", "OU", "XY", "ABCD"] {
            assert_eq!(good.parse::<UserRole>().unwrap().as_str(), good);
        }
        for bad in ["", "I", "is", "IS ", " IS", "IS,GS", "I5", "ÉS", "ABCDE", "Import Supplier"] {
            assert_eq!(bad.parse::<UserRole>(), Err(NoUserRole), "{bad}");
        }
    }

    #[test]
    fn the_eligible_are_these_seven_and_no_others() {
        let eligible: Vec<_> = UserRole::eligible().map(|role| role.to_string()).collect();
        assert_eq!(eligible, ["IS", "ES", "GS", "RSA", "ED", "GT", "OU"]);
        assert!(UserRole::eligible().all(|role| role.is_eligible()));
        let letters = || ('A'..='Z').map(String::from);
        let pairs = letters().flat_map(|one| letters().map(move |two| format!("{one}{two}")));
        assert_eq!(pairs.filter(|code| code.parse::<UserRole>().unwrap().is_eligible()).count(), 6);
    }

    #[test]
    fn one_eligible_role_is_enough_and_none_named_is_no_hindrance() {
        for (codes, shown, may) in [
            (&[][..], "", true),
            (&["IS"], "IS", true),
            (&["IS", "GS", "IS"], "GS+IS", true),
            (&["XY", "OU"], "OU+XY", true),
            (&["XY"], "XY", false),
            (&["XY", "AB"], "AB+XY", false),
        ] {
            let roles = roles(codes);
            assert_eq!(roles.to_string(), shown);
            assert_eq!(roles.may_request().is_ok(), may, "{shown}");
        }
        let error = roles(&["XY", "AB"]).may_request().unwrap_err();
        insta::assert_snapshot!(error, @"Service Request 12.1 is for the User Roles IS, ES, GS, RSA, ED, GT, OU, and not for AB+XY");
    }
}
