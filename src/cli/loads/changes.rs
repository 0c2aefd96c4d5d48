//! `wan-matrix loads changes`.

use std::{fmt, str::FromStr};

use clap::Args;

use crate::{
    cli::{
        connect::{Server, ServerUrl},
        exit::Failure,
        json::to_json,
        plain::plain,
        screen::{RowOutput, Screen},
        words,
    },
    domain::{AddressIdentifier, Location, Postcode, Uprn},
    grpc::proto::{CoverageChange, CoverageChangeKind, CoverageFacts, StreamCoverageChangesRequest},
};

/// Rows of a table that are laid out together: the stream may be long, the screen wants it soon.
const TOGETHER: usize = 200;
/// What is said of a location, before and after.
const FACTS: usize = 7;
const COLUMNS: [&str; 3 + 2 * FACTS + 3] = [
    "postcode",
    "change",
    "movements",
    "before_state",
    "before_availability_date",
    "before_wan_variant",
    "before_wan_variant_status",
    "before_connectivity_likelihood",
    "before_auxiliary_equipment_required",
    "before_additional_information",
    "after_state",
    "after_availability_date",
    "after_wan_variant",
    "after_wan_variant_status",
    "after_connectivity_likelihood",
    "after_auxiliary_equipment_required",
    "after_additional_information",
    "uprn",
    "address_identifier",
    "before_postcode",
];

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

pub(super) async fn run(args: ChangesArgs, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let server = &args.server.url;
    let mut client = server.coverage_loads().await?;
    let mut seen = Seen::asked(&args);
    let request = StreamCoverageChangesRequest {
        before_load_id: args.before_load,
        after_load_id: args.after_load,
        after_postcode: seen.postcode.clone(),
        after_uprn: seen.uprn.clone(),
        after_address_identifier: seen.address_identifier.clone(),
    };
    let stream = client.stream_coverage_changes(request).await;
    let mut stream = stream.map_err(|status| server.refused(status))?.into_inner();
    if args.output == RowOutput::Csv {
        let mut rows = csv::Writer::from_writer(&mut *screen.out);
        rows.write_record(COLUMNS)?;
        rows.flush()?;
    }
    let (mut together, mut tally) = (Vec::new(), Tally::default());
    let ended = loop {
        let change = match stream.message().await {
            Ok(Some(message)) => named(message.change, server)?,
            Ok(None) => break Ok(()),
            Err(status) => break Err(server.refused(status)),
        };
        tally.count(&change);
        seen.see(&change);
        match args.output {
            RowOutput::Json => writeln!(screen.out, "{}", to_json(&change)?)?,
            RowOutput::Csv => write_csv(&change, screen)?,
            RowOutput::Table => {
                together.push(change);
                if together.len() == TOGETHER {
                    write_table(&std::mem::take(&mut together), screen)?;
                }
            }
        }
    };
    // What came before the stream broke off is worth reading.
    if !together.is_empty() {
        write_table(&together, screen)?;
    }
    match (&ended, args.output) {
        (Ok(()), RowOutput::Table) => tally.write(screen)?,
        (Ok(()), _) => {}
        (Err(_), _) => {
            // Best effort: the failure itself is what must be told.
            let _ = writeln!(screen.notes, "stopped{}", plain(&seen.to_string()));
        }
    }
    ended
}

fn named(change: Option<CoverageChange>, server: &ServerUrl) -> Result<CoverageChange, Failure> {
    change.ok_or_else(|| server.broke_contract("it sent a change of no location"))
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

/// `covered`, `none_planned` or `set_aside`; empty where a load does not have the location.
fn state(facts: Option<&CoverageFacts>) -> &'static str {
    match facts {
        None => "",
        Some(facts) if facts.set_aside => "set_aside",
        Some(facts) if facts.availability_date.is_some() => "covered",
        Some(_) => "none_planned",
    }
}

fn movements(change: &CoverageChange) -> Vec<String> {
    change.movements.iter().map(|&number| words::movement(number)).collect()
}

fn write_csv(change: &CoverageChange, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let facts = |facts: Option<&CoverageFacts>| {
        let state = state(facts).to_owned();
        let of = facts.cloned().unwrap_or_default();
        let (variant, status) =
            of.wan_variant.map(|variant| (variant.name, words::variant_status(variant.status))).unwrap_or_default();
        let likelihood = words::likelihood(of.connectivity_likelihood);
        let date = of.availability_date.unwrap_or_default();
        [state, date, variant, status, likelihood, of.auxiliary_equipment_required, of.additional_information]
    };
    let place = [change.postcode.clone(), words::change_kind(change.kind), movements(change).join(" ")];
    let facts = facts(change.before.as_ref()).into_iter().chain(facts(change.after.as_ref()));
    // Where whoever reads columns by their places does not miss them.
    let premises = [&change.uprn, &change.address_identifier, &change.postcode_before].map(String::clone);
    let mut rows = csv::Writer::from_writer(&mut *screen.out);
    rows.write_record(place.into_iter().chain(facts).chain(premises))?;
    Ok(rows.flush()?)
}

/// The location in words: `AA1 1AA`, `AA1 1AA, UPRN 7`, `AA1 1AA, flat 1`.
fn location(change: &CoverageChange) -> String {
    let uprn = if change.uprn.is_empty() { String::new() } else { format!("UPRN {}", change.uprn) };
    let parts = [&change.postcode, &uprn, &change.address_identifier];
    parts.into_iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn write_table(changes: &[CoverageChange], screen: &mut Screen<'_>) -> Result<(), Failure> {
    let mut table = screen.table(["LOCATION", "CHANGE", "BEFORE", "AFTER", "MOVEMENTS"]);
    for change in changes {
        let told = |facts: Option<&CoverageFacts>| match facts {
            Some(of) if of.availability_date.is_some() => {
                let variant = of.wan_variant.as_ref().map(|variant| variant.name.as_str()).unwrap_or_default();
                let date = of.availability_date.as_deref().unwrap_or_default();
                [date, variant, &words::likelihood(of.connectivity_likelihood)].join(" ")
            }
            facts => words::spaced(state(facts)),
        };
        let moved: Vec<_> = movements(change).iter().map(|word| words::spaced(word)).collect();
        let mut before = told(change.before.as_ref());
        if !change.postcode_before.is_empty() {
            before = format!("{before}, in {}", change.postcode_before);
        }
        let row =
            [location(change), words::change_kind(change.kind), before, told(change.after.as_ref()), moved.join(", ")];
        table.add_row(row.map(|cell| plain(words::or_dash(&cell))));
    }
    Ok(screen.show(&table)?)
}
