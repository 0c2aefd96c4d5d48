use proptest::prelude::*;
use prost::Message as _;

use super::*;
use crate::{
    domain::{
        AvailabilityDate, ConnectivityLikelihood, CoverageState, CoveredFrom, Said, Table3, UNKNOWN, Uprn, WanVariant,
    },
    grpc::proto::{self, RegionalCoverage, WanMatrix},
};

/// Every variant a region's rows may name, Unknown included where it may be.
fn variants(region: CspRegion) -> Vec<(WanVariant, String)> {
    let table = Table3::shipped().unwrap();
    let region_variants = table.region(region);
    let listed = (0..u8::MAX).map_while(|place| region_variants.at(place));
    let variants = listed.chain(WanVariant::unknown(region));
    variants.map(|variant| (variant, region_variants.name(variant).unwrap().to_owned())).collect()
}

/// The same answer as a generated message, built from the contract and not from the code under test.
fn expected(matrix: &Matrix<'_>) -> WanMatrix {
    let number = |region: CspRegion| 1 + CspRegion::ALL.iter().position(|&each| each == region).unwrap() as i32;
    let coverage = matrix.coverage.iter().map(|(coverage, answer)| {
        let mut regional = RegionalCoverage {
            csp_region: number(answer.region),
            state: match coverage.state(matrix.as_of) {
                CoverageState::Available => 1,
                CoverageState::Planned => 2,
                CoverageState::NonePlanned => 3,
            },
            auxiliary_equipment_required: answer.auxiliary_equipment.to_string(),
            additional_information: answer.additional_information.to_string(),
            resolution: if answer.premises.is_some() { 2 } else { 1 },
            premises_rows: i32::try_from(answer.premises_rows).unwrap_or(i32::MAX),
            ..RegionalCoverage::default()
        };
        if let Some(premises) = answer.premises {
            regional.uprn = premises.uprn.map(|uprn| uprn.number().to_string()).unwrap_or_default();
            regional.postcode = premises.postcode.map(|postcode| postcode.to_string()).unwrap_or_default();
        }
        if let Coverage::From(from) = coverage {
            let name = answer.variant_name.unwrap().to_owned();
            regional.availability_date = Some(from.date.0.civil().to_string());
            regional.wan_variant = Some(proto::WanVariant { status: if name == UNKNOWN { 2 } else { 1 }, name });
            regional.connectivity_likelihood = 1 + from.likelihood as i32;
        }
        regional
    });
    WanMatrix {
        postcode: matrix.postcode.map(|postcode| postcode.to_string()).unwrap_or_default(),
        coverage: coverage.collect(),
        set_aside_regions: matrix.set_aside.iter().map(|&region| number(region)).collect(),
    }
}

/// What one region says: its place, whether covered, date, variant's place, likelihood's place, texts, premises.
type Drawn = (usize, bool, u16, prop::sample::Index, usize, [String; 2], Premises);
/// The premises it is about, if any, and how many there are of the postcode.
type Premises = (Option<OfPremises>, u32);

fn drawn() -> impl Strategy<Value = Drawn> {
    let texts = (".{0,50}", ".{0,250}").prop_map(|(auxiliary, additional)| [auxiliary, additional]);
    (0..6usize, any::<bool>(), 0..32_000u16, any::<prop::sample::Index>(), 0..3usize, texts, premises())
}

/// Most postcodes have a few premises; what cannot be counted in a field is told by its greatest number.
fn premises() -> impl Strategy<Value = Premises> {
    let of = (prop::option::of(1..=Uprn::MAX), prop::option::of(prop::sample::select(vec!["AA8 1AA", "M1 1AE"])));
    let of = of.prop_map(|(uprn, postcode)| OfPremises {
        uprn: uprn.and_then(Uprn::new),
        postcode: postcode.map(|postcode| postcode.parse().unwrap()),
    });
    (prop::option::of(of), prop_oneof![Just(0), 1..300u32, Just(u32::MAX)])
}

proptest! {
    #[test]
    fn any_answer_is_written_as_prost_writes_its_message(
        rows in prop::collection::vec(drawn(), 1..7),
        as_of in 0..32_000u16,
        place in prop::option::of(Just("SW1A 1AA")),
        set_aside in prop::sample::subsequence(CspRegion::ALL.to_vec(), 0..6),
    ) {
        let named: Vec<_> = rows
            .iter()
            .map(|(region, covered, date, variant, likelihood, ..)| {
                let region = CspRegion::ALL[*region];
                let (variant, name) = variant.get(&variants(region)).clone();
                let from = CoveredFrom {
                    date: AvailabilityDate(Day::from_number(*date).unwrap()),
                    variant,
                    likelihood: ConnectivityLikelihood::ALL[*likelihood],
                };
                (region, if *covered { Coverage::From(from) } else { Coverage::NonePlanned }, name)
            })
            .collect();
        let coverage = named.iter().zip(&rows).map(|((region, coverage, name), (.., texts, premises))| {
            (*coverage, Answer {
                region: *region,
                said: Said::Coverage(*coverage),
                variant_name: matches!(coverage, Coverage::From(_)).then_some(name.as_str()),
                auxiliary_equipment: (&*texts[0]).into(),
                additional_information: (&*texts[1]).into(),
                premises: premises.0,
                premises_rows: premises.1,
            })
        });
        let matrix = Matrix {
            postcode: place.map(|place| place.parse().unwrap()),
            as_of: Day::from_number(as_of).unwrap(),
            coverage: coverage.collect(),
            set_aside,
        };
        let mut wire = Wire::with_capacity(0);
        matrix.write(&mut wire);
        let bytes = wire.into_bytes();
        prop_assert_eq!(WanMatrix::decode(&*bytes).unwrap(), expected(&matrix));
        prop_assert_eq!(bytes, expected(&matrix).encode_to_vec());
    }
}
