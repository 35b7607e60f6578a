//! Pushes of new versions to the subscribers of the WebSub hub.

use serde_json::{Value as Json, json};

use super::StoreResult;
use super::db::{FromRow, Row, Statement};
use super::leases::{LEASE_DURATION, RELEASED, UNLEASED};
use super::operations::Hub;
use crate::domain::time::{Millis, as_millis_i64};

/// Version of a document that this node serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedVersion {
    /// Name of the feed.
    pub feed: String,
    /// Format: `rss`, `atom` or `json`.
    pub format: String,
    /// Entity tag of the document.
    pub etag: String,
}

/// Serializes versions as the parameter of [`SERVED_VERSIONS`].
pub(super) fn versions_json(versions: &[ServedVersion]) -> Json {
    let row = |v: &ServedVersion| json!({"feed": v.feed, "format": v.format, "etag": v.etag});
    Json::from(versions.iter().map(row).collect::<Vec<_>>())
}

/// Subquery of the versions that this node serves.
pub(super) const SERVED_VERSIONS: &str = "{json_rows $versions feed TEXT, format TEXT, etag TEXT}";

/// Push of a new version to a subscriber, leased by this node.
#[derive(Debug, Clone)]
pub struct Push {
    /// Id of the subscription.
    pub id: i64,
    /// Callback URL of the subscriber.
    pub callback: String,
    /// Host of the callback URL.
    pub host: String,
    /// Name of the feed.
    pub feed: String,
    /// Format: `rss`, `atom` or `json`.
    pub format: String,
    /// Secret for the signature (WebSub section 7.1).
    pub secret: Option<String>,
    /// Failed attempts since the last successful push.
    pub attempts: i64,
}

/// Criteria by which a node leases pushes.
#[derive(Debug, Clone, Copy)]
pub struct PushLeaseCriteria<'a> {
    /// Node that leases the pushes.
    pub node: &'a str,
    /// Maximum number of pushes.
    pub limit: usize,
    /// Maximum number of pushes to one host.
    pub limit_per_host: usize,
    /// Hosts to which no more pushes are leased.
    pub excluded_hosts: &'a [String],
    /// `true` to lease for subscribers that were slow or failed last time, `false` for all others.
    pub slow: bool,
}

/// Result of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushResult {
    /// The subscriber accepted it.
    Delivered {
        /// `true` if it took long, so that the subscriber counts as slow next time.
        slow: bool,
    },
    /// It failed and is retried at this time.
    RetryAt(Millis),
    /// The last attempt failed; the next version will be pushed again.
    GivenUp,
    /// The subscriber no longer exists (410 Gone).
    Unsubscribed,
}

/// Condition on subscriptions `s` whose newest version this node serves and may push.
const DUE: &str = "s.due_at <= $now
       AND s.expires_at > $now
       AND {was_slow}
       AND {unleased}
       AND EXISTS (
           SELECT 1
             FROM {served_versions} AS d
             JOIN feed_versions v
               ON v.feed = d.feed
              AND v.format = d.format
              AND v.etag = d.etag
            WHERE d.feed = s.feed
              AND d.format = s.format
              AND d.etag <> s.delivered_etag)
       AND s.host NOT IN {json_texts $excluded_hosts}";

const HAS_DUE: &str = "
    SELECT CAST(1 AS BIGINT) AS found
      FROM hub_subscriptions s
     WHERE {due}
     LIMIT 1";

/// The hosts take turns: the first subscription of each host comes before the second of any. The condition
/// stands twice because PostgreSQL checks only that of the locked rows again when another node has just
/// changed one.
const LEASE: &str = "
      WITH ranked AS (
           SELECT s.id, s.due_at,
                  ROW_NUMBER() OVER (PARTITION BY s.host ORDER BY s.due_at, s.id) AS position
             FROM hub_subscriptions s
            WHERE {due}),
           picked AS MATERIALIZED (
           SELECT s.id
             FROM hub_subscriptions s
            WHERE s.id IN (
                  SELECT r.id
                    FROM ranked r
                   WHERE r.position <= $limit_per_host
                   ORDER BY r.position, r.due_at, r.id
                   LIMIT $limit)
              AND {due}
           {skip_locked})
    UPDATE hub_subscriptions
       SET lease_node = $node, lease_until = {now} + $lease
     WHERE id IN (SELECT id FROM picked)
    RETURNING id, callback, host, feed, format, secret, attempts";

/// Fragments for subscribers that were neither slow nor failed last time.
const PROMPT: &[(&str, &str)] = &[
    ("due", DUE),
    ("was_slow", "s.failures = 0"),
    ("served_versions", SERVED_VERSIONS),
    ("unleased", UNLEASED),
    ("row", "s"),
];

/// Fragments for subscribers that were slow or failed last time.
const SLOW: &[(&str, &str)] = &[
    ("due", DUE),
    ("was_slow", "s.failures > 0"),
    ("served_versions", SERVED_VERSIONS),
    ("unleased", UNLEASED),
    ("row", "s"),
];

static HAS_DUE_PROMPT: Statement = Statement::with(HAS_DUE, PROMPT);
static HAS_DUE_SLOW: Statement = Statement::with(HAS_DUE, SLOW);
static LEASE_PROMPT: Statement = Statement::with(LEASE, PROMPT);
static LEASE_SLOW: Statement = Statement::with(LEASE, SLOW);

static RECORD_DELIVERED: Statement = Statement::with(
    "
    UPDATE hub_subscriptions
       SET delivered_etag = $etag, attempts = 0, failures = $failures, due_at = 0, {released}
     WHERE id = $id
       AND lease_node = $node",
    &[("released", RELEASED)],
);

static RECORD_RETRY: Statement = Statement::with(
    "
    UPDATE hub_subscriptions
       SET attempts = attempts + 1, failures = failures + 1, due_at = $retry_at, {released}
     WHERE id = $id
       AND lease_node = $node",
    &[("released", RELEASED)],
);

static RECORD_GIVEN_UP: Statement = Statement::with(
    "
    UPDATE hub_subscriptions
       SET delivered_etag = $etag, attempts = 0, failures = failures + 1, due_at = 0, {released}
     WHERE id = $id
       AND lease_node = $node",
    &[("released", RELEASED)],
);

static DELETE: Statement = Statement::new(
    "
    DELETE FROM hub_subscriptions
     WHERE id = $id
       AND lease_node = $node",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[
    &HAS_DUE_PROMPT,
    &HAS_DUE_SLOW,
    &LEASE_PROMPT,
    &LEASE_SLOW,
    &RECORD_DELIVERED,
    &RECORD_RETRY,
    &RECORD_GIVEN_UP,
    &DELETE,
];

impl FromRow for Push {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            id: row.get("id")?,
            callback: row.get("callback")?,
            host: row.get("host")?,
            feed: row.get("feed")?,
            format: row.get("format")?,
            secret: row.get("secret")?,
            attempts: row.get("attempts")?,
        })
    }
}

impl Hub<'_> {
    /// Leases subscriptions whose newest version, served by this node, is due; the hosts take
    /// turns.
    pub async fn lease_pushes(
        self,
        query: PushLeaseCriteria<'_>,
        versions: &[ServedVersion],
        now: Millis,
    ) -> StoreResult<Vec<Push>> {
        let (has_due, lease) = if query.slow {
            (&HAS_DUE_SLOW, &LEASE_SLOW)
        } else {
            (&HAS_DUE_PROMPT, &LEASE_PROMPT)
        };
        let versions = versions_json(versions);
        let any = self
            .store
            .read(has_due)
            .bind("versions", versions.clone())
            .bind("now", now)
            .bind("excluded_hosts", query.excluded_hosts)
            .exists()
            .await?;
        if !any || query.limit == 0 {
            return Ok(Vec::new());
        }
        self.store
            .write(lease)
            .bind("versions", versions)
            .bind("now", now)
            .bind("excluded_hosts", query.excluded_hosts)
            .bind("limit_per_host", query.limit_per_host)
            .bind("limit", query.limit)
            .bind("node", query.node)
            .bind("lease", as_millis_i64(LEASE_DURATION))
            .fetch_all()
            .await
    }

    /// Records the result of a push of this version, unless another node leases the subscription by
    /// now.
    pub async fn complete_push(
        self,
        node: &str,
        id: i64,
        etag: &str,
        result: PushResult,
    ) -> StoreResult<()> {
        let record = match result {
            PushResult::Delivered { slow } => self
                .store
                .write(&RECORD_DELIVERED)
                .bind("etag", etag)
                .bind("failures", i64::from(slow)),
            PushResult::RetryAt(until) => self.store.write(&RECORD_RETRY).bind("retry_at", until),
            PushResult::GivenUp => self.store.write(&RECORD_GIVEN_UP).bind("etag", etag),
            PushResult::Unsubscribed => self.store.write(&DELETE),
        };
        record.bind("id", id).bind("node", node).execute().await?;
        Ok(())
    }
}
