//! How often one network may ask for subscriptions: each asks us to write to somebody, or to call somebody.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::domain::time::{HOUR, Millis, SECOND};

/// Networks remembered at a time.
const MOST_NETWORKS: usize = 10_000;

/// Counts requests by network, in memory.
#[derive(Debug)]
pub(super) struct Limit {
    /// Requests of one network in an hour.
    most: u32,
    seen: Mutex<HashMap<IpAddr, Window>>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    begun: Millis,
    requests: u32,
}

impl Limit {
    /// One that lets a network ask so often in an hour.
    pub(super) fn of(most: u32) -> Self {
        Self { most, seen: Mutex::default() }
    }

    /// Counts a request; the error is the number of seconds after which the next one is welcome.
    pub(super) fn admit(&self, network: IpAddr, now: Millis) -> Result<(), i64> {
        // A poisoned lock only means that another thread panicked; the map is whole after each of its changes.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |window: &Window| now.0 - window.begun.0 >= HOUR;
        if seen.len() >= MOST_NETWORKS && !seen.contains_key(&network) {
            seen.retain(|_, window| !is_over(window));
            if seen.len() >= MOST_NETWORKS {
                // So many networks at once are no visitors; to forget them all costs less than to refuse everybody.
                seen.clear();
            }
        }
        let window = seen.entry(network).or_insert(Window { begun: now, requests: 0 });
        if is_over(window) {
            *window = Window { begun: now, requests: 0 };
        }
        if window.requests >= self.most {
            return Err((window.begun.0 + HOUR - now.0) / SECOND + 1);
        }
        window.requests += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_waits_after_its_requests_until_the_hour_is_over() {
        let limit = Limit::of(20);
        let network = IpAddr::from([203, 0, 113, 7]);
        for _ in 0..20 {
            assert_eq!(limit.admit(network, Millis(5)), Ok(()));
        }
        assert_eq!(limit.admit(network, Millis(5 + HOUR - SECOND)), Err(2));
        assert_eq!(limit.admit(IpAddr::from([203, 0, 113, 8]), Millis(5)), Ok(()));
        assert_eq!(limit.admit(network, Millis(5 + HOUR)), Ok(()));
    }

    #[test]
    fn the_memory_it_takes_is_bounded() {
        let limit = Limit::of(20);
        for n in 0..30_000_u32 {
            assert_eq!(limit.admit(IpAddr::from(n.to_be_bytes()), Millis(0)), Ok(()));
        }
        assert!(limit.seen.lock().unwrap().len() <= MOST_NETWORKS);
    }
}
