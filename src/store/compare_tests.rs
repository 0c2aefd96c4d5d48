use std::collections::{BTreeMap, BTreeSet};

use proptest::{collection::btree_map, prelude::*};

use super::*;
use crate::{
    domain::{CspRegion, Postcode},
    store::{
        Reaper, changes,
        fixture_tests::{TABLES, Words, consecutive, rows, sealed},
    },
};

/// Compares two loads judged against the two tables in every way there is, which must agree, and counts the rows behind
/// the figures, which must come to the same.
fn compare_words(before: &BTreeMap<Postcode, Words>, after: &BTreeMap<Postcode, Words>) -> Changes {
    let reaper = Reaper::start().unwrap();
    let (earlier, _kept) = sealed(before, &TABLES[0], &reaper);
    let (later, _kept_too) = sealed(after, &TABLES[1], &reaper);
    let (after_rows, texts) = rows(after, &TABLES[1], 3);
    let found =
        compare(&earlier, &after_rows, &Premises::default(), &texts, TABLES[1].region(CspRegion::South)).unwrap();
    assert_eq!(compare_sealed(&earlier, &later).unwrap(), found);

    let mut counted = Changes::default();
    for location in changes(earlier, later, None) {
        let location = location.unwrap();
        match (location.before(), location.after()) {
            (None, Some(_)) => counted.new += 1,
            (Some(_), None) => counted.removed += 1,
            _ => counted.changed += 1,
        }
        for movement in location.movements().iter() {
            *counted.figure(movement) += 1;
        }
    }
    // What the rows that did not change, and so are not streamed, come to.
    let Changes { same, answers_before, answers_after, answers_in_both, covered_before, confirmed_before, .. } = found;
    let answers = Changes { answers_before, answers_after, answers_in_both, ..counted };
    let counted = Changes { same, covered_before, confirmed_before, ..answers };
    assert_eq!(counted, found);
    found
}

#[test]
fn each_movement_is_told_by_its_name() {
    use Movement::*;
    let cellular = "2027-03-01 Cellular High";
    let cases: [(&str, &str, &[Movement]); 22] = [
        (cellular, cellular, &[]),
        ("none", "none", &[]),
        ("aside", "aside", &[]),
        ("2027-03-01 Unknown High", "2027-03-01 Unknown High", &[]),
        ("2027-03-01 Mesh High|a mast", "2027-03-01 Mesh High|a mast", &[]),
        ("none", cellular, &[CoverageGained]),
        (cellular, "none", &[CoverageLost]),
        ("2027-03-01 Unknown High", cellular, &[UnknownToConfirmed]),
        (cellular, "2027-03-01 Unknown High", &[ConfirmedToUnknown]),
        (cellular, "2027-03-01 Mesh High", &[VariantChanged]),
        (cellular, "2027-03-01 New High", &[VariantChanged]),
        ("2027-03-01 Old High", cellular, &[VariantChanged]),
        (cellular, "2027-02-28 Cellular High", &[DateEarlier]),
        (cellular, "2027-03-02 Cellular High", &[DateLater]),
        (cellular, "2027-03-01 Cellular Low", &[LikelihoodChanged]),
        (cellular, "2027-03-01 Cellular High|a mast", &[TextsChanged]),
        ("none|a mast", "none|a hill", &[TextsChanged]),
        ("none|a mast", cellular, &[CoverageGained, TextsChanged]),
        (cellular, "none|a mast", &[CoverageLost, TextsChanged]),
        ("2027-03-01 Cellular High|a mast", "aside", &[NewlySetAside]),
        ("aside", "none|a mast", &[NoLongerSetAside]),
        (
            "2027-03-01 Unknown Low|a mast",
            "2026-03-01 New High",
            &[UnknownToConfirmed, DateEarlier, LikelihoodChanged, TextsChanged],
        ),
    ];
    for (before, after, wanted) in cases {
        let found = compare_words(&consecutive(&[before]), &consecutive(&[after]));
        let told: Vec<_> = Movement::ALL.into_iter().filter(|&movement| found.count(movement) == 1).collect();
        assert_eq!(told, wanted, "{before} → {after}");
        assert_eq!((found.same, found.changed), (u64::from(wanted.is_empty()), u64::from(!wanted.is_empty())));
        assert_eq!(found.is_nothing(), wanted.is_empty());
        assert_eq!((found.before(), found.after(), found.in_both()), (1, 1, 1));
    }
}

#[test]
fn the_places_of_table_3_are_compared_by_name() {
    // The place that Mesh had is Cellular's now, and the other way about: the same places are another variant.
    let cases = [("Mesh", "Mesh", 0), ("Cellular", "Cellular", 0), ("Mesh", "Cellular", 1), ("Old", "Mesh", 1)];
    for (before, after, changed) in cases {
        let words = |name: &str| consecutive(&[&format!("2027-03-01 {name} High")]);
        assert_eq!(compare_words(&words(before), &words(after)).variant_changed, changed, "{before} → {after}");
    }
}

#[test]
fn the_guards_shares_are_of_locations_that_answer_in_both() {
    let cellular = "2027-03-01 Cellular High";
    let unknown = "2027-03-01 Unknown High";
    let before = consecutive(&[cellular, unknown, "none", cellular, "aside", cellular, "aside", ""]);
    let after = consecutive(&["none", cellular, cellular, "aside", cellular, "", "aside", "none"]);
    let found = compare_words(&before, &after);
    assert_eq!((found.covered_before, found.confirmed_before), (2, 1));
    assert_eq!((found.coverage_lost, found.unknown_to_confirmed, found.coverage_gained), (1, 1, 1));
    assert_eq!((found.before(), found.removed, found.new, found.after()), (7, 1, 1, 7));
    assert_eq!((found.answers_before, found.answers_after, found.answers_in_both), (5, 5, 3));
}

#[test]
fn an_empty_side_is_all_new_or_all_removed() {
    let words = consecutive(&["none", "aside", "2027-03-01 Mesh Low"]);
    let found = compare_words(&consecutive(&[]), &words);
    assert_eq!(found, Changes { new: 3, answers_after: 2, ..Changes::default() });
    let found = compare_words(&words, &consecutive(&[]));
    assert_eq!(found, Changes { removed: 3, answers_before: 2, ..Changes::default() });
}

fn any_words() -> impl Strategy<Value = Words> {
    let covered = ("202[78]-03-01", prop::sample::select(vec!["Cellular", "Mesh", "Unknown"]), "(High|Low)");
    let text = prop::sample::select(vec!["", "|a mast", "|a hill"]);
    prop_oneof![
        1 => Just("aside".to_owned()),
        2 => text.clone().prop_map(|text| format!("none{text}")),
        6 => (covered, text).prop_map(|((date, name, likelihood), text)| format!("{date} {name} {likelihood}{text}")),
    ]
}

/// Locations of a few sectors, so that two loads share many and begin and end in different ones.
fn any_load() -> impl Strategy<Value = BTreeMap<Postcode, Words>> {
    let postcode = "(A1|AA1|AA10|AB1) [01]A[ABD]".prop_map(|text| text.parse().unwrap());
    btree_map(postcode, any_words(), 0..24)
}

/// The figures, counted from the words.
fn model(before: &BTreeMap<Postcode, Words>, after: &BTreeMap<Postcode, Words>) -> Changes {
    let fields = |words: &str| {
        let (facts, text) = words.split_once('|').unwrap_or((words, ""));
        let facts: Vec<String> = facts.split(' ').map(str::to_owned).collect();
        (facts, text.to_owned())
    };
    let answers = |load: &BTreeMap<Postcode, Words>| load.values().filter(|words| *words != "aside").count() as u64;
    let mut model = Changes { answers_before: answers(before), answers_after: answers(after), ..Changes::default() };
    for postcode in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        let (Some(then), Some(now)) = (before.get(postcode), after.get(postcode)) else {
            *(if before.contains_key(postcode) { &mut model.removed } else { &mut model.new }) += 1;
            continue;
        };
        *(if then == now { &mut model.same } else { &mut model.changed }) += 1;
        if then == "aside" || now == "aside" {
            model.newly_set_aside += u64::from(then != "aside");
            model.no_longer_set_aside += u64::from(now != "aside");
            continue;
        }
        model.answers_in_both += 1;
        let ((then, text_then), (now, text_now)) = (fields(then), fields(now));
        model.texts_changed += u64::from(text_then != text_now);
        let covered = then.len() == 3;
        model.covered_before += u64::from(covered);
        model.confirmed_before += u64::from(covered && then[1] != "Unknown");
        match (covered, now.len() == 3) {
            (false, false) => {}
            (false, true) => model.coverage_gained += 1,
            (true, false) => model.coverage_lost += 1,
            (true, true) => {
                model.date_earlier += u64::from(now[0] < then[0]);
                model.date_later += u64::from(now[0] > then[0]);
                model.likelihood_changed += u64::from(now[2] != then[2]);
                match (then[1].as_str(), now[1].as_str()) {
                    (a, b) if a == b => {}
                    ("Unknown", _) => model.unknown_to_confirmed += 1,
                    (_, "Unknown") => model.confirmed_to_unknown += 1,
                    _ => model.variant_changed += 1,
                }
            }
        }
    }
    model
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn figures_are_those_of_the_words(before in any_load(), after in any_load()) {
        prop_assert_eq!(compare_words(&before, &after), model(&before, &after));
    }
}

#[test]
fn the_figures_read_well() {
    let changes = Changes {
        new: 1_204,
        removed: 98,
        same: 1_740_003,
        changed: 4_909,
        coverage_gained: 12,
        coverage_lost: 3,
        unknown_to_confirmed: 2_700,
        confirmed_to_unknown: 41,
        date_earlier: 1_800,
        date_later: 340,
        texts_changed: 77,
        newly_set_aside: 5,
        ..Changes::default()
    };
    insta::assert_snapshot!(changes, @"
    locations before            1,745,010
      removed                          98    0.01 %
      in both                   1,744,912   99.99 %
    locations after             1,746,116
      new                           1,204    0.07 %
      in both                   1,744,912   99.93 %
        same                    1,740,003   99.72 %
        changed                     4,909    0.28 %
          coverage gained              12   <0.01 %
          coverage lost                 3   <0.01 %
          Unknown to confirmed      2,700    0.15 %
          confirmed to Unknown         41   <0.01 %
          date earlier              1,800    0.10 %
          date later                  340    0.02 %
          texts changed                77   <0.01 %
          newly set aside               5   <0.01 %
    note: a location that moved in several ways is counted under each of them
    ");
}

#[test]
fn a_manifest_keeps_the_figures() {
    let changes = Changes { new: 1, variant_changed: 2, confirmed_before: 9, ..Changes::default() };
    let json = serde_json::to_string(&changes).unwrap();
    assert_eq!(serde_json::from_str::<Changes>(&json).unwrap(), changes);
    assert_eq!(serde_json::from_str::<Changes>("{}").unwrap(), Changes::default(), "figures may be added");
}
