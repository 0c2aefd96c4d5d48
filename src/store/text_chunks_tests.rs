use proptest::{collection::vec, prelude::*};

use super::*;

fn chunks(pairs: &[(String, String)]) -> Vec<([u8; 5], Vec<u8>)> {
    let mut chunks = Chunks::new();
    let mut sealed: Vec<_> = pairs.iter().filter_map(|(a, b)| chunks.push(a, b)).collect();
    sealed.extend(chunks.close());
    sealed
}

fn read(sealed: &[([u8; 5], Vec<u8>)]) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for (key, value) in sealed {
        assert_eq!(first(key), Some(pairs.len() as u32 + 1));
        for pair in open(key, value).unwrap() {
            let (a, b) = pair.unwrap();
            pairs.push((a.to_owned(), b.to_owned()));
        }
    }
    pairs
}

#[test]
fn the_longest_texts_there_are_stay_below_the_page_limit() {
    let pairs: Vec<_> = (0..20).map(|i| ("𝒳".repeat(50), format!("{}{i:02}", "𝒴".repeat(248)))).collect();
    let sealed = chunks(&pairs);
    assert!(sealed.len() > 1 && sealed.iter().all(|(_, value)| value.len() <= VALUE_MAX));
    assert_eq!(read(&sealed), pairs);
}

#[test]
fn no_texts_make_no_chunk() {
    assert!(chunks(&[]).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn texts_round_trip(pairs in vec((".{0,50}", "(?s).{0,250}"), 1..200)) {
        let sealed = chunks(&pairs);
        prop_assert!(sealed.iter().all(|(_, value)| value.len() <= VALUE_MAX));
        prop_assert_eq!(read(&sealed), pairs);
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(key in any::<[u8; 5]>(), body in any::<Vec<u8>>()) {
        prop_assert!(open(&key, &body).is_err());
        let mut value = [&[VERSION][..], &body].concat();
        value.extend_from_slice(&checksum(&key, &value).to_be_bytes());
        // A right sum over nonsense: every pair is read or refused, and the reading ends.
        prop_assert!(open(&key, &value).unwrap().take_while(Result::is_ok).count() <= body.len());
    }
}
