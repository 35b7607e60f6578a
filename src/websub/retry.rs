//! Retries of pushes, pings and verifications.

use crate::domain::backoff::Jitter;
use crate::domain::time::{HOUR, MINUTE, Millis, SignedDuration};
use crate::store::StoreResult;

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
/// is given up.
pub(super) fn push_retry_at(attempts: i64, now: Millis, jitter: Jitter) -> Option<Millis> {
    retry_at(&BACKOFF, attempts, now, jitter)
}

/// Returns the time of the next verification after `attempts` failures, or `None` once the request
/// is given up.
pub(super) fn verification_retry_at(attempts: i64, now: Millis, jitter: Jitter) -> Option<Millis> {
    retry_at(&VERIFICATION_BACKOFF, attempts, now, jitter)
}

fn retry_at(
    delays: &[SignedDuration],
    attempts: i64,
    now: Millis,
    jitter: Jitter,
) -> Option<Millis> {
    let delay = delays.get(usize::try_from(attempts.max(1) - 1).ok()?)?;
    Some(now.plus(jitter.vary(*delay)))
}

/// Logs a failed database write. The lease of the request then expires, and it is repeated.
pub(super) fn log_store_error(result: StoreResult<()>) {
    if let Err(e) = result {
        tracing::warn!("cannot record the result of a WebSub request; it will be repeated: {e}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_ends_after_about_six_hours() {
        let (mut now, mut attempts) = (Millis(0), 1);
        while let Some(next) = push_retry_at(attempts, now, Jitter::new(1, attempts)) {
            assert!(next > now);
            (now, attempts) = (next, attempts + 1);
        }
        assert_eq!(attempts, 10);
        assert!((5 * HOUR..7 * HOUR).contains(&now.since(Millis(0))), "{now:?}");
        assert_eq!(verification_retry_at(3, now, Jitter::new(1, 3)), None);
    }
}
