//! Scheduled entries of a CMS, which are not public before the CMS has published them.

use crate::domain::time::{Millis, SignedDuration};

/// Time after the date of a scheduled entry until which most CMSs have published it.
const FIRST_CHECK_DELAY: SignedDuration = SignedDuration::from_secs(5);
/// Shortest time between two checks of an entry whose date has passed.
const MIN_CHECK_INTERVAL: SignedDuration = SignedDuration::from_secs(30);

/// Returns the description under which a scheduled entry is counted as left out.
pub(super) fn left_out_reason(date: Option<Millis>, now: Millis) -> &'static str {
    match date {
        Some(date) if date <= now => "scheduled for a time that has passed",
        _ => "scheduled",
    }
}

/// Returns when to check whether the CMS has published an entry: some seconds after its date, later
/// at intervals as long as its delay, so that a CMS that never publishes it costs few checks.
pub(super) fn next_check(date: Millis, now: Millis) -> Millis {
    let first = date.plus(FIRST_CHECK_DELAY);
    if now < first { first } else { now.plus(now.since(date).max(MIN_CHECK_INTERVAL)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::{HOUR, MINUTE, SECOND};

    const DATE: Millis = Millis(1_790_152_800_000);

    #[test]
    fn a_date_has_passed_from_its_first_moment() {
        let reasons = [-1, 0].map(|ms| left_out_reason(Some(DATE), Millis(DATE.0 + ms)));
        assert_eq!(reasons, ["scheduled", "scheduled for a time that has passed"]);
        assert_eq!(left_out_reason(None, DATE), "scheduled");
    }

    #[test]
    fn an_entry_is_checked_soon_after_its_date_and_then_less_and_less_often() {
        let next = |since: SignedDuration| next_check(DATE, DATE.plus(since)).since(DATE);
        assert_eq!([-HOUR, SignedDuration::ZERO].map(next), [5 * SECOND, 5 * SECOND]);
        assert_eq!([5 * SECOND, 35 * SECOND].map(next), [35 * SECOND, 70 * SECOND]);
        assert_eq!([3 * MINUTE, 2 * HOUR].map(next), [6 * MINUTE, 4 * HOUR]);
    }
}
