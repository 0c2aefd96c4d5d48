use std::{collections::HashSet, sync::LazyLock};

use proptest::prelude::*;

use super::*;
use crate::domain::{CspRegion, Table3};

/// One variant for the North, the most a region may have for South, two for Central, none for the 4G regions.
static TABLE: LazyLock<Table3> = LazyLock::new(|| {
    let mut csv = String::from("csp_region,wan_variant,description,provenance\n");
    csv += "North,A,,\nCentral,A,,\nCentral,B,,\nCentral,Unknown,,DP106\nSouth,Unknown,,DP106\n";
    for n in 0..RegionVariants::MAX {
        csv += &format!("South,V{n},,\n");
    }
    Table3::from_csv(csv.as_bytes()).unwrap()
});

fn variants_of(variants: &RegionVariants) -> Vec<WanVariant> {
    let confirmed = (0..variants.confirmed().len()).map(|place| variants.at(u8::try_from(place).unwrap()).unwrap());
    WanVariant::unknown(variants.region()).into_iter().chain(confirmed).collect()
}

#[test]
fn all_that_can_be_said_round_trips() {
    let last = (0..=u16::MAX).rev().find_map(Day::from_number).unwrap();
    let days = [Day::from_number(0).unwrap(), Day::from_number(5_000).unwrap(), last];
    let mut packed = HashSet::new();
    for region in CspRegion::ALL {
        let variants = TABLE.region(region);
        let covered = variants_of(variants).into_iter().flat_map(|variant| {
            days.into_iter().flat_map(move |day| {
                ConnectivityLikelihood::ALL.map(|likelihood| {
                    Said::Coverage(Coverage::From(CoveredFrom { date: AvailabilityDate(day), variant, likelihood }))
                })
            })
        });
        packed.clear();
        for said in covered.chain([Said::SetAside, Said::Coverage(Coverage::NonePlanned)]) {
            let facts = Facts::pack(said);
            assert_eq!(facts.unpack(variants), Ok(said), "{region}");
            assert_eq!(Facts::from_bits(facts.bits()), facts);
            assert_eq!(facts.is_set_aside(), said == Said::SetAside);
            assert!(packed.insert(facts.bits()), "{said:?} shares its bits");
            assert_eq!(facts.bits() >> Facts::BITS, 0);
        }
    }
}

#[test]
fn a_delete_says_nothing_that_could_be_stored_or_answered() {
    assert!(Facts::DELETE.is_delete() && !Facts::DELETE.is_set_aside());
    assert_eq!(Facts::from_bits(Facts::DELETE.bits()), Facts::DELETE);
    for region in CspRegion::ALL {
        assert!(Facts::DELETE.unpack(TABLE.region(region)).is_err(), "{region}");
        for said in [Said::SetAside, Said::Coverage(Coverage::NonePlanned)] {
            assert!(!Facts::pack(said).is_delete());
        }
    }
}

#[test]
fn every_day_round_trips() {
    let variants = TABLE.region(CspRegion::North);
    for day in (0..=u16::MAX).map_while(Day::from_number) {
        let from = CoveredFrom {
            date: AvailabilityDate(day),
            variant: variants.at(0).unwrap(),
            likelihood: ConnectivityLikelihood::Medium,
        };
        let said = Said::Coverage(Coverage::From(from));
        assert_eq!(Facts::pack(said).unpack(variants), Ok(said));
    }
}

#[test]
fn unknown_bits_are_damage_outside_south_and_central() {
    let said = Said::Coverage(Coverage::From(CoveredFrom {
        date: AvailabilityDate(Day::from_number(4_000).unwrap()),
        variant: WanVariant::unknown(CspRegion::South).unwrap(),
        likelihood: ConnectivityLikelihood::High,
    }));
    let facts = Facts::pack(said);
    for region in CspRegion::ALL {
        let unpacked = facts.unpack(TABLE.region(region));
        let may = matches!(region, CspRegion::South | CspRegion::Central);
        assert_eq!(unpacked.is_ok(), may, "{region}");
    }
    assert_eq!(facts.unpack(TABLE.region(CspRegion::South)), Ok(said));
}

#[test]
fn a_variant_past_the_table_is_damage() {
    let south = TABLE.region(CspRegion::South);
    let facts = Facts::pack(Said::Coverage(Coverage::From(CoveredFrom {
        date: AvailabilityDate(Day::from_number(1).unwrap()),
        variant: south.at(2).unwrap(),
        likelihood: ConnectivityLikelihood::Low,
    })));
    assert!(facts.unpack(south).is_ok());
    let error = facts.unpack(TABLE.region(CspRegion::Central)).unwrap_err();
    assert_eq!(error.to_string(), format!("the bits {:#x} say nothing that Table 3 allows", facts.bits()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn any_bits_round_trip_or_fail(bits in any::<u32>(), small in 0u32..6, low in 0u32..1 << 17) {
        // Half of the draws have a small variant code, where the marks live.
        for bits in [bits, small << 17 | low, small << 17] {
            let facts = Facts::from_bits(bits);
            for region in CspRegion::ALL {
                if let Ok(said) = facts.unpack(TABLE.region(region)) {
                    prop_assert_eq!(Facts::pack(said), facts);
                }
            }
        }
    }
}
