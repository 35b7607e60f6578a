//! Scheduled articles, which are public only once their CMS has published them.

use crate::domain::time::{HOUR, Millis, SignedDuration};

/// Time after its date for which a scheduled article may wait until its CMS publishes it.
pub(super) const MISSED_SCHEDULE_GRACE: SignedDuration = HOUR;

/// Description of the scheduled articles whose date has passed.
pub(super) const MISSED_SCHEDULE: &str = "scheduled for a time that has passed";

/// Returns `true` if the CMS has not published a scheduled article within an hour of its date.
pub(super) fn has_missed_schedule(published_at: Millis, now: Millis) -> bool {
    published_at.plus(MISSED_SCHEDULE_GRACE) <= now
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheduled_article_may_be_an_hour_late() {
        let date = Millis(1_790_152_800_000);
        assert!(!has_missed_schedule(date, date.plus(-HOUR)));
        assert!(!has_missed_schedule(date, date));
        assert!(has_missed_schedule(date, date.plus(HOUR)));
    }
}
