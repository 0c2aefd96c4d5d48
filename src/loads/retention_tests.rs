use super::*;
use crate::{
    loads::catalogue::tests::manifest,
    store::{Activation, Manifest},
};

/// Which are kept of loads that came so many days ago and were activated in this order.
fn kept(days_ago: &[i64], activated: &[usize], retention: Retention) -> Vec<usize> {
    let now = Timestamp::from_second(0).unwrap() + SignedDuration::from_hours(24 * 4000);
    let mut catalogue = Catalogue::default();
    let ids: Vec<String> = (0..days_ago.len()).map(|number| format!("south-{number}")).collect();
    for (id, days) in ids.iter().zip(days_ago) {
        let mut manifest = manifest(CspRegion::South, 0);
        manifest.load_id.clone_from(id);
        manifest.received = now - SignedDuration::from_hours(24 * days);
        catalogue.retained.insert(id.clone(), manifest.into());
    }
    for (number, &load) in activated.iter().enumerate() {
        let at = now - SignedDuration::from_hours(24 * 300) + SignedDuration::from_mins(number as i64);
        catalogue.active.activate(CspRegion::South, &ids[load], Activation { at, by: String::new() });
    }
    // Another region has come and gone since.
    for number in 1..=2 {
        let manifest = Manifest { received: now, ..manifest(CspRegion::North, number) };
        catalogue.active.activate(CspRegion::North, &manifest.load_id, Activation { at: now, by: String::new() });
        catalogue.retained.insert(manifest.load_id.clone(), manifest.into());
    }
    let gone = surplus(&catalogue, CspRegion::South, retention, now);
    assert_eq!(surplus(&catalogue, CspRegion::Central, retention, now), [""; 0], "another region's are its own");
    (0..ids.len()).filter(|&number| !gone.contains(&ids[number])).collect()
}

#[test]
fn the_newest_and_the_young_are_kept_and_the_active_one_always() {
    let five = Retention::default();
    for (days_ago, active, wanted) in [
        (&[][..], &[][..], &[][..]),
        (&[400, 300, 200, 100, 90], &[][..], &[0, 1, 2, 3, 4]),
        (&[400, 300, 200, 100, 90, 80], &[][..], &[1, 2, 3, 4, 5]),
        (&[400, 300, 200, 100, 90, 80], &[0], &[0, 1, 2, 3, 4, 5]),
        // Gone back to the oldest, and forward again: there is a way back to what answered before, and to no other.
        (&[400, 300, 200, 100, 90, 80, 70, 60], &[1, 0, 7], &[0, 3, 4, 5, 6, 7]),
        (&[400, 300, 200, 100, 90, 80, 70, 60], &[7, 1, 0], &[0, 1, 3, 4, 5, 6, 7]),
        (&[400, 300, 200, 100, 90, 80, 70, 60], &[2, 1, 2], &[1, 2, 3, 4, 5, 6, 7]),
        (&[34, 33, 32, 31, 30, 29, 28], &[][..], &[0, 1, 2, 3, 4, 5, 6]),
        (&[35, 36, 10, 9, 8, 7, 6], &[][..], &[0, 2, 3, 4, 5, 6]),
    ] {
        assert_eq!(kept(days_ago, active, five), wanted, "{days_ago:?}");
    }
    assert_eq!(kept(&[3, 2, 1], &[], Retention { loads: 1, days: 0 }), [2]);
}
