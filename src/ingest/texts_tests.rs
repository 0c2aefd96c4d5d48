use proptest::prelude::*;

use super::*;

fn table(directory: &tempfile::TempDir, pairs: usize, bytes: usize) -> TextTable {
    TextTable::bounded(directory.path().join("texts"), Bounds { pairs, bytes })
}

#[test]
fn the_empty_pair_is_id_0_and_equal_pairs_share_an_id() {
    let directory = tempfile::tempdir().unwrap();
    let mut table = TextTable::new(directory.path().join("texts"));
    let ids = [("", ""), ("aerial", ""), ("", "aerial"), ("aerial", ""), ("a", "erial"), ("", "")]
        .map(|(auxiliary, additional)| table.intern(auxiliary, additional).unwrap());
    assert_eq!(ids, [0, 1, 2, 1, 3, 0]);
    assert_eq!(table.len(), 4);
    assert_eq!(table.get(2).unwrap(), ("".into(), "aerial".into()));
    assert_eq!(table.get(4).unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
fn past_its_bounds_new_pairs_go_to_disk_and_old_ones_are_still_found() {
    for (pairs, bytes) in [(10, usize::MAX), (usize::MAX, 100)] {
        let directory = tempfile::tempdir().unwrap();
        let mut table = table(&directory, pairs, bytes);
        let ids: Vec<_> = (0..500).map(|i| table.intern(&format!("pole {i}"), "é").unwrap()).collect();
        assert_eq!(ids, (1..=500).collect::<Vec<_>>());
        assert!(table.held.len() < 200, "{}", table.held.len());
        assert_eq!(table.intern("pole 0", "é").unwrap(), 1);
        let again = table.intern("pole 499", "é").unwrap();
        assert!(again > 500 && table.same(again, 500).unwrap() && !table.same(again, 499).unwrap());
        for (id, i) in (1..=500).zip(0..) {
            assert_eq!(table.get(id).unwrap(), (format!("pole {i}").into(), "é".into()));
        }
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "the file is unlinked");
    }
}

#[test]
fn no_file_is_made_unless_needed_and_a_failing_disk_is_told() {
    let mut table = TextTable::bounded("/nowhere/to/be/found".into(), Bounds { pairs: 1, bytes: 1000 });
    table.intern("one", "").unwrap();
    assert_eq!(table.intern("two", "").unwrap_err().kind(), io::ErrorKind::NotFound);
}

proptest! {
    #[test]
    fn every_id_reads_back_in_order(
        pairs in prop::collection::vec(("[abé\n]{0,3}", "[abé\n]{0,3}"), 0..300),
        bound in 0..100usize,
    ) {
        let directory = tempfile::tempdir().unwrap();
        let mut table = table(&directory, bound, 1 << 20);
        let ids: Vec<_> = pairs.iter().map(|(a, b)| table.intern(a, b).unwrap()).collect();
        for (id, (a, b)) in ids.iter().zip(&pairs) {
            prop_assert_eq!(table.get(*id).unwrap(), (a.into(), b.into()));
        }
        let mut next = 0;
        table.for_each(|id, a, b| {
            assert_eq!(id, next);
            assert_eq!(table.get(id)?, (a.into(), b.into()));
            next += 1;
            io::Result::Ok(())
        }).unwrap();
        prop_assert_eq!(next, table.len());
    }
}
