use super::*;
use crate::domain::{CspRegion, Day, Table3};

/// What the table of domain.md says, told without the rule's own types.
#[derive(PartialEq, Eq, Debug)]
enum Outcome {
    NonePlanned,
    Confirmed(String),
    Unknown { counted_apart: bool },
    Unconfirmed,
    WithoutDate,
    NotListed { value: String },
}

/// The confirmed variants of the table below, by region.
const LISTED: [(CspRegion, &[&str]); 6] = [
    (CspRegion::North, &["Long Range", "Long Range 2"]),
    (CspRegion::Central, &["Cellular", "Mesh"]),
    (CspRegion::South, &["Cellular", "Mesh South"]),
    (CspRegion::North4G, &["4G N"]),
    (CspRegion::Central4G, &["4G C"]),
    (CspRegion::South4G, &["4G S", "Cellular"]),
];

fn table() -> Table3 {
    let mut csv = String::from("csp_region,wan_variant,description,provenance\n");
    for (region, names) in LISTED {
        for name in names {
            csv += &format!("{region},{name},,test\n");
        }
    }
    csv += "Central,Unknown,,DP106\nSouth,Unknown,,DP106\n";
    Table3::from_csv(csv.as_bytes()).unwrap()
}

/// The table of domain.md, row by row, from the texts alone.
fn oracle(region: &str, listed: &[&str], date: bool, variant: &str) -> Outcome {
    let unknown_region = region == "South" || region == "Central";
    let spaces = !variant.is_empty() && variant.chars().all(|c| c == '\u{20}');
    let value = listed.contains(&variant) || variant == "Unknown";
    match (date, variant) {
        (true, "") if unknown_region => Outcome::Unknown { counted_apart: true },
        (true, "Unknown") if unknown_region => Outcome::Unknown { counted_apart: false },
        (true, _) if unknown_region && spaces => Outcome::Unknown { counted_apart: false },
        (true, "" | "Unknown") => Outcome::Unconfirmed,
        (true, _) if spaces => Outcome::Unconfirmed,
        (true, _) if value => Outcome::Confirmed(variant.to_owned()),
        (false, "") => Outcome::NonePlanned,
        (false, _) if spaces => Outcome::NonePlanned,
        (false, _) if value => Outcome::WithoutDate,
        (true | false, _) => Outcome::NotListed { value: variant.to_owned() },
    }
}

fn outcome(variants: &RegionVariants, date: Option<AvailabilityDate>, variant: &str) -> Outcome {
    match judge(variants, date, variant) {
        Ok(Verdict::NonePlanned) => Outcome::NonePlanned,
        Ok(Verdict::Covered { date: kept, variant, from_empty }) => {
            assert_eq!(Some(kept), date);
            assert_eq!(variant.region(), variants.region());
            if variant.is_unknown() {
                return Outcome::Unknown { counted_apart: from_empty };
            }
            assert!(!from_empty);
            Outcome::Confirmed(variants.name(variant).unwrap().to_owned())
        }
        Err(RuleBreach::Unconfirmed(region)) => {
            assert_eq!(region, variants.region());
            Outcome::Unconfirmed
        }
        Err(RuleBreach::WithoutDate) => Outcome::WithoutDate,
        Err(RuleBreach::NotListed(VariantNotListed { region, value, .. })) => {
            assert_eq!(region, variants.region());
            Outcome::NotListed { value }
        }
    }
}

#[test]
fn the_table_holds_for_every_combination() {
    let table = table();
    let date = AvailabilityDate("2027-03-01".parse::<Day>().unwrap());
    let near = ["", " ", "  ", "   ", "Unknown", "unknown", "UNKNOWN", " Unknown", "Unknown ", "\t", " \t", "\u{a0}"];
    let wrong = ["cellular", " Cellular", "Cellular ", "Cellular\u{a0}", "Nonesuch", "\u{3000}", "\0", "\n"];
    let listed = LISTED.into_iter().flat_map(|(_, names)| names.iter().copied());
    let values: Vec<&str> = near.into_iter().chain(wrong).chain(listed).collect();
    let mut seen = Vec::new();
    for (region, names) in LISTED {
        for date in [Some(date), None] {
            for variant in &values {
                let expected = oracle(region.name(), names, date.is_some(), variant);
                assert_eq!(outcome(table.region(region), date, variant), expected, "{region}, {date:?}, {variant:?}");
                seen.push(std::mem::discriminant(&expected));
            }
        }
    }
    seen.dedup();
    seen.sort_by_key(|kind| format!("{kind:?}"));
    seen.dedup();
    assert_eq!(seen.len(), 6, "every outcome of the table is among the combinations");
}

#[test]
fn each_breach_says_what_to_send_instead() {
    let table = table();
    let date = Some(AvailabilityDate("2027-03-01".parse::<Day>().unwrap()));
    let breach = |region, date, variant: &str| judge(table.region(region), date, variant).unwrap_err().to_string();
    let messages = [
        breach(CspRegion::North, date, " "),
        breach(CspRegion::Central4G, date, "Unknown"),
        breach(CspRegion::South, None, "Cellular"),
        breach(CspRegion::South, None, "Unknown"),
        breach(CspRegion::South, date, "Long Range"),
        breach(CspRegion::South, date, " Cellular"),
        breach(CspRegion::South, date, "unknown"),
        breach(CspRegion::North, date, "unknown"),
        breach(CspRegion::North, date, "long range\u{a0}"),
        breach(CspRegion::North, date, "\t"),
        breach(CspRegion::North, date, &"long ".repeat(50)),
    ];
    insta::assert_snapshot!(messages.join("\n"), @r#"
    only South and Central may leave a variant unconfirmed, and this row is for North; send the variant
    only South and Central may leave a variant unconfirmed, and this row is for 4G Central; send the variant
    a variant without an Availability Date; send the date, or leave both empty where no coverage is planned
    a variant without an Availability Date; send the date, or leave both empty where no coverage is planned
    Table 3 lists no variant "Long Range" for South
    Table 3 lists no variant " Cellular" for South; did you mean "Cellular"?
    Table 3 lists no variant "unknown" for South; did you mean "Unknown"?
    Table 3 lists no variant "unknown" for North
    Table 3 lists no variant "long range\u{a0}" for North; did you mean "Long Range"?
    Table 3 lists no variant "\t" for North
    Table 3 lists no variant "long long long long long long long long " for North
    "#);
}
