//! Rate limiter per client network, for requests that make the server send an e-mail, call another
//! host or check a token.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::domain::time::{HOUR, Millis, SECOND, SignedDuration};

/// Maximum number of networks tracked at a time.
const MAX_NETWORKS: usize = 10_000;

/// Counts requests per network in fixed windows of one hour, in memory.
#[derive(Debug)]
pub(super) struct RateLimiter {
    /// Requests that one network may make per hour.
    requests_per_hour: u32,
    windows: Mutex<HashMap<IpAddr, Window>>,
}

/// A network exceeded its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RateLimitExceeded {
    /// Seconds until the window ends and requests are accepted again.
    pub(super) retry_after_secs: i64,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    started_at: Millis,
    requests: u32,
}

impl RateLimiter {
    /// Creates a limiter that accepts this number of requests per network and hour.
    pub(super) fn new(requests_per_hour: u32) -> Self {
        Self { requests_per_hour, windows: Mutex::default() }
    }

    /// Counts a request, or rejects it if the network has used up its limit.
    pub(super) fn check(&self, network: IpAddr, now: Millis) -> Result<(), RateLimitExceeded> {
        // A poisoned lock only means that another thread panicked; the map is consistent after each
        // change.
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let has_ended = |window: &Window| now.since(window.started_at) >= HOUR;
        if windows.len() >= MAX_NETWORKS && !windows.contains_key(&network) {
            windows.retain(|_, window| !has_ended(window));
            if windows.len() >= MAX_NETWORKS {
                // This number of networks within an hour is an attack: resetting all counters is
                // better than rejecting everyone.
                windows.clear();
            }
        }
        let window = windows.entry(network).or_insert(Window { started_at: now, requests: 0 });
        if has_ended(window) {
            *window = Window { started_at: now, requests: 0 };
        }
        if window.requests >= self.requests_per_hour {
            let remaining = HOUR - now.since(window.started_at);
            let rounded_up = remaining + SECOND - SignedDuration::from_millis(1);
            return Err(RateLimitExceeded { retry_after_secs: rounded_up.as_secs() });
        }
        window.requests += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_is_rejected_until_its_hour_ends() {
        let limit = RateLimiter::new(20);
        let network = IpAddr::from([203, 0, 113, 7]);
        for _ in 0..20 {
            assert_eq!(limit.check(network, Millis(5)), Ok(()));
        }
        assert_eq!(
            limit.check(network, Millis(5).plus(HOUR - SECOND)),
            Err(RateLimitExceeded { retry_after_secs: 1 })
        );
        assert_eq!(limit.check(IpAddr::from([203, 0, 113, 8]), Millis(5)), Ok(()));
        assert_eq!(limit.check(network, Millis(5).plus(HOUR)), Ok(()));
    }

    #[test]
    fn number_of_tracked_networks_is_bounded() {
        let limit = RateLimiter::new(20);
        for n in 0..30_000_u32 {
            assert_eq!(limit.check(IpAddr::from(n.to_be_bytes()), Millis(0)), Ok(()));
        }
        assert!(limit.windows.lock().unwrap().len() <= MAX_NETWORKS);
    }
}
