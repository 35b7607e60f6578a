//! Who is subscribed at our hub, and how it stands with each: for people who look.

use super::{Store, StoreResult, reading};
use crate::domain::time::Millis;

/// How it stands with a subscriber's version of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It has the newest, or had it when it subscribed.
    Current,
    /// A newer one is on its way.
    Due,
    /// The last pushes did not get through.
    Failing {
        /// How many in a row, of the newest version.
        attempts: i64,
        /// When the next one is tried.
        again: Millis,
    },
    /// No push of the last version got through, and none is tried before the next change.
    GivenUp,
}

/// A subscription as it is kept, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its feed.
    pub feed: String,
    /// `rss`, `atom` or `json`.
    pub format: String,
    /// Where versions go; its query may be known to nobody else.
    pub callback: String,
    /// When it ends unless it is renewed.
    pub expires_at: Millis,
    /// How it stands.
    pub standing: Standing,
}

type Row = (String, String, String, i64, i64, i64, i64, String, Option<String>);

fn subscription(row: Row) -> Subscription {
    let (feed, format, callback, expires_at, attempts, failures, due_at, delivered, newest) = row;
    let standing = match (attempts, failures) {
        (1.., _) => Standing::Failing { attempts, again: Millis(due_at) },
        // One alone is a push that was taken slowly: nothing is given up after a single attempt.
        (_, 2..) => Standing::GivenUp,
        _ if newest.is_none_or(|newest| newest == delivered) => Standing::Current,
        _ => Standing::Due,
    };
    Subscription { feed, format, callback, expires_at: Millis(expires_at), standing }
}

impl Store {
    /// Confirmed subscriptions that are not over, by feed, format and host.
    pub async fn hub_subscriptions(
        &self,
        limit: Option<i64>,
        now: Millis,
    ) -> StoreResult<Vec<Subscription>> {
        let text = "SELECT s.feed, s.format, s.callback, s.expires_at, s.attempts, s.failures, s.due_at, s.delivered_etag, v.etag \
                    FROM hub_subscriptions s LEFT JOIN feed_versions v ON v.feed = s.feed AND v.format = s.format \
                    WHERE s.expires_at > $1 ORDER BY s.feed, s.format, s.host, s.callback LIMIT $2";
        let rows: Vec<Row> = reading!(self, |db| sqlx::query_as(text)
            .bind(now.0)
            .bind(limit.unwrap_or(i64::MAX))
            .fetch_all(db)
            .await?);
        Ok(rows.into_iter().map(subscription).collect())
    }
}
