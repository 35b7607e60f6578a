//! Spreads the postponed deliveries of a recipient domain over time.

use std::collections::HashMap;
use std::sync::Arc;

use super::domain_slots::SharedDomainLimit;
use crate::domain::time::{Millis, SignedDuration, multiply};

/// Minimum time between two deliveries, if no rate asks for more; a recovering domain is not overrun.
const MIN_SPACING: SignedDuration = SignedDuration::from_millis(20);
/// Number of tracked domains; clearing them lets a few more deliveries coincide.
const MAX_TRACKED_DOMAINS: usize = 10_000;

/// Schedule of the postponed deliveries of a run, by domain key.
#[derive(Debug, Default)]
pub(super) struct PostponementPacer(HashMap<Arc<str>, PacedDomain>);

/// Scheduled deliveries of one domain.
#[derive(Debug, Clone, Copy)]
struct PacedDomain {
    starts_at: Millis,
    scheduled: usize,
}

impl PostponementPacer {
    /// Returns the time of one more retry for a domain that accepts nothing before `until`, after
    /// all retries scheduled so far.
    pub(super) fn schedule(&mut self, limit: &SharedDomainLimit, until: Millis) -> Millis {
        if self.0.len() > MAX_TRACKED_DOMAINS {
            self.0.clear();
        }
        let paced = self
            .0
            .entry(Arc::clone(&limit.key))
            .or_insert(PacedDomain { starts_at: until, scheduled: 0 });
        let mut at = paced.starts_at.plus(time_needed(limit, paced.scheduled));
        if at < until {
            // An earlier retry will fail while the domain is blocked and is then scheduled again.
            (*paced, at) = (PacedDomain { starts_at: until, scheduled: 0 }, until);
        }
        paced.scheduled += 1;
        at
    }
}

/// Returns the time that the rates of a domain need for `messages` messages.
pub(super) fn time_needed(limit: &SharedDomainLimit, messages: usize) -> SignedDuration {
    let messages = i64::try_from(messages).unwrap_or(i64::MAX);
    let spans = limit.rates.iter().map(|rate| multiply(rate.span, messages / rate.messages.max(1)));
    spans.fold(multiply(MIN_SPACING, messages), SignedDuration::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::domain_limits::DomainLimit;
    use crate::domain::rate::Rate;
    use crate::domain::time::{DAY, HOUR};

    const UNTIL: Millis = Millis(1_000_000);

    fn limit(key: &str, rates: &str) -> SharedDomainLimit {
        SharedDomainLimit::new(&DomainLimit {
            key,
            max_concurrent: None,
            rates: &Rate::parse_list(rates).unwrap(),
        })
    }

    /// Returns the times of `count` retries, in hours after the first.
    fn scheduled_hours(limit: &SharedDomainLimit, count: usize) -> Vec<i64> {
        let mut pacer = PostponementPacer::default();
        (0..count).map(|_| pacer.schedule(limit, UNTIL).since(UNTIL).as_hours()).collect()
    }

    #[test]
    fn each_span_of_a_rate_gets_as_many_retries_as_it_allows() {
        assert_eq!(scheduled_hours(&limit("x.example", "3/h"), 8), [0, 0, 0, 1, 1, 1, 2, 2]);
        assert_eq!(
            scheduled_hours(&limit("x.example", "2/h, 3/d"), 7),
            [0, 0, 1, 24, 24, 24, 48],
            "the slowest rate applies"
        );
    }

    #[test]
    fn without_a_rate_retries_are_spaced_evenly_per_domain() {
        let mut pacer = PostponementPacer::default();
        let (none, other) = (limit("x.example", "none"), limit("y.example", "none"));
        let given: Vec<_> = (0..4).map(|_| pacer.schedule(&none, UNTIL)).collect();
        assert_eq!(given, [0, 1, 2, 3].map(|n| UNTIL.plus(n * MIN_SPACING)));
        assert_eq!(pacer.schedule(&other, UNTIL), UNTIL, "each domain has its own schedule");
    }

    #[test]
    fn a_block_extended_beyond_all_retries_restarts_the_schedule_and_a_shorter_one_continues_it() {
        let (mut pacer, hourly) = (PostponementPacer::default(), limit("x.example", "2/h"));
        let three = [UNTIL, UNTIL.plus(MIN_SPACING), UNTIL.plus(HOUR)];
        assert_eq!([0; 3].map(|_| pacer.schedule(&hourly, UNTIL)), three);
        assert_eq!(
            pacer.schedule(&hourly, UNTIL.plus(HOUR / 2)),
            UNTIL.plus(HOUR),
            "after the retries scheduled before"
        );
        assert_eq!(
            [0; 3].map(|_| pacer.schedule(&hourly, UNTIL.plus(DAY))),
            three.map(|at| at.plus(DAY))
        );
    }
}
