//! Numbers of subscriptions by the day on which their status began.

use super::StoreResult;
use super::db::{FromRow, Row, Statement};
use super::operations::Subscriptions;
use crate::domain::readership::Day;
use crate::domain::subscription::SubscriptionStatus;
use crate::domain::time::{DAY, as_millis_i64};

/// Number of subscriptions to a digest whose status began on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionsOfDay {
    /// Day on which the status began.
    pub day: Day,
    /// Name of the digest.
    pub digest: String,
    /// Status of the subscriptions.
    pub status: SubscriptionStatus,
    /// Number of these subscriptions.
    pub subscriptions: i64,
}

static BY_DAY: Statement = Statement::new(
    "
    SELECT c.day, c.digest, c.status, COUNT(*) AS subscriptions
      FROM (SELECT s.since / $day_length AS day, s.digest, s.status
              FROM subscriptions s
             WHERE s.since >= $since) AS c
     GROUP BY c.day, c.digest, c.status
     ORDER BY c.day, c.digest, c.status",
);

/// Confirmed states that began or ended since a time. A change of a subscription that stays confirmed, such
/// as of its sections, neither ends nor begins one.
static CONFIRMED_CHANGES: Statement = Statement::new(
    "
    SELECT c.day, c.digest, SUM(c.joined) AS joined, SUM(c.ended) AS ended
      FROM (SELECT s.since / $day_length AS day, s.digest, 1 AS joined, 0 AS ended
              FROM subscriptions s
             WHERE s.since >= $since
               AND s.status = 'confirmed'
               AND NOT EXISTS (SELECT 1
                                 FROM subscription_history e
                                WHERE e.subscription_id = s.id
                                  AND e.status = 'confirmed'
                                  AND e.until = s.since)
            UNION ALL
            SELECT h.since / $day_length AS day, s.digest, 1 AS joined, 0 AS ended
              FROM subscription_history h
              JOIN subscriptions s ON s.id = h.subscription_id
             WHERE h.since >= $since
               AND h.status = 'confirmed'
               AND NOT EXISTS (SELECT 1
                                 FROM subscription_history e
                                WHERE e.subscription_id = s.id
                                  AND e.status = 'confirmed'
                                  AND e.until = h.since)
            UNION ALL
            SELECT h.until / $day_length AS day, s.digest, 0 AS joined, 1 AS ended
              FROM subscription_history h
              JOIN subscriptions s ON s.id = h.subscription_id
             WHERE h.until >= $since
               AND h.status = 'confirmed'
               AND NOT (s.status = 'confirmed' AND s.since = h.until)
               AND NOT EXISTS (SELECT 1
                                 FROM subscription_history e
                                WHERE e.subscription_id = s.id
                                  AND e.status = 'confirmed'
                                  AND e.since = h.until)) AS c
     GROUP BY c.day, c.digest
     ORDER BY c.day, c.digest",
);

static COUNT_CONFIRMED: Statement = Statement::new(
    "
    SELECT COUNT(*)
      FROM subscriptions
     WHERE digest IN {json_texts $digests}
       AND status = 'confirmed'",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[&BY_DAY, &CONFIRMED_CHANGES, &COUNT_CONFIRMED];

/// Subscriptions to a digest that were confirmed, or stopped being so, on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmedChanges {
    /// Day of the changes.
    pub day: Day,
    /// Name of the digest.
    pub digest: String,
    /// Number of subscriptions that were confirmed.
    pub joined: i64,
    /// Number of subscriptions that stopped being confirmed.
    pub left: i64,
}

impl FromRow for ConfirmedChanges {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            day: Day(row.get("day")?),
            digest: row.get("digest")?,
            joined: row.get("joined")?,
            left: row.get("ended")?,
        })
    }
}

impl FromRow for SubscriptionsOfDay {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            day: Day(row.get("day")?),
            digest: row.get("digest")?,
            status: row.enum_value("subscriptions.status", SubscriptionStatus::parse)?,
            subscriptions: row.get("subscriptions")?,
        })
    }
}

impl Subscriptions<'_> {
    /// Returns the number of subscriptions by day, digest and status, from a day on.
    pub async fn by_day(self, since: Day) -> StoreResult<Vec<SubscriptionsOfDay>> {
        let day_length = as_millis_i64(DAY);
        self.store
            .read(&BY_DAY)
            .bind("day_length", day_length)
            .bind("since", since.0.saturating_mul(day_length))
            .fetch_all()
            .await
    }

    /// Returns how many subscriptions were confirmed, and how many stopped being so, by day and digest, from
    /// a day on. Erased people are not counted.
    pub async fn confirmed_changes(self, since: Day) -> StoreResult<Vec<ConfirmedChanges>> {
        let day_length = as_millis_i64(DAY);
        self.store
            .read(&CONFIRMED_CHANGES)
            .bind("day_length", day_length)
            .bind("since", since.0.saturating_mul(day_length))
            .fetch_all()
            .await
    }

    /// Returns the number of confirmed subscriptions to some digests.
    pub async fn count_confirmed(self, digests: &[String]) -> StoreResult<i64> {
        self.store.read(&COUNT_CONFIRMED).bind("digests", digests).fetch_scalar().await
    }
}
