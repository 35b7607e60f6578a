//! Retry schedules: backoff with jitter for pushes, pings, verifications and publications.

use crate::domain::time::{HOUR, MINUTE, Millis, SignedDuration, multiply};

/// Backoff after the first, second, … failed push or ping; about six hours in total.
const BACKOFF: [SignedDuration; 9] = [
    SignedDuration::from_secs(10),
    MINUTE,
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(15),
    SignedDuration::from_mins(30),
    HOUR,
    HOUR,
    HOUR,
    SignedDuration::from_hours(2),
];
/// Backoff after a verification whose callback was unreachable.
const VERIFICATION_BACKOFF: [SignedDuration; 2] =
    [SignedDuration::from_secs(15), SignedDuration::from_mins(2)];

/// Returns the time of the next push or ping after `attempts` failures, or `None` once this version
/// is given up. Any number is a valid `jitter`.
pub(super) fn push_retry_at(attempts: i64, now: Millis, jitter: i64) -> Option<Millis> {
    retry_at(&BACKOFF, attempts, now, jitter)
}

/// Returns the time of the next verification after `attempts` failures, or `None` once the request
/// is given up.
pub(super) fn verification_retry_at(attempts: i64, now: Millis, jitter: i64) -> Option<Millis> {
    retry_at(&VERIFICATION_BACKOFF, attempts, now, jitter)
}

/// Varies the backoff by up to 20 %, so that requests that failed together are not retried
/// together.
fn retry_at(waits: &[SignedDuration], attempts: i64, now: Millis, jitter: i64) -> Option<Millis> {
    let wait = waits.get(usize::try_from(attempts.max(1) - 1).ok()?)?;
    Some(now.plus(multiply(*wait, 800 + jitter.rem_euclid(1000) * 2 / 5) / 1000))
}

/// Returns the time of the next upload after `attempts` failures; at most 15 minutes away, without
/// an end.
pub(in crate::feeds) fn publication_retry_at(attempts: i64, now: Millis, jitter: i64) -> Millis {
    retry_at(&BACKOFF, attempts.min(4), now, jitter).unwrap_or(now)
}

/// Returns a pseudo-random number from 0 to 999 for a row and an attempt.
pub(in crate::feeds) fn jitter(id: i64, attempts: i64) -> i64 {
    id.wrapping_mul(7919).wrapping_add(attempts.wrapping_mul(104_729)).rem_euclid(1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::SECOND;

    #[test]
    fn backoff_ends_after_about_six_hours() {
        let (mut now, mut attempts) = (Millis(0), 1);
        while let Some(next) = push_retry_at(attempts, now, 500) {
            assert!(next > now);
            (now, attempts) = (next, attempts + 1);
        }
        assert_eq!(attempts, 10);
        assert!((5 * HOUR..7 * HOUR).contains(&now.since(Millis(0))), "{now:?}");
        assert_eq!(verification_retry_at(3, now, 0), None);
    }

    #[test]
    fn jitter_varies_the_backoff_by_at_most_20_percent() {
        for number in [i64::MIN, -1, 0, 499, 999, i64::MAX] {
            let wait = push_retry_at(2, Millis(0), number).unwrap().since(Millis(0));
            assert!((48 * SECOND..=72 * SECOND).contains(&wait), "{wait}");
        }
        assert_ne!(jitter(1, 1), jitter(2, 1));
    }
}
