//! Deliveries: one mail for one person, how it can end, and when it is tried again.

use super::deferral::Deferral;
use super::time::{DAY, Millis, SECOND};

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

/// When a delivery first tried at `since` that was put off is tried again, or none when its time is over; `attempts` counts the
/// one just made, `jitter` is a number in `0..1000`.
pub fn next_attempt(
    since: Millis,
    attempts: i64,
    now: Millis,
    jitter: i64,
    deferral: Deferral,
) -> Option<Millis> {
    if now.0 - since.0 >= TRIED_FOR {
        return None;
    }
    let wait = deferral.wait(attempts);
    // A fifth more or less, so that thousands put off together do not come back together; never sooner than the server asked.
    let chance = jitter.rem_euclid(1000);
    let thousandths =
        if deferral.named.is_some() { 1000 + chance / 5 } else { 800 + chance * 2 / 5 };
    Some(now.plus(wait * thousandths / 1000))
}

/// How long a delivery of unknown outcome waits before it is tried once more.
pub const UNKNOWN_WAIT: i64 = 20 * SECOND;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::deferral::Class;
    use crate::domain::time::{HOUR, MINUTE};

    const OTHER: Deferral = Deferral { class: Class::Other, named: None };

    #[test]
    fn waits_grow_and_end_after_four_days() {
        let start = Millis(0);
        let first = next_attempt(start, 1, start, 500, OTHER).map(|m| m.0);
        assert_eq!(first, Some(MINUTE));
        assert_eq!(next_attempt(start, 40, Millis(HOUR), 500, OTHER).map(|m| m.0), Some(7 * HOUR));
        assert_eq!(next_attempt(start, 9, Millis(4 * DAY), 0, OTHER), None);
    }

    #[test]
    fn jitter_stays_within_a_fifth_and_never_before_a_time_that_was_named() {
        for jitter in [0, 499, 999] {
            let wait = |deferral| {
                next_attempt(Millis(0), 1, Millis(0), jitter, deferral).map_or(0, |m| m.0)
            };
            assert!((48 * SECOND..=72 * SECOND).contains(&wait(OTHER)), "{}", wait(OTHER));
            let named = wait(Deferral { named: Some(5 * MINUTE), ..OTHER });
            assert!((5 * MINUTE..=6 * MINUTE).contains(&named), "{named}");
        }
    }
}
