//! `wan-matrix loads changes`.

use std::{fmt, str::FromStr};

use clap::Args;

use super::rows::{Follow, Rows};
use crate::{
    cli::{
        connect::Server,
        exit::Failure,
        screen::{RowOutput, Screen},
        words,
    },
    domain::{AddressIdentifier, Location, Postcode, Uprn},
    grpc::proto::{CoverageChange, CoverageChangeKind, StreamCoverageChangesRequest},
};

/// Which loads to compare.
#[derive(Args, Debug)]
#[command(after_help = "Examples, what the load that answers now changed:
  wan-matrix loads list --region central
  wan-matrix loads changes central-20260125T030000Z-ba9876543210 central-20260201T030000Z-0123456789ab
  wan-matrix loads changes central-20260125T030000Z-ba9876543210 central-20260201T030000Z-0123456789ab \\
      --output csv > changed.csv

Postcodes come first, then premises by UPRN, then those without one. CSV has one
row for each location, `before_` columns empty for a new one and `after_` columns
for a removed one; `before_postcode` is where a UPRN lay that lies elsewhere now.
States are covered, none_planned and set_aside; movements have spaces between.")]
pub struct ChangesArgs {
    /// The load to compare with, staged, active or superseded
    #[arg(value_name = "BEFORE")]
    pub before_load: String,
    /// The load that is compared; of the same region
    #[arg(value_name = "AFTER")]
    pub after_load: String,
    /// Only locations behind this postcode, or behind this premises without a UPRN
    #[arg(long, value_name = "POSTCODE[, IDENTIFIER]")]
    pub after: Option<After>,
    /// Only locations behind the premises with this UPRN
    #[arg(long, value_name = "UPRN", conflicts_with = "after")]
    pub after_uprn: Option<Uprn>,
    /// How to show them
    #[arg(long, value_enum, default_value_t = RowOutput::Table)]
    pub output: RowOutput,
    #[command(flatten)]
    pub server: Server,
}

/// A location to go on behind, that is no UPRN.
#[derive(Clone, Debug)]
pub struct After(Location);

impl FromStr for After {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let postcode = |text: &str| text.parse::<Postcode>().map_err(|malformed| malformed.to_string());
        let Some((place, identifier)) = text.split_once(',') else {
            return Ok(Self(Location::Postcode(postcode(text)?)));
        };
        let identifier = AddressIdentifier::parse_told(identifier.trim()).map_err(|malformed| malformed.to_string())?;
        Ok(Self(Location::Address(postcode(place)?, identifier)))
    }
}

/// The last location that was seen, in the fields that a change names it by. All are empty before the first.
#[derive(Default)]
pub(super) struct Seen {
    postcode: String,
    uprn: String,
    address_identifier: String,
}

impl Seen {
    fn asked(args: &ChangesArgs) -> Self {
        let location =
            args.after_uprn.map(Location::Uprn).or_else(|| args.after.clone().map(|After(location)| location));
        match location {
            None => Self::default(),
            Some(Location::Uprn(uprn)) => Self { uprn: uprn.to_string(), ..Self::default() },
            Some(Location::Postcode(postcode)) => Self { postcode: postcode.to_string(), ..Self::default() },
            Some(Location::Address(postcode, identifier)) => Self {
                postcode: postcode.to_string(),
                address_identifier: identifier.as_str().to_owned(),
                ..Self::default()
            },
        }
    }

    pub(super) fn see(&mut self, change: &CoverageChange) {
        self.postcode.clone_from(&change.postcode);
        self.uprn.clone_from(&change.uprn);
        self.address_identifier.clone_from(&change.address_identifier);
    }
}

/// The option that goes on from there; nothing before the first.
impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { postcode, uprn, address_identifier } = self;
        match (postcode.as_str(), uprn.as_str(), address_identifier.as_str()) {
            ("", "", "") => Ok(()),
            (_, "", "") => write!(f, "; --after \"{postcode}\" goes on from here"),
            (_, "", _) => write!(f, "; --after \"{postcode}, {address_identifier}\" goes on from here"),
            _ => write!(f, "; --after-uprn {uprn} goes on from here"),
        }
    }
}

/// How many locations differ, and how.
#[derive(Default)]
struct Tally {
    new: i64,
    changed: i64,
    removed: i64,
    other: i64,
}

/// What is kept of the changes that came.
struct Followed {
    seen: Seen,
    tally: Tally,
}

impl Follow<CoverageChange> for Followed {
    fn follow(&mut self, change: &CoverageChange) {
        self.tally.count(change);
        self.seen.see(change);
    }
}

impl fmt::Display for Followed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.seen.fmt(f)
    }
}

pub(super) async fn run(args: ChangesArgs, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let server = &args.server.url;
    let mut client = server.coverage_loads().await?;
    let seen = Seen::asked(&args);
    let request = StreamCoverageChangesRequest {
        before_load_id: args.before_load,
        after_load_id: args.after_load,
        after_postcode: seen.postcode.clone(),
        after_uprn: seen.uprn.clone(),
        after_address_identifier: seen.address_identifier.clone(),
    };
    let stream = client.stream_coverage_changes(request).await;
    let stream = stream.map_err(|status| server.refused(status))?.into_inner();
    let mut followed = Followed { seen, tally: Tally::default() };
    Rows { server, output: args.output, limit: None }.show(stream, &mut followed, screen).await?;
    if args.output == RowOutput::Table {
        followed.tally.write(screen)?;
    }
    Ok(())
}

impl Tally {
    fn count(&mut self, change: &CoverageChange) {
        match change.kind() {
            CoverageChangeKind::New => self.new += 1,
            CoverageChangeKind::Changed => self.changed += 1,
            CoverageChangeKind::Removed => self.removed += 1,
            CoverageChangeKind::Unspecified => self.other += 1,
        }
    }

    fn write(&self, screen: &mut Screen<'_>) -> Result<(), Failure> {
        let Self { new, changed, removed, other } = *self;
        let all = new + changed + removed + other;
        if all == 0 {
            writeln!(screen.out, "no location differs")?;
            return Ok(());
        }
        let counted = |number, what| format!("{} {what}", words::count(number));
        let mut parts = vec![counted(new, "new"), counted(changed, "changed"), counted(removed, "removed")];
        // A kind of a later contract is a difference all the same.
        parts.extend((other > 0).then(|| counted(other, "of a kind not known here")));
        let differ = if all == 1 { "location differs" } else { "locations differ" };
        writeln!(screen.out, "\n{} {differ}: {}", words::count(all), parts.join(", "))?;
        Ok(())
    }
}
