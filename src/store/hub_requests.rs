//! Requests to the WebSub hub, their verification and the resulting subscriptions.

use super::dialect::sql;
use super::leases::LEASE_DURATION;
use super::{Store, StoreError, StoreResult, json_list, reading, transaction};
use crate::domain::time::{DAY, Millis, SignedDuration, as_millis_i64};

/// Mode of a request, `hub.mode` (WebSub section 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HubMode {
    /// Start or renewal of a subscription.
    Subscribe,
    /// End of a subscription.
    Unsubscribe,
}

impl HubMode {
    /// All modes of a request.
    pub const ALL: [Self; 2] = [Self::Subscribe, Self::Unsubscribe];

    /// Returns the word used in the protocol and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Subscribe => "subscribe",
            Self::Unsubscribe => "unsubscribe",
        }
    }

    fn parse(word: &str) -> StoreResult<Self> {
        match word {
            "subscribe" => Ok(Self::Subscribe),
            "unsubscribe" => Ok(Self::Unsubscribe),
            other => Err(StoreError::InvalidValue {
                value: format!("{other:?}"),
                column: "hub_requests.mode",
            }),
        }
    }
}

/// Request to the hub for a callback URL, to be verified with the callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubRequest {
    /// Id of the row; 0 before it is stored.
    pub id: i64,
    /// Requested change of the subscription.
    pub mode: HubMode,
    /// Callback URL of the subscriber.
    pub callback: String,
    /// Host of the callback URL.
    pub host: String,
    /// URL of the document as given in the request.
    pub topic: String,
    /// Name of the feed.
    pub feed: String,
    /// Format: `rss`, `atom` or `json`.
    pub format: String,
    /// Secret for signatures (WebSub section 7.1).
    pub secret: Option<String>,
    /// Duration of the subscription in seconds.
    pub lease_seconds: i64,
    /// Number of attempts to verify the request.
    pub attempts: i64,
}

/// Maximum numbers of subscriptions at the hub, including those not verified yet.
#[derive(Debug, Clone, Copy)]
pub struct Quota {
    /// Maximum number in total.
    pub total: usize,
    /// Maximum number with callbacks at one host.
    pub per_host: usize,
}

/// Result of storing a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddResult {
    /// The request waits for its verification.
    Pending,
    /// There is no subscription that could end.
    NotSubscribed,
    /// The quota allows no further subscription.
    QuotaExceeded,
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

type Row = (i64, String, String, String, String, String, String, Option<String>, i64, i64);

fn request_from(row: Row) -> StoreResult<HubRequest> {
    let (id, mode, callback, host, topic, feed, format, secret, lease_seconds, attempts) = row;
    Ok(HubRequest {
        id,
        mode: HubMode::parse(&mode)?,
        callback,
        host,
        topic,
        feed,
        format,
        secret,
        lease_seconds,
        attempts,
    })
}

const COLUMNS: &str =
    "id, mode, callback, host, topic, feed, format, secret, lease_seconds, attempts";

impl Store {
    /// Stores a request until its callback confirms it; replaces an earlier request for the same
    /// callback and document.
    pub async fn add_hub_request(
        &self,
        request: &HubRequest,
        quota: Quota,
        now: Millis,
    ) -> StoreResult<AddResult> {
        let request = request.clone();
        transaction!(self, |tx| {
            let known: Option<(i64,)> =
                sqlx::query_as("SELECT id FROM hub_subscriptions WHERE callback = $1 AND feed = $2 AND format = $3 AND expires_at > $4")
                    .bind(&request.callback)
                    .bind(&request.feed)
                    .bind(&request.format)
                    .bind(now.0)
                    .fetch_optional(&mut *tx)
                    .await?;
            if known.is_none() && request.mode == HubMode::Unsubscribe {
                return Ok(AddResult::NotSubscribed);
            }
            // The earlier request may be in progress; because of the new id, its result is not
            // taken for that of this request.
            sqlx::query(
                "DELETE FROM hub_requests WHERE callback = $1 AND feed = $2 AND format = $3",
            )
            .bind(&request.callback)
            .bind(&request.feed)
            .bind(&request.format)
            .execute(&mut *tx)
            .await?;
            if known.is_none() {
                let (all, of_host): (i64, i64) = sqlx::query_as(
                    "WITH taken AS (SELECT host FROM hub_subscriptions WHERE expires_at > $2 UNION ALL SELECT r.host FROM hub_requests r \
                     WHERE NOT EXISTS (SELECT 1 FROM hub_subscriptions s WHERE s.callback = r.callback AND s.feed = r.feed \
                     AND s.format = r.format AND s.expires_at > $2)) \
                     SELECT (SELECT COUNT(*) FROM taken), (SELECT COUNT(*) FROM taken WHERE host = $1)",
                )
                .bind(&request.host)
                .bind(now.0)
                .fetch_one(&mut *tx)
                .await?;
                let is_full =
                    |taken: i64, limit: usize| usize::try_from(taken).unwrap_or(0) >= limit;
                if is_full(all, quota.total) || is_full(of_host, quota.per_host) {
                    return Ok(AddResult::QuotaExceeded);
                }
            }
            sqlx::query(
                "INSERT INTO hub_requests (mode, callback, host, topic, feed, format, secret, lease_seconds, due_at, etag) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, \
                 COALESCE((SELECT etag FROM feed_versions WHERE feed = $5 AND format = $6), '')) \
                 ON CONFLICT (callback, feed, format) DO NOTHING",
            )
            .bind(request.mode.as_str())
            .bind(&request.callback)
            .bind(&request.host)
            .bind(&request.topic)
            .bind(&request.feed)
            .bind(&request.format)
            .bind(&request.secret)
            .bind(request.lease_seconds)
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
            AddResult::Pending
        })
    }

    /// Leases up to `limit` requests that are due for verification, except those with callbacks at
    /// `excluded_hosts`.
    pub async fn claim_hub_requests(
        &self,
        node: &str,
        excluded_hosts: &[String],
        limit: usize,
        now: Millis,
    ) -> StoreResult<Vec<HubRequest>> {
        let due = format!(
            "r.due_at <= $1 AND {} AND r.host NOT IN {}",
            self.unleased("r"),
            self.json_texts("$2")
        );
        let excluded_hosts = json_list(excluded_hosts);
        let any: Option<(i32,)> = reading!(self, |db| sqlx::query_as(sql(format!(
            "SELECT 1 FROM hub_requests r WHERE {due} LIMIT 1"
        )))
        .bind(now.0)
        .bind(&excluded_hosts)
        .fetch_optional(db)
        .await?);
        if any.is_none() || limit == 0 {
            return Ok(Vec::new());
        }
        let claim = format!(
            "WITH picked AS MATERIALIZED (SELECT r.id FROM hub_requests r WHERE {due} ORDER BY r.due_at, r.id LIMIT $3 {}) \
             UPDATE hub_requests SET lease_node = $4, lease_until = {} + $5 WHERE id IN (SELECT id FROM picked) RETURNING {COLUMNS}",
            self.skip_locked(),
            self.database_now(),
        );
        let (node, limit) = (node.to_owned(), i64::try_from(limit).unwrap_or(i64::MAX));
        transaction!(self, |tx| {
            let rows: Vec<Row> = sqlx::query_as(sql(claim.clone()))
                .bind(now.0)
                .bind(&excluded_hosts)
                .bind(limit)
                .bind(&node)
                .bind(as_millis_i64(LEASE_DURATION))
                .fetch_all(&mut *tx)
                .await?;
            rows.into_iter().map(request_from).collect::<StoreResult<Vec<HubRequest>>>()?
        })
    }

    /// Completes a request with the answer of its callback; returns `false` if a later request has
    /// replaced it.
    pub async fn complete_hub_request(
        &self,
        node: &str,
        request: &HubRequest,
        confirmed: bool,
        now: Millis,
    ) -> StoreResult<bool> {
        let (node, request) = (node.to_owned(), request.clone());
        transaction!(self, |tx| {
            let etag: Option<(String,)> = sqlx::query_as(
                "DELETE FROM hub_requests WHERE id = $1 AND lease_node = $2 RETURNING etag",
            )
            .bind(request.id)
            .bind(&node)
            .fetch_optional(&mut *tx)
            .await?;
            let Some((etag,)) = etag else { return Ok(false) };
            match request.mode {
                _ if !confirmed => {}
                HubMode::Unsubscribe => {
                    sqlx::query("DELETE FROM hub_subscriptions WHERE callback = $1 AND feed = $2 AND format = $3")
                        .bind(&request.callback)
                        .bind(&request.feed)
                        .bind(&request.format)
                        .execute(&mut *tx)
                        .await?;
                }
                HubMode::Subscribe => {
                    // A subscriber that was given up and subscribes again receives the version it
                    // missed.
                    sqlx::query(
                        "INSERT INTO hub_subscriptions (callback, host, topic, feed, format, secret, expires_at, delivered_etag, due_at) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0) ON CONFLICT (callback, feed, format) DO UPDATE SET \
                         topic = excluded.topic, secret = excluded.secret, expires_at = excluded.expires_at, attempts = 0, failures = 0, due_at = 0, \
                         delivered_etag = CASE WHEN hub_subscriptions.expires_at <= $9 THEN excluded.delivered_etag \
                         WHEN hub_subscriptions.attempts = 0 AND hub_subscriptions.failures > 1 THEN '' \
                         ELSE hub_subscriptions.delivered_etag END",
                    )
                    .bind(&request.callback)
                    .bind(&request.host)
                    .bind(&request.topic)
                    .bind(&request.feed)
                    .bind(&request.format)
                    .bind(&request.secret)
                    .bind(now.plus(SignedDuration::from_secs(request.lease_seconds)).0)
                    .bind(&etag)
                    .bind(now.0)
                    .execute(&mut *tx)
                    .await?;
                }
            }
            true
        })
    }

    /// Deletes expired subscriptions, and requests that were not processed for a day.
    pub async fn delete_expired_subscriptions(&self, now: Millis) -> StoreResult<()> {
        let any: Option<(i32,)> = reading!(self, |db| {
            sqlx::query_as(
            "SELECT 1 FROM hub_subscriptions WHERE expires_at <= $1 UNION ALL SELECT 1 FROM hub_requests WHERE due_at <= $2 LIMIT 1"
        )
        .bind(now.0)
        .bind(now.plus(-DAY).0)
        .fetch_optional(db)
        .await?
        });
        if any.is_none() {
            return Ok(());
        }
        transaction!(self, |tx| {
            sqlx::query("DELETE FROM hub_subscriptions WHERE expires_at <= $1")
                .bind(now.0)
                .execute(&mut *tx)
                .await?;
            sqlx::query("DELETE FROM hub_requests WHERE due_at <= $1")
                .bind(now.plus(-DAY).0)
                .execute(&mut *tx)
                .await?;
        })
    }

    /// Deletes and returns up to `limit` subscriptions to feeds that are not in `declared`, so that
    /// their callbacks can be informed of the end.
    pub async fn take_dropped_subscriptions(
        &self,
        declared: &[String],
        limit: usize,
    ) -> StoreResult<Vec<DroppedSubscription>> {
        let select = format!(
            "SELECT o.id FROM hub_subscriptions o WHERE o.feed NOT IN {} ORDER BY o.id LIMIT $2",
            self.json_texts("$1")
        );
        let (declared, limit) = (json_list(declared), i64::try_from(limit).unwrap_or(i64::MAX));
        let any: Option<(i64,)> = reading!(self, |db| sqlx::query_as(sql(select.clone()))
            .bind(&declared)
            .bind(limit)
            .fetch_optional(db)
            .await?);
        if any.is_none() {
            return Ok(Vec::new());
        }
        let take = format!(
            "DELETE FROM hub_subscriptions WHERE id IN ({select}) RETURNING id, callback, host, topic"
        );
        transaction!(self, |tx| {
            let rows: Vec<(i64, String, String, String)> = sqlx::query_as(sql(take.clone()))
                .bind(&declared)
                .bind(limit)
                .fetch_all(&mut *tx)
                .await?;
            rows.into_iter()
                .map(|(id, callback, host, topic)| DroppedSubscription {
                    id,
                    callback,
                    host,
                    topic,
                })
                .collect()
        })
    }
}
