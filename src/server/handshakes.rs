//! The handshakes under way, within a number of places, and which of them gives way when all are taken.
//!
//! The host that has the most of them gives way, by its oldest: whoever opens connections by the hundred and says nothing
//! makes room for its own, and another's handshake is made in peace however many come at once.

use std::{
    collections::{HashMap, VecDeque},
    net::{IpAddr, Ipv6Addr},
};

use tokio::sync::oneshot;

/// The bits of an IPv6 address that tell hosts apart: whoever has one address of a /64 has all of them.
const IPV6_HOST: u128 = !(u64::MAX as u128);

/// Handshakes under way, the oldest first.
#[derive(Debug)]
pub(super) struct Handshakes {
    max: usize,
    under_way: VecDeque<(IpAddr, oneshot::Sender<()>)>,
}

impl Handshakes {
    pub(super) const fn at_most(max: usize) -> Self {
        Self { max, under_way: VecDeque::new() }
    }

    /// One more. It is over when what is given back is dropped, and must give way when that resolves.
    pub(super) fn begin(&mut self, from: IpAddr) -> oneshot::Receiver<()> {
        let from = host(from);
        self.under_way.retain(|(_, handshake)| !handshake.is_closed());
        while self.under_way.len() >= self.max.max(1) {
            let first = self.first_to_give_way(from);
            // Dropped, which the handshake hears.
            self.under_way.remove(first);
        }
        let (handshake, gives_way) = oneshot::channel();
        self.under_way.push_back((from, handshake));
        gives_way
    }

    /// The oldest of the host that has the most, the one that comes included. Of hosts that have as many, the oldest of all.
    fn first_to_give_way(&self, comes: IpAddr) -> usize {
        let mut counts = HashMap::from([(comes, 1_usize)]);
        for (host, _) in &self.under_way {
            *counts.entry(*host).or_default() += 1;
        }
        let most = counts.values().max();
        self.under_way.iter().position(|(host, _)| counts.get(host) == most).unwrap_or(0)
    }
}

/// What hosts are told apart by.
fn host(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & IPV6_HOST).into(),
        ipv4 @ IpAddr::V4(_) => ipv4,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says so by failing")]

    use oneshot::error::TryRecvError;

    use super::*;

    /// Begins one handshake for each address, and says by their places in the list which gave way.
    fn given_way(max: usize, hosts: &[&str]) -> Vec<usize> {
        let mut handshakes = Handshakes::at_most(max);
        let begun: Vec<_> = hosts.iter().map(|host| handshakes.begin(host.parse().unwrap())).collect();
        let gone = |handshake: &mut oneshot::Receiver<()>| handshake.try_recv() == Err(TryRecvError::Closed);
        begun.into_iter().enumerate().filter_map(|(at, mut handshake)| gone(&mut handshake).then_some(at)).collect()
    }

    #[test]
    fn the_host_with_the_most_gives_way_by_its_oldest() {
        const PLANNER: &str = "192.0.2.1";
        const FLOOD: &str = "198.51.100.7";
        let cases: &[(usize, &[&str], &[usize])] = &[
            (2, &[FLOOD, FLOOD], &[]),
            (2, &[FLOOD, FLOOD, FLOOD, FLOOD], &[0, 1]),
            // The planner is the oldest, and stays.
            (2, &[PLANNER, FLOOD, FLOOD, FLOOD, FLOOD], &[1, 2, 3]),
            (3, &[FLOOD, PLANNER, FLOOD, FLOOD, FLOOD], &[0, 2]),
            // With as many each, the oldest of all.
            (3, &[FLOOD, PLANNER, FLOOD, PLANNER, FLOOD], &[0, 1]),
            (2, &[PLANNER, FLOOD, "203.0.113.9"], &[0]),
            (1, &[PLANNER, FLOOD], &[0]),
            // Addresses of one host: a /64, and IPv4 however it is written.
            (2, &[PLANNER, "2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::3"], &[1, 2]),
            (2, &["2001:db8:0:1::1", "2001:db8::1", "2001:db8::2"], &[1]),
            (2, &[PLANNER, "198.51.100.7", "::ffff:198.51.100.7"], &[1]),
        ];
        for (max, hosts, expected) in cases {
            assert_eq!(given_way(*max, hosts), *expected, "{max} of {hosts:?}");
        }
    }

    #[test]
    fn one_that_is_over_has_no_place_any_more() {
        let mut handshakes = Handshakes::at_most(2);
        let address = "192.0.2.1".parse().unwrap();
        let mut first = handshakes.begin(address);
        drop(handshakes.begin(address));
        let mut third = handshakes.begin(address);
        assert_eq!((first.try_recv(), third.try_recv()), (Err(TryRecvError::Empty), Err(TryRecvError::Empty)));
    }
}
