//! What a row speaks of, and what a caller asks for.

use std::fmt;

use super::{AddressIdentifier, Postcode, Uprn};

/// A place, by what names it: the key of a row. A row's key is its UPRN if it has one, else its postcode and address
/// identifier, else its postcode.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Location {
    /// All of a postcode that has no row of its own.
    Postcode(Postcode),
    /// One premises, by its number.
    Uprn(Uprn),
    /// One premises, or several, by its postcode and what tells it apart there.
    Address(Postcode, AddressIdentifier),
}

/// In words that a message can begin with: `SW1A 1AA`, `UPRN 100023336956`, `"flat 1" in SW1A 1AA`.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postcode(postcode) => postcode.fmt(f),
            Self::Uprn(uprn) => write!(f, "UPRN {uprn}"),
            Self::Address(postcode, identifier) => write!(f, "\"{identifier}\" in {postcode}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_location_is_told_apart() {
        let postcode: Postcode = "sw1a1aa".parse().unwrap();
        let identifier = AddressIdentifier::parse("Flat 1,").unwrap();
        for (location, said) in [
            (Location::Postcode(postcode), "SW1A 1AA"),
            (Location::Uprn("0012".parse().unwrap()), "UPRN 12"),
            (Location::Address(postcode, identifier), "\"flat 1\" in SW1A 1AA"),
        ] {
            assert_eq!(location.to_string(), said);
        }
    }
}
