use std::collections::BTreeMap;

use proptest::{collection::btree_map, prelude::*};

use super::*;
use crate::store::{
    Movement, Reaper,
    fixture_tests::{TABLES, Words, consecutive, sealed},
};

fn line(location: &ChangedLocation) -> String {
    let said = |told: Option<&Told>| match told {
        None => "-".to_owned(),
        Some(Told { said, variant_name, additional_information, .. }) => match said {
            Said::SetAside => "aside".to_owned(),
            Said::Coverage(Coverage::NonePlanned) => format!("none|{additional_information}"),
            Said::Coverage(Coverage::From(from)) => {
                let name = variant_name.as_deref().unwrap();
                format!("{} {name} {}|{additional_information}", from.date, from.likelihood.name())
            }
        },
    };
    let (before, after) = (said(location.before()), said(location.after()));
    format!("{}: {before} → {after} ({})", location.location, location.movements()).replace("| ", " ")
}

#[test]
fn each_location_tells_what_both_loads_say_in_their_own_words() {
    let reaper = Reaper::start().unwrap();
    let before = consecutive(&[
        "2027-03-01 Cellular High|a mast",
        "2027-03-01 Mesh High",
        "2027-03-01 Old High",
        "none",
        "aside",
        "",
        "2027-03-01 Unknown Low",
    ]);
    let after = consecutive(&[
        "2027-03-01 Cellular High|a hill",
        "2027-03-01 Mesh High",
        "2027-04-01 New High",
        "",
        "none",
        "aside",
        "2027-03-01 Mesh High|a mast",
    ]);
    let (before, _kept) = sealed(&before, &TABLES[0], &reaper);
    let (after, _kept_too) = sealed(&after, &TABLES[1], &reaper);
    let lines: Vec<_> = changes(before, after, None).map(|location| line(&location.unwrap())).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    AA1 1AA: 2027-03-01 Cellular High|a mast → 2027-03-01 Cellular High|a hill (texts changed)
    AA1 1AD: 2027-03-01 Old High → 2027-04-01 New High (variant changed, date later)
    AA1 1AE: none → - ()
    AA1 1AF: aside → none (no longer set aside)
    AA1 1AG: - → aside ()
    AA1 1AH: 2027-03-01 Unknown Low → 2027-03-01 Mesh High|a mast (Unknown to confirmed, likelihood changed, texts changed)
    ");
}

#[test]
fn it_may_outlive_whoever_began_it() {
    let reaper = Reaper::start().unwrap();
    let (before, _kept) = sealed(&consecutive(&["none", "none"]), &TABLES[0], &reaper);
    let (after, _kept_too) = sealed(&consecutive(&["none", "aside"]), &TABLES[0], &reaper);
    let stream = changes(before, after, None);
    let found: Vec<_> = std::thread::spawn(|| stream.collect::<Result<_, _>>()).join().unwrap().unwrap();
    let [ChangedLocation { change: Change::Changed { movements, .. }, .. }] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert!(movements.contains(Movement::NewlySetAside));
}

fn any_load() -> impl Strategy<Value = BTreeMap<Postcode, Words>> {
    let postcode = "(A1|AA1|AA10|AB1) [01]A[ABD]".prop_map(|text| text.parse().unwrap());
    let words =
        prop::sample::select(vec!["none", "aside", "2027-03-01 Mesh High|a mast", "2027-03-01 Mesh High|a hill"]);
    btree_map(postcode, words.prop_map(str::to_owned), 0..24)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn they_are_the_rows_that_differ_and_resume_anywhere(before in any_load(), after in any_load()) {
        let reaper = Reaper::start().unwrap();
        let wanted: Vec<Postcode> = before.keys().chain(after.keys()).copied()
            .filter(|postcode| before.get(postcode) != after.get(postcode))
            .collect::<std::collections::BTreeSet<_>>().into_iter().collect();
        let (earlier, _kept) = sealed(&before, &TABLES[0], &reaper);
        let (later, _kept_too) = sealed(&after, &TABLES[1], &reaper);
        let all: Vec<_> = changes(Arc::clone(&earlier), Arc::clone(&later), None).collect::<Result<_, _>>().unwrap();
        let postcodes: Vec<_> = all.iter().map(|location| location.postcode.unwrap()).collect();
        prop_assert_eq!(&postcodes, &wanted);
        for (location, postcode) in all.iter().zip(&postcodes) {
            prop_assert_eq!(&location.location, &Location::Postcode(*postcode));
            prop_assert_eq!(location.before().is_some(), before.contains_key(postcode));
            prop_assert_eq!(location.after().is_some(), after.contains_key(postcode));
        }
        // From behind every location there is, changed or not, and from one that no load has.
        for &last in before.keys().chain(after.keys()).chain([&"AA1 5AA".parse().unwrap()]) {
            let rest = changes(Arc::clone(&earlier), Arc::clone(&later), Some(&Location::Postcode(last)));
            let rest: Vec<_> = rest.collect::<Result<_, _>>().unwrap();
            let behind: Vec<_> = all.iter().filter(|location| location.postcode > Some(last)).cloned().collect();
            prop_assert_eq!(rest, behind);
        }
    }
}
