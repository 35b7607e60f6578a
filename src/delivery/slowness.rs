//! Domains that put off one recipient after the other: they are left alone for a while, and everybody else goes on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::time::{MINUTE, Millis};

/// Recipients of a domain put off in a row that let it rest.
const IN_A_ROW: usize = 5;
/// The first rest; each further one is twice as long.
const FIRST: i64 = 2 * MINUTE;
/// The longest rest.
const LONGEST: i64 = 30 * MINUTE;
/// Domains remembered at most; forgetting one costs it a few more attempts.
const MOST: usize = 10_000;

/// How a transport's domains fare; shared by all its lanes.
#[derive(Debug, Clone, Default)]
pub(super) struct Slowness(Arc<Mutex<HashMap<Arc<str>, Slow>>>);

#[derive(Debug, Default)]
struct Slow {
    put_off: Vec<i64>,
    rests: u32,
    until: Millis,
}

impl Slowness {
    /// The domains that rest, and until when.
    pub(super) fn resting(&self, now: Millis) -> Vec<(Arc<str>, Millis)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter()
            .filter(|(_, slow)| slow.until > now)
            .map(|(domain, slow)| (Arc::clone(domain), slow.until))
            .collect()
    }

    /// Notes that a domain took a mail.
    pub(super) fn took(&self, domain: &Arc<str>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !all.is_empty() {
            all.remove(domain);
        }
    }

    /// Notes that a domain put a delivery off; gives until when it rests, if it is to rest from now on.
    pub(super) fn put_off(&self, domain: &Arc<str>, delivery: i64, now: Millis) -> Option<Millis> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() > MOST {
            all.clear();
        }
        let slow = all.entry(Arc::clone(domain)).or_default();
        // What was in flight when the rest began tells nothing new.
        if slow.until > now {
            return None;
        }
        if !slow.put_off.contains(&delivery) {
            slow.put_off.push(delivery);
        }
        // After a rest, the first ones show whether it was long enough.
        let enough = if slow.rests == 0 { IN_A_ROW } else { 2 };
        if slow.put_off.len() < enough {
            return None;
        }
        slow.put_off.clear();
        slow.until = now.plus((FIRST << slow.rests.min(10)).min(LONGEST));
        slow.rests += 1;
        Some(slow.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_rests_after_five_different_recipients_and_longer_each_time() {
        let (slowness, domain) = (Slowness::default(), Arc::<str>::from("x.example"));
        for n in [1, 1, 1, 2, 3, 4] {
            assert_eq!(slowness.put_off(&domain, n, Millis(0)), None);
        }
        assert_eq!(slowness.put_off(&domain, 5, Millis(0)), Some(Millis(FIRST)));
        assert_eq!(slowness.put_off(&domain, 6, Millis(0)), None);
        assert_eq!(slowness.put_off(&domain, 7, Millis(FIRST)), None);
        assert_eq!(slowness.put_off(&domain, 8, Millis(FIRST)), Some(Millis(3 * FIRST)));
    }

    #[test]
    fn who_asks_later_is_told_which_domains_rest_still() {
        let (slowness, domain) = (Slowness::default(), Arc::<str>::from("x.example"));
        slowness.put_off(&"y.example".into(), 9, Millis(0));
        for n in 1..=5 {
            slowness.put_off(&domain, n, Millis(0));
        }
        assert_eq!(slowness.resting(Millis(FIRST - 1)), [(domain, Millis(FIRST))]);
        assert!(slowness.resting(Millis(FIRST)).is_empty());
    }

    #[test]
    fn one_that_is_taken_makes_it_forgotten() {
        let (slowness, domain) = (Slowness::default(), Arc::<str>::from("x.example"));
        for n in 0..20 {
            assert_eq!(slowness.put_off(&domain, n, Millis(0)), None);
            if n % 4 == 3 {
                slowness.took(&domain);
            }
        }
    }
}
