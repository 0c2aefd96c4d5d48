use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;
use crate::grpc::Roles;

fn at(millis: u64) -> u64 {
    millis * 1_000_000
}

proptest! {
    /// Beside a plain model: a bucket that holds the burst, fills at the rate, and is emptied call by call.
    #[test]
    fn an_account_allows_what_a_leaking_bucket_allows(
        per_second in 1_u32..500,
        burst in 1_u32..20,
        gaps in prop::collection::vec(0_u64..400, 1..200),
    ) {
        let (account, rate) = (Account::default(), Rate::new(per_second, burst));
        let mut now = at(1);
        let mut filled: VecDeque<u64> = VecDeque::new();
        for gap in gaps {
            now += at(gap);
            // A place in the bucket is free again one interval after the one before it was.
            while filled.front().is_some_and(|&free| free <= now) {
                filled.pop_front();
            }
            let allowed = filled.len() < burst as usize;
            let free = filled.back().copied().unwrap_or(now).max(now) + rate.interval;
            match account.take(now, rate) {
                Ok(()) => {
                    prop_assert!(allowed);
                    filled.push_back(free);
                }
                Err(wait) => {
                    prop_assert!(!allowed);
                    // The wait is exact: not a nanosecond earlier, and then it is allowed.
                    let wait = u64::try_from(wait.as_nanos()).unwrap();
                    prop_assert_eq!(now + wait, *filled.front().unwrap());
                }
            }
        }
    }
}

fn caller(name: &str) -> Caller {
    Caller::certified(name.to_owned(), None, Roles::NONE)
}

#[test]
fn names_with_and_without_a_certificate_do_not_meet() {
    let accounts = Accounts::new();
    let address = Caller::of_address("127.0.0.1:1".parse().ok(), Roles::NONE);
    let now = Instant::now();
    let one = accounts.of(Some(&address), now, None).unwrap();
    let other = accounts.of(Some(&caller("127.0.0.1")), now, None).unwrap();
    assert!(!Arc::ptr_eq(&one, &other));
    let other_port = Caller::of_address("127.0.0.1:2".parse().ok(), Roles::NONE);
    assert!(Arc::ptr_eq(&one, &accounts.of(Some(&other_port), now, None).unwrap()));
    assert_eq!(accounts.len(), 2);
}

#[test]
fn a_crowd_of_names_is_bounded_and_forgotten() {
    let accounts = Accounts::new();
    let (now, rate) = (Instant::now(), Rate::new(1, 1));
    for number in 0..KEPT + 100 {
        // Newcomers beyond the bound share one account, and so one rate.
        let taken = accounts.of(Some(&caller(&number.to_string())), now, Some(rate));
        assert_eq!(taken.is_ok(), number <= KEPT, "{number}");
    }
    assert_eq!(accounts.len(), KEPT);
    // Whoever was known stays known.
    assert!(accounts.of(Some(&caller("0")), now, Some(rate)).is_err());
    // Later each is as good as new, but for one that has a call in flight.
    let later = now + Duration::from_secs(2);
    let busy = accounts.of(Some(&caller("7")), later, None).unwrap();
    busy.held(Class::Bulk).fetch_add(1, Ordering::Relaxed);
    drop(busy);
    accounts.books[1].lock().unwrap().forget_idle(accounts.time(later));
    assert_eq!(accounts.len(), 1);
}
