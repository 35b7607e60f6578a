//! Deliveries: one mail for one person, how it can end, and when it is tried again.

use super::time::{DAY, HOUR, MINUTE, Millis, SECOND};

/// What an attempt means for the delivery's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Accepted by the relay.
    Sent,
    /// Refused for good: the row ends.
    Failed,
    /// Not now: tried again at this time.
    Deferred {
        /// When.
        until: Millis,
    },
    /// Never started, because of a limit: it waits until then, and no attempt is counted.
    Postponed {
        /// When.
        until: Millis,
    },
    /// The relay may or may not have it.
    Unknown {
        /// When it is tried once more, if it may be.
        until: Millis,
    },
    /// Nothing was attempted: the row goes back as it was.
    Released,
}

/// How long a delivery is tried at most after its first attempt.
pub const TRIED_FOR: i64 = 4 * DAY;

/// Waits after the first, second, … attempt that was deferred.
const WAITS: [i64; 8] = [MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 6 * HOUR];

/// When a delivery first tried at `since` that was put off is tried again, or none when its time is over; `jitter` is a number in `0..1000`.
pub fn next_attempt(since: Millis, attempts: i64, now: Millis, jitter: i64) -> Option<Millis> {
    if now.0 - since.0 >= TRIED_FOR {
        return None;
    }
    let step = usize::try_from(attempts.max(1) - 1).unwrap_or(0).min(WAITS.len() - 1);
    // A fifth more or less, so that thousands put off together do not come back together.
    let wait = WAITS[step] * (800 + jitter.rem_euclid(1000) * 2 / 5) / 1000;
    Some(now.plus(wait))
}

/// How long a delivery of unknown outcome waits before it is tried once more.
pub const UNKNOWN_WAIT: i64 = 20 * SECOND;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end_after_four_days() {
        let start = Millis(0);
        let first = next_attempt(start, 1, start, 500).map(|m| m.0);
        assert_eq!(first, Some(MINUTE));
        assert_eq!(next_attempt(start, 40, Millis(HOUR), 500).map(|m| m.0), Some(7 * HOUR));
        assert_eq!(next_attempt(start, 9, Millis(4 * DAY), 0), None);
    }

    #[test]
    fn jitter_stays_within_a_fifth() {
        for jitter in [0, 499, 999] {
            let wait = next_attempt(Millis(0), 1, Millis(0), jitter).map_or(0, |m| m.0);
            assert!((48 * SECOND..=72 * SECOND).contains(&wait), "{wait}");
        }
    }
}
