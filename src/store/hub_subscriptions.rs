//! Subscriptions at the WebSub hub: their list with push states, and their end.

use super::StoreResult;
use super::db::{FromRow, Row, Statement};
use super::operations::Hub;
use crate::domain::page::{Page, PageRequest};
use crate::domain::time::{DAY, Millis};

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

/// Subscription to a document that is no longer published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DroppedSubscription {
    /// Id of the row.
    pub id: i64,
    /// Callback URL that is informed.
    pub callback: String,
    /// Host of the callback URL.
    pub host: String,
    /// URL of the document as given in the request.
    pub topic: String,
}

static LIST: Statement = Statement::new(
    "
    SELECT s.feed, s.format, s.callback, s.expires_at, s.attempts, s.failures, s.due_at,
           s.delivered_etag, v.etag AS newest_etag
      FROM hub_subscriptions s
      LEFT JOIN feed_versions v ON v.feed = s.feed AND v.format = s.format
     WHERE s.expires_at > $now
       AND (s.feed, s.format, s.callback) > ($feed, $format, $callback)
     ORDER BY s.feed, s.format, s.callback
     LIMIT $limit",
);

static HAS_EXPIRED: Statement = Statement::new(
    "
    SELECT CAST(1 AS BIGINT) AS found
      FROM hub_subscriptions
     WHERE expires_at <= $now
     UNION ALL
    SELECT CAST(1 AS BIGINT) AS found
      FROM hub_requests
     WHERE due_at <= $day_ago
     LIMIT 1",
);

static DELETE_EXPIRED: Statement = Statement::new(
    "
    DELETE FROM hub_subscriptions
     WHERE expires_at <= $now",
);

static DELETE_EXPIRED_REQUESTS: Statement = Statement::new(
    "
    DELETE FROM hub_requests
     WHERE due_at <= $day_ago",
);

/// Selects subscriptions to feeds that are not declared.
const SELECT_DROPPED: &str = "
    SELECT o.id
      FROM hub_subscriptions o
     WHERE o.feed NOT IN {json_texts $declared}
     ORDER BY o.id
     LIMIT $limit";

static HAS_DROPPED: Statement = Statement::new(SELECT_DROPPED);

static TAKE_DROPPED: Statement = Statement::with(
    "
    DELETE FROM hub_subscriptions
     WHERE id IN ({select_dropped})
    RETURNING id, callback, host, topic",
    &[("select_dropped", SELECT_DROPPED)],
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] =
    &[&LIST, &HAS_EXPIRED, &DELETE_EXPIRED, &DELETE_EXPIRED_REQUESTS, &HAS_DROPPED, &TAKE_DROPPED];

impl FromRow for HubSubscription {
    fn from_row(row: &Row) -> StoreResult<Self> {
        let attempts: i64 = row.get("attempts")?;
        let failures: i64 = row.get("failures")?;
        let delivered: String = row.get("delivered_etag")?;
        let newest: Option<String> = row.get("newest_etag")?;
        let push_state = match (attempts, failures) {
            (1.., _) => PushState::Failing { attempts, retry_at: row.time("due_at")? },
            // A single failure marks a slow push, because no push is given up after one attempt.
            (_, 2..) => PushState::GivenUp,
            _ if newest.is_none_or(|newest| newest == delivered) => PushState::Current,
            _ => PushState::Due,
        };
        Ok(Self {
            feed: row.get("feed")?,
            format: row.get("format")?,
            callback: row.get("callback")?,
            expires_at: row.time("expires_at")?,
            push_state,
        })
    }
}

impl FromRow for DroppedSubscription {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            id: row.get("id")?,
            callback: row.get("callback")?,
            host: row.get("host")?,
            topic: row.get("topic")?,
        })
    }
}

impl Hub<'_> {
    /// Returns a page of the confirmed subscriptions that have not expired, ordered by feed, format
    /// and callback.
    pub async fn subscriptions(
        self,
        page: &PageRequest,
        now: Millis,
    ) -> StoreResult<Page<HubSubscription>> {
        let first = (String::new(), String::new(), String::new());
        let (feed, format, callback) = page.key_or(first)?;
        let key = |s: &HubSubscription| (s.feed.clone(), s.format.clone(), s.callback.clone());
        self.store
            .read(&LIST)
            .bind("now", now)
            .bind("feed", feed)
            .bind("format", format)
            .bind("callback", callback)
            .fetch_page(page, key)
            .await
    }

    /// Deletes expired subscriptions, and requests that were not processed for a day.
    pub async fn delete_expired_subscriptions(self, now: Millis) -> StoreResult<()> {
        let day_ago = now.plus(-DAY);
        let any = self
            .store
            .read(&HAS_EXPIRED)
            .bind("now", now)
            .bind("day_ago", day_ago)
            .exists()
            .await?;
        if !any {
            return Ok(());
        }
        let mut tx = self.store.begin().await?;
        tx.query(&DELETE_EXPIRED).bind("now", now).execute().await?;
        tx.query(&DELETE_EXPIRED_REQUESTS).bind("day_ago", day_ago).execute().await?;
        tx.commit().await
    }

    /// Deletes and returns up to `limit` subscriptions to feeds that are not in `declared`, so that
    /// their callbacks can be informed of the end.
    pub async fn take_dropped_subscriptions(
        self,
        declared: &[String],
        limit: usize,
    ) -> StoreResult<Vec<DroppedSubscription>> {
        let any = self
            .store
            .read(&HAS_DROPPED)
            .bind("declared", declared)
            .bind("limit", limit)
            .exists()
            .await?;
        if !any {
            return Ok(Vec::new());
        }
        self.store
            .write(&TAKE_DROPPED)
            .bind("declared", declared)
            .bind("limit", limit)
            .fetch_all()
            .await
    }
}
