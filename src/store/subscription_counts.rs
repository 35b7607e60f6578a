//! Numbers of subscriptions by day: whose status began, and that were confirmed or ended to be so.

use std::collections::{BTreeMap, BTreeSet, HashMap};

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

/// Confirmed subscriptions to a digest at the end of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfirmedOfDay {
    /// Day of the numbers, in UTC.
    pub day: Day,
    /// Number of confirmed subscriptions at its end.
    pub subscribers: i64,
    /// Number of subscriptions that were confirmed on this day.
    pub begun: i64,
    /// Number of subscriptions that were no longer confirmed from this day on.
    pub ended: i64,
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

/// The starts and ends of the times in which subscriptions were confirmed. A change of a subscription that
/// stays confirmed, such as of its sections, neither ends nor starts one.
static CONFIRMED_BY_DAY: Statement = Statement::new(
    "
    SELECT c.digest, c.day, SUM(c.begun) AS begun, SUM(c.ended) AS ended
      FROM (SELECT s.digest, s.since / $day_length AS day, 1 AS begun, 0 AS ended
              FROM subscriptions s
             WHERE s.since >= $since
               AND s.status = 'confirmed'
               AND NOT EXISTS (SELECT 1
                                 FROM subscription_history e
                                WHERE e.subscription_id = s.id
                                  AND e.status = 'confirmed'
                                  AND e.until = s.since)
            UNION ALL
            SELECT s.digest, h.since / $day_length AS day, 1 AS begun, 0 AS ended
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
            SELECT s.digest, h.until / $day_length AS day, 0 AS begun, 1 AS ended
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
     GROUP BY c.digest, c.day
     ORDER BY c.digest, c.day DESC",
);

static CONFIRMED_NOW: Statement = Statement::new(
    "
    SELECT digest, COUNT(*) AS subscribers
      FROM subscriptions
     WHERE status = 'confirmed'
     GROUP BY digest
     ORDER BY digest",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[&BY_DAY, &CONFIRMED_BY_DAY, &CONFIRMED_NOW];

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
    /// Returns the number of subscriptions by day, digest and status, from a day on; in a large list, of the
    /// last minute.
    pub async fn by_day(self, since: Day) -> StoreResult<Vec<SubscriptionsOfDay>> {
        let day_length = as_millis_i64(DAY);
        let count = self
            .store
            .read(&BY_DAY)
            .bind("day_length", day_length)
            .bind("since", since.0.saturating_mul(day_length))
            .fetch_all();
        self.store.count_recently(since.0.to_string(), count).await
    }

    /// Returns the confirmed subscriptions to each digest at the end of each day of a period, oldest day
    /// first; in a large list, of the last minute. Those of erased subscribers are not counted on any day.
    pub async fn confirmed_by_day(
        self,
        (since, until): (Day, Day),
    ) -> StoreResult<BTreeMap<String, Vec<ConfirmedOfDay>>> {
        let key = format!("{} {}", since.0, until.0);
        self.store.count_recently(key, self.count_confirmed_by_day((since, until))).await
    }

    async fn count_confirmed_by_day(
        self,
        (since, until): (Day, Day),
    ) -> StoreResult<BTreeMap<String, Vec<ConfirmedOfDay>>> {
        let day_length = as_millis_i64(DAY);
        let change = |row: &Row| {
            let (digest, day): (String, i64) = (row.get("digest")?, row.get("day")?);
            Ok(((digest, Day(day)), (row.get("begun")?, row.get("ended")?)))
        };
        let changes = self.store.read(&CONFIRMED_BY_DAY).bind("day_length", day_length);
        let changes: Vec<((String, Day), (i64, i64))> =
            changes.bind("since", since.0.saturating_mul(day_length)).fetch_with(change).await?;
        let changes: HashMap<(String, Day), (i64, i64)> = changes.into_iter().collect();
        let count = |row: &Row| Ok((row.get("digest")?, row.get("subscribers")?));
        let now: BTreeMap<String, i64> =
            self.store.read(&CONFIRMED_NOW).fetch_with(count).await?.into_iter().collect();
        let digests: BTreeSet<String> =
            now.keys().chain(changes.keys().map(|(digest, _)| digest)).cloned().collect();
        let of_digest = |digest: String| {
            // From the present number back to the first day.
            let mut subscribers = now.get(&digest).copied().unwrap_or_default();
            let mut days = Vec::new();
            for day in (since.0..=until.0).rev().map(Day) {
                let key = (digest.clone(), day);
                let (begun, ended) = changes.get(&key).copied().unwrap_or_default();
                days.push(ConfirmedOfDay { day, subscribers, begun, ended });
                subscribers += ended - begun;
            }
            days.reverse();
            (digest, days)
        };
        Ok(digests.into_iter().map(of_digest).collect())
    }
}
