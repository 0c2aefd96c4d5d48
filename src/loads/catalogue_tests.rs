use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::store::Activation;

pub(in crate::loads) fn manifest(region: CspRegion, number: u32) -> Manifest {
    let load_id = format!("{}-20260101T000000Z-{number:012x}", region.slug());
    // Two loads each second: the id has to break the tie.
    let received = Timestamp::from_second(i64::from(number / 2)).unwrap();
    Manifest { received, ..Manifest::of_id(load_id, region, Timestamp::UNIX_EPOCH) }
}

fn refused(manifest: Manifest, words: &str) -> Arc<Refused> {
    Arc::new(Refused { manifest, words: words.to_owned() })
}

/// Two regions, every seventh load refused, every fifth activated in its time, some staged and refused after that.
fn catalogue(loads: u32) -> Catalogue {
    let mut catalogue = Catalogue::default();
    for number in 0..loads {
        let region = if number % 3 == 0 { CspRegion::North } else { CspRegion::South };
        let manifest = manifest(region, number);
        if number % 7 == 0 {
            catalogue.refused.insert(manifest.load_id.clone(), refused(manifest, "no"));
        } else {
            if number % 5 == 0 {
                catalogue.active.activate(region, &manifest.load_id, activation(manifest.received));
            } else if number % 11 == 0 {
                // Staged, then sent again and refused.
                catalogue.refused.insert(manifest.load_id.clone(), refused(manifest.clone(), "not now"));
            }
            catalogue.retained.insert(manifest.load_id.clone(), manifest.into());
        }
    }
    catalogue
}

fn walk(catalogue: &Catalogue, filter: ListFilter, page_size: usize) -> Vec<LoadRecord> {
    let mut token = String::new();
    let mut all = Vec::new();
    loop {
        let page = catalogue.list(filter, page_size, &token).unwrap();
        assert!(page.records.len() <= page_size);
        assert!(page.next_page_token.is_empty() || page.records.len() == page_size);
        all.extend(page.records);
        token = page.next_page_token;
        if token.is_empty() {
            return all;
        }
    }
}

proptest! {
    #[test]
    fn pages_hold_every_load_once_newest_first(loads in 0u32..60, page_size in 1usize..20) {
        let catalogue = catalogue(loads);
        let all = walk(&catalogue, ListFilter::default(), page_size);
        let places: Vec<_> = all.iter().map(|r| (r.manifest.received, r.manifest.load_id.clone())).collect();
        prop_assert!(places.windows(2).all(|pair| pair[0] > pair[1]));
        prop_assert_eq!(places.into_iter().collect::<BTreeSet<_>>().len(), loads as usize);
    }

    #[test]
    fn a_filter_keeps_exactly_what_it_names(loads in 0u32..60, page_size in 1usize..20) {
        let catalogue = catalogue(loads);
        let all = walk(&catalogue, ListFilter::default(), 100);
        for region in [None, Some(CspRegion::North), Some(CspRegion::Central)] {
            for state in [None, Some(LoadState::Refused), Some(LoadState::Active), Some(LoadState::Superseded), Some(LoadState::Staged)] {
                let kept: Vec<_> = walk(&catalogue, ListFilter { region, state, ..ListFilter::default() }, page_size)
                    .into_iter().map(|r| r.manifest.load_id).collect();
                let wanted: Vec<_> = all.iter()
                    .filter(|r| region.is_none_or(|region| region == r.manifest.region))
                    .filter(|r| state.is_none_or(|state| state == r.state))
                    .map(|r| r.manifest.load_id.clone()).collect();
                prop_assert_eq!(kept, wanted);
            }
        }
    }

    #[test]
    fn what_is_hidden_is_on_no_page_and_makes_none_short(loads in 0u32..60, page_size in 1usize..20) {
        let catalogue = catalogue(loads);
        let hidden = RegionMap::from_fn(|region| region != CspRegion::North);
        let own = walk(&catalogue, ListFilter { hidden, ..ListFilter::default() }, page_size);
        let asked = walk(&catalogue, ListFilter { region: Some(CspRegion::North), ..ListFilter::default() }, page_size);
        let ids = |records: Vec<LoadRecord>| records.into_iter().map(|r| r.manifest.load_id).collect::<Vec<_>>();
        prop_assert_eq!(ids(own), ids(asked));
        // Asked for by name, it stays hidden.
        let central = ListFilter { region: Some(CspRegion::Central), hidden, ..ListFilter::default() };
        prop_assert!(walk(&catalogue, central, page_size).is_empty());
    }

    #[test]
    fn any_other_token_is_refused(token in ".{1,60}") {
        prop_assert!(matches!(catalogue(5).list(ListFilter::default(), 2, &token), Err(LoadError::PageToken)));
    }
}

#[test]
fn a_token_is_good_as_it_was_given_and_for_its_own_filters_alone() {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let catalogue = catalogue(40);
    let token = catalogue.list(ListFilter::default(), 3, "").unwrap().next_page_token;
    assert!(catalogue.list(ListFilter::default(), 3, &token).is_ok());
    let words = String::from_utf8(URL_SAFE_NO_PAD.decode(&token).unwrap()).unwrap();
    let without_its_id = words.rsplit_once('\n').unwrap().0.to_owned() + "\n";
    let cut = words[..words.len() - 1].to_owned();
    let bent = [without_its_id, cut, words.clone() + "A", words + "\0"].map(|words| URL_SAFE_NO_PAD.encode(words));
    for bent in bent.into_iter().chain([token.clone() + "A", token.clone() + "AA", token[1..].to_owned()]) {
        assert!(matches!(catalogue.list(ListFilter::default(), 3, &bent), Err(LoadError::PageToken)), "{bent}");
    }
    let north = ListFilter { region: Some(CspRegion::North), ..ListFilter::default() };
    let superseded = ListFilter { state: Some(LoadState::Superseded), ..ListFilter::default() };
    for other in [north, superseded] {
        assert!(matches!(catalogue.list(other, 3, &token), Err(LoadError::PageToken)), "{other:?}");
    }
}

#[test]
fn states_follow_the_active_file_and_damage() {
    let [first, second, ninth] = [1, 2, 9].map(|number| manifest(CspRegion::South, number).load_id);
    let mut catalogue = Catalogue::default();
    for number in 1..=3 {
        let manifest = manifest(CspRegion::South, number);
        catalogue.retained.insert(manifest.load_id.clone(), manifest.into());
    }
    let state = |catalogue: &Catalogue, id: &str| catalogue.get(id).unwrap().state;
    assert_eq!(state(&catalogue, &first), LoadState::Staged);
    catalogue.active.activate(CspRegion::South, &first, activation(Timestamp::UNIX_EPOCH));
    catalogue.active.activate(CspRegion::South, &second, activation(Timestamp::UNIX_EPOCH));
    assert_eq!(state(&catalogue, &first), LoadState::Superseded);
    assert_eq!(state(&catalogue, &second), LoadState::Active);
    catalogue.damaged.push(second.clone());
    assert_eq!(state(&catalogue, &second), LoadState::Damaged);
    assert!(catalogue.get(&ninth).is_none());
}

#[test]
fn a_load_that_waits_tells_why_it_was_refused_when_it_was_sent_again() {
    let mut catalogue = Catalogue::default();
    let staged = manifest(CspRegion::South, 1);
    catalogue.retained.insert(staged.load_id.clone(), staged.clone().into());
    catalogue.refused.insert(staged.load_id.clone(), refused(staged.clone(), "not now"));
    let record = catalogue.get(&staged.load_id).unwrap();
    assert_eq!((record.state, record.refusal.as_deref()), (LoadState::Staged, Some("not now")));
    catalogue.active.activate(CspRegion::South, &staged.load_id, activation(Timestamp::UNIX_EPOCH));
    let record = catalogue.get(&staged.load_id).unwrap();
    assert_eq!((record.state, record.refusal), (LoadState::Active, None));
}

fn activation(at: Timestamp) -> Activation {
    Activation { at, by: "somebody".to_owned() }
}
