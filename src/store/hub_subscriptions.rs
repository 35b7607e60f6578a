//! List of the subscriptions at the WebSub hub with their push state, for display.

use super::{Store, StoreResult, reading};
use crate::domain::time::Millis;

/// State of the pushes to a subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushState {
    /// The subscriber has the newest version, or had it when it subscribed.
    Current,
    /// A newer version is about to be pushed.
    Due,
    /// The last pushes failed.
    Failing {
        /// Number of consecutive failures for the newest version.
        attempts: i64,
        /// Time of the next attempt.
        retry_at: Millis,
    },
    /// All pushes of the last version failed; the next attempt is at the next change.
    GivenUp,
}

/// A stored subscription at the hub, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubSubscription {
    /// Name of the feed.
    pub feed: String,
    /// Format: `rss`, `atom` or `json`.
    pub format: String,
    /// Callback URL; its query may be confidential.
    pub callback: String,
    /// Time of expiry unless renewed.
    pub expires_at: Millis,
    /// State of the pushes.
    pub push_state: PushState,
}

type Row = (String, String, String, i64, i64, i64, i64, String, Option<String>);

fn subscription(row: Row) -> HubSubscription {
    let (feed, format, callback, expires_at, attempts, failures, due_at, delivered, newest) = row;
    let standing = match (attempts, failures) {
        (1.., _) => PushState::Failing { attempts, retry_at: Millis(due_at) },
        // A single failure marks a slow push, because no push is given up after one attempt.
        (_, 2..) => PushState::GivenUp,
        _ if newest.is_none_or(|newest| newest == delivered) => PushState::Current,
        _ => PushState::Due,
    };
    HubSubscription { feed, format, callback, expires_at: Millis(expires_at), push_state: standing }
}

impl Store {
    /// Returns confirmed subscriptions that have not expired, ordered by feed, format and host.
    pub async fn hub_subscriptions(
        &self,
        limit: Option<i64>,
        now: Millis,
    ) -> StoreResult<Vec<HubSubscription>> {
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
