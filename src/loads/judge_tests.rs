use super::*;
use crate::{
    loads::{AgainstDamaged, LoadError, guards::unless_overridden, share::Share},
    store::Changes,
};

const ACTIVE: &str = "south-20261120T040506Z-0123456789ab";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A good load a day after the active one: a million locations that answer in both, all covered, all confirmed.
struct Case {
    delta: bool,
    report: Report,
    changes: Changes,
    issue_time: Timestamp,
}

const LOCATIONS: u64 = 1_000_000;

impl Case {
    fn good() -> Self {
        let report = Report { rows: LOCATIONS, accepted: LOCATIONS, ..Report::default() };
        let changes = Changes {
            same: LOCATIONS,
            answers_before: LOCATIONS,
            answers_after: LOCATIONS,
            answers_in_both: LOCATIONS,
            covered_before: LOCATIONS,
            confirmed_before: LOCATIONS,
            ..Changes::default()
        };
        Self { delta: false, report, changes, issue_time: at("2026-11-21T04:05:06Z") }
    }

    fn with(set: impl FnOnce(&mut Self)) -> Self {
        let mut case = Self::good();
        set(&mut case);
        case
    }

    fn judge(&self, overrides: &[Guard]) -> Result<Vec<Tripped>, Vec<Tripped>> {
        self.judge_by(&Thresholds::default(), overrides)
    }

    fn judge_by(&self, thresholds: &Thresholds, overrides: &[Guard]) -> Result<Vec<Tripped>, Vec<Tripped>> {
        let issue_time = at("2026-11-20T04:05:06Z");
        let against = Against::Active(AgainstActive { load_id: ACTIVE, issue_time, changes: &self.changes });
        let Self { delta, ref report, issue_time, .. } = *self;
        judged(&GuardInput { delta, dry_run: false, report, issue_time, against }, thresholds, overrides)
    }

    fn guards(&self) -> Vec<Guard> {
        guards(&self.judge(&[]).err().unwrap_or_default())
    }
}

/// Those that stand against a load and are overridden, or else those that refuse it.
fn judged(input: &GuardInput<'_>, thresholds: &Thresholds, overrides: &[Guard]) -> Result<Vec<Tripped>, Vec<Tripped>> {
    let tripped = judge(input, thresholds);
    unless_overridden(tripped.clone(), overrides).map(|()| tripped)
}

fn guards(tripped: &[Tripped]) -> Vec<Guard> {
    tripped.iter().map(|tripped| tripped.guard).collect()
}

fn rejects(delta: bool, set_aside: u64, rows: u64) -> Case {
    Case::with(|case| {
        case.delta = delta;
        case.report = Report { rows, set_aside, accepted: rows - set_aside, ..Report::default() };
    })
}

/// So many locations are gone.
fn lose(changes: &mut Changes, gone: u64) {
    changes.answers_in_both -= gone;
    changes.answers_after -= gone;
}

/// For each guard, what is just allowed, and one row more.
fn boundaries() -> Vec<(Guard, Case, Case)> {
    let changed = |set: fn(&mut Changes, u64), figure: u64| Case::with(|case| set(&mut case.changes, figure));
    let pair = |guard, set: fn(&mut Changes, u64), last| (guard, changed(set, last), changed(set, last + 1));
    let issued = |time: &str| Case::with(|case| case.issue_time = at(time));
    vec![
        (Guard::Rejects, rejects(false, 1_000, LOCATIONS), rejects(false, 1_001, LOCATIONS)),
        // Of a delta, ten rows, and one per cent.
        (Guard::Rejects, rejects(true, 10, 5_000), rejects(true, 11, 5_000)),
        (Guard::Rejects, rejects(true, 10, 1_000), rejects(true, 11, 1_000)),
        (Guard::Rejects, rejects(true, 9, 900), rejects(true, 10, 900)),
        (Guard::Rejects, rejects(true, 0, 20), rejects(true, 1, 20)),
        pair(Guard::CoverageLost, |changes, lost| changes.coverage_lost = lost, 10_000),
        pair(Guard::VariantChanged, |changes, changed| changes.variant_changed = changed, 100_000),
        pair(Guard::Unknown, |changes, unknown| changes.confirmed_to_unknown = unknown, 50_000),
        pair(Guard::Shrink, lose, 100_000),
        // As many new ones do not make up for those that go.
        pair(Guard::Shrink, |changes, gone| changes.answers_in_both -= gone, 100_000),
        pair(Guard::Growth, |changes, more| changes.answers_after += more, 250_000),
        (Guard::IssueOrder, issued("2026-11-20T04:05:07Z"), issued("2026-11-20T04:05:06Z")),
    ]
}

#[test]
fn exactly_what_is_allowed_passes_and_a_row_more_does_not() {
    for (guard, allowed, refused) in boundaries() {
        assert_eq!(allowed.judge(&[]), Ok(Vec::new()), "{guard}");
        assert_eq!(refused.guards(), [guard]);
    }
}

#[test]
fn shares_that_no_float_can_hold_are_exact() {
    // 0.1 % of 3,000 is 3; of 2,999 a little less.
    for (set_aside, rows, refused) in [(3, 3_000, false), (3, 2_999, true), (0, 1, false), (1, 999, true)] {
        assert_eq!(rejects(false, set_aside, rows).judge(&[]).is_err(), refused, "{set_aside} of {rows}");
    }
}

#[test]
fn a_guard_yields_to_its_own_override_alone_and_the_manifest_hears_of_it() {
    for (guard, allowed, refused) in boundaries() {
        assert_eq!(guards(&refused.judge(&[guard]).unwrap()), [guard]);
        assert_eq!(allowed.judge(&[guard]), Ok(Vec::new()), "nothing was overridden");
        let others: Vec<_> = Guard::ALL.into_iter().filter(|&other| other != guard).collect();
        assert_eq!(guards(&refused.judge(&others).unwrap_err()), [guard]);
    }
}

#[test]
fn all_guards_that_trip_are_told_in_order_but_for_the_overridden() {
    let broken = Case::with(|case| {
        case.report.set_aside = 2_000;
        case.changes.coverage_lost = 20_000;
        case.changes.confirmed_to_unknown = 900_000;
        lose(&mut case.changes, LOCATIONS / 2);
        case.issue_time = at("2026-11-19T04:05:06Z");
    });
    use Guard::*;
    assert_eq!(broken.guards(), [Rejects, CoverageLost, Unknown, Shrink, IssueOrder]);
    assert_eq!(guards(&broken.judge(&[Unknown, Rejects]).unwrap_err()), [CoverageLost, Shrink, IssueOrder]);
    assert_eq!(guards(&broken.judge(&Guard::ALL).unwrap()), [Rejects, CoverageLost, Unknown, Shrink, IssueOrder]);
}

#[test]
fn without_an_active_load_only_rejects_judges() {
    let case = rejects(false, 5, 100);
    let alone = |report: &Report| {
        let issue_time = at("1999-01-01T00:00:00Z");
        let input = GuardInput { delta: false, dry_run: false, report, issue_time, against: Against::Nothing };
        judged(&input, &Thresholds::default(), &[])
    };
    assert_eq!(guards(&alone(&case.report).unwrap_err()), [Guard::Rejects]);
    assert_eq!(alone(&Report { rows: 1, accepted: 1, ..Report::default() }), Ok(Vec::new()));
}

#[test]
fn a_damaged_active_load_still_judges_by_what_its_manifest_says() {
    use Guard::*;
    let report = Report { rows: 100, accepted: 100, ..Report::default() };
    let judged = |answers_after, issued: &str, overrides: &[Guard]| {
        let damaged = AgainstDamaged {
            load_id: ACTIVE,
            issue_time: at("2026-11-20T04:05:06Z"),
            answers_before: LOCATIONS,
            answers_after,
            premises_before: 0,
            premises_after: 0,
        };
        let issue_time = at(issued);
        let input = GuardInput {
            delta: false,
            dry_run: false,
            report: &report,
            issue_time,
            against: Against::Damaged(damaged),
        };
        judged(&input, &Thresholds::default(), overrides)
    };
    let same = "2026-11-20T04:05:06Z";
    for (answers, issued, refusing) in [
        (900_000, same, vec![]),
        (899_999, same, vec![Shrink]),
        (1_250_000, same, vec![]),
        (1_250_001, same, vec![Growth]),
        (LOCATIONS, "2026-11-20T04:05:05Z", vec![IssueOrder]),
        (200_000, "2026-11-19T04:05:06Z", vec![Shrink, IssueOrder]),
    ] {
        let tripped = judged(answers, issued, &[]).err().unwrap_or_default();
        assert_eq!(guards(&tripped), refusing, "{answers} {issued}");
        assert!(tripped.iter().all(|tripped| tripped.words.contains(&format!("{ACTIVE}, which is damaged"))));
        assert_eq!(guards(&judged(answers, issued, &refusing).unwrap()), refusing, "overridden");
    }
}

#[test]
fn beside_a_damaged_load_postcodes_and_premises_are_judged_apart() {
    let report = Report { rows: 100, accepted: 100, ..Report::default() };
    // Of 1,100,000 locations, a tenth are postcodes.
    for (postcodes, premises, told) in [
        (100_000, LOCATIONS, ""),
        (89_999, LOCATIONS, "shrink: at least 10,001 of 100,000 postcodes (10.00 %)"),
        (100_000, 899_999, "shrink: at least 100,001 of 1,000,000 premises (10.00 %)"),
        (100_000, 0, "shrink: at least 1,000,000 of 1,000,000 premises (100.00 %)"),
        (125_001, LOCATIONS, "growth: it would bring at least 25,001 new beside 100,000 postcodes (25.00 %)"),
    ] {
        let damaged = AgainstDamaged {
            load_id: ACTIVE,
            issue_time: at("2026-11-20T04:05:06Z"),
            answers_before: 100_000 + LOCATIONS,
            answers_after: postcodes + premises,
            premises_before: LOCATIONS,
            premises_after: premises,
        };
        let issue_time = damaged.issue_time;
        let against = Against::Damaged(damaged);
        let input = GuardInput { delta: false, dry_run: false, report: &report, issue_time, against };
        let tripped = judged(&input, &Thresholds::default(), &[]).err().unwrap_or_default();
        assert_eq!(tripped.len(), usize::from(!told.is_empty()), "{tripped:?}");
        assert!(tripped.iter().all(|tripped| tripped.words.starts_with(told)), "{tripped:?}");
    }
}

#[test]
fn a_share_of_nothing_is_not_judged() {
    let changes = Changes { new: 5, answers_after: 5, ..Changes::default() };
    assert_eq!(Case::with(|case| case.changes = changes).judge(&[]), Ok(Vec::new()));
}

#[test]
fn each_threshold_moves_its_own_guard() {
    let all = Share::percent(1_000);
    type Set = fn(&mut Thresholds, Share);
    let lenient: [(Guard, Set); 7] = [
        (Guard::Rejects, |thresholds, all| {
            (thresholds.rejects, thresholds.delta_rejects, thresholds.delta_rejects_rows) = (all, all, 100);
        }),
        (Guard::CoverageLost, |thresholds, all| thresholds.coverage_lost = all),
        (Guard::VariantChanged, |thresholds, all| thresholds.variant_changed = all),
        (Guard::Unknown, |thresholds, all| thresholds.unknown = all),
        (Guard::Shrink, |thresholds, all| thresholds.shrink = all),
        (Guard::Growth, |thresholds, all| thresholds.growth = all),
        (Guard::IssueOrder, |thresholds, _| thresholds.newer_only = false),
    ];
    for (guard, _, refused) in boundaries() {
        for (moved, set) in lenient {
            let mut thresholds = Thresholds::default();
            set(&mut thresholds, all);
            assert_eq!(refused.judge_by(&thresholds, &[]).is_ok(), moved == guard, "{moved} for {guard}");
        }
    }
}

#[test]
fn thresholds_are_written_as_an_operator_reads_them() {
    let text = toml::to_string(&Thresholds::default()).unwrap();
    insta::assert_snapshot!(text, @r#"
    rejects = "0.1 %"
    delta_rejects = "1 %"
    delta_rejects_rows = 10
    coverage_lost = "1 %"
    variant_changed = "10 %"
    unknown = "5 %"
    shrink = "10 %"
    growth = "25 %"
    newer_only = true
    "#);
    assert_eq!(toml::from_str::<Thresholds>(&text).unwrap(), Thresholds::default());
    assert_eq!(toml::from_str::<Thresholds>("").unwrap(), Thresholds::default());
    let set = toml::from_str::<Thresholds>("unknown = \"0.5 %\"").unwrap();
    assert_eq!(set, Thresholds { unknown: Share::millionths(5_000), ..Thresholds::default() });
    assert!(toml::from_str::<Thresholds>("unknwon = \"0.5 %\"").is_err());
}

#[test]
fn each_refusal_says_what_was_measured_what_is_allowed_what_may_be_wrong_and_what_to_do() {
    let words = |case: &Case| case.judge(&[]).unwrap_err().remove(0).words;
    let all: Vec<_> = boundaries().iter().map(|(_, _, refused)| words(refused)).collect();
    // The full file's rejects, one delta's, and each of the others.
    let told: Vec<_> = all
        .iter()
        .enumerate()
        .filter(|(place, _)| ![2, 3, 4, 9].contains(place))
        .map(|(_, words)| words.as_str())
        .collect();
    insta::assert_snapshot!(told.join("\n\n"), @"
    rejects: 1,001 of 1,000,000 rows (0.10 %) were set aside, and at most 1,000 (0.1 %) may be. Has a column changed its form, or does a stray quote join rows? The report counts the reasons, and the rejects name the lines. Send the right file, or, if this one is right, have an operator override the guard rejects for it with a note.

    rejects: 11 of 5,000 rows (0.22 %) were set aside, and at most 10 (the less of 10 rows and 1 %) may be. Has a column changed its form, or does a stray quote join rows? The report counts the reasons, and the rejects name the lines. Send the right file, or, if this one is right, have an operator override the guard rejects for it with a note.

    coverage-lost: 10,001 of 1,000,000 locations (1.00 %) that have coverage in the active load would have none planned, and at most 10,000 (1 %) may lose it. Were the columns availability_date, wan_variant and connectivity_likelihood blanked, or is it another region's file? Send the right file, or, if this one is right, have an operator override the guard coverage-lost for it with a note.

    variant-changed: 100,001 of 1,000,000 locations (10.00 %) with a confirmed variant would have another one, and at most 100,000 (10 %) may change. Was the column wan_variant sorted apart from its postcodes, or is it another region's file? Send the right file, or, if this one is right, have an operator override the guard variant-changed for it with a note.

    unknown: 50,001 of 1,000,000 locations (5.00 %) with a confirmed variant would be Unknown, and at most 50,000 (5 %) may be. Was the column wan_variant blanked? Send the right file, or, if this one is right, have an operator override the guard unknown for it with a note.

    shrink: 100,001 of 1,000,000 locations (10.00 %) that answer in the active load would answer no more, and at most 100,000 (10 %) may go. Was the file cut short, is it only a part of the region, or another region's file? Send the right file, or, if this one is right, have an operator override the guard shrink for it with a note.

    growth: it would bring 250,001 new beside 1,000,000 locations (25.00 %) that answer in the active load, and at most 250,000 (25 %) may come. Were the files of several regions joined, or is it another region's file? Send the right file, or, if this one is right, have an operator override the guard growth for it with a note.

    issue-order: the file was issued 2026-11-20T04:05:06Z, and must be later than 2026-11-20T04:05:06Z, when the active load south-20261120T040506Z-0123456789ab was issued. Is it yesterday's file? To go back to an earlier load, activate that one. Send the right file, or, if this one is right, have an operator override the guard issue-order for it with a note.
    ");
}

#[test]
fn a_dry_run_is_not_sent_to_rejects_that_nobody_keeps() {
    let case = rejects(false, 5, 100);
    let words = |dry_run| {
        let issue_time = at("2026-11-20T04:05:06Z");
        let input = GuardInput { delta: false, dry_run, report: &case.report, issue_time, against: Against::Nothing };
        judged(&input, &Thresholds::default(), &[]).unwrap_err().remove(0).words
    };
    assert!(words(true).contains("`wan-matrix check` names the lines") && !words(true).contains("the rejects"));
    assert!(words(false).contains("the rejects name the lines"));

    // Which deletes the base knows nothing of, `wan-matrix check` cannot tell either.
    let mut case = rejects(true, 5, 100);
    case.report.rejects_by_reason.insert(RejectReason::DeleteUnknown, 5);
    let issue_time = at("2026-11-20T04:05:06Z");
    let of = |dry_run| GuardInput { delta: true, dry_run, report: &case.report, issue_time, against: Against::Nothing };
    let words = |dry_run| judged(&of(dry_run), &Thresholds::default(), &[]).unwrap_err().remove(0).words;
    assert!(words(true).contains("by the rejects when the file is sent in earnest"), "{}", words(true));
    assert!(words(false).contains("the rejects name the lines"));
}

#[test]
fn the_sender_is_told_the_first_guard_in_full_and_the_figures_of_the_others() {
    let refused = |set: fn(&mut Case)| {
        let tripped = Case::with(set).judge(&[]).unwrap_err();
        let load_id = "south-20261121T040506Z-ba9876543210".to_owned();
        LoadError::Guards { load_id, tripped, dry_run: None }.to_string()
    };
    insta::assert_snapshot!(refused(|case| case.changes.confirmed_to_unknown = 900_000), @"unknown: 900,000 of 1,000,000 locations (90.00 %) with a confirmed variant would be Unknown, and at most 50,000 (5 %) may be. Was the column wan_variant blanked? Send the right file, or, if this one is right, have an operator override the guard unknown for it with a note. Nothing has changed; see the report and the rejects of south-20261121T040506Z-ba9876543210");
    insta::assert_snapshot!(refused(|case| {
        case.changes.confirmed_to_unknown = 900_000;
        lose(&mut case.changes, LOCATIONS / 2);
        case.issue_time = at("2026-11-19T04:05:06Z");
    }), @"unknown: 900,000 of 1,000,000 locations (90.00 %) with a confirmed variant would be Unknown, and at most 50,000 (5 %) may be. Was the column wan_variant blanked? Send the right file, or, if this one is right, have an operator override the guard unknown for it with a note. Also shrink: 500,000 of 1,000,000 locations (50.00 %), allowed at most 100,000 (10 %); issue-order: issued 2026-11-19T04:05:06Z, allowed later than 2026-11-20T04:05:06Z. Nothing has changed; see the report and the rejects of south-20261121T040506Z-ba9876543210");
}

#[test]
fn each_refusal_beside_a_damaged_load_says_what_can_be_known_of_it() {
    let report = Report { rows: 100, accepted: 100, ..Report::default() };
    let words = |answers_after, issued| {
        let damaged = AgainstDamaged {
            load_id: ACTIVE,
            issue_time: at("2026-11-20T04:05:06Z"),
            answers_before: LOCATIONS,
            answers_after,
            premises_before: 0,
            premises_after: 0,
        };
        let issue_time = at(issued);
        let against = Against::Damaged(damaged);
        let input = GuardInput { delta: false, dry_run: false, report: &report, issue_time, against };
        let tripped = judged(&input, &Thresholds::default(), &[]).unwrap_err();
        tripped.into_iter().map(|tripped| tripped.words).collect::<Vec<_>>().join("\n\n")
    };
    insta::assert_snapshot!(words(200_000, "2026-11-19T04:05:06Z"), @"
    shrink: at least 800,000 of 1,000,000 locations (80.00 %) that the active load south-20261120T040506Z-0123456789ab, which is damaged, answered for would answer no more, and at most 100,000 (10 %) may go. Was the file cut short, is it only a part of the region, or another region's file? Send the right file, or, if this one is right, have an operator override the guard shrink for it with a note.

    issue-order: the file was issued 2026-11-19T04:05:06Z, and must be no earlier than 2026-11-20T04:05:06Z, when the active load south-20261120T040506Z-0123456789ab, which is damaged, was issued. Is it yesterday's file? To go back to an earlier load, activate that one. Send the right file, or, if this one is right, have an operator override the guard issue-order for it with a note.
    ");
    insta::assert_snapshot!(words(2 * LOCATIONS, "2026-11-20T04:05:06Z"), @"growth: it would bring at least 1,000,000 new beside 1,000,000 locations (100.00 %) that the active load south-20261120T040506Z-0123456789ab, which is damaged, answered for, and at most 250,000 (25 %) may come. Were the files of several regions joined, or is it another region's file? Send the right file, or, if this one is right, have an operator override the guard growth for it with a note.");
}
