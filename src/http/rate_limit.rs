//! Rate limiter per client network, for requests that make the server send an e-mail, call another
//! host or check a password or token.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, PoisonError};

use crate::domain::time::{HOUR, Millis, SECOND, SignedDuration, as_millis_i64, multiply};

/// Maximum number of networks tracked at a time.
const MAX_NETWORKS: usize = 10_000;

/// Network under which all clients without a known address are counted together.
const UNKNOWN: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Limits requests per network by the generic cell rate algorithm (GCRA, ITU-T I.371): a network
/// may use its whole hourly number at once, and gets it back evenly over an hour.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    of_network: Limit,
    /// Limit of all clients without a known network together; `None` if they are not limited.
    of_unknown: Option<Limit>,
    /// Theoretical arrival time of the next request of each network; absent once it has passed.
    arrivals: Mutex<HashMap<IpAddr, Millis>>,
}

/// A number of requests per hour.
#[derive(Debug, Clone, Copy)]
struct Limit {
    /// Time after which one more request is accepted.
    interval: SignedDuration,
    /// Longest time by which the theoretical arrival time may be in the future.
    tolerance: SignedDuration,
}

impl Limit {
    fn per_hour(requests: u32) -> Self {
        let requests = i64::from(requests.max(1));
        let interval = SignedDuration::from_millis((as_millis_i64(HOUR) + requests - 1) / requests);
        Self { interval, tolerance: multiply(interval, requests - 1) }
    }
}

/// A network exceeded its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RateLimitExceeded {
    /// Seconds until the next request is accepted, rounded up.
    pub(crate) retry_after_secs: i64,
}

impl RateLimiter {
    /// Creates a limiter that accepts this number of requests per network and hour, and any number
    /// from clients without a known network.
    pub(crate) fn new(requests_per_hour: u32) -> Self {
        let of_network = Limit::per_hour(requests_per_hour);
        Self { of_network, of_unknown: None, arrivals: Mutex::default() }
    }

    /// Returns the limiter with a limit for all clients without a known network together, which may
    /// be all clients of a proxy that does not state their addresses.
    #[must_use]
    pub(crate) fn with_unknown(self, requests_per_hour: u32) -> Self {
        Self { of_unknown: Some(Limit::per_hour(requests_per_hour)), ..self }
    }

    /// Counts a request, or rejects it if the network has used up its limit.
    pub(crate) fn check(
        &self,
        network: Option<IpAddr>,
        now: Millis,
    ) -> Result<(), RateLimitExceeded> {
        let (network, limit) = match (network, self.of_unknown) {
            (Some(network), _) => (network, self.of_network),
            (None, Some(limit)) => (UNKNOWN, limit),
            (None, None) => return Ok(()),
        };
        // A poisoned lock only means that another thread panicked; the map is consistent after each
        // change.
        let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        if arrivals.len() >= MAX_NETWORKS && !arrivals.contains_key(&network) {
            arrivals.retain(|_, arrival| *arrival > now);
            if arrivals.len() >= MAX_NETWORKS {
                // This number of networks at a time is an attack: resetting all counters is better
                // than rejecting everyone.
                arrivals.clear();
            }
        }
        // A clock that was ahead leaves later times than any request does.
        let latest = now.plus(limit.tolerance + limit.interval);
        let arrival = arrivals.get(&network).copied().filter(|arrival| *arrival <= latest);
        let arrival = arrival.unwrap_or(now).max(now);
        let wait = arrival.since(now) - limit.tolerance;
        if wait > SignedDuration::ZERO {
            let rounded_up = wait + SECOND - SignedDuration::from_millis(1);
            return Err(RateLimitExceeded { retry_after_secs: rounded_up.as_secs() });
        }
        arrivals.insert(network, arrival.plus(limit.interval));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::MINUTE;

    fn accepted(limiter: &RateLimiter, network: IpAddr, now: Millis) -> usize {
        (0..1000).take_while(|_| limiter.check(Some(network), now).is_ok()).count()
    }

    #[test]
    fn a_network_may_use_its_number_at_once_and_gets_it_back_evenly() {
        let limiter = RateLimiter::new(20);
        let network = IpAddr::from([203, 0, 113, 7]);
        let now = Millis(5);
        assert_eq!(accepted(&limiter, network, now), 20);
        assert_eq!(
            limiter.check(Some(network), now),
            Err(RateLimitExceeded { retry_after_secs: 180 })
        );
        assert_eq!(
            limiter.check(Some(network), now.plus(MINUTE)),
            Err(RateLimitExceeded { retry_after_secs: 120 })
        );
        assert_eq!(accepted(&limiter, network, now.plus(3 * MINUTE)), 1);
        assert_eq!(accepted(&limiter, network, now.plus(9 * MINUTE)), 2);
        assert_eq!(accepted(&limiter, network, now.plus(100 * HOUR)), 20);
        assert_eq!(accepted(&limiter, IpAddr::from([203, 0, 113, 8]), now), 20);
    }

    #[test]
    fn a_clock_that_was_ahead_rejects_nobody() {
        let limiter = RateLimiter::new(20);
        let network = IpAddr::from([203, 0, 113, 7]);
        assert_eq!(accepted(&limiter, network, Millis(0).plus(9_000 * HOUR)), 20);
        assert_eq!(accepted(&limiter, network, Millis(0)), 20);
    }

    #[test]
    fn the_wait_that_is_reported_is_long_enough() {
        let limiter = RateLimiter::new(3600);
        let network = IpAddr::from([203, 0, 113, 7]);
        assert_eq!(accepted(&limiter, network, Millis(0)), 1000);
        let limiter = RateLimiter::new(7);
        assert_eq!(accepted(&limiter, network, Millis(0)), 7);
        let exceeded = limiter.check(Some(network), Millis(1)).unwrap_err();
        let later = Millis(1).plus(SignedDuration::from_secs(exceeded.retry_after_secs));
        assert_eq!(limiter.check(Some(network), later), Ok(()));
    }

    #[test]
    fn clients_without_a_known_network_share_one_limit() {
        let limiter = RateLimiter::new(20);
        assert!((0..1000).all(|_| limiter.check(None, Millis(0)).is_ok()));
        let limiter = RateLimiter::new(20).with_unknown(100);
        assert_eq!((0..1000).filter(|_| limiter.check(None, Millis(0)).is_ok()).count(), 100);
        assert_eq!(accepted(&limiter, IpAddr::from([203, 0, 113, 8]), Millis(0)), 20);
    }

    #[test]
    fn memory_is_bounded_under_attack_from_many_networks() {
        let limiter = RateLimiter::new(20);
        for n in 0..2 * u32::try_from(MAX_NETWORKS).unwrap() {
            limiter.check(Some(IpAddr::from(n.to_be_bytes())), Millis(0)).unwrap();
        }
        assert!(limiter.arrivals.lock().unwrap().len() <= MAX_NETWORKS);
    }
}
