//! Any response this service could give.

use jiff::Timestamp;
use proptest::prelude::*;
use wan_matrix::{
    domain::{AvailabilityDate, ConnectivityLikelihood, CspRegion, Day, UNKNOWN, VariantName},
    duis::{
        BoundedText, Covered, DspWanMatrix, Outcome, RegionResponse, Request, Response, ResponseCodes, SchemaVersion,
    },
};

pub(crate) fn any_response() -> impl Strategy<Value = Response> {
    let matrix = prop::collection::vec(any_region(), 1..7);
    let answered = prop_oneof![3 => matrix.prop_map(Ok), 1 => any_miss().prop_map(Err)];
    // The days that the service knows, to the nanosecond.
    let at = (1_325_376_000i64..4_102_444_800, 0i32..1_000_000_000);
    (any_request(), answered, at).prop_map(|(request, answered, (second, nanosecond))| {
        let (codes, at) = (ResponseCodes::shipped().unwrap(), Timestamp::new(second, nanosecond).unwrap());
        match answered {
            Ok(regions) => {
                let matrix = DspWanMatrix::new(request.ask.clone(), regions).unwrap();
                Response::answered(&request, matrix, &codes, at)
            }
            Err(outcome) => Response::unanswered(&request, outcome, &codes, at),
        }
    })
}

fn any_miss() -> impl Strategy<Value = Outcome> {
    prop_oneof![Just(Outcome::NotInCoverage), Just(Outcome::Malformed), Just(Outcome::SetAside)]
}

/// Characters that XML can carry, those that it must escape or would change among them.
fn any_text(lengths: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = String> {
    let special = prop::sample::select("<>&'\"\r\n\t ]é\u{85}\u{2028}\u{fffd}\u{1f600}".chars().collect::<Vec<_>>());
    let c = prop_oneof![4 => prop::char::range(' ', '~'), 3 => special, 1 => any::<char>()];
    let carried = c.prop_filter("XML cannot carry it", |c| BoundedText::<1>::new(*c).is_ok());
    prop::collection::vec(carried, lengths).prop_map(String::from_iter)
}

/// Written as an adapter might, so that the echo has met a real document on its way in.
fn any_request() -> impl Strategy<Value = Request> {
    let version = prop::sample::select(SchemaVersion::ALL.to_vec());
    let uprn = (1u64..=999_999_999_999).prop_map(|uprn| format!("<UPRN>{uprn:012}</UPRN>"));
    let address = (any_text(6..=8), any_text(0..=30)).prop_map(|(post_code, identifier)| {
        let numbered = |text: String| text.chars().map(|c| format!("&#{};", u32::from(c))).collect::<String>();
        format!(
            "<PartialAddress><PostCode>{}</PostCode><AddressIdentifier>{}</AddressIdentifier></PartialAddress>",
            numbered(post_code),
            numbered(identifier)
        )
    });
    let id = ("([0-9A-F]{2}-){7}[0-9a-f]{2}:([0-9A-F]{2}-){7}[0-9A-F]{2}", 1u64..);
    (version, id, prop_oneof![uprn, address]).prop_map(|(version, (ids, counter), choice)| {
        let document = format!(
            "<Request xmlns='http://www.dccinterface.co.uk/ServiceUserGateway' schemaVersion='{version}'><Header>\
             <RequestID>{ids}:{counter}</RequestID><CommandVariant>8</CommandVariant>\
             <ServiceReference>12.1</ServiceReference><ServiceReferenceVariant>12.1</ServiceReferenceVariant></Header>\
             <Body><RequestWANMatrix>{choice}</RequestWANMatrix></Body></Request>"
        );
        Request::read(document.as_bytes()).unwrap()
    })
}

fn any_region() -> impl Strategy<Value = RegionResponse> {
    let region = prop::sample::select(CspRegion::ALL.to_vec());
    (region, prop::option::weighted(0.8, any_covered()), any::<bool>()).prop_map(|(region, covered, unknown)| {
        let codes = ResponseCodes::shipped().unwrap();
        let Some(mut covered) = covered else {
            let outcome = if unknown { Outcome::RegionSetAside } else { Outcome::RegionNonePlanned };
            return RegionResponse::without_block(region, codes.of(outcome).clone());
        };
        if unknown && region.may_leave_variant_unconfirmed() {
            covered.technology = VariantName::new(UNKNOWN).unwrap();
        }
        RegionResponse::covered(region, codes.of(Outcome::RegionCovered).clone(), covered).unwrap()
    })
}

fn any_covered() -> impl Strategy<Value = Covered> {
    let name = "[!-~]([ -~]{0,28}[!-~])?".prop_filter("Unknown is not for every region", |name| name != UNKNOWN);
    (
        any::<bool>(),
        0u16..=32_141,
        name,
        prop::sample::select(ConnectivityLikelihood::ALL.to_vec()),
        any_text(0..=50),
        any_text(0..=250),
    )
        .prop_map(|(available, day, name, likelihood, auxiliary, additional)| Covered {
            available,
            date: AvailabilityDate(Day::from_number(day).unwrap()),
            technology: VariantName::new(&name).unwrap(),
            likelihood,
            auxiliary_equipment: BoundedText::new(auxiliary).unwrap(),
            additional_information: BoundedText::new(additional).unwrap(),
        })
}
