use super::*;
use crate::{loads::catalogue::tests::manifest, store::Activation};

/// Loads that came so many days before the fortieth day, and the active one.
fn kept(days_ago: &[i64], active: Option<usize>, retention: Retention) -> Vec<usize> {
    let now = Timestamp::from_second(0).unwrap() + SignedDuration::from_hours(24 * 4000);
    let mut catalogue = Catalogue::default();
    let ids: Vec<String> = (0..days_ago.len()).map(|number| format!("south-{number}")).collect();
    for (id, days) in ids.iter().zip(days_ago) {
        let mut manifest = manifest(CspRegion::South, 0);
        manifest.load_id.clone_from(id);
        manifest.received = now - SignedDuration::from_hours(24 * days);
        catalogue.retained.insert(id.clone(), manifest);
    }
    if let Some(active) = active {
        catalogue.active.activate(CspRegion::South, &ids[active], Activation { at: now, by: String::new() });
    }
    let gone = surplus(&catalogue, CspRegion::South, retention, now);
    assert_eq!(surplus(&catalogue, CspRegion::North, retention, now), [""; 0], "another region's are its own");
    (0..ids.len()).filter(|&number| !gone.contains(&ids[number])).collect()
}

#[test]
fn the_newest_and_the_young_are_kept_and_the_active_one_always() {
    let five = Retention::default();
    for (days_ago, active, wanted) in [
        (&[][..], None, &[][..]),
        (&[400, 300, 200, 100, 90], None, &[0, 1, 2, 3, 4]),
        (&[400, 300, 200, 100, 90, 80], None, &[1, 2, 3, 4, 5]),
        (&[400, 300, 200, 100, 90, 80], Some(0), &[0, 1, 2, 3, 4, 5]),
        (&[34, 33, 32, 31, 30, 29, 28], None, &[0, 1, 2, 3, 4, 5, 6]),
        (&[35, 36, 10, 9, 8, 7, 6], None, &[0, 2, 3, 4, 5, 6]),
    ] {
        assert_eq!(kept(days_ago, active, five), wanted, "{days_ago:?}");
    }
    assert_eq!(kept(&[3, 2, 1], None, Retention { loads: 1, days: 0 }), [2]);
}
