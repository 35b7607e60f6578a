//! When what did not get through is tried again, and when no more.

use crate::domain::time::{HOUR, MINUTE, Millis, SECOND};

/// Waits after the first, second, … attempt at telling somebody of a version; some six hours of them.
const WAITS: [i64; 9] =
    [10 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, HOUR, HOUR, 2 * HOUR];
/// The same for asking a callback that was not there whether it wants what was asked for.
const QUESTION_WAITS: [i64; 2] = [15 * SECOND, 2 * MINUTE];

/// When a push or ping is tried again after so many attempts, or none when this version is given up; `chance` is any number.
pub(super) fn next_push(attempts: i64, now: Millis, chance: i64) -> Option<Millis> {
    next(&WAITS, attempts, now, chance)
}

/// When a callback is asked again after so many attempts, or none when its silence is the answer.
pub(super) fn next_question(attempts: i64, now: Millis, chance: i64) -> Option<Millis> {
    next(&QUESTION_WAITS, attempts, now, chance)
}

/// A fifth more or less, so that what failed together does not come back together.
fn next(waits: &[i64], attempts: i64, now: Millis, chance: i64) -> Option<Millis> {
    let wait = waits.get(usize::try_from(attempts.max(1) - 1).ok()?)?;
    Some(now.plus(wait * (800 + chance.rem_euclid(1000) * 2 / 5) / 1000))
}

/// When a document is put into its place again after so many attempts: in the end every quarter of an hour, for ever.
pub(in crate::feeds) fn next_publication(attempts: i64, now: Millis, chance: i64) -> Millis {
    next(&WAITS, attempts.min(4), now, chance).unwrap_or(now)
}

/// A number for the chance of an errand's row, another for each attempt.
pub(in crate::feeds) fn chance(id: i64, attempts: i64) -> i64 {
    id.wrapping_mul(7919).wrapping_add(attempts.wrapping_mul(104_729)).rem_euclid(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_for_some_hours_and_end() {
        let (mut now, mut attempts) = (Millis(0), 1);
        while let Some(next) = next_push(attempts, now, 500) {
            assert!(next > now);
            (now, attempts) = (next, attempts + 1);
        }
        assert_eq!(attempts, 10);
        assert!((5 * HOUR..7 * HOUR).contains(&now.0), "{now:?}");
        assert_eq!(next_question(3, now, 0), None);
    }

    #[test]
    fn chance_moves_a_wait_by_a_fifth_at_most() {
        for number in [i64::MIN, -1, 0, 499, 999, i64::MAX] {
            let wait = next_push(2, Millis(0), number).unwrap().0;
            assert!((48 * SECOND..=72 * SECOND).contains(&wait), "{wait}");
        }
        assert_ne!(chance(1, 1), chance(2, 1));
    }
}
