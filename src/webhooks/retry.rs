//! Retries of events that a webhook did not accept.

use crate::domain::backoff::Jitter;
use crate::domain::time::{HOUR, MINUTE, Millis, SignedDuration};

/// Backoff after the first, second, … failed attempt (Standard Webhooks); about 28 hours in total.
const BACKOFF: [SignedDuration; 7] = [
    SignedDuration::from_secs(5),
    SignedDuration::from_mins(5),
    MINUTE.saturating_mul(30),
    SignedDuration::from_hours(2),
    SignedDuration::from_hours(5),
    HOUR.saturating_mul(10),
    HOUR.saturating_mul(10),
];

/// Returns the time of the next attempt after a number of failed ones, or `None` after the last.
pub(super) fn retry_at(failures: i64, now: Millis, jitter: Jitter) -> Option<Millis> {
    let delay = BACKOFF.get(usize::try_from(failures.max(1) - 1).ok()?)?;
    Some(now.plus(jitter.lengthen(*delay)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_attempted_eight_times_within_a_day_and_a_half() {
        let (mut now, mut failures) = (Millis(0), 1);
        while let Some(next) = retry_at(failures, now, Jitter::new(1, failures)) {
            assert!(next > now);
            (now, failures) = (next, failures + 1);
        }
        assert_eq!(failures, 8);
        assert!((27 * HOUR..34 * HOUR).contains(&now.since(Millis(0))), "{now:?}");
    }
}
