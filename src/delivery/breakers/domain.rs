//! Circuit breaker per recipient domain: blocks a domain that defers one recipient after the other,
//! while mail to others continues.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::backoff;
use crate::domain::time::{Millis, SignedDuration};

/// Deferred recipients in a row that open the breaker.
const DEFERRALS_TO_OPEN: usize = 5;
/// First backoff of a domain; it doubles each time the breaker opens.
const FIRST_BACKOFF: SignedDuration = SignedDuration::from_mins(2);
/// Longest backoff of a domain.
const MAX_BACKOFF: SignedDuration = SignedDuration::from_mins(30);
/// Number of tracked domains; clearing them costs each domain a few more attempts.
const MAX_TRACKED_DOMAINS: usize = 10_000;

/// Breakers of the domains of a transport, shared by all of its workers.
#[derive(Debug, Clone, Default)]
pub(in crate::delivery) struct DomainBreakers(Arc<Mutex<HashMap<Arc<str>, DomainRecord>>>);

/// Recent deferrals of one domain.
#[derive(Debug, Default)]
struct DomainRecord {
    deferred: Vec<i64>,
    times_opened: u32,
    open_until: Millis,
}

impl DomainBreakers {
    /// Returns the blocked domains, each with the end of its backoff.
    pub(in crate::delivery) fn open_domain_keys(&self, now: Millis) -> Vec<(Arc<str>, Millis)> {
        let domains = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        domains
            .iter()
            .filter(|(_, record)| record.open_until > now)
            .map(|(domain, record)| (Arc::clone(domain), record.open_until))
            .collect()
    }

    /// Records an accepted message, which closes the breaker of the domain.
    pub(in crate::delivery) fn record_success(&self, domain: &Arc<str>) {
        let mut domains = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !domains.is_empty() {
            domains.remove(domain);
        }
    }

    /// Records a deferred delivery; returns the end of the backoff if the breaker opens now.
    pub(in crate::delivery) fn record_deferral(
        &self,
        domain: &Arc<str>,
        delivery: i64,
        now: Millis,
    ) -> Option<Millis> {
        let mut domains = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if domains.len() > MAX_TRACKED_DOMAINS {
            domains.clear();
        }
        let record = domains.entry(Arc::clone(domain)).or_default();
        // A deferral of a message that was in flight when the breaker opened carries no new
        // information.
        if record.open_until > now {
            return None;
        }
        if !record.deferred.contains(&delivery) {
            record.deferred.push(delivery);
        }
        // After a backoff, the first two deferrals show that it was too short.
        let threshold = if record.times_opened == 0 { DEFERRALS_TO_OPEN } else { 2 };
        if record.deferred.len() < threshold {
            return None;
        }
        record.deferred.clear();
        record.times_opened += 1;
        record.open_until =
            now.plus(backoff::doubling(FIRST_BACKOFF, record.times_opened, MAX_BACKOFF));
        Some(record.open_until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Millis = Millis(0);

    #[test]
    fn a_domain_is_blocked_after_five_deferred_recipients_and_longer_each_time() {
        let (breaker, domain) = (DomainBreakers::default(), Arc::<str>::from("x.example"));
        for n in [1, 1, 1, 2, 3, 4] {
            assert_eq!(breaker.record_deferral(&domain, n, START), None);
        }
        assert_eq!(breaker.record_deferral(&domain, 5, START), Some(START.plus(FIRST_BACKOFF)));
        assert_eq!(breaker.record_deferral(&domain, 6, START), None);
        assert_eq!(breaker.record_deferral(&domain, 7, START.plus(FIRST_BACKOFF)), None);
        assert_eq!(
            breaker.record_deferral(&domain, 8, START.plus(FIRST_BACKOFF)),
            Some(START.plus(3 * FIRST_BACKOFF))
        );
    }

    #[test]
    fn open_domain_keys_lists_the_domains_that_are_still_blocked() {
        let (breaker, domain) = (DomainBreakers::default(), Arc::<str>::from("x.example"));
        breaker.record_deferral(&"y.example".into(), 9, START);
        for n in 1..=5 {
            breaker.record_deferral(&domain, n, START);
        }
        assert_eq!(
            breaker.open_domain_keys(START.plus(FIRST_BACKOFF - SignedDuration::from_millis(1))),
            [(domain, START.plus(FIRST_BACKOFF))]
        );
        assert!(breaker.open_domain_keys(START.plus(FIRST_BACKOFF)).is_empty());
    }

    #[test]
    fn one_accepted_mail_resets_the_count_of_deferrals() {
        let (breaker, domain) = (DomainBreakers::default(), Arc::<str>::from("x.example"));
        for n in 0..20 {
            assert_eq!(breaker.record_deferral(&domain, n, START), None);
            if n % 4 == 3 {
                breaker.record_success(&domain);
            }
        }
    }
}
