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

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[&BY_DAY];

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
}
